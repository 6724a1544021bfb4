"""The last lines of a run."""

from dataclasses import replace
from pathlib import Path

import pytest

from seal.report.closing import basis, closing, headline
from seal.report.findings import read_findings
from seal.results import Comparison, Results, RoundSummary, Row


def row(setting: str, accuracy: float | None) -> Row:
    counts = dict.fromkeys(("n_queries", "n_answers", "n_unknown", "n_failed", "n_invalid"), 0)
    return Row(setting=setting, accuracy=accuracy, ci95=(0.4, 0.6) if accuracy else None, n_contexts=3, **counts)


def results(low: float, *rows: Row) -> Results:
    to_base = Comparison(first="base", second="round_1", difference=0.2, ci95=(low, 0.3), n_contexts=3)
    to_untrained = Comparison(
        first="self_edits_round_0", second="round_1", difference=0.1, ci95=(low, 0.2), n_contexts=3
    )
    return Results(table=rows, comparisons=(to_base, to_untrained), rounds=(), notes=())


def test_the_last_setting_stands_beside_the_untrained_policy_with_both_intervals() -> None:
    found = headline(results(0.05, row("base", 0.1), row("round_1", 0.5)))
    assert found == "round 1: accuracy 0.500 [0.400, 0.600], +0.100 [+0.050, +0.200] over untrained self-edits"


def test_a_difference_that_may_be_nothing_is_said_to_be_one() -> None:
    found = headline(results(-0.05, row("base", 0.1), row("round_1", 0.5)))
    assert found.endswith("over untrained self-edits, which chance alone may give")


def test_a_loss_is_not_said_to_be_over_anything() -> None:
    found = results(-0.3, row("base", 0.1), row("round_1", 0.05))
    worse = [replace(one, difference=-0.1, ci95=(-0.2, -0.05)) for one in found.comparisons]
    assert headline(replace(found, comparisons=tuple(worse))).endswith(
        "-0.100 [-0.200, -0.050] against untrained self-edits"
    )


@pytest.mark.parametrize(("kept", "said"), [((0, 0), True), ((0, 3), False), ((None,), False), ((), False)])
def test_that_nothing_was_learned_is_said_only_where_it_is_known(kept: tuple[int | None, ...], said: bool) -> None:
    rounds = tuple(
        RoundSummary(
            round=number, n_attempts=4, n_kept=n_kept, n_invalid=0, n_failed=0, mean_reward=None, best_reward=None
        )
        for number, n_kept in enumerate(kept)
    )
    found = headline(replace(results(0.05, row("base", 0.1), row("round_1", 0.5)), rounds=rounds))
    assert found.endswith("; nothing was learned") is said


def test_a_headline_rests_on_what_was_asked_and_says_what_was_lost() -> None:
    base, last = row("base", 0.1), replace(row("round_1", 0.5), n_queries=12)
    said = "Measured on 3 contexts with 12 questions; in brackets the 95 % interval over contexts. In all settings: "
    assert basis(results(0.05, base, last)) == said + "nothing unknown, failed or invalid."
    lossy = replace(base, n_unknown=1, n_failed=2), replace(last, n_unknown=1_000, n_invalid=3)
    lost = "1,001 answers unknown, 2 trainings or answers failed, 3 self-edits invalid."
    assert basis(results(0.05, *lossy)) == said + lost


def test_where_nothing_was_measured_nothing_is_claimed() -> None:
    assert basis(results(0.05, row("base", None))) == ""
    assert headline(results(0.05)) == ""
    assert headline(results(0.05, row("base", None))) == ""


def test_a_run_says_where_it_lies_and_what_to_do_next(finished: Path) -> None:
    said = closing(finished, read_findings(finished).results, page=Path("report/index.html"))
    assert [what for what, _ in said] == ["found", "folder", "next", "next", "next"]
    assert f"open {finished / 'report/index.html'} in a browser" in [text for _, text in said]
