"""The stacked inner loop: the same numbers as PEFT one at a time, and adapters that never notice each other."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from pydantic import ValidationError
from torch import Tensor

from seal.config.loading import load
from seal.errors import ConfigError, ModelError
from seal.folder.store import Store, read_records
from seal.inner import Adapted
from seal.inner.dora import DoRA
from seal.inner.lora import LoRA
from seal.inner.low_rank import LowRank
from seal.nn.adapter_stack import AdapterStack, StackedLoRALinear
from seal.nn.adapters import Adapter
from seal.nn.backbone import Backbone
from seal.nn.company import Company, way_of_training
from seal.nn.lora_weights import LoRAShape
from seal.types import Evaluation, Failure, Plan, TrainingSequence
from seal.work.lab import Lab
from seal.work.trying import Trial, starts_of
from tests.conftest import SMALL, settings_without
from tests.models import random_backbone, tiny_backbone

TEXTS = (
    ("River Welcott\nThe mayor of River Welcott is Oscar.", "River Welcott\nIt sells its harvest in Ashton."),
    ("Old Marley\nThe charter of Old Marley was in 1901.",),
    ("Pi\nIs 3.", "Pi\nQuestion: What is Pi? Answer: 3", "Pi\nNot a lute.", "Pi\nNot a town, nor a river."),
)
PLANS = [Plan(sequences=tuple(TrainingSequence(text=text) for text in texts)) for texts in TEXTS]
SEEDS = [11, 12, 13]


def lora(*, dora: bool = False, **settings: object) -> LowRank:
    """Of LoRA; with `dora`, the option of that name."""
    defaults: dict[str, object] = dict(
        rank=4,
        alpha=8,
        rank_stabilized=False,
        dropout=0.0,
        micro_batch_size=None,
        gradient_checkpointing=False,
        padding_samples=4,
        targets=("q_proj", "v_proj"),
        start="own",
        learning_rate=1e-2,
        schedule="linear",
        warmup_steps=0,
        epochs=3,
        batch_size=1,
        max_grad_norm=1.0,
        append_end=True,
        padding_loss="none",
        max_tokens=2048,
        parallel=8,
    )
    chosen = defaults | settings
    if not dora:
        return LoRA(**chosen)
    return DoRA(**{name: value for name, value in chosen.items() if name not in ("dropout", "parallel")})


def train(backbone: Backbone, settings: LowRank, plans: list[Plan] = PLANS, seeds: list[int] = SEEDS) -> list[Adapted]:
    outcomes = settings.adapt(backbone, plans, seeds)
    assert all(isinstance(outcome, Adapted) for outcome in outcomes)
    return outcomes  # type: ignore[return-value]


def is_packed(backbone: Backbone) -> bool:
    return way_of_training(backbone, 40).company is Company.PACKED


def weights(outcome: Adapted) -> Tensor:
    assert outcome.adapter
    return torch.cat([part.flatten() for pair in outcome.adapter.weights.values() for part in pair])


class Drawn(torch.nn.Module):
    """Dropout whose random numbers come from a generator."""

    def __init__(self, share: float, generator: torch.Generator) -> None:
        super().__init__()
        self.share = share
        self.generator = generator

    def forward(self, hidden: Tensor) -> Tensor:
        kept = torch.empty(hidden.shape).bernoulli_(1 - self.share, generator=self.generator)
        return hidden * kept / (1 - self.share)


def peft_training(
    backbone: Backbone, settings: LowRank, plan: Plan, seed: int
) -> tuple[dict[str, Tensor], list[float]]:
    """The same training by PEFT, torch's AdamW and transformers' schedules, one sequence after another."""
    from transformers import get_scheduler

    generator = torch.Generator().manual_seed(seed)
    targets = "all-linear" if settings.targets == ("all-linear",) else list(settings.targets)
    model = get_peft_model(
        backbone.model,
        LoraConfig(
            r=settings.rank,
            lora_alpha=settings.alpha,
            use_rslora=settings.rank_stabilized,
            use_dora=settings.makes_dora,
            target_modules=targets,
            task_type="CAUSAL_LM",
        ),
        autocast_adapter_dtype=backbone.model.dtype == torch.bfloat16,  # else the adapter is as wide as the model
    )
    trainable = [weight for weight in model.parameters() if weight.requires_grad]
    for name, weight in model.named_parameters():
        if "lora_A" in name:
            torch.nn.init.kaiming_uniform_(weight, a=math.sqrt(5), generator=generator)
    if isinstance(settings, LoRA) and settings.dropout:
        for module in model.modules():
            if hasattr(module, "lora_dropout"):
                module.lora_dropout["default"] = Drawn(settings.dropout, generator)
    optimizer = torch.optim.AdamW(trainable, lr=settings.learning_rate, weight_decay=0.0)
    n_steps = settings.n_updates(len(plan.sequences))
    schedule = get_scheduler(settings.schedule, optimizer, settings.warmup_steps, n_steps)
    examples = [settings.tokens(backbone.tokenizer, each, chat=None) for each in plan.sequences]
    size, losses = settings.batch_size or len(examples), []
    for _ in range(settings.epochs):
        order = torch.randperm(len(examples), generator=generator).tolist()
        for start in range(0, len(order), size):
            sums, count = torch.tensor(0.0, dtype=torch.float64), 0
            for number in order[start : start + size]:
                ids = torch.tensor([examples[number].ids])
                mask = torch.ones_like(ids)
                mask[:, len(examples[number].ids) - examples[number].n_padding :] = 0
                logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits[0, :-1]
                wide = logits.to(torch.promote_types(logits.dtype, torch.float32))
                per_token = torch.nn.functional.cross_entropy(wide, ids[0, 1:], reduction="none")
                sums, count = sums + per_token.sum(), count + len(per_token)
            loss = sums / count
            losses.append(loss.item())
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trainable, settings.max_grad_norm)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
    found = {name: weight.detach().clone() for name, weight in model.named_parameters() if "lora_" in name}
    model.unload()
    return found, losses


@pytest.mark.parametrize(
    ("make", "targets"), [("llama", ("q_proj", "v_proj")), ("qwen2", ("q_proj", "v_proj")), ("gpt2", ("c_attn",))]
)
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"targets": ("all-linear",), "batch_size": None},
        {"batch_size": 2, "schedule": "cosine", "warmup_steps": 2, "max_grad_norm": 0.1},
        {"padding_loss": "exact", "max_tokens": 24, "append_end": False},
        {"padding_loss": "exact", "max_tokens": 24, "batch_size": 2},
        {"rank_stabilized": True, "batch_size": None, "micro_batch_size": 1, "parallel": 2},
        {"dropout": 0.3, "parallel": 2},
        {"gradient_checkpointing": True, "batch_size": 2, "micro_batch_size": 1, "parallel": 1},
        {"dora": True, "targets": ("all-linear",), "batch_size": 2, "schedule": "cosine", "warmup_steps": 2},
        {"dora": True, "rank_stabilized": True, "batch_size": None, "micro_batch_size": 1, "max_grad_norm": 0.1},
        {"dora": True, "gradient_checkpointing": True, "padding_loss": "exact", "max_tokens": 24},
    ],
)
@pytest.mark.filterwarnings("ignore:fan_in_fan_out is set to False")
def test_training_is_separate_peft_training(
    tmp_path: Path, make: str, targets: tuple[str, ...], changes: dict[str, object]
) -> None:
    backbone, settings = random_backbone(tmp_path, make), lora(**({"targets": targets} | changes))
    for outcome, plan, seed in zip(train(backbone, settings), PLANS, SEEDS, strict=True):
        expected, losses = peft_training(backbone, settings, plan, seed)
        assert outcome.adapter
        assert outcome.training
        for path, (lora_a, lora_b) in outcome.adapter.weights.items():
            prefix = f"base_model.model.{path}"
            torch.testing.assert_close(lora_a, expected[f"{prefix}.lora_A.default.weight"], atol=1e-9, rtol=0)
            torch.testing.assert_close(lora_b, expected[f"{prefix}.lora_B.default.weight"], atol=1e-9, rtol=0)
        for path, magnitude in outcome.adapter.magnitudes.items():
            trained = expected[f"base_model.model.{path}.lora_magnitude_vector.default.weight"]
            torch.testing.assert_close(magnitude, trained, atol=1e-9, rtol=0)
        assert bool(outcome.adapter.magnitudes) == settings.makes_dora
        assert outcome.training.losses == pytest.approx(losses, abs=1e-12, rel=0)


def test_attention_to_the_last_few_tokens_stays_within_each_sequence(tmp_path: Path) -> None:
    backbone = random_backbone(tmp_path, "mistral")
    assert is_packed(backbone)
    for outcome, plan, seed in zip(train(backbone, lora(batch_size=2)), PLANS, SEEDS, strict=True):
        assert outcome.training
        _, losses = peft_training(backbone, lora(batch_size=2), plan, seed)
        assert outcome.training.losses == pytest.approx(losses, abs=1e-12, rel=0)


@pytest.mark.parametrize("make", ["llama", "qwen2"])
def test_beside_weights_in_bfloat16_adapters_are_float32_and_learn_as_those_of_peft(tmp_path: Path, make: str) -> None:
    backbone, settings = random_backbone(tmp_path, make, dtype="bfloat16"), lora(epochs=12, learning_rate=0.02)
    for outcome, plan, seed in zip(train(backbone, settings), PLANS, SEEDS, strict=True):
        assert outcome.adapter
        assert outcome.training
        assert {part.dtype for pair in outcome.adapter.weights.values() for part in pair} == {torch.float32}
        _, losses = peft_training(backbone, settings, plan, seed)
        learned = losses[0] - losses[-1]
        assert learned > 0.5
        apart = [abs(ours - theirs) for ours, theirs in zip(outcome.training.losses, losses, strict=True)]
        assert mean(apart) < 0.1 * learned


@pytest.mark.parametrize("batch_size", [1, 2])
def test_a_recurrent_model_is_trained_in_rows_because_it_cannot_be_packed(tmp_path: Path, batch_size: int) -> None:
    backbone = random_backbone(tmp_path, "mamba")
    assert not is_packed(backbone)
    settings = lora(targets=("in_proj",), batch_size=batch_size)
    for outcome, plan, seed in zip(train(backbone, settings), PLANS, SEEDS, strict=True):
        assert outcome.training
        _, losses = peft_training(backbone, settings, plan, seed)
        assert outcome.training.losses == pytest.approx(losses, abs=1e-5)  # parts of Mamba compute in float32


@pytest.mark.parametrize("make", ["llama", "qwen2", "gpt2"])
def test_attention_models_are_packed_and_afterwards_what_they_were(tmp_path: Path, make: str) -> None:
    backbone = random_backbone(tmp_path, make)
    ids = torch.arange(2, 12)[None]
    before = backbone.model(input_ids=ids).logits
    assert is_packed(backbone)
    assert torch.equal(backbone.model(input_ids=ids).logits, before)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_model_that_is_recurrent_in_part_is_not_packed_however_coarse_its_numbers(tmp_path: Path, dtype: str) -> None:
    assert not is_packed(random_backbone(tmp_path, "falcon_h1", dtype=dtype))


def test_what_is_dropped_does_not_depend_on_neighbours_where_rows_are_padded(tmp_path: Path) -> None:
    backbone = random_backbone(tmp_path, "mamba", dtype="float32")
    settings = lora(dropout=0.3, targets=("in_proj",), batch_size=2)
    together = train(backbone, settings)
    alone = [train(backbone, settings, [plan], [seed])[0] for plan, seed in zip(PLANS, SEEDS, strict=True)]
    for stacked, single in zip(together, alone, strict=True):
        assert torch.equal(weights(stacked), weights(single))


def test_an_adapter_does_not_depend_on_its_neighbours(tmp_path: Path) -> None:
    backbone = random_backbone(tmp_path, "llama")
    together = train(backbone, lora())
    alone = [train(backbone, lora(), [plan], [seed])[0] for plan, seed in zip(PLANS, SEEDS, strict=True)]
    for stacked, single in zip(together, alone, strict=True):
        torch.testing.assert_close(weights(stacked), weights(single), atol=1e-12, rtol=0)


def test_both_ways_of_unequal_blocks_give_the_same(tmp_path: Path) -> None:
    backbone, counts = random_backbone(tmp_path, "llama"), [3, 0, 7, 1]
    stack = AdapterStack(backbone.model, LoRAShape(rank=4, alpha=8, targets=("q_proj",)), count=4)
    stack.values.normal_(generator=torch.Generator().manual_seed(0))
    tokens = torch.randn(11, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    with stack.attached():
        layer = next(module for module in backbone.model.modules() if isinstance(module, StackedLoRALinear))
        one, other = layer.of_blocks(tokens, counts), layer.of_padded_blocks(tokens, counts)
    torch.testing.assert_close(one, other, atol=1e-12, rtol=0)
    assert not torch.allclose(one[0:3], (tokens[0:3] @ layer.lora_a[2].T) @ layer.lora_b[2].T)


def test_all_of_the_padding_sampled_is_all_of_the_padding(tmp_path: Path) -> None:
    backbone = random_backbone(tmp_path, "llama")
    padded = {"max_tokens": 24, "batch_size": 2, "append_end": False}
    every = train(backbone, lora(padding_loss="sampled", padding_samples=24, **padded), seeds=[5, 5, 5])
    exact = train(backbone, lora(padding_loss="exact", **padded), seeds=[5, 5, 5])
    for one, other in zip(every, exact, strict=True):
        assert one.training
        assert other.training
        assert one.training.losses[0] == pytest.approx(other.training.losses[0], abs=1e-12)


def test_some_of_the_padding_counts_for_all_of_it_on_average(tmp_path: Path) -> None:
    backbone = random_backbone(tmp_path, "llama")
    once = {"max_tokens": 96, "epochs": 1, "batch_size": None, "learning_rate": 1e-9}
    plan = PLANS[2]
    [exact] = train(backbone, lora(padding_loss="exact", **once), [plan], [0])
    settings = lora(padding_loss="sampled", padding_samples=3, parallel=64, **once)
    sampled = [
        one.training.losses[0] for one in train(backbone, settings, [plan] * 256, list(range(256))) if one.training
    ]
    assert exact.training
    error = stdev(sampled) / len(sampled) ** 0.5
    assert error < 0.02 * exact.training.losses[0]
    assert abs(mean(sampled) - exact.training.losses[0]) < 4 * error


def test_dropout_and_activations_that_are_computed_twice_exclude_each_other() -> None:
    with pytest.raises(ValidationError, match="dropout and gradient_checkpointing exclude each other"):
        lora(dropout=0.1, gradient_checkpointing=True)


def test_the_same_seed_gives_the_same_adapter_bit_for_bit_and_another_seed_another() -> None:
    backbone = tiny_backbone()
    first, again, other = (weights(train(backbone, lora(), PLANS[:1], [seed])[0]) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("dora", [False, True])
def test_training_leaves_the_model_as_it_was(dora: bool) -> None:
    backbone = tiny_backbone()
    before = {name: weight.clone() for name, weight in backbone.model.named_parameters()}
    layers = [type(module) for module in backbone.model.modules()]
    train(backbone, lora(dora=dora))
    assert layers == [type(module) for module in backbone.model.modules()]
    assert all(torch.equal(weight, before[name]) for name, weight in backbone.model.named_parameters())


def test_training_lowers_the_loss_and_counts_what_it_did() -> None:
    [outcome] = train(tiny_backbone(), lora(epochs=10), PLANS[:1], [0])
    assert outcome.training
    assert len(outcome.training.losses) == 20
    assert outcome.training.losses[-1] < outcome.training.losses[0]
    assert outcome.training.n_sequences == 2
    tokenizer = tiny_backbone().tokenizer
    assert outcome.training.n_tokens == sum(len(tokenizer(text)["input_ids"]) for text in TEXTS[0])


@pytest.mark.parametrize("dora", [False, True])
@pytest.mark.parametrize("make", ["qwen2", "gpt2"])
def test_the_peft_export_gives_the_same_logits_when_peft_loads_it(tmp_path: Path, make: str, dora: bool) -> None:
    backbone = random_backbone(tmp_path / "model", make)
    [outcome] = train(backbone, lora(targets=("all-linear",), dora=dora), PLANS[:1], [0])
    assert outcome.adapter
    outcome.adapter.save(tmp_path / "adapter", base_model=str(tmp_path / "model"))
    ids = torch.tensor([backbone.tokenizer(TEXTS[0][0])["input_ids"]])
    stack = AdapterStack(backbone.model, outcome.adapter.shape, count=1, trains=False)
    stack.load(0, Adapter.load(tmp_path / "adapter"))
    with torch.no_grad(), stack.attached():
        ours = backbone.model(input_ids=ids).logits
    theirs = PeftModel.from_pretrained(backbone.model, tmp_path / "adapter", autocast_adapter_dtype=False)
    with torch.no_grad():
        torch.testing.assert_close(theirs(input_ids=ids).logits, ours, atol=1e-12, rtol=0)


def test_peft_adapts_the_layers_that_were_adapted_and_no_others_that_end_so(tmp_path: Path) -> None:
    backbone, layer = random_backbone(tmp_path / "model", "llama"), "model.layers.1.mlp.up_proj"
    [outcome] = train(backbone, lora(targets=(layer,)), PLANS[:1], [0])
    assert outcome.adapter
    outcome.adapter.save(tmp_path / "adapter", base_model=str(tmp_path / "model"))
    theirs = PeftModel.from_pretrained(backbone.model, tmp_path / "adapter")
    assert [name for name, _ in theirs.named_modules() if name.endswith("lora_A")] == [
        f"base_model.model.{layer}.lora_A"
    ]


@pytest.mark.parametrize("dora", [False, True])
@pytest.mark.parametrize("make", ["llama", "gpt2"])
def test_merging_an_adapter_is_attaching_it(tmp_path: Path, make: str, dora: bool) -> None:
    backbone = random_backbone(tmp_path, make)
    [outcome] = train(backbone, lora(targets=("all-linear",), dora=dora), PLANS[:1], [0])
    assert outcome.adapter
    ids = torch.tensor([backbone.tokenizer(TEXTS[0][0])["input_ids"]])
    stack = AdapterStack(backbone.model, outcome.adapter.shape, count=1, trains=False)
    stack.load(0, outcome.adapter)
    with torch.no_grad():
        with stack.attached():
            attached = backbone.model(input_ids=ids).logits
        outcome.adapter.merge(backbone.model)
        torch.testing.assert_close(backbone.model(input_ids=ids).logits, attached, atol=1e-10, rtol=0)


def test_a_loss_that_is_not_finite_fails_that_adapter_and_no_other(tmp_path: Path) -> None:
    backbone = random_backbone(tmp_path, "llama")
    wild = Plan(sequences=PLANS[0].sequences, settings={"learning_rate": 1e300})
    failed, fine = lora().adapt(backbone, [wild, PLANS[1]], SEEDS[:2])
    assert isinstance(failed, Failure)
    assert "not finite" in failed.reason
    [alone] = train(backbone, lora(), [PLANS[1]], [SEEDS[1]])
    assert isinstance(fine, Adapted)
    torch.testing.assert_close(weights(fine), weights(alone), atol=1e-12, rtol=0)


def test_a_short_training_does_not_notice_that_a_longer_one_beside_it_breaks(tmp_path: Path) -> None:
    """In one pass they are padded to each other's length: what stands there must be of the same adapter."""
    backbone = random_backbone(tmp_path, "llama")
    long, short = TrainingSequence(text=TEXTS[0][0]), TrainingSequence(text="Pi\nIs 3.")
    wild, mild = Plan(sequences=(long,) * 4, settings={"learning_rate": 1e300}), Plan(sequences=(short,) * 3)
    failed, fine = lora(targets=("all-linear",)).adapt(backbone, [wild, mild], SEEDS[:2])
    assert isinstance(failed, Failure)
    assert isinstance(fine, Adapted)
    [alone] = train(backbone, lora(targets=("all-linear",)), [mild], [SEEDS[1]])
    torch.testing.assert_close(weights(fine), weights(alone), atol=1e-12, rtol=0)


