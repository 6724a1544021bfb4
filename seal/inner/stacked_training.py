"""LoRA trainings that run side by side on one backbone: each with its own data, schedule, clipping and end.

Letters of shapes: A adapters, T tokens, P numbers an adapter, V vocabulary.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence

from seal.adapters import AdapterStack, LoRAShape
from seal.backbone import Backbone
from seal.errors import ModelError
from seal.inner import Adapted
from seal.inner.lora import LoRA
from seal.text import Tokens
from seal.types import Failure, Plan, Training

_IGNORED, _NO_SEGMENT = -100, -1


@dataclass(slots=True, kw_only=True)
class _Job:
    """One adapter's training: what to do at each step, and what has happened."""

    settings: LoRA
    examples: list[Tokens]
    generator: torch.Generator
    losses: list[float] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    """Examples left in this epoch."""

    @property
    def n_steps(self) -> int:
        return self.settings.n_updates(len(self.examples))

    @property
    def packs(self) -> bool:
        """Whether a row can hold what must not be seen: a second sequence, or padding that is trained on."""
        several = min(self.settings.batch_size or len(self.examples), len(self.examples)) > 1
        return several or any(example.n_padding for example in self.examples)

    @property
    def broken(self) -> bool:
        return any(not math.isfinite(loss) for loss in self.losses[-1:])

    def is_active(self, step: int) -> bool:
        return step < self.n_steps and not self.broken

    def next_batch(self) -> list[Tokens]:
        if not self.order:
            self.order = torch.randperm(len(self.examples), generator=self.generator).tolist()
        size = self.settings.batch_size or len(self.examples)
        batch, self.order = self.order[:size], self.order[size:]
        return [self.examples[number] for number in batch]

    def learning_rate(self, step: int) -> float:
        warmup = self.settings.warmup_steps
        if step < warmup:
            return self.settings.learning_rate * step / warmup
        progress = (step - warmup) / max(1, self.n_steps - warmup)
        fall = 1 - progress if self.settings.schedule == "linear" else 0.5 * (1 + math.cos(math.pi * progress))
        return self.settings.learning_rate * fall


def train_stacked(
    settings: LoRA, backbone: Backbone, plans: Sequence[Plan], seeds: Sequence[int]
) -> list[Adapted | Failure]:
    """Train one adapter a plan on the frozen backbone. Results stand in the order of the plans.

    Raises:
        ModelError: a target is missing, or the model's kind forbids batches of several sequences.
    """
    shape = LoRAShape(rank=settings.rank, alpha=settings.alpha, targets=settings.targets)
    jobs = [_job(settings, backbone, plan, seed) for plan, seed in zip(plans, seeds, strict=True)]
    if any(job.packs for job in jobs) and not keeps_sequences_apart(backbone):
        raise ModelError(
            f"{type(backbone.model).__name__} mixes sequences that stand in one row, so a batch of several cannot be "
            "trained on: set inner.batch_size=1"
        )
    stack = AdapterStack(backbone.model, shape, count=len(jobs))
    for slot, job in enumerate(jobs):
        stack.initialize(slot, job.generator)
    optimizer = _Optimizer(stack)
    with stack.attached():
        for step in range(max(job.n_steps for job in jobs)):
            rates = [job.learning_rate(step) if job.is_active(step) else None for job in jobs]
            if not any(rate is not None for rate in rates):
                break
            batches = [[] if rate is None else job.next_batch() for job, rate in zip(jobs, rates, strict=True)]
            losses = _losses(backbone, batches)
            optimizer.step(losses, rates, max_norm=settings.max_grad_norm)
            for job, rate, loss in zip(jobs, rates, losses.tolist(), strict=True):
                if rate is not None:
                    job.losses.append(loss)
    return [_outcome(stack, slot, job) for slot, job in enumerate(jobs)]


def _job(settings: LoRA, backbone: Backbone, plan: Plan, seed: int) -> _Job:
    return _Job(
        settings=settings.overridden(plan.settings),
        examples=[settings.tokens(backbone.tokenizer, sequence) for sequence in plan.sequences],
        generator=torch.Generator().manual_seed(seed),
    )


def _outcome(stack: AdapterStack, slot: int, job: _Job) -> Adapted | Failure:
    if job.broken or not torch.isfinite(stack.values[slot]).all():
        return Failure(reason=f"loss or weights are not finite after step {len(job.losses)} of {job.n_steps}")
    n_tokens = sum(example.n_trained for example in job.examples)
    training = Training(n_sequences=len(job.examples), n_tokens=n_tokens, losses=tuple(job.losses))
    return Adapted(adapter=stack.adapter(slot), training=training)


