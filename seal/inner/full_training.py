"""One full fine-tuning on a backbone. Afterwards the backbone is bit for bit unchanged."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import Tensor

from seal.inner import NOTHING_FITS, Adapted
from seal.nn.backbone import Backbone
from seal.nn.company import course_apart
from seal.nn.course import Course
from seal.nn.supervised import Row, fit
from seal.nn.weights import Weights, standing_in
from seal.text import Tokens
from seal.types import Failure, Training


def train_full(backbone: Backbone, rows: Sequence[Tokens], course: Course, seed: int) -> Adapted | Failure:
    """Train copies of all weights on the rows. The result is rounded to the model's own precision.

    Matrix products are computed in the model's precision.
    """
    if not rows:
        return Failure(reason=NOTHING_FITS)
    own = backbone.model.dtype
    course = course_apart(backbone, course, [len(row.ids) for row in rows])
    with _trainable_copies(backbone) as copies:
        course = replace(course, autocast=own != copies[0].dtype)
        losses = fit(
            backbone.model,
            [Row(tokens=row) for row in rows],
            course,
            pad_id=backbone.pad_id,
            device=backbone.device,
            seed=seed,
        )
        values = {name: value.detach().to(own) for name, value in backbone.model.named_parameters()}
    if not all(map(math.isfinite, losses)) or not all(torch.isfinite(value).all() for value in values.values()):
        return Failure(reason=f"loss or weights are not finite within {len(losses)} steps")
    n_tokens = sum(row.n_trained for row in rows)
    n_passes = len(losses) / course.steps_per_epoch(len(rows))
    training = Training(
        n_sequences=len(rows),
        n_tokens=n_tokens,
        losses=losses,
        trained_tokens=round(n_passes * n_tokens),  # an incomplete last pass counts by its share
    )
    return Adapted(adapter=Weights(values=values), training=training)


@contextmanager
def _trainable_copies(backbone: Backbone) -> Iterator[list[Tensor]]:
    """While open, the model's weights are trainable copies in at least float32. Afterwards they are restored."""
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
