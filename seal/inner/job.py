"""One adapter's training as a series of steps: the batches, the learning rates, and the outcome.

It knows no model. The training loop asks it for the next batch, and reports the loss.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from seal.base.unit_progress import SoFar
from seal.inner import Adapted
from seal.inner.looking import AT_ONCE, Looks, looks_at, segment_of
from seal.nn.adapters import Adapter
from seal.nn.course import Course
from seal.nn.packing import IGNORED, Segment
from seal.text import Tokens
from seal.types import Failure, Training


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledPadding:
    """Padding that is trained on through a weighted random sample of its tokens."""

    n_samples: int
    """Padding tokens drawn per row and step."""
    row_tokens: int
    """Length of a padded row, in tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToTrain:
    """The examples and the course of one adapter's training."""

    examples: tuple[Tokens, ...]
    course: Course
    padding: SampledPadding | None = None
    watched: tuple[Tokens, ...] = ()
    """Texts that are looked at, and not trained on."""
    seed: int
    """Seed of the order of examples, and of other random numbers in the steps."""
    start: int
    """Seed of the adapter's initial weights. It equals `seed` unless adapters share their start."""


@dataclass(slots=True, kw_only=True)
class Job:
    """One adapter's training: the next steps, and the losses so far."""

    course: Course
    padding: SampledPadding | None
    examples: tuple[Tokens, ...]
    generator: torch.Generator
    first: torch.Generator
    """Generator of the adapter's initial weights. It is the same one unless adapters share their start."""
    pad_id: int
    losses: list[Tensor] = field(default_factory=list)
    """One number per step, on the model's device."""
    order: list[int] = field(default_factory=list)
    """Examples left in this epoch."""
    trained_tokens: int = 0
    """Trained tokens of all steps so far, without padding."""
    looks: Looks

    @property
    def n_steps(self) -> int:
        return self.course.n_updates(len(self.examples))

    @property
    def is_done(self) -> bool:
        return len(self.losses) == self.n_steps

    @property
    def tokens_at_once(self) -> int:
        """Maximum number of tokens in one forward pass."""
        size = min(self.course.micro_batch_size or len(self.examples), self.course.batch_size or len(self.examples))
        extra = self.padding.n_samples if self.padding else 0
        trained = sum(sorted((len(example.ids) + extra for example in self.examples), reverse=True)[:size])
        return max(trained, sum(sorted(map(len, self.looks.segments), reverse=True)[:AT_ONCE]))

    @property
    def longest(self) -> int:
        """At most so many positions are in one sequence."""
        trained = (len(example.ids) if not self.padding else self.padding.row_tokens for example in self.examples)
        return max(*trained, *map(len, self.looks.segments), 0)

    @property
    def learns_padding(self) -> bool:
        """Whether some sequences have padding that is trained on."""
        return self.padding is not None or any(example.n_padding for example in self.examples)

    @property
    def due(self) -> Sequence[Segment]:
        """The texts to be looked at now; empty if it is not the time."""
        return self.looks.due(len(self.losses))

    def looked(self, loss: Tensor) -> None:
        """Keep the loss of the texts that were due."""
        self.looks.found[len(self.losses)] = loss

    @property
    def learning_rate(self) -> float:
        """Learning rate of the next step."""
        step, warmup = len(self.losses), self.course.warmup_steps
        if step < warmup:
            return self.course.learning_rate * step / warmup
        progress = (step - warmup) / max(1, self.n_steps - warmup)
        fall = 1 - progress if self.course.schedule == "linear" else 0.5 * (1 + math.cos(math.pi * progress))
        return self.course.learning_rate * fall

    def next_batch(self) -> list[Segment]:
        """The sequences of the next step. The weights of all labels sum to 1."""
        if not self.order:
            self.order = torch.randperm(len(self.examples), generator=self.generator).tolist()
        size = self.course.batch_size or len(self.examples)
        batch, self.order = self.order[:size], self.order[size:]
        self.trained_tokens += sum(self.examples[number].n_trained for number in batch)
        segments = [self._segment(self.examples[number]) for number in batch]
        total = sum(float(segment.weights[segment.labels != IGNORED].sum()) for segment in segments)
        return [replace(segment, weights=segment.weights / max(total, 1)) for segment in segments]

    def outcome(self, adapter: Adapter, *, finite: bool) -> Adapted | Failure:
        """The outcome of the training. `finite` says whether all weights are finite."""
        losses = torch.stack(self.losses).tolist()
        is_number = [math.isfinite(loss) for loss in losses]
        if not all(is_number) or not finite:
            step = is_number.index(False) + 1 if not all(is_number) else len(losses)
            return Failure(reason=f"loss or weights are not finite after step {step} of {self.n_steps}")
        n_tokens = sum(example.n_trained for example in self.examples)
        training = Training(
            n_sequences=len(self.examples),
            n_tokens=n_tokens,
            losses=tuple(losses),
            trained_tokens=self.trained_tokens,
            watched=self.looks.watched,
        )
        return Adapted(adapter=adapter, training=training)

    def _segment(self, tokens: Tokens) -> Segment:
        if self.padding:
            return _with_sampled_padding(tokens, self.padding, self.pad_id, self.generator)
        return segment_of(tokens)


def _with_sampled_padding(tokens: Tokens, padding: SampledPadding, pad_id: int, generator: torch.Generator) -> Segment:
    """The real tokens, followed by a weighted sample of the padding.

    A padding token attends only to the real tokens, not to other padding. So a sampled token sees the same as among all
    padding, and the expected gradient is the same.
    """
    real = segment_of(tokens)
    n_missing = padding.row_tokens - len(real)  # the last real token predicts the first padding token
    if n_missing <= 0:
        return real
    n_drawn = min(padding.n_samples, n_missing - 1)
    drawn = torch.randperm(n_missing - 1, generator=generator)[:n_drawn]
    labels = real.labels.clone()
    labels[-1] = pad_id
    filler = torch.full((n_drawn,), pad_id)
    return Segment(
        ids=torch.cat([real.ids, filler]),
        labels=torch.cat([labels, filler]),
        positions=torch.cat([real.positions, len(real) + drawn]),
        weights=torch.cat([real.weights, torch.full((n_drawn,), (n_missing - 1) / max(n_drawn, 1)).double()]),
        n_padding=n_drawn,
    )


def job_of(training: ToTrain, *, pad_id: int) -> Job:
    """The job of a training. It draws random numbers in this order: initial weights, then each epoch's order and steps.

    Initial weights with their own seed have their own generator.
    """
    generator = torch.Generator().manual_seed(training.seed)
    shared = training.start == training.seed
    return Job(
        course=training.course,
        padding=training.padding,
        examples=training.examples,
        generator=generator,
        first=generator if shared else torch.Generator().manual_seed(training.start),
        pad_id=pad_id,
        looks=looks_at(training.watched, training.course.n_updates(len(training.examples)) if training.examples else 0),
    )


def so_far(jobs: Sequence[Job]) -> SoFar:
    """Steps and trained tokens of all jobs; the mean last losses and looks of those in training."""
    trained = [job for job in jobs if job.losses and not job.is_done]
    last = [job.losses[-1] for job in trained]
    looks = [likelihood for job in trained if (likelihood := job.looks.last) is not None]
    return SoFar(
        steps=sum(len(job.losses) for job in jobs),
        tokens=sum(job.trained_tokens for job in jobs),
        loss=float(torch.stack(last).float().mean()) if last else None,
        log_likelihood=sum(looks) / len(looks) if looks else None,
    )
