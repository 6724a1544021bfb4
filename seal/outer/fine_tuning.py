"""Supervised fine-tuning of the policy: a LoRA by PEFT on completions, then merged."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from peft import LoraConfig, get_peft_model
from transformers import PreTrainedModel, set_seed

from seal.backbone import Backbone, save
from seal.errors import RunError
from seal.outer import Example, Learned
from seal.supervised import Course, fit
from seal.text import encode_completion
from seal.types import ALL_LINEAR

if TYPE_CHECKING:
    from seal.outer.rest_em import ReSTEM


def fine_tune(settings: "ReSTEM", backbone: Backbone, examples: Sequence[Example], folder: Path, seed: int) -> Learned:
    """Train on the completions, averaged over the tokens of a batch; merge; write the model to `folder`.

    Averaging over sequences instead would favour short self-edits, and they shrink from round to round.

    Raises:
        RunError: a loss is not finite. Nothing is written.
    """
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
    course = Course(
        learning_rate=settings.learning_rate,
        schedule=settings.schedule,
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        micro_batch_size=settings.micro_batch_size,
    )
    set_seed(seed % 2**32)  # the adapters start at random
    adapted = get_peft_model(backbone.model, lora)
    losses = fit(adapted, rows, course, pad_id=backbone.pad_id, device=backbone.device, seed=seed)
    if not all(math.isfinite(loss) for loss in losses):
        raise RunError(f"the fine-tuning of the policy diverged, its losses are {losses}: lower outer.learning_rate")
    merged: PreTrainedModel = adapted.merge_and_unload()  # type: ignore[assignment]
    return Learned(losses=losses, sha256=save(merged, tokenizer, folder, published=backbone.published))
