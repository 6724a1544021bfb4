"""What is watched in a training is as likely as the model finds it, and the training does not notice."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from seal.inner.looking import INTERVALS
from seal.nn.backbone import Backbone
from seal.types import TrainingSequence
from tests.inner.test_lora import PLANS, SEEDS, lora, train, weights
from tests.models import random_backbone

TEXTS = [
    TrainingSequence(text="Who is Pi? Answer: a lute", trained_from=18, reply_from=18),
    TrainingSequence(text="Where does it sell its harvest? Answer: Ashton", trained_from=39, reply_from=39),
    TrainingSequence(text="What is Pi? Answer: 3", trained_from=19, reply_from=19),
    TrainingSequence(text="A text as a whole."),
    TrainingSequence(text="Another one, which is longer than the text as a whole."),
]
WATCHING = [replace(PLANS[0], watched=tuple(TEXTS)), PLANS[1], replace(PLANS[2], watched=tuple(TEXTS[:1]))]


@torch.no_grad()
def log_likelihood(backbone: Backbone, texts: list[TrainingSequence]) -> float:
    """The mean over texts of the mean over tokens behind `trained_from`, by transformers alone."""
    means = []
    for text in texts:
        encoded = backbone.tokenizer(text.text, return_offsets_mapping=True, return_tensors="pt")
        ids, ends = encoded["input_ids"], [int(end) for _, end in encoded["offset_mapping"][0]]
        logs = backbone.model(input_ids=ids).logits.log_softmax(-1)[0]
        found = [logs[at - 1, ids[0, at]] for at in range(1, len(ends)) if ends[at] > text.trained_from]
        means.append(float(torch.stack(found).mean()))
    return sum(means) / len(means)


@pytest.mark.parametrize("dora", [False, True])
def test_the_first_and_the_last_look_are_those_of_the_model_before_and_after(tmp_path: Path, dora: bool) -> None:
    backbone = random_backbone(tmp_path, "qwen2")
    found = train(backbone, lora(dora=dora), WATCHING)
    for outcome, texts in zip(found, (TEXTS, [], TEXTS[:1]), strict=True):
        assert outcome.training
        assert outcome.adapter
        looks = outcome.training.watched
        assert len(looks) == (min(INTERVALS, len(outcome.training.losses)) + 1 if texts else 0)
        if texts:
            adapted = random_backbone(tmp_path, "qwen2")
            assert looks[0].log_likelihood == pytest.approx(log_likelihood(adapted, texts), abs=1e-9)
            outcome.adapter.merge(adapted.model)
            assert looks[-1].log_likelihood == pytest.approx(log_likelihood(adapted, texts), abs=1e-9)
            assert [look.step for look in looks][-1] == len(outcome.training.losses)


@pytest.mark.parametrize("settings", [{}, {"dropout": 0.3}, {"parallel": 1}, {"dora": True}], ids=str)
def test_a_training_does_not_depend_on_what_is_watched(tmp_path: Path, settings: dict[str, object]) -> None:
    backbone = random_backbone(tmp_path, "qwen2")
    chosen = lora(**settings)  # type: ignore[arg-type]
    for watched, unwatched in zip(train(backbone, chosen, WATCHING), train(backbone, chosen), strict=True):
        assert torch.equal(weights(watched), weights(unwatched))
        assert watched.training
        assert unwatched.training
        assert replace(watched.training, watched=()) == unwatched.training


def test_what_does_not_fit_is_not_watched(tmp_path: Path) -> None:
    backbone = random_backbone(tmp_path, "qwen2")
    [outcome] = train(backbone, lora(max_tokens=4), [WATCHING[0]], SEEDS[:1])
    assert outcome.training
    assert outcome.training.watched == ()
