"""Fine-tunes the policy with a low-rank adapter (LoRA, arXiv 2106.09685), and merges it into the weights."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from seal.errors import ConfigError
from seal.nn.course import Course
from seal.outer.learner import Example, Learned, Learner
from seal.outer.learner.launcher import read_launcher
from seal.outer.learner.policy_lora import PolicyLoRA
from seal.settings import FileOrFolder, check_micro_batches, option

if TYPE_CHECKING:
    from seal.nn.backbone import Backbone


@option
class LoRALearner(Learner):
    """Fine-tunes the policy with a low-rank adapter, and merges it afterwards.

    The loss is the next-token loss, weighted by example and averaged over the trained tokens of a step.
    """

    rank: Annotated[int, Field(ge=1, le=256)] = 64
    """Rank of the adapter. It is merged into the policy afterwards."""
    alpha: PositiveFloat = 128.0
    """The adapter's output is scaled by alpha / rank."""
    targets: Annotated[tuple[str, ...], Field(min_length=1)] = ("all-linear",)
    """Name endings of the linear layers that get an adapter. `[all-linear]` means all but the output head."""
    learning_rate: PositiveFloat = 3e-4
    """Initial learning rate."""
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    """How the learning rate changes over the steps."""
    epochs: PositiveInt = 2
    """Passes over the selected self-edits."""
    batch_size: PositiveInt = 10
    """Self-edits per optimizer step."""
    micro_batch_size: PositiveInt | None = None
    """Self-edits in memory at once, a divisor of `batch_size`. null takes the whole batch."""
    accelerate: FileOrFolder | None = None
    """YAML of `accelerate config`, or a name in `conf/accelerate`, for example `fsdp` or `deepspeed_zero3`. Then
    fine-tuning runs in separate processes, on several GPUs. Each process takes its share of the batch. null trains in
    this process."""

    @model_validator(mode="after")
    def _batches_divide(self) -> Self:
        check_micro_batches(self.batch_size, self.micro_batch_size)
        return self

    @property
    def adapted_layers(self) -> tuple[str, ...]:
        return self.targets

    def n_processes(self) -> int:
        return read_launcher(self.accelerate).n_processes if self.accelerate else 1

    def n_gpus(self) -> int:
        return 0 if self.accelerate and read_launcher(self.accelerate).on_cpu else self.n_processes()

    def faults_of_files(self) -> Iterator[str]:
        if not self.accelerate:
            return
        try:
            launcher = read_launcher(self.accelerate)
        except ConfigError as error:
            yield str(error)
            return
        yield from launcher.faults(self.batch_size, self.micro_batch_size)

    def learn(self, backbone: "Backbone", examples: Sequence[Example], folder: Path, seed: int) -> Learned:
        from seal.outer.learner.fine_tuning import fine_tune

        lora = PolicyLoRA(rank=self.rank, alpha=self.alpha, targets=self.targets)
        course = Course(
            learning_rate=self.learning_rate,
            schedule=self.schedule,
            epochs=self.epochs,
            batch_size=self.batch_size,
            micro_batch_size=self.micro_batch_size,
        )
        return fine_tune(backbone, examples, lora, course, accelerate=self.accelerate, folder=folder, seed=seed)
