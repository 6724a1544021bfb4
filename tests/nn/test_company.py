"""Sequences go through a model with as many others as they do not notice, at the lengths that they have."""

from pathlib import Path
from typing import Any

import pytest
import torch

from seal.errors import ModelError
from seal.inner import Adapted
from seal.inner.full import Full
from seal.model.hugging_face import HuggingFace
from seal.nn.backbone import Backbone, load
from seal.nn.company import Company, course_apart, way_of_training
from seal.nn.course import Course
from seal.nn.reading import alone
from seal.nn.rotary import forget_lengths
from seal.types import Plan, TrainingSequence
from tests.architectures.shrinking import small_folder
from tests.inner.test_lora import PLANS, SEEDS, lora, peft_training, train, weights

LONGROPE = {
    "rope_type": "longrope",
    "rope_theta": 1e4,
    "short_factor": [1.0] * 4,
    "long_factor": [4.0] * 4,
    "original_max_position_embeddings": 32,
}
PHI3 = {"rope_parameters": LONGROPE, "original_max_position_embeddings": 32}
DYNAMIC = {"rope_parameters": {"rope_type": "dynamic", "rope_theta": 1e4, "factor": 4.0}, "max_position_embeddings": 32}
LONG = "Old Marley\nThe charter of Old Marley was in 1901, and it sells its harvest in the market of River Welcott. "
PLAN = Plan(
    sequences=tuple(
        TrainingSequence(text=text) for text in (LONG * 2, "Pi\nIs 3.", LONG, "Pi\nNot a lute.", LONG + "Pi")
    )
)
"""Sequences of 5 to 70 tokens, more than the original context and less."""
DISTINCT = Course(learning_rate=1e-3, schedule="linear", epochs=1, batch_size=4, micro_batch_size=None)


def small(folder: Path, name: str, *, dtype: str = "float32", say: Any = print, **settings: object) -> Backbone:
    small_folder(folder, name, **settings)
    attention = "eager" if name in ("mamba", "gpt_oss", "gemma2") else "sdpa"
    return load(HuggingFace(path=str(folder), device="cpu", attention=attention, dtype=dtype), say=say)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "settings", "n_tokens", "company"),
    [
        ("llama", {}, 60, Company.PACKED),
        ("mistral", {}, 60, Company.PACKED),  # a window of 8 tokens
        ("gemma2", {}, 8, Company.PADDED),  # the soft cap under eager
        ("gpt_oss", {}, 8, Company.PADDED),  # sinks
        ("llama4_text", {"attention_chunk_size": 32}, 30, Company.PACKED),
        ("llama4_text", {"attention_chunk_size": 32}, 60, Company.PADDED),  # chunks begin anew
        ("phi3", PHI3, 32, Company.PACKED),
        ("phi3", PHI3, 33, Company.EQUAL),
        ("llama", DYNAMIC, 32, Company.PACKED),
        ("llama", DYNAMIC, 60, Company.EQUAL),
        ("mamba", {}, 60, Company.PADDED),
        ("ctrl", {}, 40, Company.PACKED),  # scales what it embeds in place
    ],
)
def test_a_model_is_trained_in_the_widest_company_that_it_does_not_notice(
    tmp_path: Path, name: str, settings: dict[str, object], n_tokens: int, company: Company
) -> None:
    said: list[str] = []
    backbone = small(tmp_path, name, say=said.append, **settings)
    assert way_of_training(backbone, n_tokens).company is company
    assert len(said) == (company is Company.EQUAL)


@pytest.mark.parametrize("name", ["gemma2", "llama", "llama4_text"])
def test_what_is_found_does_not_hang_on_the_precision_of_the_weights(tmp_path: Path, name: str) -> None:
    fine, coarse = (small(tmp_path / dtype, name, dtype=dtype) for dtype in ("float32", "bfloat16"))
    assert way_of_training(coarse, 20) == way_of_training(fine, 20)


