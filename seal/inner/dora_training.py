"""One DoRA training (arXiv 2402.09353), by PEFT. It normalizes weights at each step, which stacked training cannot do.

Initial weights, batches, schedule and clipping are those of every LoRA training.
"""

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_
from transformers.pytorch_utils import Conv1D

from seal.base.unit_progress import Reporter
from seal.inner import NOTHING_FITS, Adapted
from seal.inner.job import Job, ToTrain, job_of, so_far
from seal.inner.looking import looked_at
from seal.inner.passes import way_of
from seal.inner.stacked_training import is_out_of_memory, recomputing, too_small
from seal.nn.adapters import Adapter
from seal.nn.backbone import Backbone
from seal.nn.company import Way
from seal.nn.lora_weights import LoRAShape, target_layers
from seal.nn.packing import Pass
from seal.types import Failure

_NAME = "default"
"""PEFT's default name of an adapter."""


def train_dora(backbone: Backbone, shape: LoRAShape, training: ToTrain) -> Adapted | Failure:
    """Train one adapter on the frozen backbone, and leave the backbone unchanged.

    Raises:
        ModelError: a target is missing, or the training does not fit into memory.
    """
    job = job_of(training, pad_id=backbone.pad_id)
    if not job.examples:
        return Failure(reason=NOTHING_FITS)
    way = way_of([job], backbone)
    try:
        with _adapted(job, backbone, shape) as layers:
            _train(job, backbone, layers, way)
            values = [value for layer in layers.values() for value in _weights(layer)]
            return job.outcome(_adapter(shape, layers), finite=all(bool(value.isfinite().all()) for value in values))
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        raise too_small(error) from error


@contextmanager
def _adapted(job: Job, backbone: Backbone, shape: LoRAShape) -> Iterator[dict[str, Any]]:
    """While open, the model has PEFT layers (`LoraLayer`) with a new adapter. Yields these layers by path."""
    targets = target_layers(backbone.model, shape.targets)
    lora = LoraConfig(
        r=shape.rank,
        lora_alpha=shape.alpha,  # type: ignore[arg-type]  # PEFT takes any number
        use_rslora=shape.rank_stabilized,
        use_dora=True,
        target_modules=list(targets),
        fan_in_fan_out=any(isinstance(layer, Conv1D) for layer in targets.values()),
        task_type="CAUSAL_LM",
    )
    adapted = get_peft_model(backbone.model, lora)
    try:
        layers: dict[str, Any] = {path: backbone.model.get_submodule(path) for path in targets}
        for layer in layers.values():
            weight = layer.lora_A[_NAME].weight
            start = torch.empty(weight.shape, dtype=weight.dtype)  # drawn on the CPU, where the generator is
            weight.data.copy_(nn.init.kaiming_uniform_(start, a=math.sqrt(5), generator=job.first))
        yield layers
    finally:
        adapted.unload()


def _train(job: Job, backbone: Backbone, layers: dict[str, Any], way: Way) -> None:
    weights = [weight for layer in layers.values() for weight in _weights(layer)]
    optimizer = torch.optim.AdamW(weights, lr=0.0, weight_decay=0.0)
    with ExitStack() as opened:
        opened.enter_context(way.attending(backbone))
        if job.course.gradient_checkpointing:
            opened.enter_context(recomputing(backbone.model))
        reporter = Reporter("training", job.n_steps)
        _look(job, backbone, way)
        while not job.is_done:
            optimizer.param_groups[0]["lr"] = job.learning_rate
            optimizer.zero_grad()
            loss = _differentiate(job, backbone, way)
            clip_grad_norm_(weights, job.course.max_grad_norm)
            optimizer.step()
            job.losses.append(loss)
            _look(job, backbone, way)
            reporter.update(partial(so_far, [job]))


def _differentiate(job: Job, backbone: Backbone, way: Way) -> Tensor:
    """Add the gradients of the next batch's loss, and return the loss."""
    batch = job.next_batch()
    size = job.course.micro_batch_size or len(batch)
    losses = []
    for start in range(0, len(batch), size):
        for one_pass in way.passes(backbone, [batch[start : start + size]]):
            loss = _losses(backbone, one_pass).sum()
            loss.backward()
            losses.append(loss.detach())
    return torch.stack(losses).sum()


def _look(job: Job, backbone: Backbone, way: Way) -> None:
    """Look at the watched texts, if it is the time."""
    if texts := job.due:
        [loss] = looked_at(backbone, way, [texts], partial(_losses, backbone))
        job.looked(loss)


def _losses(backbone: Backbone, one_pass: Pass) -> Tensor:
    return one_pass.losses(backbone.model(**one_pass.inputs, use_cache=False).logits)


def _weights(layer: Any) -> tuple[Tensor, Tensor, Tensor]:
    """A [R, in], B [out, R], and the magnitudes [out]."""
    return layer.lora_A[_NAME].weight, layer.lora_B[_NAME].weight, layer.lora_magnitude_vector[_NAME].weight


def _adapter(shape: LoRAShape, layers: dict[str, Any]) -> Adapter:
    copies = {
        path: [weight.detach().to("cpu", copy=True) for weight in _weights(layer)] for path, layer in layers.items()
    }
    return Adapter(
        shape=shape,
        weights={path: (lora_a, lora_b) for path, (lora_a, lora_b, _) in copies.items()},
        transposed=any(layer.fan_in_fan_out for layer in layers.values()),
        magnitudes={path: magnitude for path, (_, _, magnitude) in copies.items()},
    )