def test_a_slot_whose_adapter_broke_is_empty_until_the_next_one_takes_it(tmp_path: Path) -> None:
    backbone = random_backbone(tmp_path, "llama")
    wild = Plan(sequences=PLANS[1].sequences, settings={"learning_rate": 1e300, "epochs": 6})
    failed, *fine = lora(parallel=2).adapt(backbone, [wild, PLANS[0], PLANS[2]], SEEDS)
    assert isinstance(failed, Failure)
    alone = [train(backbone, lora(), [plan], [seed])[0] for plan, seed in ((PLANS[0], 12), (PLANS[2], 13))]
    for one, single in zip(fine, alone, strict=True):
        assert isinstance(one, Adapted)
        torch.testing.assert_close(weights(one), weights(single), atol=1e-12, rtol=0)


@pytest.mark.parametrize("way", ["of_blocks", "of_padded_blocks"])
def test_what_is_not_finite_in_one_block_stays_out_of_the_gradients_of_others(tmp_path: Path, way: str) -> None:
    backbone, counts = random_backbone(tmp_path, "llama"), [3, 0, 7, 1]
    stack = AdapterStack(backbone.model, LoRAShape(rank=4, alpha=8, targets=("q_proj",)), count=4)
    stack.values.normal_(generator=torch.Generator().manual_seed(0))
    tokens = torch.randn(11, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    tokens[:3] = torch.inf
    tokens.requires_grad_()
    with stack.attached():
        layer = next(module for module in backbone.model.modules() if isinstance(module, StackedLoRALinear))
        getattr(layer, way)(tokens, counts)[3:].sum().backward()
    assert stack.gradients[2:].isfinite().all()
    assert stack.gradients[2:].abs().sum() > 0
    assert tokens.grad is not None
    assert tokens.grad[3:].isfinite().all()


@pytest.mark.parametrize("way", ["of_blocks", "of_padded_blocks"])
@pytest.mark.parametrize("empty", [0, 1])
def test_an_adapter_that_broke_and_has_no_token_stays_out_of_the_gradients_of_others(
    tmp_path: Path, way: str, empty: int
) -> None:
    backbone = random_backbone(tmp_path, "llama")
    counts = [0 if number == empty else 5 for number in range(3)]
    stack = AdapterStack(backbone.model, LoRAShape(rank=4, alpha=8, targets=("q_proj",)), count=3)
    stack.values.normal_(generator=torch.Generator().manual_seed(0))
    stack.values[empty] = torch.nan
    tokens = torch.randn(10, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(1), requires_grad=True)
    with stack.attached():
        layer = next(module for module in backbone.model.modules() if isinstance(module, StackedLoRALinear))
        getattr(layer, way)(tokens, counts).sum().backward()
    assert tokens.grad is not None
    assert tokens.grad.isfinite().all()
    assert stack.gradients.isfinite().all()


def test_plans_set_their_own_learning_rate_and_epochs_and_nothing_else(tmp_path: Path) -> None:
    backbone = random_backbone(tmp_path, "llama")
    own = Plan(sequences=PLANS[0].sequences, settings={"learning_rate": 1e-3, "epochs": 5})
    [planned] = train(backbone, lora(), [own], [1])
    [configured] = train(backbone, lora(learning_rate=1e-3, epochs=5), [PLANS[0]], [1])
    assert torch.equal(weights(planned), weights(configured))
    with pytest.raises(ConfigError, match="a plan may set"):
        lora().adapt(backbone, [Plan(sequences=PLANS[0].sequences, settings={"rank": 1})], [1])


def test_what_is_before_trained_from_is_read_and_not_learned(tmp_path: Path) -> None:
    backbone = random_backbone(tmp_path, "llama")
    text = TEXTS[0][0]
    sequence = TrainingSequence(text=text, trained_from=text.index("Oscar"))
    [outcome] = train(backbone, lora(), [Plan(sequences=(sequence,))], [1])
    assert outcome.training
    assert outcome.training.n_tokens == 3  # Oscar, the full stop, the end


def test_a_target_that_the_model_does_not_have_is_named(tmp_path: Path) -> None:
    backbone = random_backbone(tmp_path, "llama")
    with pytest.raises(ModelError, match=r"no linear layer 'c_attn'; it has down_proj, gate_proj"):
        AdapterStack(backbone.model, LoRAShape(rank=1, alpha=1, targets=("c_attn",)), count=1)


@pytest.mark.slow
def test_a_run_gives_the_same_rewards_whatever_the_number_of_slots(seal: Callable[..., int]) -> None:
    small = settings_without(SMALL, "inner.parallel", "recipe.rounds")
    for n_slots in (1, 16):
        run = (*small, "recipe.rounds=0", "model.dtype=float64", f"inner.parallel={n_slots}", f"name=slots_{n_slots}")
        assert seal("run", *run) == 0
    one, many = (read_records(Path(f"outputs/slots_{n}/evaluations.jsonl"), Evaluation) for n in (1, 16))
    assert len(one) > 6
    assert {key: found.verdicts for key, found in one.items()} == {key: found.verdicts for key, found in many.items()}


@pytest.mark.parametrize("dora", [False, True])
def test_adapters_can_share_what_they_start_from(tmp_path: Path, dora: bool) -> None:
    """With a rate that moves nothing, what is left is the start; the order of the sequences stays each one's own."""
    settings, backbone = lora(learning_rate=1e-30, dora=dora), random_backbone(tmp_path, "qwen2")

    def starts(seeds: list[int], shared: list[int] | None) -> list[Tensor]:
        outcomes = settings.adapt(backbone, PLANS, seeds, shared)
        adapters = [outcome.adapter for outcome in outcomes if isinstance(outcome, Adapted) and outcome.adapter]
        return [torch.cat([lora_a.flatten() for lora_a, _ in each.weights.values()]) for each in adapters]

    first, second, third = starts(SEEDS, [5, 5, 6])
    assert first.equal(second)
    assert not first.equal(third)
    assert first.equal(starts([1, 2, 3], [5, 5, 6])[0])
    assert len({float(each.sum()) for each in starts(SEEDS, None)}) == 3


def test_a_shared_start_is_that_of_the_context_whatever_is_tried_on_it(tmp_path: Path) -> None:
    run, _ = load(["experiment=tiny", "task.n_train=2", "task.n_held_out=1", "inner.start=shared"])
    contexts = run.task.load()
    lab = Lab(run=run, store=Store(tmp_path), contexts=contexts, log=lambda metrics: None)
    first, second = (
        [Trial(context=context, source=f"edit_{number}", plan=PLANS[0], repeat=number) for number in range(2)]
        for context in contexts.train
    )
    [one, same, other, _] = starts_of(lab, [*first, *second]) or []
    assert one == same != other
    assert starts_of(replace(lab, run=load(["experiment=tiny"])[0]), first) is None
