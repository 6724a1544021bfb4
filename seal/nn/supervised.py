"""Supervised training with transformers' Trainer, for whoever has a network and rows of tokens.

What is trained is what requires a gradient: all weights, or the adapters beside them. This module has never heard of
self-edits, and the padding of a batch is never trained on.
"""

import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from accelerate.data_loader import SeedableRandomSampler
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Sampler
from transformers import (
    PrinterCallback,
    ProgressCallback,
    Trainer,
    TrainerCallback,
    TrainerState,
    TrainingArguments,
)

from seal.base.unit_progress import Reporter, SoFar
from seal.nn.course import Course
from seal.nn.rotary import forget_lengths
from seal.text import Tokens

_IGNORED = -100


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What is trained on, and how much."""

    tokens: Tokens
    weight: float = 1.0
    """The loss of each of its tokens counts so much; below 0 it rises."""


def fit(
    network: nn.Module, rows: Sequence[Row], course: Course, *, pad_id: int, device: torch.device, seed: int
) -> tuple[float, ...]:
    """Train the network in place; the loss of each optimizer step, in nats a trained token, finite or not.

    The same seed gives the same weights on the same machine. The Trainer seeds all of torch, NumPy and Python by it.
    """
    with TemporaryDirectory() as scratch, _only(device):
        arguments = _arguments(course, scratch, seed, n_rows=len(rows), on_cpu=device.type == "cpu")
        trainer = _Weighing(
            weighs=_weighs(rows),
            forgets=course.forgets,
            model=network,
            args=arguments,
            data_collator=partial(_collate, pad_id=pad_id),
            train_dataset=rows,
        )
        losses = _train(trainer, rows)
        trainer.accelerator.unwrap_model(network, keep_fp32_wrapper=False)  # its forward is its own again
    return losses


def fit_together(
    make_network: Callable[[], nn.Module],
    rows: Sequence[Row],
    course: Course,
    *,
    pad_id: int,
    on_cpu: bool,
    seed: int,
    folder: Path,
) -> tuple[float, ...]:
    """As `fit`, by all processes that accelerate's launcher started, each with its share of every batch.

    An optimizer step is on the same rows as in one process. The main process writes what was trained to `folder`, as
    transformers and PEFT do. A sharding launcher wants to be known before the network is made.
    """
    with TemporaryDirectory() as scratch:
        n_processes = int(os.environ.get("WORLD_SIZE", "1"))  # the launcher says
        arguments = _arguments(course, scratch, seed, n_rows=len(rows), on_cpu=on_cpu, n_processes=n_processes)
        blanks = [Row(tokens=Tokens(ids=(pad_id,), trained=(False,)))] * (-len(rows) % (course.batch_size or len(rows)))
        trainer = _Together(
            n_rows=len(rows),
            n_blanks=len(blanks),
            weighs=_weighs(rows),
            forgets=course.forgets,
            model=make_network(),
            args=arguments,
            data_collator=partial(_collate, pad_id=pad_id),
            train_dataset=[*rows, *blanks],
        )
        losses = _train(trainer, rows)
        if trainer.is_fsdp_enabled:
            trainer.accelerator.state.fsdp_plugin.set_state_dict_type("FULL_STATE_DICT")  # the others write shards
        trainer.save_model(str(folder))
        trainer.accelerator.wait_for_everyone()
    return losses


class _Weighing(Trainer):
    """A Trainer whose rows count by their weights: Σ weight · loss of the token, over the trained tokens of a step.

    Where all weights are 1, the loss is the one that the model's own library gives.
    """

    def __init__(self, *, weighs: bool, forgets: bool, **settings: Any) -> None:
        super().__init__(**settings, compute_loss_func=self._loss if weighs else None)
        self._forgets = forgets
        self._weights = torch.empty(0)

    def compute_loss(self, model: nn.Module, inputs: dict[str, Any], *others: Any, **named: Any) -> Any:
        self._weights = inputs.pop("weights")  # [rows]
        if self._forgets:
            forget_lengths(model)
        return super().compute_loss(model, inputs, *others, **named)

    def _loss(self, outputs: Any, labels: Tensor, num_items_in_batch: Tensor | int | None = None) -> Tensor:
        """`labels` is [rows, T]; a token is learned from the logits of the one before it."""
        logits = outputs.logits[:, :-1].float().transpose(1, 2)  # [rows, V, T - 1]
        losses = nn.functional.cross_entropy(logits, labels[:, 1:], ignore_index=_IGNORED, reduction="none")
        n_tokens = (labels != _IGNORED).sum() if num_items_in_batch is None else num_items_in_batch
        return (losses.sum(dim=1) * self._weights.to(losses)).sum() / n_tokens


class _Together(_Weighing):
    """A Trainer whose processes share out the very batches that one process would take."""

    def __init__(self, *, n_rows: int, n_blanks: int, **settings: Any) -> None:
        super().__init__(**settings)
        self._n_rows, self._n_blanks = n_rows, n_blanks

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[int]:
        rows = range(self._n_rows)
        return _BlanksLast(SeedableRandomSampler(rows, data_seed=self.args.seed), self._n_blanks)


class _BlanksLast(Sampler[int]):
    """The order of one process, and then rows without a trained token, until the last batch is full.

    Without them accelerate would fill it with rows that were trained on before.
    """

    def __init__(self, order: SeedableRandomSampler, n_blanks: int) -> None:
        self._order, self._n_blanks = order, n_blanks

    def __iter__(self) -> Iterator[int]:
        yield from self._order
        yield from range(len(self._order), len(self))

    def __len__(self) -> int:
        return len(self._order) + self._n_blanks

    def set_epoch(self, epoch: int) -> None:
        self._order.set_epoch(epoch)


class _Reporting(TrainerCallback):
    """Reports each optimizer step."""

    def __init__(self, tokens_per_epoch: int) -> None:
        self._tokens_per_epoch = tokens_per_epoch
        self._reporter = Reporter("training", 0)

    def on_train_begin(self, args: Any, state: TrainerState, control: Any, **_: Any) -> None:
        self._reporter = Reporter("training", state.max_steps)

    def on_log(self, args: Any, state: TrainerState, control: Any, **_: Any) -> None:
        loss = state.log_history[-1].get("loss")
        if loss is not None:  # what is logged at the end is a summary
            tokens = round((state.epoch or 0.0) * self._tokens_per_epoch)
            self._reporter.update(lambda: SoFar(steps=state.global_step, tokens=tokens, loss=loss))


def _weighs(rows: Sequence[Row]) -> bool:
    return any(row.weight != 1 for row in rows)


def _train(trainer: Trainer, rows: Sequence[Row]) -> tuple[float, ...]:
    """The losses of the optimizer steps."""
    trainer.remove_callback(PrinterCallback)
    trainer.remove_callback(ProgressCallback)
    trainer.add_callback(_Reporting(sum(row.tokens.n_trained for row in rows)))
    trainer.train()
    return tuple(float(entry["loss"]) for entry in trainer.state.log_history if "loss" in entry)


def _only(device: torch.device) -> AbstractContextManager[None]:
    """While open, this is the GPU that the Trainer takes."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()


