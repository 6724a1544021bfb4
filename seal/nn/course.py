"""How long and how fast something is trained: a value that every kind of training takes. No torch."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Training with AdamW, without weight decay."""

    learning_rate: float
    """At its peak."""
    schedule: str
    """How it goes on after warm-up, as transformers names it: `linear`, `cosine` or `constant`."""
    epochs: int
    """Passes over the rows, each in a fresh random order."""
    steps: int | None = None
    """Optimizer steps in all, however many epochs they take; None takes those of `epochs`."""
    batch_size: int | None
    """Rows an optimizer step; None takes all rows."""
    micro_batch_size: int | None
    """Rows in memory at once; None takes the whole batch."""
    warmup_steps: int = 0
    """Optimizer steps over which the learning rate rises from 0."""
    warmup_ratio: float = 0.0
    """The same as a share of all steps, for whoever does not say how many."""
    max_grad_norm: float = 1.0
    """Gradients are scaled down to this norm."""
    gradient_checkpointing: bool = False
    """Whether activations are computed twice instead of being kept."""
    autocast: bool = False
    """Whether matrix products are done in bfloat16 while the weights stay in float32."""
    forgets: bool = False
    """Whether rotary scaling has to forget before each batch how long others were."""

    def steps_per_epoch(self, n_rows: int) -> int:
        return -(-n_rows // (self.batch_size or n_rows))

    def n_updates(self, n_rows: int) -> int:
        """Optimizer steps in all."""
        return self.steps or self.epochs * self.steps_per_epoch(n_rows)
