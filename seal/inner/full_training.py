"""One full fine-tuning on a backbone, which is afterwards bit for bit what it was."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from seal.adaptation import Weights, standing_in
from seal.backbone import Backbone
from seal.inner import NOTHING_FITS, Adapted
from seal.inner.full import Full
from seal.supervised import Course, fit
from seal.types import Failure, Plan, Training


def train_full(settings: Full, backbone: Backbone, plan: Plan, seed: int) -> Adapted | Failure:
    """Train copies of all weights on a plan; what comes of them is rounded to the model's own precision."""
    rows = settings.examples(backbone, plan)
    if not rows:
        return Failure(reason=NOTHING_FITS)
    own = backbone.model.dtype
    with _trainable_copies(backbone) as copies:
        course = _course(settings, autocast=own != copies[0].dtype)
        losses = fit(backbone.model, rows, course, pad_id=backbone.pad_id, device=backbone.device, seed=seed)
        values = {name: value.detach().to(own) for name, value in backbone.model.named_parameters()}
    if not all(map(math.isfinite, losses)) or not all(torch.isfinite(value).all() for value in values.values()):
        return Failure(reason=f"loss or weights are not finite within {len(losses)} steps")
    n_tokens = sum(row.n_trained for row in rows)
    n_passes = len(losses) / -(-len(rows) // settings.batch_size)
    training = Training(
        n_sequences=len(rows),
        n_tokens=n_tokens,
        losses=losses,
        trained_tokens=round(n_passes * n_tokens),  # of a last pass that is not whole, its share
    )
    return Adapted(adapter=Weights(values=values), training=training)


def _course(settings: Full, *, autocast: bool) -> Course:
    return Course(
        learning_rate=settings.learning_rate,
        schedule=settings.schedule,
        epochs=settings.epochs,
        steps=settings.steps,
        batch_size=settings.batch_size,
        micro_batch_size=settings.micro_batch_size,
        warmup_ratio=settings.warmup_ratio,
        max_grad_norm=settings.max_grad_norm,
        gradient_checkpointing=settings.gradient_checkpointing,
        autocast=autocast,
    )


@contextmanager
def _trainable_copies(backbone: Backbone) -> Iterator[list[Tensor]]:
    """While open, the model's weights are copies in at least float32 that may be trained; then all is as it was."""
    model = backbone.model
    dtype = torch.promote_types(model.dtype, torch.float32)
    copies = {name: value.detach().to(dtype, copy=True) for name, value in model.named_parameters()}
    use_cache = model.config.use_cache
    with standing_in(model, copies):
        model.requires_grad_(True)
        try:
            yield list(copies.values())
        finally:
            model.zero_grad(set_to_none=True)
            model.requires_grad_(False).eval()
            model.config.use_cache = use_cache
            if model.is_gradient_checkpointing:
                model.gradient_checkpointing_disable()
