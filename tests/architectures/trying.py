"""What SEAL does with one architecture, held against the plain ways: one text at a time, PEFT alone."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from seal.engine import Request
from seal.engine.batched_generation import BatchedGenerator
from seal.engine.decoding import decodes_by_rows
from seal.engine.writing import way_of_writing
from seal.errors import ModelError, RunError
from seal.inner import Adapted
from seal.model.hugging_face import HuggingFace
from seal.nn.adapters import Adapter
from seal.nn.backbone import Backbone, load
from seal.nn.company import way_of_training
from seal.nn.lora_weights import left_out, target_layers
from seal.nn.readback import loaded_by_peft, refuse_strayed
from seal.types import Sampling
from tests.architectures.shrinking import small_folder
from tests.engine.test_decoding import PROMPTS
from tests.inner.test_lora import PLANS, SEEDS, lora, peft_training, train

GREEDY = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=8)
"""Draws from the flat distributions of random models would differ by rounding in float32."""
BY_ROWS = "rows come and go"
ALL = ("all-linear",)
N_TOKENS = 80
"""More than any text here has, with what is written."""
SETTINGS = {"batch_size": 2, "epochs": 2, "learning_rate": 1e-2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Of an architecture that can be built small."""

    attention: str = ""
    """The kernel that was used: sdpa, or eager where the architecture has no other."""
    trained: str = ""
    """How sequences go through it."""
    written: str = ""
    left_out: tuple[str, ...] = ()
    """Why adapters go beside fewer layers than `all-linear` says."""
    refused: str | None = None
    """Why SEAL does not take it; nothing was compared then."""
    losses_off: float = 0.0
    """Of trainings side by side, against PEFT's one sequence at a time: at most so much of a step's loss."""
    texts_off: int = 0
    """Texts in a batch with several adapters that are others than alone, of `n_texts`."""
    n_texts: int = 0
    export_off: float = 0.0
    """Of the adapter that PEFT loads, against the one that was trained: logits, relative to its effect."""


def tried(name: str, folder: Path) -> Found:
    """What comes of an architecture.

    Raises:
        Exception: transformers cannot build it small.
    """
    small_folder(folder, name)
    try:
        return _compared(_loaded(folder), folder)
    except (ModelError, RunError) as error:
        return Found(refused=str(error).removeprefix("model.path: "))


def _loaded(folder: Path) -> Backbone:
    """With the attention that is the default, or else the one that the error asks for."""
    try:
        return load(HuggingFace(path=str(folder), device="cpu"))
    except ModelError as error:
        if "set it to eager" not in str(error):
            raise
        return load(HuggingFace(path=str(folder), device="cpu", attention="eager"))


def _compared(backbone: Backbone, folder: Path) -> Found:
    way = way_of_training(backbone, N_TOKENS)
    by_rows = decodes_by_rows(backbone, N_TOKENS)
    trained = train(backbone, lora(targets=ALL, **SETTINGS))
    requests = [
        Request(prompt=prompt, seed=number, adapter=each.adapter)
        for number, each in enumerate(trained)
        for prompt in PROMPTS[:5]
    ]
    return Found(
        attention=str(backbone.model.config._attn_implementation),
        trained=str(way.company),
        written=BY_ROWS if by_rows else str(way_of_writing(backbone, N_TOKENS).company),
        left_out=tuple(left_out(backbone.model, ALL)),
        losses_off=_losses_off(backbone, trained),
        texts_off=_texts_off(backbone, requests),
        n_texts=len(requests),
        export_off=_export_off(backbone, trained[0], folder),
    )


def _losses_off(backbone: Backbone, trained: list[Adapted]) -> float:
    targets = tuple(target_layers(backbone.model, ALL))
    apart = []
    for ours, plan, seed in zip(trained, PLANS, SEEDS, strict=True):
        _, losses = peft_training(backbone, lora(targets=targets, **SETTINGS), plan, seed)
        assert ours.training
        apart += [abs(one - other) / abs(other) for one, other in zip(ours.training.losses, losses, strict=True)]
    return max(apart)


def _texts_off(backbone: Backbone, requests: list[Request]) -> int:
    generator = BatchedGenerator(backbone)
    together = generator.generate(requests, GREEDY)
    alone = [generator.generate([request], GREEDY)[0] for request in requests]
    return sum(one != other for one, other in zip(together, alone, strict=True))


@torch.no_grad()
def _export_off(backbone: Backbone, trained: Adapted, folder: Path) -> float:
    ids = torch.arange(5, 30)[None]

    def logits(model: torch.nn.Module) -> Tensor:
        scores: Tensor = model(input_ids=ids, use_cache=False).logits
        return scores

    assert isinstance(trained.adapter, Adapter)
    trained.adapter.save(folder / "adapter", base_model=str(folder))
    plain = logits(backbone.model)
    with Adapter.attached(backbone.model, [trained.adapter]):
        ours = logits(backbone.model)
    with loaded_by_peft(backbone.model, folder / "adapter") as found:
        refuse_strayed(found, folder / "adapter")
        theirs = logits(found)
    return float((theirs - ours).abs().max() / (ours - plain).abs().max())
