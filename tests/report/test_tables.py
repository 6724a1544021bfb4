"""Tables on a terminal of 80 columns."""

from dataclasses import replace
from io import StringIO

from rich.console import Group

from seal.base.terminal import Terminal
from seal.report.tables import MOST_COLUMNS, accuracy_table, differences_table, kinds_table, rounds_table
from seal.stats.published import Published
from seal.stats.results import KindRow, Results, RoundSummary
from seal.stats.retrying import Retried
from seal.stats.selection import SelectionNoise
from tests.report.values import ROUNDS, results, row


def lines(table: Group) -> list[str]:
    """What a terminal of 80 columns shows."""
    file = StringIO()
    Terminal(file=file, width=80).print(table)
    return [line.rstrip() for line in file.getvalue().splitlines()]


def test_the_table_says_what_each_training_took_and_indents_matched_rows() -> None:
    assert lines(accuracy_table(results())) == [
        "",
        "accuracy without the context in sight (24 contexts, 192 queries)",
        "setting               accuracy     95 % CI  tokens  updates  seconds",
        "─" * 68,
        "base                     0.100  [.05, .15]",
        "passage only             0.307  [.26, .36]   1,580       40     1.58",
        "untrained self-edits     0.463  [.41, .51]   6,105       40     6.11",
        "  passage, matched       0.398  [.35, .45]   6,120       40     6.12",
        "round 1                  0.561  [.51, .61]  10,107       40     10.1",
        "  passage, matched       0.401  [.35, .45]  10,120       40     10.1",
        "  untrained, matched     0.472  [.42, .52]  10,111       40     10.1",
    ]


def test_with_all_columns_nothing_is_cut_at_80() -> None:
    published = Published(source="a paper", accuracy={"passage_only": 0.335})
    wide = replace(ROUNDS[-1], tokens=1_234_567.0, seconds=123_456.0, ci95=(0.9, 1.0))
    shown = lines(accuracy_table(replace(results(), table=(*ROUNDS[:-1], wide), published=published)))
    assert max(map(len, shown)) <= 80
    assert not any("…" in line for line in shown)
    assert shown[5].endswith("0.335")
    assert "1.23M" in shown[8]


def test_what_is_known_of_no_row_has_no_column() -> None:
    shown = lines(accuracy_table(Results(table=(row("base", 0.1), row("self_edits_round_0", None)))))
    assert shown[2].split() == ["setting", "accuracy", "95", "%", "CI"]
    assert shown[-1].split() == ["untrained", "self-edits", "unknown"]


def test_kinds_of_questions_are_columns_of_means() -> None:
    shown = lines(kinds_table(results()))
    assert shown[2].split() == ["setting", "direct", "multi", "hop"]
    assert shown[-1].split() == ["untrained,", "matched", "0.25", "0.25"]


def test_many_kinds_of_questions_are_lines() -> None:
    kinds = [
        KindRow(setting="base", kind=f"kind_{at}", accuracy=at / 10, ci95=None, n_contexts=2, n_queries=2)
        for at in range(MOST_COLUMNS + 1)
    ]
    shown = lines(kinds_table(replace(results(), kinds=tuple(kinds))))
    of_kinds = [[["kind", str(at)], ["base", f"{at / 10:.2f}"]] for at in range(MOST_COLUMNS + 1)]
    assert [line.split() for line in shown[4:]] == [words for of_kind in of_kinds for words in of_kind]


def test_a_kind_is_text_and_never_markup_and_may_be_missing_of_a_setting() -> None:
    odd = KindRow(setting="base", kind="[bold]x[/]", accuracy=0.5, ci95=None, n_contexts=2, n_queries=2)
    shown = lines(kinds_table(replace(results(), kinds=(odd,))))
    assert shown[2].split() == ["setting", "[bold]x[/]"]
    assert [line.split()[-1] for line in shown[4:6]] == ["0.50", "only"]


def test_a_difference_to_a_matched_row_names_what_it_is_matched_to() -> None:
    shown = lines(differences_table(results()))
    assert "round 1 − untrained, matched to round 1" in shown[-1]
    assert max(map(len, shown)) <= 80


def test_the_table_of_rounds_has_a_column_for_what_is_known() -> None:
    plain = RoundSummary(round=0, n_attempts=9, n_kept=3, n_invalid=0, n_failed=0, mean_reward=0.3, best_reward=0.5)
    assert lines(rounds_table(Results(table=(), rounds=(plain,))))[2:] == [
        "round  kept   mean   best",
        "─" * 25,
        "1         3  0.300  0.500",
    ]
    counts = dict.fromkeys(("n_contexts", "n_tied_at_top", "n_best_not_better", "n_best_unknown"), 1)
    noise = SelectionNoise(deviation_over_edits=0.2, deviation_over_repeats=0.2, reliability=0.25, **counts)
    again = Retried(
        n_self_edits=3, n_repeats=2, reward_at_choice=0.5, reward_again=0.4, difference=-0.1, ci95=(-0.3, 0.1)
    )
    told = replace(plain, best_reward_left_out=0.42, selection=noise, retried=again)
    shown = lines(rounds_table(Results(table=(), rounds=(told,))))
    assert shown[2].split() == [
        "round",
        "kept",
        "mean",
        "best",
        "without",
        "luck",
        "at",
        "choice",
        "again",
        "reliability",
    ]
    assert shown[-1].split() == ["1", "3", "0.300", "0.500", "0.420", "0.500", "0.400", "0.250"]
    assert max(map(len, shown)) <= 80
