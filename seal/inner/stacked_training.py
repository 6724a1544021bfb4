"""LoRA trainings side by side on one backbone. Each has its own data, schedule, clipping and end.

The number of slots is fixed. The longest training starts first, and a free slot takes the next training at once. In
each step, the tokens of all slots go through the model in one packed row without padding.

Letters of shapes: A adapters, T tokens, P parameters of an adapter.
"""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Literal
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from seal.base.free_memory import free_ram
from seal.base.unit_progress import Reporter
from seal.errors import ModelError
from seal.inner import NOTHING_FITS, Adapted
from seal.inner.job import Job, ToTrain, job_of, so_far
from seal.inner.looking import looked_at
from seal.inner.passes import way_of
from seal.nn.adapter_stack import AdapterStack, Dropout
from seal.nn.adapters import Adapter
from seal.nn.backbone import Backbone
from seal.nn.company import Company, Way
from seal.nn.course import Course
from seal.nn.lora_weights import LoRAShape, features, target_layers
from seal.nn.memory import ModelShape, SlotMemory
from seal.nn.packing import Pass, Segment
from seal.types import Failure

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """The number of adapters that are trained side by side, and the settings that they share."""

    count: int | Literal["auto"]
    """`auto` takes as many as fit into memory."""
    memory: Callable[[ModelShape, Sequence[tuple[int, int]], int], SlotMemory]
    """Memory of one slot, given the model, the widths of the adapted layers, and the tokens of a step."""
    dropout: float
    """Share of an adapter's inputs that is dropped."""


def train_stacked(
    backbone: Backbone, shape: LoRAShape, trainings: Sequence[ToTrain], slots: Slots
) -> list[Adapted | Failure]:
    """Train adapters on the frozen backbone. Their courses may differ only in length, learning rate and schedule.

    Results are in the order of the trainings.

    If memory runs out, the number of slots is halved. Only unfinished trainings are repeated.

    Raises:
        ModelError: a target is missing, or not even one training fits into memory.
    """
    found: dict[int, Adapted | Failure] = {}
    while len(found) < len(trainings):
        jobs = {
            number: job_of(training, pad_id=backbone.pad_id)
            for number, training in enumerate(trainings)
            if number not in found
        }
        found |= {number: Failure(reason=NOTHING_FITS) for number, job in jobs.items() if not job.examples}
        jobs = {number: job for number, job in jobs.items() if job.examples}
        if not jobs:
            break
        way = way_of(jobs.values(), backbone)
        n_slots = min(_n_slots(backbone, shape, jobs.values(), slots, way), len(jobs))
        course = next(iter(jobs.values())).course
        try:
            found.update(  # keeps results before an error, and nothing that takes memory
                _Slots(backbone, shape, course=course, count=n_slots, way=way, dropout=slots.dropout).work_off(jobs)
            )
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            _halve(backbone, n_slots, error)
    return [found[number] for number in range(len(trainings))]


_fitting: WeakKeyDictionary[PreTrainedModel, int] = WeakKeyDictionary()
"""Number of slots after memory ran out, by model."""


def _n_slots(backbone: Backbone, shape: LoRAShape, jobs: Collection[Job], slots: Slots, way: Way) -> int:
    if slots.dropout and way.company is not Company.PACKED:
        return 1  # rows are padded to the longest one, so dropout would depend on the other adapters
    wanted = slots.count
    if wanted == "auto":
        wanted = _slots_that_fit(backbone, shape, max(job.tokens_at_once for job in jobs), slots)
    return min(wanted, _fitting.get(backbone.model, wanted))


def _slots_that_fit(backbone: Backbone, shape: LoRAShape, tokens_per_step: int, slots: Slots) -> int:
    model = backbone.model
    widths = [features(layer) for layer in target_layers(model, shape.targets).values()]
    sizes = ModelShape.of(model.config.to_dict(), bytes_per_number=model.dtype.itemsize)
    free = _free_of_gpu(backbone.device) if backbone.device.type == "cuda" else free_ram()
    return slots.memory(sizes, widths, tokens_per_step).slots_in(free)


def _free_of_gpu(device: torch.device) -> int:
    """Free bytes of the GPU, with those that torch has reserved but does not use."""
    kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(torch.cuda.mem_get_info(device)[0]) + kept