def _losses(backbone: Backbone, batches: Sequence[Sequence[Tokens]]) -> Tensor:
    """The mean loss per trained token of each adapter's batch [A]; 0 where there is nothing to train on."""
    rows = [_pack(batch) for batch in batches]
    ids, labels, positions, segments, seen = (
        pad_sequence([row[part] for row in rows], batch_first=True, padding_value=filler).to(backbone.device)
        for part, filler in enumerate((backbone.pad_id, _IGNORED, 0, _NO_SEGMENT, 1))
    )  # each [A, T]
    plain = int(segments.max()) == 0 and bool(seen.all())
    logits = backbone.model(
        input_ids=ids,
        position_ids=positions,
        attention_mask=None if plain else _within_segments(segments, seen.bool(), backbone.model.dtype),
        use_cache=False,
    ).logits
    trained = labels != _IGNORED
    chosen = logits[trained]  # [trained tokens, V]
    per_token = cross_entropy(
        chosen.to(torch.promote_types(chosen.dtype, torch.float32)), labels[trained], reduction="none"
    )
    owner = trained.nonzero()[:, 0]
    sums = per_token.new_zeros(len(batches)).index_add(0, owner, per_token)
    return sums / trained.sum(dim=1).clamp(min=1)


def _pack(batch: Sequence[Tokens]) -> Tensor:
    """An adapter's sequences one behind the other [5, T]: ids, labels (the next token), positions, segment numbers, and
    whether a token is seen by those after it."""
    ids: list[int] = []
    labels: list[int] = []
    positions: list[int] = []
    segments: list[int] = []
    seen: list[int] = []
    for number, tokens in enumerate(batch):
        length = len(tokens.ids)
        following = zip(tokens.ids[1:], tokens.trained[1:], strict=True)
        ids += tokens.ids
        labels += [token if on else _IGNORED for token, on in following] + [_IGNORED]
        positions += range(length)
        segments += [number] * length
        seen += [1] * (length - tokens.n_padding) + [0] * tokens.n_padding
    return torch.tensor([ids, labels, positions, segments, seen], dtype=torch.long)


@torch.no_grad()
def keeps_sequences_apart(backbone: Backbone) -> bool:
    """Whether a sequence gives the same logits behind another one in its row as alone.

    True of attention under a mask; not of recurrent and convolutional models, and not of those without positions.
    """
    ids = torch.arange(1, 9, device=backbone.device)[None]  # [1, T]
    segments = torch.arange(2, device=ids.device).repeat_interleave(4)[None]
    positions = torch.arange(4, device=ids.device).repeat(2)[None]
    mask = _within_segments(segments, torch.ones_like(segments, dtype=torch.bool), backbone.model.dtype)
    alone = backbone.model(input_ids=ids[:, 4:], use_cache=False).logits
    try:
        behind = backbone.model(input_ids=ids, position_ids=positions, attention_mask=mask, use_cache=False).logits
    except (RuntimeError, ValueError):
        return False
    tolerance = math.sqrt(torch.finfo(alone.dtype).eps) * float(alone.abs().max())
    return bool((behind[:, 4:] - alone).abs().max() <= tolerance)


def _within_segments(segments: Tensor, seen: Tensor, dtype: torch.dtype) -> Tensor:
    """Segment numbers and what is seen, both [A, T] → additive mask [A, 1, T, T]: a token sees what can be seen of its
    segment up to itself."""
    same = segments[:, :, None] == segments[:, None, :]
    causal = torch.ones(same.shape[1:], dtype=torch.bool, device=same.device).tril()
    hidden = torch.tensor(torch.finfo(dtype).min, dtype=dtype, device=same.device)
    return torch.where(same & causal & seen[:, None, :], 0, hidden)[:, None].to(dtype)


class _Optimizer:
    """torch's AdamW without weight decay, with a learning rate, a step count and a clipped norm an adapter."""

    def __init__(self, stack: AdapterStack) -> None:
        self.stack = stack
        self.rows = [nn.Parameter(row) for row in stack.values.unbind()]  # [P] each, sharing memory with the stack
        self.adamw = torch.optim.AdamW([{"params": [row]} for row in self.rows], lr=0.0, weight_decay=0.0, fused=True)

    def step(self, losses: Tensor, rates: Sequence[float | None], *, max_norm: float) -> None:
        """Differentiate the losses [A] and update each adapter that has a learning rate."""
        self.stack.gradients.zero_()
        losses.sum().backward()
        norms = self.stack.gradients.norm(dim=1, keepdim=True)
        self.stack.gradients *= (max_norm / (norms + 1e-6)).clamp(max=1)
        for row, group, rate, gradient in zip(
            self.rows, self.adamw.param_groups, rates, self.stack.gradients.unbind(), strict=True
        ):
            row.grad = None if rate is None else gradient
            group["lr"] = rate
        self.adamw.step()
