"""Whether the settings of a table had equal compute, in words."""

from dataclasses import replace

from seal.report.fairness import about_published, in_order, matched_explained, untuned, warning
from seal.stats.published import Published
from seal.stats.results import Results, Row, Tuned
from tests.report.values import ROUNDS, results, row


def names(rows: list[Row]) -> list[str]:
    return [one.setting for one in rows]


def test_a_matched_row_follows_the_setting_whose_compute_it_was_given() -> None:
    assert names(in_order(ROUNDS)) == [
        "base",
        "passage_only",
        "self_edits_round_0",
        "passage_matched",
        "round_1",
        "passage_matched_round_1",
        "untrained_matched_round_1",
    ]


def test_a_matched_row_whose_setting_is_missing_is_not_lost() -> None:
    assert names(in_order([ROUNDS[2], ROUNDS[0]])) == ["base", "passage_matched"]


def test_matched_rows_are_explained_by_what_the_recipe_held_equal() -> None:
    said = matched_explained(results(), {"recipe": {"match": "updates"}})
    assert said.startswith("An indented row is trained for as many updates as the setting above it.")
    assert "is trained for as long as the setting above it" in matched_explained(results(), {})
    assert matched_explained(Results(table=ROUNDS[:2]), {}) == ""


def test_a_reader_is_warned_where_tokens_differ_and_no_row_is_matched() -> None:
    own = tuple(one for one in ROUNDS if not one.matched_to)
    assert "A difference may be due to more training" in warning(Results(table=own), {})
    assert warning(results(), {}) == ""
    assert warning(Results(table=own[:2]), {}) == ""
    assert warning(Results(table=own), {"inner": {"_target_": "seal.inner.none.NoAdaptation"}}) == ""


def test_where_tokens_are_nearly_equal_nobody_is_warned() -> None:
    same = (replace(ROUNDS[1], tokens=1_000.0), row("round_1", 0.5, tokens=1_040.0))
    assert warning(Results(table=same), {}) == ""


def test_where_tokens_are_not_known_passages_are_taken_to_have_had_fewer() -> None:
    assert warning(Results(table=(row("passage_only", 0.2), row("self_edits_round_0", 0.3))), {})
    assert warning(Results(table=(row("base", 0.2), row("self_edits_round_0", 0.3))), {}) == ""


def test_settings_that_were_not_tuned_are_said_to_share_them() -> None:
    assert untuned(results()).startswith("All settings share one learning rate")
    tuned = Tuned(setting="passage_only", learning_rate=0.1, epochs=2, accuracy=0.3, n_contexts=4, n_tried=6)
    assert untuned(replace(results(), tuned=(tuned,))) == ""


def test_where_self_edits_choose_settings_or_tokens_are_unknown_nothing_is_said_of_tuning() -> None:
    puzzles = (row("oracle", 0.2, tokens=9.0), row("self_edits_round_0", 0.3, tokens=9.0))
    assert untuned(Results(table=puzzles)) == ""
    assert untuned(Results(table=(row("passage_only", 0.2), row("self_edits_round_0", 0.3)))) == ""


def test_published_numbers_are_said_not_to_be_matched() -> None:
    published = Published(source="a paper", accuracy={"round_1": 0.4})
    assert about_published(replace(results(), published=published), {})
    assert about_published(results(), {}) == ""