def _arguments(
    course: Course, scratch: str, seed: int, *, n_rows: int, on_cpu: bool, n_processes: int = 1
) -> TrainingArguments:
    batch_size = course.batch_size or n_rows
    share = batch_size // n_processes
    micro = min(course.micro_batch_size or share, share)
    arguments = TrainingArguments(
        output_dir=scratch,
        learning_rate=course.learning_rate,
        lr_scheduler_type=course.schedule,
        warmup_steps=math.ceil(course.warmup_ratio * course.n_updates(n_rows)),
        num_train_epochs=course.epochs,
        max_steps=course.steps or -1,
        per_device_train_batch_size=micro,
        gradient_accumulation_steps=share // micro,
        gradient_checkpointing=course.gradient_checkpointing,
        gradient_checkpointing_kwargs={"use_reentrant": False},
        max_grad_norm=course.max_grad_norm,
        weight_decay=0.0,
        bf16=course.autocast,
        seed=seed % 2**32,  # as large as NumPy takes them
        logging_steps=1,
        logging_nan_inf_filter=False,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        use_cpu=on_cpu,
        ddp_find_unused_parameters=False,
        remove_unused_columns=False,
    )
    arguments._n_gpu = min(1, arguments.n_gpu)  # one model on one device: no DataParallel over what else is there
    return arguments


def _collate(weighted: Sequence[Row], *, pad_id: int) -> dict[str, Tensor]:
    """Ids, attention mask and labels, each [rows, T], padded on the right; and weights [rows]."""
    rows = [row.tokens for row in weighted]
    ids = [torch.tensor(row.ids) for row in rows]
    labels = [torch.tensor(row.ids).where(torch.tensor(row.trained), _IGNORED) for row in rows]
    return {
        "input_ids": pad_sequence(ids, batch_first=True, padding_value=pad_id),
        "attention_mask": pad_sequence([_seen(row) for row in rows], batch_first=True),
        "labels": pad_sequence(labels, batch_first=True, padding_value=_IGNORED),
        "weights": torch.tensor([row.weight for row in weighted]),
    }


def _seen(row: Tokens) -> Tensor:
    """What may be attended to, [T]: all but padding of the row's own, which is trained on."""
    seen = torch.ones(len(row.ids), dtype=torch.long)
    seen[len(row.ids) - row.n_padding :] = 0
    return seen
