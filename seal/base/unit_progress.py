"""How far the work inside a batch of units is: optimizer steps of a training, texts of a generation.

Code that trains or writes reports from where it is. `listening` says who hears it. No result depends on either.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from time import monotonic
from typing import Annotated, Literal

from pydantic import Field

Count = Annotated[int, Field(ge=0, lt=2**53)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SoFar:
    """What changes as the work goes on."""

    steps: Count
    """Optimizer steps of all trainings so far; while writing, texts that are finished."""
    tokens: Count
    """Trained on so far, counted once a pass; while writing, written so far."""
    loss: float | None = None
    """Mean loss of the last step, in nats a token; None where nothing is trained."""
    log_likelihood: float | None = None
    """Of watched texts at the last look, in nats a token; None where none are watched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitProgress(SoFar):
    """Steps of everything that is trained together, or texts that are written together."""

    doing: Literal["training", "writing"]
    planned_steps: Count
    seconds: float
    """Since it began."""

    @property
    def share(self) -> float:
        """Of the steps, in [0, 1]."""
        return min(1.0, self.steps / self.planned_steps) if self.planned_steps else 0.0


@dataclass(frozen=True, slots=True)
class _Listener:
    hear: Callable[[UnitProgress], None]
    every_s: float


_listener: ContextVar[_Listener | None] = ContextVar("listener", default=None)


@contextmanager
def listening(hear: Callable[[UnitProgress], None], *, every_s: float = 1.0) -> Iterator[None]:
    """While open, `hear` is called with what is reported in this thread, at most once in `every_s` seconds."""
    token = _listener.set(_Listener(hear, every_s))
    try:
        yield
    finally:
        _listener.reset(token)


def report(progress: UnitProgress) -> None:
    """Tell whoever listens, if anybody does."""
    if listener := _listener.get():
        listener.hear(progress)


class Reporter:
    """Reports one training or generation, no more often than the listener wants."""

    def __init__(self, doing: Literal["training", "writing"], planned_steps: int) -> None:
        self.doing, self.planned_steps = doing, planned_steps
        self.began_s = self.reported_s = monotonic()

    def update(self, so_far: Callable[[], SoFar]) -> None:
        """`so_far` is called when a report is due: it may wait for a GPU."""
        now_s, listener = monotonic(), _listener.get()
        if listener is None or now_s - self.reported_s < listener.every_s:
            return
        seconds = round(now_s - self.began_s, 3)
        report(UnitProgress(doing=self.doing, planned_steps=self.planned_steps, seconds=seconds, **asdict(so_far())))
        self.reported_s = now_s


def together(parts: list[UnitProgress]) -> UnitProgress | None:
    """What several processes report, as one; None where nobody reports anything."""
    if not parts:
        return None
    losses = [part.loss for part in parts if part.loss is not None]
    looks = [part.log_likelihood for part in parts if part.log_likelihood is not None]
    return UnitProgress(
        doing=parts[0].doing,
        steps=sum(part.steps for part in parts),
        planned_steps=sum(part.planned_steps for part in parts),
        tokens=sum(part.tokens for part in parts),
        loss=sum(losses) / len(losses) if losses else None,
        log_likelihood=sum(looks) / len(looks) if looks else None,
        seconds=max(part.seconds for part in parts),
    )
