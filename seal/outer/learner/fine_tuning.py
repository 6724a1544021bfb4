"""Fine-tunes the policy on weighted completions: trains a LoRA with PEFT and merges it."""

import math
import shutil
from collections.abc import Sequence
from pathlib import Path

from peft import PeftModel
from transformers import PreTrainedModel

from seal.errors import RunError
from seal.nn.backbone import Backbone, save
from seal.nn.course import Course
from seal.nn.supervised import Row, fit
from seal.outer.learner import Example, Learned
from seal.outer.learner.fine_tuning_elsewhere import train_elsewhere
from seal.outer.learner.policy_lora import PolicyLoRA, with_adapter
from seal.text import encode_completion


def fine_tune(
    backbone: Backbone,
    examples: Sequence[Example],
    lora: PolicyLoRA,
    course: Course,
    *,
    accelerate: Path | None,
    folder: Path,
    seed: int,
) -> Learned:
    """Train on the completions, merge the adapter, and write the model to `folder`.

    The loss is averaged over the tokens of a batch. An average over sequences would favour short self-edits, which
    then shrink from round to round.

    Raises:
        RunError: a loss is not finite. Nothing is written.
    """
    tokenizer = backbone.tokenizer
    rows = [
        Row(
            tokens=encode_completion(
                tokenizer, each.prompt, each.completion, chat=backbone.chat, append_end=each.finished
            ),
            weight=each.weight,
        )
        for each in examples
    ]
    if accelerate:
        scratch = folder / "fine_tuning"
        trained = train_elsewhere(accelerate, backbone, lora, rows, course, scratch=scratch, seed=seed)
        losses = _finite(trained.losses)
        adapted = PeftModel.from_pretrained(backbone.model, trained.adapter)
        shutil.rmtree(scratch)
    else:
        adapted = with_adapter(backbone.model, lora, seed)
        losses = _finite(fit(adapted, rows, course, pad_id=backbone.pad_id, device=backbone.device, seed=seed))
    merged: PreTrainedModel = adapted.merge_and_unload()
    return Learned(losses=losses, sha256=save(merged, tokenizer, folder, published=backbone.published))


def _finite(losses: tuple[float, ...]) -> tuple[float, ...]:
    if not all(math.isfinite(loss) for loss in losses):
        raise RunError(f"the fine-tuning of the policy diverged (losses {losses}): lower outer.learner.learning_rate")
    return losses
