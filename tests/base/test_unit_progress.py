"""Trainings and generations say how far they are."""

import pytest

from seal.base.unit_progress import Reporter, UnitProgress, listening, together
from seal.engine import Request
from seal.engine.batched_generation import BatchedGenerator
from seal.types import Plan, Sampling, TrainingSequence
from tests.inner.test_full import full
from tests.inner.test_lora import lora
from tests.models import tiny_backbone

PLANS = [
    Plan(sequences=(TrainingSequence(text="Pi\nIs 3."), TrainingSequence(text="Pi\nNot a town."))) for _ in range(2)
]


@pytest.mark.parametrize("method", ["lora", "dora", "full"])
def test_every_step_of_a_training_is_reported(method: str) -> None:
    inner = full(epochs=3, batch_size=1) if method == "full" else lora(dora=method == "dora", epochs=3, batch_size=1)
    heard: list[UnitProgress] = []
    with listening(heard.append, every_s=0.0):
        inner.adapt(tiny_backbone(), PLANS[:1], [1])
    assert [each.steps for each in heard] == [1, 2, 3, 4, 5, 6]
    assert {each.planned_steps for each in heard} == {6}
    assert heard[0].tokens < heard[-1].tokens
    assert all(each.loss is not None and each.loss > 0 for each in heard[:-1])


def test_trainings_side_by_side_are_reported_together() -> None:
    heard: list[UnitProgress] = []
    with listening(heard.append, every_s=0.0):
        lora(epochs=3, batch_size=1).adapt(tiny_backbone(), PLANS, [1, 2])
    assert (heard[-1].steps, heard[-1].planned_steps) == (12, 12)


def test_texts_are_reported_as_they_are_finished() -> None:
    heard: list[UnitProgress] = []
    requests = [Request(prompt=prompt, seed=1) for prompt in ("Pi", "Is 3.")]
    with listening(heard.append, every_s=0.0):
        BatchedGenerator(tiny_backbone()).generate(requests, Sampling(temperature=0.0, top_p=1.0, max_new_tokens=4))
    assert heard[-1].doing == "writing"
    assert (heard[-1].steps, heard[-1].planned_steps) == (2, 2)
    assert 2 <= heard[-1].tokens <= 8


def test_a_listener_is_not_told_more_often_than_it_wants() -> None:
    heard: list[UnitProgress] = []
    reporter = Reporter("training", 5)
    with listening(heard.append, every_s=60.0):
        reporter.update(lambda: pytest.fail("nothing is due"))
    reporter.update(lambda: pytest.fail("nobody listens"))
    assert heard == []


def test_nobody_who_reports_is_no_progress() -> None:
    assert together([]) is None
