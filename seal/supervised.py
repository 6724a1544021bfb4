"""Supervised training with transformers' Trainer, for whoever has a network and rows of tokens.

What is trained is what requires a gradient: all weights, or the adapters beside them. This module has never heard of
self-edits, and the padding of a batch is never trained on.
"""

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from tempfile import TemporaryDirectory

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from transformers import PrinterCallback, ProgressCallback, Trainer, TrainingArguments

from seal.text import Tokens

_IGNORED = -100


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How to train: AdamW without weight decay, the loss averaged over the trained tokens of an optimizer step."""

    learning_rate: float
    """At its peak."""
    schedule: str
    """As transformers names it."""
    epochs: int
    batch_size: int
    """Rows an optimizer step."""
    micro_batch_size: int | None
    """Rows in memory at once; None takes the whole batch."""
    warmup_ratio: float = 0.0
    """Share of the optimizer steps over which the learning rate rises from 0."""
    max_grad_norm: float = 1.0
    gradient_checkpointing: bool = False
    """Whether activations are computed twice instead of being kept."""
    autocast: bool = False
    """Whether matrix products are done in bfloat16 while the weights stay in float32."""

    def n_updates(self, n_rows: int) -> int:
        return self.epochs * -(-n_rows // self.batch_size)


def fit(
    network: nn.Module, rows: Sequence[Tokens], course: Course, *, pad_id: int, device: torch.device, seed: int
) -> tuple[float, ...]:
    """Train the network in place; the loss of each optimizer step, in nats a trained token, finite or not.

    The same seed gives the same weights on the same machine. The Trainer seeds all of torch, NumPy and Python by it.
    """
    with TemporaryDirectory() as scratch, _only(device):
        trainer = Trainer(
            model=network,
            args=_arguments(course, scratch, seed, n_rows=len(rows), on_cpu=device.type == "cpu"),
            train_dataset=rows,
            data_collator=lambda batch: _collate(batch, pad_id=pad_id),
        )
        trainer.remove_callback(PrinterCallback)
        trainer.remove_callback(ProgressCallback)
        trainer.train()
        trainer.accelerator.unwrap_model(network, keep_fp32_wrapper=False)  # its forward is its own again
    return tuple(float(entry["loss"]) for entry in trainer.state.log_history if "loss" in entry)


def _only(device: torch.device) -> AbstractContextManager[None]:
    """While open, this is the GPU that the Trainer takes."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()


def _arguments(course: Course, scratch: str, seed: int, *, n_rows: int, on_cpu: bool) -> TrainingArguments:
    micro = course.micro_batch_size or course.batch_size
    arguments = TrainingArguments(
        output_dir=scratch,
        learning_rate=course.learning_rate,
        lr_scheduler_type=course.schedule,
        warmup_steps=math.ceil(course.warmup_ratio * course.n_updates(n_rows)),
        num_train_epochs=course.epochs,
        per_device_train_batch_size=micro,
        gradient_accumulation_steps=course.batch_size // micro,
        gradient_checkpointing=course.gradient_checkpointing,
        gradient_checkpointing_kwargs={"use_reentrant": False},
        max_grad_norm=course.max_grad_norm,
        weight_decay=0.0,
        bf16=course.autocast,
        seed=seed % 2**32,  # as large as NumPy takes them
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
        "attention_mask": pad_sequence([_seen(row) for row in rows], batch_first=True),
        "labels": pad_sequence(labels, batch_first=True, padding_value=_IGNORED),
    }


def _seen(row: Tokens) -> Tensor:
    """What may be attended to, [T]: all but padding of the row's own, which is trained on."""
    seen = torch.ones(len(row.ids), dtype=torch.long)
    seen[len(row.ids) - row.n_padding :] = 0
    return seen
