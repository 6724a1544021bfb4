"""Supervised fine-tuning of the policy with transformers' Trainer and PEFT: a LoRA on completions, then merged."""

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import torch
from peft import LoraConfig, get_peft_model
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedModel, PrinterCallback, ProgressCallback, Trainer, TrainingArguments, set_seed

from seal.backbone import Backbone, save
from seal.errors import RunError
from seal.outer import Example, Learned
from seal.text import Tokens, encode_completion
from seal.types import ALL_LINEAR

if TYPE_CHECKING:
    from seal.outer.rest_em import ReSTEM

_IGNORED = -100


def fine_tune(settings: "ReSTEM", backbone: Backbone, examples: Sequence[Example], folder: Path, seed: int) -> Learned:
    """Train on the completions, averaged over the tokens of a batch; merge; write the model to `folder`.

    Averaging over sequences instead would favour short self-edits, and they shrink from round to round.

    Raises:
        RunError: a loss is not finite. Nothing is written.
    """
    seed %= 2**32  # as large as NumPy takes them
    set_seed(seed)
    tokenizer = backbone.tokenizer
    rows = [
        encode_completion(tokenizer, each.prompt, each.completion, chat=backbone.chat, append_end=each.finished)
        for each in examples
    ]
    lora = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,  # type: ignore[arg-type]  # PEFT takes any number
        target_modules=ALL_LINEAR if ALL_LINEAR in settings.targets else list(settings.targets),
        task_type="CAUSAL_LM",
    )
    adapted = get_peft_model(backbone.model, lora)
    with TemporaryDirectory() as scratch, _only(backbone.device):
        trainer = Trainer(
            model=adapted,
            args=_arguments(settings, scratch, seed, on_cpu=backbone.device.type == "cpu"),
            train_dataset=rows,
            data_collator=lambda batch: _collate(batch, pad_id=backbone.pad_id),
        )
        trainer.remove_callback(PrinterCallback)
        trainer.remove_callback(ProgressCallback)
        trainer.train()
    losses = tuple(float(entry["loss"]) for entry in trainer.state.log_history if "loss" in entry)
    if not all(math.isfinite(loss) for loss in losses):
        raise RunError(f"the fine-tuning of the policy diverged, its losses are {losses}: lower outer.learning_rate")
    merged: PreTrainedModel = adapted.merge_and_unload()  # type: ignore[assignment]
    return Learned(losses=losses, sha256=save(merged, tokenizer, folder, published=backbone.published))


def _only(device: torch.device) -> AbstractContextManager[None]:
    """While open, this is the GPU that the Trainer takes."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()


def _arguments(settings: "ReSTEM", scratch: str, seed: int, *, on_cpu: bool) -> TrainingArguments:
    micro = settings.micro_batch_size or settings.batch_size
    arguments = TrainingArguments(
        output_dir=scratch,
        learning_rate=settings.learning_rate,
        lr_scheduler_type=settings.schedule,
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=micro,
        gradient_accumulation_steps=settings.batch_size // micro,
        weight_decay=0.0,
        seed=seed,
        logging_steps=1,
        logging_nan_inf_filter=False,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        use_cpu=on_cpu,
        remove_unused_columns=False,
    )
    arguments._n_gpu = min(1, arguments.n_gpu)  # one model on one device: no DataParallel over what else is there
    return arguments


def _collate(rows: Sequence[Tokens], *, pad_id: int) -> dict[str, Tensor]:
    """Ids, attention mask and labels, each [rows, T], padded on the right."""
    ids = [torch.tensor(row.ids) for row in rows]
    labels = [torch.tensor(row.ids).where(torch.tensor(row.trained), _IGNORED) for row in rows]
    return {
        "input_ids": pad_sequence(ids, batch_first=True, padding_value=pad_id),
        "attention_mask": pad_sequence([torch.ones_like(row) for row in ids], batch_first=True),
        "labels": pad_sequence(labels, batch_first=True, padding_value=_IGNORED),
    }
