"""The policy is fine-tuned: towards what it should write, and away from what it should not."""

from pathlib import Path

import pytest
import torch

from seal.config import loading
from seal.errors import RunError
from seal.model.hugging_face import HuggingFace
from seal.nn.backbone import load
from seal.nn.course import Course
from seal.nn.supervised import Row, fit
from seal.outer.learner import Example, Learner
from seal.outer.learner.policy_lora import PolicyLoRA, with_adapter
from seal.text import encode_completion
from tests.models import random_backbone, tiny_backbone
from tests.nn.test_tying import tied


def learner(*overrides: str) -> Learner:
    run, _ = loading.load(["outer/learner=lora", *(f"outer.learner.{override}" for override in overrides)])
    return run.outer.learner


def test_fine_tuning_makes_the_completion_likelier_and_writes_an_ordinary_model(tmp_path: Path) -> None:
    example = Example(prompt="Below is a passage.\n", completion="The mayor of Old Marley is Oscar.")

    def loss(folder: str) -> float:
        backbone = load(HuggingFace(path=folder, dtype="float32", device="cpu"))
        tokens = encode_completion(backbone.tokenizer, example.prompt, example.completion, chat=None)
        labels = torch.tensor([tokens.ids]).where(torch.tensor([tokens.trained]), -100)
        with torch.no_grad():
            return float(backbone.model(input_ids=torch.tensor([tokens.ids]), labels=labels).loss)

    backbone = tiny_backbone()
    learned = learner("epochs=3", "batch_size=2").learn(backbone, [example] * 4, tmp_path / "after", seed=2**40)
    assert len(learned.losses) == 6
    assert loss(str(tmp_path / "after")) < loss(backbone.tokenizer.name_or_path) - 0.5


def test_the_same_seed_gives_the_same_weights_and_micro_batches_change_only_rounding(tmp_path: Path) -> None:
    examples = [
        Example(prompt="Pi\n", completion=text) for text in ("It is 3.", "It is no lute, nor a harp.", "Who?", "Yes.")
    ]

    def learned(name: str, *overrides: str) -> tuple[str, torch.Tensor]:
        backbone = random_backbone(tmp_path / "model", "llama", "float64")
        result = learner("batch_size=4", "epochs=1", *overrides).learn(backbone, examples, tmp_path / name, seed=1)
        after = load(HuggingFace(path=str(tmp_path / name), dtype="float64", device="cpu"))
        return result.sha256, torch.cat([weight.flatten() for weight in after.model.parameters()])

    (first, one), (second, _), (_, micro) = learned("a"), learned("b"), learned("c", "micro_batch_size=2")
    assert first == second
    torch.testing.assert_close(one, micro, atol=1e-7, rtol=0)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_tied_head_is_tuned_without_the_embeddings_and_the_policy_is_what_was_trained(
    tmp_path: Path, dtype: str
) -> None:
    tied(tmp_path / "m")
    model = HuggingFace(path=str(tmp_path / "m"), dtype=dtype, device="cpu")  # type: ignore[arg-type]
    examples = [Example(prompt="Pi\n", completion="It is 3.")] * 4
    tune = learner("targets=[lm_head,q_proj]", "epochs=4", "learning_rate=1e-2")
    learned = tune.learn(load(model), examples, tmp_path / "after", seed=1)
    before, after = load(model).model, load(model, tmp_path / "after").model
    assert after.get_input_embeddings().weight.equal(before.get_input_embeddings().weight)
    assert not after.get_output_embeddings().weight.equal(before.get_output_embeddings().weight)
    assert learned.measured is not None
    agreement = learned.measured.agreement(after)
    assert agreement.holds
    assert agreement.effect > 0.01
    assert not learned.measured.agreement(before).distance < agreement.effect / 2


def test_a_fine_tuning_that_diverges_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"lower outer\.learner\.learning_rate"):
        learner("learning_rate=1e30", "epochs=4").learn(
            tiny_backbone(), [Example(prompt="a", completion="b")] * 20, tmp_path / "x", seed=0
        )


def test_a_negative_weight_makes_a_completion_less_likely(tmp_path: Path) -> None:
    prompt, text = "Below is a passage.\n", "The mayor of Old Marley is Oscar."

    def loss(folder: Path | str) -> float:
        backbone = load(HuggingFace(path=str(folder), dtype="float32", device="cpu"))
        tokens = encode_completion(backbone.tokenizer, prompt, text, chat=None)
        labels = torch.tensor([tokens.ids]).where(torch.tensor([tokens.trained]), -100)
        with torch.no_grad():
            return float(backbone.model(input_ids=torch.tensor([tokens.ids]), labels=labels).loss)

    def taught(name: str, *weights: float) -> float:
        examples = [Example(prompt=prompt, completion=text, weight=weight) for weight in weights]
        learner("epochs=1", "batch_size=2").learn(tiny_backbone(), examples, tmp_path / name, seed=1)
        return loss(tmp_path / name)

    before = loss(tiny_backbone().tokenizer.name_or_path)
    assert taught("away", -0.5, -0.5) > before + 0.001
    assert taught("towards", 2.0, 2.0) < before - 0.001


def test_a_weighted_step_is_that_of_the_weighted_sum_of_losses(tmp_path: Path) -> None:
    """One step of plain torch on the same adapter: Σ weight · loss of each token, over all trained tokens."""
    backbone = random_backbone(tmp_path / "model", "llama", "float32")
    texts, weights = ("It is 3.", "It is no lute, nor a harp."), (0.5, -1.5)
    rows = [
        Row(tokens=encode_completion(backbone.tokenizer, "Pi\n", text, chat=None), weight=weight)
        for text, weight in zip(texts, weights, strict=True)
    ]
    course = Course(learning_rate=1e-3, schedule="constant", epochs=1, batch_size=2, micro_batch_size=1)
    lora = PolicyLoRA(rank=4, alpha=8.0, targets=("q_proj",))
    network = with_adapter(backbone.model, lora, seed=3)
    [loss] = fit(network, rows, course, pad_id=backbone.pad_id, device=backbone.device, seed=3)
    fresh = random_backbone(tmp_path / "model", "llama", "float32").model
    total, n_tokens = torch.tensor(0.0), 0
    for row in rows:
        ids, trained = torch.tensor([row.tokens.ids]), torch.tensor([row.tokens.trained])
        logits = fresh(input_ids=ids).logits[:, :-1].transpose(1, 2)
        losses = torch.nn.functional.cross_entropy(logits, ids[:, 1:], reduction="none")[trained[:, 1:]]
        total, n_tokens = total + row.weight * losses.sum(), n_tokens + len(losses)
    assert loss == pytest.approx(float(total / n_tokens), rel=1e-3)
