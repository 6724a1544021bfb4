"""The last lines of a run."""

from dataclasses import replace
from pathlib import Path

import pytest

from seal.report.closing import basis, closing, headline
from seal.report.findings import read_findings
from seal.stats.results import Comparison, Results, RoundSummary, Row
from seal.stats.transfer import Cell, Matrix


def row(setting: str, accuracy: float | None) -> Row:
    counts = dict.fromkeys(("n_queries", "n_answers", "n_unknown", "n_failed", "n_invalid"), 0)
    return Row(setting=setting, accuracy=accuracy, ci95=(0.4, 0.6) if accuracy else None, n_contexts=3, **counts)


def results(low: float, *rows: Row) -> Results:
    to_base = Comparison(first="base", second="round_1", difference=0.2, ci95=(low, 0.3), n_contexts=3)
    to_untrained = Comparison(
        first="self_edits_round_0", second="round_1", difference=0.1, ci95=(low, 0.2), n_contexts=3
    )
    return Results(table=rows, comparisons=(to_base, to_untrained), rounds=(), notes=())


def compared(*pairs: tuple[str, float], to: str = "round_1") -> tuple[Comparison, ...]:
    """Differences of a setting to others."""
    return tuple(
        Comparison(
            first=first, second=to, difference=difference, ci95=(difference - 0.1, difference + 0.1), n_contexts=3
        )
        for first, difference in pairs
    )


MATCHED = Results(
    table=(
        row("base", 0.1),
        replace(row("passage_only", 0.2), tokens=100),
        replace(row("self_edits_round_0", 0.3), tokens=400),
        replace(row("passage_matched_round_1", 0.2), tokens=600, matched_to="round_1"),
        replace(row("untrained_matched_round_1", 0.45), tokens=600, matched_to="round_1"),
        replace(row("round_1", 0.5), tokens=600),
    ),
    comparisons=compared(
        ("passage_matched_round_1", 0.3),
        ("untrained_matched_round_1", 0.05),
        ("self_edits_round_0", 0.2),
        ("passage_only", 0.3),
    ),
)


def test_the_last_setting_stands_beside_the_untrained_policy_with_both_intervals() -> None:
    found = headline(results(0.05, row("base", 0.1), row("round_1", 0.5)), {})
    assert found == "round 1: accuracy 0.500 [0.400, 0.600], +0.100 [+0.050, +0.200] over untrained self-edits"


def test_the_last_setting_stands_beside_the_rows_that_were_given_its_compute() -> None:
    assert headline(MATCHED, {"recipe": {"match": "tokens"}}) == (
        "round 1: accuracy 0.500 [0.400, 0.600], +0.300 [+0.200, +0.400] over the passage at as many tokens, "
        "+0.050 [-0.050, +0.150] over untrained self-edits at as many tokens, which chance alone may give"
    )


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        ({"match": "updates"}, "the passage at as many updates,"),
        ({"match": "both"}, "the passage at as many tokens and updates,"),
        ({}, "the passage with the same training,"),
    ],
)
def test_what_was_held_equal_is_said_as_the_recipe_has_it(recipe: dict[str, str], said: str) -> None:
    assert said in headline(MATCHED, {"recipe": recipe})


def test_without_matched_rows_it_is_said_that_tokens_were_not_equal() -> None:
    rows = tuple(one for one in MATCHED.table if not one.matched_to)
    found = Results(table=rows, comparisons=compared(("self_edits_round_0", 0.2)))
    assert headline(found, {}).endswith("over untrained self-edits (not at equal tokens)")
    alone = Results(table=(rows[1], rows[2]), comparisons=compared(("passage_only", 0.2), to="self_edits_round_0"))
    assert headline(alone, {}).endswith("over passage only (not at equal tokens)")
    nothing_trained = {"inner": {"_target_": "seal.inner.none.NoAdaptation"}}
    assert headline(alone, nothing_trained).endswith("over passage only")


def test_a_matched_row_is_never_the_last_setting() -> None:
    lost = replace(MATCHED, table=(*MATCHED.table[:-1], replace(MATCHED.table[-1], accuracy=None)), comparisons=())
    assert headline(lost, {}).startswith("untrained self-edits: accuracy 0.300")
    assert basis(lost).startswith("Measured on 3 contexts")


def test_what_is_kept_stands_beside_what_is_kept_of_the_passages_alone() -> None:
    kept, alone = (
        Matrix(base=(), after=(), measures={"final_accuracy": cell}, n_sequences=3)
        for cell in (Cell(mean=mean, ci95=None, deviation=None, n=3) for mean in (0.5, 0.25))
    )
    found = Results(table=(), continual=kept, continual_matched=alone)
    assert headline(found, {}) == (
        "after the last passage, accuracy on all of them 0.500; the passages alone, trained for as long: 0.250"
    )
    assert headline(replace(found, continual_matched=None), {}).endswith("on all of them 0.500")


def test_a_difference_that_may_be_nothing_is_said_to_be_one() -> None:
    found = headline(results(-0.05, row("base", 0.1), row("round_1", 0.5)), {})
    assert found.endswith("over untrained self-edits, which chance alone may give")


def test_a_loss_is_not_said_to_be_over_anything() -> None:
    found = results(-0.3, row("base", 0.1), row("round_1", 0.05))
    worse = [replace(one, difference=-0.1, ci95=(-0.2, -0.05)) for one in found.comparisons]
    assert headline(replace(found, comparisons=tuple(worse)), {}).endswith(
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
    found = headline(replace(results(0.05, row("base", 0.1), row("round_1", 0.5)), rounds=rounds), {})
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
    assert headline(results(0.05), {}) == ""
    assert headline(results(0.05, row("base", None)), {}) == ""


def test_a_run_says_where_it_lies_and_what_to_do_next(finished: Path) -> None:
    said = closing(finished, read_findings(finished).results, {}, page=Path("report/index.html"))
    assert [what for what, _ in said][:4] == ["found", "folder", "next", "next"]
    assert f"open {finished / 'report/index.html'} in a browser" in [text for _, text in said]