@pytest.mark.parametrize(("name", "settings"), [("phi3", PHI3), ("llama", DYNAMIC), ("llama4_text", {})])
@pytest.mark.parametrize("dora", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_trainings_on_sequences_beyond_the_original_context_are_separate_peft_trainings(
    tmp_path: Path, name: str, settings: dict[str, object], dora: bool
) -> None:
    backbone = small(tmp_path, name, **settings)
    targets = ("qkv_proj",) if name == "phi3" else ("q_proj", "v_proj")
    chosen = lora(targets=targets, batch_size=3, epochs=2, dora=dora)
    plans = [PLAN, PLANS[0]]
    for outcome, plan, seed in zip(train(backbone, chosen, plans, SEEDS[:2]), plans, SEEDS, strict=False):
        assert outcome.training
        _, losses = fresh_peft_training(backbone, chosen, plan, seed)
        assert outcome.training.losses == pytest.approx(losses, rel=1e-5)


def fresh_peft_training(backbone: Backbone, chosen: Any, plan: Plan, seed: int) -> tuple[Any, list[float]]:
    """With scaled positions that have forgotten whatever was read before each sequence, as in a process of its own."""
    hook = backbone.model.register_forward_pre_hook(lambda model, _: forget_lengths(model))
    try:
        return peft_training(backbone, chosen, plan, seed)
    finally:
        hook.remove()


def test_an_adapter_does_not_notice_the_sequences_of_others_where_company_counts(tmp_path: Path) -> None:
    backbone = small(tmp_path, "phi3", **PHI3)
    chosen = lora(targets=("qkv_proj",), batch_size=None)
    together = train(backbone, chosen, [PLAN, *PLANS[:2]])
    single = [train(backbone, chosen, [plan], [seed])[0] for plan, seed in zip([PLAN, *PLANS[:2]], SEEDS, strict=True)]
    for stacked, apart in zip(together, single, strict=True):
        torch.testing.assert_close(weights(stacked), weights(apart), atol=1e-4, rtol=0)


@pytest.mark.slow
def test_full_fine_tuning_keeps_rows_apart_that_notice_padding(tmp_path: Path) -> None:
    backbone = small(tmp_path, "phi3", **PHI3)
    settings = {"learning_rate": 1e-2, "batch_size": 5, "warmup_ratio": 0.0, "max_tokens": 2048, "append_end": True}
    outcomes = [
        Full(micro_batch_size=size, **settings).adapt(backbone, [PLAN], [0])[0]  # type: ignore[arg-type]
        for size in (None, 1)
    ]
    losses = [each.training.losses for each in outcomes if isinstance(each, Adapted) and each.training]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


@pytest.mark.parametrize(
    ("settings", "lengths", "micro_batch_size", "forgets"),
    [
        ({}, [60, 5], None, False),
        (DYNAMIC, [60, 5], 1, True),
        (DYNAMIC, [30, 5], None, False),
        (DYNAMIC, [60], None, True),
    ],
)
def test_the_trainer_gets_rows_one_at_a_time_only_where_they_would_notice_others(
    tmp_path: Path, settings: dict[str, object], lengths: list[int], micro_batch_size: int | None, forgets: bool
) -> None:
    course = course_apart(small(tmp_path, "llama", **settings), DISTINCT, lengths)
    assert (course.micro_batch_size, course.forgets) == (micro_batch_size, forgets)


def test_a_text_is_read_the_same_whatever_was_read_before(tmp_path: Path) -> None:
    backbone = small(tmp_path, "llama", **DYNAMIC)
    short, long = torch.arange(2, 42), torch.arange(2, 102)
    with torch.no_grad():
        first = alone(backbone, short, forgets=True)
        alone(backbone, long)
        assert not torch.allclose(alone(backbone, short), first, atol=1e-3)
        assert alone(backbone, short, forgets=True).equal(first)


@pytest.mark.parametrize(
    ("name", "settings", "reason"),
    [
        ("bert", {"is_decoder": False}, "sees the tokens that it is to predict, in texts of 20 tokens"),
        ("xlnet", {}, "sees the tokens that it is to predict"),
        ("reformer", {}, "cannot be trained here"),
    ],
)
def test_a_model_whose_numbers_mean_nothing_is_refused(
    tmp_path: Path, name: str, settings: dict[str, object], reason: str
) -> None:
    small_folder(tmp_path, name, **settings)
    attention = "sdpa" if name == "bert" else "eager"
    backbone = load(HuggingFace(path=str(tmp_path), device="cpu", attention=attention))  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=reason):
        way_of_training(backbone, 20)
