"""Looks at a model as it learns: how likely it finds texts that it is not trained on. No gradient depends on
them. A long text may change how sequences are packed."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from seal.nn.backbone import Backbone
from seal.nn.company import Way
from seal.nn.packing import IGNORED, Pass, Segment
from seal.text import Tokens
from seal.types import Watched

INTERVALS = 8
"""Number of parts of a training between two looks."""
AT_ONCE = 2
"""Texts in one forward pass."""


@dataclass(slots=True, kw_only=True)
class Looks:
    """The looks at one training."""

    segments: Sequence[Segment]
    """The weights of the labels of each sum to 1 / number of segments."""
    at: frozenset[int]
    """Numbers of optimizer steps."""
    found: dict[int, Tensor] = field(default_factory=dict)
    """The loss after so many steps, on the model's device."""

    def due(self, n_steps: int) -> Sequence[Segment]:
        """The texts to look at after so many steps. Empty at other steps, and if this look is done."""
        return self.segments if n_steps in self.at and n_steps not in self.found else ()

    @property
    def last(self) -> float | None:
        """The latest log-likelihood, in nats per token."""
        return self.watched[-1].log_likelihood if self.watched else None

    @property
    def watched(self) -> tuple[Watched, ...]:
        """All looks, in order; without those that gave no finite number."""
        found = ((step, -float(loss)) for step, loss in sorted(self.found.items()))
        return tuple(Watched(step=step, log_likelihood=value) for step, value in found if math.isfinite(value))


def looks_at(texts: Sequence[Tokens], n_steps: int) -> Looks:
    """Looks at texts before, during and after a training of so many steps."""
    shares = (step * n_steps / INTERVALS for step in range(INTERVALS + 1))
    at = frozenset(map(round, shares)) if texts else frozenset()
    return Looks(segments=[_weighted(segment_of(tokens), 1 / len(texts)) for tokens in texts], at=at)


@torch.no_grad()
def looked_at(
    backbone: Backbone, way: Way, due: Sequence[Sequence[Segment]], losses: Callable[[Pass], Tensor]
) -> list[Tensor]:
    """The loss of each adapter's texts, [A][…]; `losses` gives those of one pass [A]. Zeros where nothing is due."""
    passes = (
        one_pass
        for start in range(0, max(map(len, due)), AT_ONCE)
        for one_pass in way.passes(backbone, [texts[start : start + AT_ONCE] for texts in due])
    )
    found = [losses(one_pass) for one_pass in passes]
    return [*torch.stack(found).sum(0).unbind()] if found else [torch.zeros(())] * len(due)


def segment_of(tokens: Tokens) -> Segment:
    """Tokens as they go through a model, each label with the weight 1."""
    ids, trained = torch.tensor(tokens.ids), torch.tensor(tokens.trained)
    labels = torch.full_like(ids, IGNORED)
    labels[:-1] = ids[1:].where(trained[1:], IGNORED)
    weights = torch.ones(len(ids), dtype=torch.float64)
    return Segment(
        ids=ids, labels=labels, positions=torch.arange(len(ids)), weights=weights, n_padding=tokens.n_padding
    )


def _weighted(segment: Segment, weight: float) -> Segment:
    n_labels = int((segment.labels != IGNORED).sum())
    return replace(segment, weights=segment.weights * weight / max(n_labels, 1))
