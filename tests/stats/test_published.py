"""Numbers of others beside ours: named, bounded, and no part of what makes a run this run."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from seal.stats.published import Published
from tests.conftest import SMALL

Seal = Callable[..., int]
RUN = Path("outputs/tiny")
QUICK = (*SMALL, "recipe.rounds=0")


def test_what_was_not_published_is_none() -> None:
    published = Published(source="a paper", accuracy={"base": 0.25, "round_1": None})
    assert [published.of(setting) for setting in ("base", "round_1", "round_2")] == [0.25, None, None]


@pytest.mark.parametrize("accuracy", [{"base": 32.7}, {"base": -0.1}, {}])
def test_percentages_and_nothing_are_refused(accuracy: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Published(source="a paper", accuracy=accuracy)


@pytest.mark.slow
def test_they_are_in_manifest_and_results_and_may_be_added_to_a_run_that_is_there(seal: Seal) -> None:
    ours = ("+published.source=here", "+published.accuracy.base=0.25")
    assert seal("run", *QUICK, *ours) == 0
    assert json.loads((RUN / "manifest.json").read_text())["settings"]["published"]["accuracy"] == {"base": 0.25}
    evaluations = (RUN / "evaluations.jsonl").read_bytes()
    assert seal("run", *QUICK, *ours, "+published.accuracy.passage_only=0.5") == 0
    results = json.loads((RUN / "results.json").read_text())
    assert results["published"] == {"source": "here", "accuracy": {"base": 0.25, "passage_only": 0.5}}
    assert (RUN / "evaluations.jsonl").read_bytes() == evaluations
