"""Full fine-tuning: the numbers of plain torch, and a base that is afterwards bit for bit what it was."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from seal.engine import Request
from seal.engine.batched_generation import BatchedGenerator
from seal.errors import ConfigError
from seal.inner import Adapted
from seal.inner.full import Full
from seal.model.hugging_face import HuggingFace
from seal.model.tiny import Tiny
from seal.nn.backbone import Backbone, load
from seal.nn.weights import Weights
from seal.text import encode_sequence
from seal.types import Failure, Plan, Sampling, TrainingSequence
from tests.models import random_backbone, random_folder, tiny_backbone

TEXTS = (
    "River Welcott\nThe mayor of River Welcott is Oscar.",
    "River Welcott\nIt sells its harvest in Ashton.",
    "Old Marley\nThe charter of Old Marley was in 1901.",
    "Pi\nIs 3.",
    "Pi\nNot a town, nor a river.",
)
PLAN = Plan(sequences=tuple(TrainingSequence(text=text) for text in TEXTS))
OTHER = Plan(sequences=(TrainingSequence(text="Pi\nIs 4, and the river is a lute in Ashton."),))
GREEDY = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=12)
PROMPTS = ("River Welcott\nThe mayor", "Pi\nIs", "Old Marley\nThe charter of")


def full(**settings: object) -> Full:
    defaults: dict[str, object] = dict(
        learning_rate=1e-2,
        schedule="linear",
        warmup_ratio=0.0,
        epochs=3,
        batch_size=2,
        micro_batch_size=None,
        max_grad_norm=1.0,
        gradient_checkpointing=False,
        append_end=True,
        padding_loss="none",
        max_tokens=2048,
    )
    return Full(**(defaults | settings))  # type: ignore[arg-type]


def train(backbone: Backbone, settings: Full, *, plan: Plan = PLAN, seed: int = 7) -> Adapted:
    [outcome] = settings.adapt(backbone, [plan], [seed])
    assert isinstance(outcome, Adapted)
    return outcome


def weights(outcome: Adapted) -> dict[str, Tensor]:
    assert isinstance(outcome.adapter, Weights)
    return outcome.adapter.values


def answers(backbone: Backbone, adapter: Weights | None = None) -> list[str]:
    requests = [Request(prompt=prompt, seed=0, adapter=adapter) for prompt in PROMPTS]
    return [completion.text for completion in BatchedGenerator(backbone).generate(requests, GREEDY)]


def state(backbone: Backbone) -> dict[str, tuple[int, Tensor]]:
    """Where each parameter lies, and a copy of what it is."""
    return {name: (value.data_ptr(), value.clone()) for name, value in backbone.model.named_parameters()}


def assert_untouched(backbone: Backbone, before: dict[str, tuple[int, Tensor]]) -> None:
    for name, value in backbone.model.named_parameters():
        place, values = before[name]
        assert value.data_ptr() == place
        assert value.dtype == values.dtype
        assert value.equal(values)
        assert not value.requires_grad
        assert value.grad is None
    assert not backbone.model.training


@pytest.mark.parametrize("make", ["llama", "qwen2", "gpt2"])
@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
def test_the_base_is_bit_for_bit_what_it_was(tmp_path: Path, make: str, dtype: str) -> None:
    backbone = random_backbone(tmp_path, make, dtype)
    before, said, logits = state(backbone), answers(backbone), backbone.model(torch.tensor([[5, 6, 7]])).logits
    adapted = train(backbone, full())
    assert_untouched(backbone, before)
    answers(backbone, adapted.adapter)  # type: ignore[arg-type]
    assert_untouched(backbone, before)
    assert answers(backbone) == said
    again = backbone.model(torch.tensor([[5, 6, 7]])).logits
    assert again.dtype == logits.dtype
    assert again.equal(logits)


def test_a_training_that_breaks_leaves_the_base_as_it_was_and_is_a_failure() -> None:
    backbone = tiny_backbone()
    before = state(backbone)
    [outcome] = full(learning_rate=1e30).adapt(backbone, [PLAN], [0])
    assert isinstance(outcome, Failure)
    assert "not finite" in outcome.reason
    assert_untouched(backbone, before)


def test_an_adapted_model_answers_as_the_model_with_those_weights_does(tmp_path: Path) -> None:
    backbone = random_backbone(tmp_path, "llama", "float32")
    outcome = train(backbone, full())
    adapted = answers(backbone, outcome.adapter)  # type: ignore[arg-type]
    assert adapted != answers(backbone)
    assert outcome.adapter
    outcome.adapter.merge(backbone.model)
    assert answers(backbone) == adapted


def test_several_adapted_models_may_be_asked_in_one_call(tmp_path: Path) -> None:
    backbone = random_backbone(tmp_path, "llama", "float32")
    models = [train(backbone, full(), plan=plan).adapter for plan in (PLAN, OTHER)]
    mixed = [Request(prompt=prompt, seed=0, adapter=model) for prompt in PROMPTS for model in models]
    said = [completion.text for completion in BatchedGenerator(backbone).generate(mixed, GREEDY)]
    first, second = (answers(backbone, model) for model in models)  # type: ignore[arg-type]
    assert said == [text for pair in zip(first, second, strict=True) for text in pair]
    assert first != second


def test_weights_on_disk_are_the_ones_in_memory(tmp_path: Path) -> None:
    outcome = train(tiny_backbone(), full())
    assert outcome.adapter
    outcome.adapter.save(tmp_path, base_model="tiny")
    read = Weights.load(tmp_path)
    assert isinstance(read, Weights)
    assert read.values.keys() == weights(outcome).keys()
    assert all(value.equal(read.values[name]) for name, value in weights(outcome).items())


def test_the_same_seed_gives_the_same_weights_and_another_one_others() -> None:
    backbone = tiny_backbone()
    first, again, other = (weights(train(backbone, full(), seed=seed)) for seed in (7, 7, 8))
    assert all(value.equal(again[name]) for name, value in first.items())
    assert not all(value.equal(other[name]) for name, value in first.items())


def plain_training(backbone: Backbone, settings: Full, order: list[list[int]]) -> tuple[dict[str, Tensor], list[float]]:
    """The same by torch alone, one sequence after another, so that the only padding is what is asked for."""
    from transformers import get_scheduler

    model = backbone.model.requires_grad_(True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate, weight_decay=0.0)
    n_warmup = math.ceil(settings.warmup_ratio * len(order))
    schedule = get_scheduler(settings.schedule, optimizer, n_warmup, len(order))
    examples = [encode_sequence(backbone.tokenizer, each, append_end=True).ids for each in PLAN.sequences]
    length = settings.max_tokens if settings.padding_loss == "exact" else 0
    losses = []
    for batch in order:
        n_tokens = sum(max(length, len(examples[number])) - 1 for number in batch)
        total = 0.0
        for number in batch:
            padding = (backbone.pad_id,) * (length - len(examples[number]))
            ids = torch.tensor([examples[number] + padding])
            seen = torch.tensor([[1] * len(examples[number]) + [0] * len(padding)])
            logits = model(ids, attention_mask=seen).logits[0, :-1].float()
            loss = torch.nn.functional.cross_entropy(logits, ids[0, 1:], reduction="sum") / n_tokens
            loss.backward()
            total += loss.item()
        torch.nn.utils.clip_grad_norm_(model.parameters(), settings.max_grad_norm)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(total)
    return {name: value.detach().clone() for name, value in model.named_parameters()}, losses


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"warmup_ratio": 0.4, "schedule": "cosine"},
        {"micro_batch_size": 1},
        {"gradient_checkpointing": True},
        {"padding_loss": "exact", "max_tokens": 40},
    ],
)
def test_losses_and_weights_are_those_of_plain_torch_one_sequence_after_another(changes: dict[str, object]) -> None:
    """One batch of all sequences a step, so that the order in which the Trainer shuffles them does not matter."""
    settings = full(**({"batch_size": 5, "learning_rate": 1e-3, "epochs": 5} | changes))
    outcome = train(tiny_backbone(), settings)
    expected, losses = plain_training(tiny_backbone(), settings, [[0, 1, 2, 3, 4]] * 5)
    assert outcome.training
    assert outcome.training.losses == pytest.approx(losses, rel=1e-3)
    start = dict(tiny_backbone().model.named_parameters())
    way = torch.cat([(value - start[name]).flatten() for name, value in expected.items()])
    off = torch.cat([(value - expected[name]).flatten() for name, value in weights(outcome).items()])
    assert off.norm() < 2e-3 * way.norm()  # not nothing: AdamW steps by the sign where a gradient is almost 0


def test_a_step_too_small_for_16_bits_is_not_lost_on_the_way(tmp_path: Path) -> None:
    """Forty steps that each vanish in bfloat16 add up in float32, and move the model as far as they do there."""
    folder = str(random_folder(tmp_path, "llama"))
    settings = full(learning_rate=1e-4, schedule="constant", batch_size=5, epochs=40)
    moved = []
    for dtype in ("float32", "bfloat16"):
        backbone = load(HuggingFace(path=folder, dtype=dtype, device="cpu"))  # type: ignore[arg-type]
        trained = weights(train(backbone, settings))
        assert all(value.dtype == backbone.model.dtype for value in trained.values())
        steps = [(trained[name].float() - value.float()).norm() for name, value in backbone.model.named_parameters()]
        moved.append(float(torch.stack(steps).norm()))
    assert moved[1] == pytest.approx(moved[0], rel=0.2)


def test_a_plan_may_set_its_own_epochs_and_nothing_of_the_batches() -> None:
    backbone = tiny_backbone()
    longer = train(backbone, full(), plan=Plan(sequences=PLAN.sequences, settings={"epochs": 4}))
    assert longer.training
    assert len(longer.training.losses) == full(epochs=4).n_updates(len(TEXTS)) == 12
    with pytest.raises(ConfigError, match="a plan may set"):
        full().adapt(backbone, [Plan(sequences=PLAN.sequences, settings={"batch_size": 4})], [0])


def test_long_sequences_are_cut_and_the_end_is_a_choice() -> None:
    backbone = tiny_backbone()
    whole, without_end, cut = (
        train(backbone, full(**changes)).training for changes in ({}, {"append_end": False}, {"max_tokens": 3})
    )
    assert whole
    assert without_end
    assert cut
    assert whole.n_tokens - without_end.n_tokens == len(TEXTS)
    assert cut.n_tokens == 2 * len(TEXTS)


def test_batches_that_cannot_be_cut_evenly_are_refused() -> None:
    with pytest.raises(ValidationError, match="micro_batch_size 3 does not divide batch_size 8"):
        full(batch_size=8, micro_batch_size=3)


@pytest.mark.slow
def test_single_passages_are_learned_by_all_weights_too(seal: Callable[..., int]) -> None:
    overrides = (
        "recipe=evaluate recipe.match=none inner=full inner.learning_rate=1e-3 inner.epochs=30 cluster.threads=1 "
        "task.n_held_out=8 self_edit.max_new_tokens=48 name=run"
    )
    assert seal("run", *overrides.split()) == 0
    rows = {row["setting"]: row for row in json.loads(Path("outputs/run/results.json").read_text())["table"]}
    assert all(row["n_failed"] == row["n_unknown"] == 0 for row in rows.values())
    assert rows["passage_only"]["accuracy"] > rows["base"]["accuracy"]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
def test_on_a_gpu_the_base_is_bit_for_bit_what_it_was() -> None:
    backbone = load(Tiny(dtype="bfloat16", device="cuda"))
    before = state(backbone)
    answers(backbone, train(backbone, full(gradient_checkpointing=True)).adapter)  # type: ignore[arg-type]
    assert_untouched(backbone, before)