def is_out_of_memory(error: RuntimeError) -> bool:
    """True if a GPU or main memory is full. The error of main memory has no class, only a text."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def _halve(backbone: Backbone, n_slots: int, error: RuntimeError) -> None:
    if n_slots == 1:
        raise too_small(error) from error
    _fitting[backbone.model] = n_slots // 2
    _LOG.warning("memory is too small for %d slots: going on with %d", n_slots, n_slots // 2)


def too_small(error: RuntimeError) -> ModelError:
    return ModelError(
        "memory is too small for one training: lower inner.micro_batch_size or inner.max_tokens, or set "
        f"inner.gradient_checkpointing=true ({str(error).splitlines()[0]})"
    )


class _Slots:
    """A fixed number of slots, each for one training."""

    def __init__(
        self, backbone: Backbone, shape: LoRAShape, *, course: Course, count: int, way: Way, dropout: float
    ) -> None:
        self.course = course
        """The part of the course that all trainings share: micro-batches, clipping and checkpointing."""
        self.dropout = dropout
        self.backbone = backbone
        self.stack = AdapterStack(backbone.model, shape, count)
        self.optimizer = _Optimizer(self.stack)
        self.way = way
        self.running: list[tuple[int, Job] | None] = [None] * count

    @contextmanager
    def open(self) -> Iterator[None]:
        """While open, the model has the adapters of all slots."""
        model = self.backbone.model
        with ExitStack() as opened:
            opened.enter_context(self.stack.attached())
            opened.enter_context(self.way.attending(self.backbone))
            opened.enter_context(recomputing(model) if self.course.gradient_checkpointing else nullcontext())
            yield

    def work_off(self, jobs: Mapping[int, Job]) -> Iterator[tuple[int, Adapted | Failure]]:
        """Train all jobs, the longest first, and yield each outcome as soon as it is known."""
        waiting = sorted(jobs.items(), key=lambda each: -each[1].n_steps)[::-1]  # taken from the end
        reporter = Reporter("training", sum(job.n_steps for job in jobs.values()))
        with self.open():
            while waiting or any(self.running):
                for slot, taken in enumerate(self.running):
                    if taken is None and waiting:
                        self._begin(slot, waiting.pop())
                self._look()
                self._step()
                self._look()
                reporter.update(partial(so_far, [*jobs.values()]))
                for slot, taken in enumerate(self.running):
                    if taken is not None and taken[1].is_done:
                        number, job = taken
                        finite = bool(torch.isfinite(self.stack.values[slot]).all())
                        yield number, job.outcome(Adapter.of(self.stack.copy_of(slot)), finite=finite)
                        self.running[slot] = None
                        self.stack.clear(slot)

    def _begin(self, slot: int, numbered: tuple[int, Job]) -> None:
        self.running[slot] = numbered
        self.stack.initialize(slot, numbered[1].first)
        self.optimizer.forget(slot)

    def _step(self) -> None:
        """One optimizer step for all running trainings."""
        jobs = [taken[1] if taken else None for taken in self.running]
        rates = [job.learning_rate if job else None for job in jobs]
        if self.dropout:
            spare = torch.Generator()
            generators = [job.generator if job else spare for job in jobs]
            self.stack.dropout = Dropout(share=self.dropout, generators=generators)
        batches = [job.next_batch() if job else [] for job in jobs]
        self.stack.gradients.zero_()
        losses = self._differentiate(batches)
        self.optimizer.step(rates, max_norm=self.course.max_grad_norm)
        for job, loss in zip(jobs, losses.unbind(), strict=True):
            if job:
                job.losses.append(loss)

    def _look(self) -> None:
        """Look at the texts of those trainings whose time it is."""
        self.stack.dropout = None  # each step sets its own
        jobs = [taken[1] if taken else None for taken in self.running]
        due = [job.due if job else () for job in jobs]
        for job, texts, loss in zip(jobs, due, looked_at(self.backbone, self.way, due, self._losses), strict=True):
            if job and texts:
                job.looked(loss)

    def _differentiate(self, batches: Sequence[Sequence[Segment]]) -> Tensor:
        """Add the gradients of all losses to the stack's; return the loss of each adapter's batch [A]."""
        size = self.course.micro_batch_size or max(map(len, batches))
        total = torch.zeros(len(batches), dtype=self.stack.values.dtype, device=self.stack.values.device)
        for start in range(0, max(map(len, batches)), size):
            for one_pass in self.way.passes(self.backbone, [batch[start : start + size] for batch in batches]):
                losses = self._losses(one_pass)
                losses.sum().backward()
                total += losses.detach()
        return total

    def _losses(self, one_pass: Pass) -> Tensor:
        self.stack.shares = one_pass.shares
        return one_pass.losses(self.backbone.model(**one_pass.inputs, use_cache=False).logits)


@contextmanager
def recomputing(model: PreTrainedModel) -> Iterator[None]:
    """While open, the model's layers recompute activations instead of storing them. Their submodules do not train."""
    model.gradient_checkpointing_enable({"use_reentrant": False})
    layers = [module for module in model.modules() if getattr(module, "gradient_checkpointing", False)]
    for layer in layers:
        layer.training = True  # only the layer itself; its submodules, such as dropout, stay in evaluation mode
    try:
        yield
    finally:
        model.gradient_checkpointing_disable()
        for layer in layers:
            layer.training = False


class _Optimizer:
    """torch's AdamW without weight decay. Each adapter has its own learning rate, step count and clipped norm."""

    def __init__(self, stack: AdapterStack) -> None:
        self.stack = stack
        self.rows = [nn.Parameter(row) for row in stack.values.unbind()]  # [P] each, sharing memory with the stack
        self.adamw = torch.optim.AdamW([{"params": [row]} for row in self.rows], lr=0.0, weight_decay=0.0, fused=True)

    def forget(self, slot: int) -> None:
        """Drop the optimizer state of the adapter that was in this slot."""
        self.adamw.state.pop(self.rows[slot], None)

    def step(self, rates: Sequence[float | None], *, max_norm: float) -> None:
        """Update each adapter that has a learning rate by its gradient."""
        norms = self.stack.gradients.norm(dim=1, keepdim=True)
        self.stack.gradients *= (max_norm / (norms + 1e-6)).clamp(max=1)
        for row, group, rate, gradient in zip(
            self.rows, self.adamw.param_groups, rates, self.stack.gradients.unbind(), strict=True
        ):
            row.grad = None if rate is None else gradient
            group["lr"] = rate
        self.adamw.step()
