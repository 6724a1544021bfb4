"""Fine-tunes the policy on weighted completions: trains a LoRA with PEFT and merges it."""

import math
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from peft import PeftModel
from peft.tuners.tuners_utils import BaseTunerLayer
from transformers import PreTrainedModel

from seal.errors import RunError
from seal.nn.backbone import Backbone, save
from seal.nn.company import course_apart
from seal.nn.course import Course
from seal.nn.lora_weights import target_layers
from seal.nn.readback import N_TOKENS, Measured, logits, refuse_strayed
from seal.nn.supervised import Row, fit
from seal.nn.tying import untie
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
        ModelError: a target is no linear layer that an adapter can go beside.
        RunError: a loss is not finite. Nothing is written.
    """
    lora = replace(lora, targets=tuple(target_layers(backbone.model, lora.targets)))
    rows = [_row(backbone, each) for each in examples]
    course = course_apart(backbone, course, [len(row.tokens.ids) for row in rows])
    ids = rows[0].tokens.ids[:N_TOKENS]
    unadapted = logits(backbone.model, ids)
    if accelerate:
        scratch = folder / "fine_tuning"
        trained = train_elsewhere(accelerate, backbone, lora, rows, course, scratch=scratch, seed=seed)
        losses = _finite(trained.losses)
        adapted = PeftModel.from_pretrained(backbone.model, trained.adapter)
        refuse_strayed(adapted, trained.adapter)
        shutil.rmtree(scratch)
    else:
        adapted = with_adapter(backbone.model, lora, seed)
        losses = _finite(fit(adapted, rows, course, pad_id=backbone.pad_id, device=backbone.device, seed=seed))
    measured = Measured(ids=ids, adapted=logits(adapted.eval(), ids), unadapted=unadapted)
    sha256 = save(_merged(backbone.model, adapted), backbone.tokenizer, folder, published=backbone.published)
    return Learned(losses=losses, sha256=sha256, measured=measured)


def _row(backbone: Backbone, example: Example) -> Row:
    tokens = encode_completion(
        backbone.tokenizer, example.prompt, example.completion, chat=backbone.chat, append_end=example.finished
    )
    return Row(tokens=tokens, weight=example.weight)


def _merged(network: PreTrainedModel, adapted: PeftModel) -> PreTrainedModel:
    """The network with the adapter in its weights. A weight that a changed layer shares with another, such as a tied
    head, becomes the layer's own."""
    untie(network, [layer.get_base_layer() for layer in adapted.modules() if isinstance(layer, BaseTunerLayer)])
    merged: PreTrainedModel = adapted.merge_and_unload()
    return merged


def _finite(losses: tuple[float, ...]) -> tuple[float, ...]:
    if not all(math.isfinite(loss) for loss in losses):
        raise RunError(f"the fine-tuning of the policy diverged (losses {losses}): lower outer.learner.learning_rate")
    return losses
