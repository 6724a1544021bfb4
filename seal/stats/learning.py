"""How a training went on, step by step. Pure functions."""

from dataclasses import dataclass
from itertools import pairwise

from seal.types import Training, Watched


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """How one training went on."""

    setting: str
    losses: tuple[tuple[int, float], ...]
    """Means over parts of the training: its optimizer steps so far, and the loss in nats per trained token."""
    watched: tuple[Watched, ...] = ()
    """How likely right answers were to a few questions. A model that answers in sentences may know an answer that it
    does not find likely as it stands."""


def learning_of(setting: str, training: Training, *, n_parts: int = 40) -> Learning:
    """How a training went on, in at most so many parts."""
    n_steps = len(training.losses)
    ends = sorted({round(n_steps * part / n_parts) for part in range(n_parts + 1)})
    parts = [(end, training.losses[start:end]) for start, end in pairwise(ends)]
    return Learning(
        setting=setting,
        losses=tuple((end, round(sum(losses) / len(losses), 6)) for end, losses in parts),
        watched=training.watched,
    )
