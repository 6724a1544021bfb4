"""Tables on a terminal of 80 columns."""

from dataclasses import replace
from io import StringIO

from rich.console import Group

from seal.base.terminal import Terminal
from seal.report.tables import accuracy_table, differences_table, kinds_table
from seal.stats.published import Published
from seal.stats.results import KindRow, Results
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


def test_a_kind_is_text_and_never_markup_and_may_be_missing_of_a_setting() -> None:
    odd = KindRow(setting="base", kind="[bold]x[/]", accuracy=0.5, ci95=None, n_contexts=2, n_queries=2)
    shown = lines(kinds_table(replace(results(), kinds=(odd,))))
    assert shown[2].split() == ["setting", "[bold]x[/]"]
    assert [line.split()[-1] for line in shown[4:6]] == ["0.50", "only"]


def test_a_difference_to_a_matched_row_names_what_it_is_matched_to() -> None:
    shown = lines(differences_table(results()))
    assert "round 1 − untrained, matched to round 1" in shown[-1]
    assert max(map(len, shown)) <= 80
