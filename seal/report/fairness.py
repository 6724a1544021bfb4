"""Whether the settings of a table had equal compute, in words. Pure.

Self-edits have several times the tokens of their passage. A gain over the passage alone may be due to that. Matched
rows rule this out; where there are none, a reader is warned.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from seal.report.wording import trains
from seal.stats.results import LONGER, Results, Row

CONTEXTS_ALONE = ("passage_only", "oracle")
"""Settings without self-edits."""
NEARLY = 0.05
"""Amounts of tokens that differ by less than this share of the larger one are called equal."""
BETWEEN_RUNS = (
    "The intervals are over contexts, and do not hold the variation between whole runs: `seal run -m … seed=0,1,2 "
    "name=NAME` and `seal compare NAME` show it."
)
_AMOUNTS = {"tokens": "as many tokens", "updates": "as many updates", "both": "as many tokens and updates"}


def in_order(table: Sequence[Row]) -> list[Row]:
    """Each setting, followed by the rows that were given its compute; those whose setting is missing come last."""
    own = [row for row in table if row.matched_to is None]
    found = [row for setting in own for row in (setting, *matched_rows(table, setting.setting))]
    return found + [row for row in table if row not in found]


def matched_rows(table: Sequence[Row], setting: str) -> list[Row]:
    """The rows that were given the compute of a setting."""
    return [row for row in table if row.matched_to == setting]


def is_of_self_edits(setting: str) -> bool:
    """Whether a setting trains on what a policy wrote."""
    return LONGER.sub(r"\g<way>", setting) == "self_edits_round_0" or setting.startswith("round_")


def at_equal(settings: Mapping[str, Any]) -> str:
    """What matched rows share with their setting, by the settings of the run."""
    amount = _AMOUNTS.get(_match(settings))
    return f"at {amount}" if amount else "with the same training"


def matched_explained(results: Results, settings: Mapping[str, Any]) -> str:
    """What indented rows are; empty where there are none."""
    if not any(row.matched_to for row in results.table):
        return ""
    amount = _AMOUNTS.get(_match(settings), "as long")
    what = f"An indented row is trained for {amount} as the setting above it."
    longer = any(LONGER.fullmatch(row.setting) for row in results.table)
    of_longer = " A row with n × was trained n times as long: a difference to it may be due to that." if longer else ""
    return f"{what} A gain of self-edits counts only against such rows.{of_longer}"


def are_unequal(first: Row, second: Row) -> bool:
    """Whether two settings were trained on different amounts of tokens. Where these are not known, contexts alone are
    taken to have had fewer than self-edits."""
    if first.tokens and second.tokens:
        return abs(first.tokens - second.tokens) > NEARLY * max(first.tokens, second.tokens)
    return any(
        one.setting in CONTEXTS_ALONE and is_of_self_edits(other.setting)
        for one, other in ((first, second), (second, first))
    )


def warning(results: Results, settings: Mapping[str, Any]) -> str:
    """Where self-edits had more training than what they are compared with, and no row is matched; else empty."""
    rows = [row for row in results.table if row.setting in CONTEXTS_ALONE or is_of_self_edits(row.setting)]
    has_matched = any(row.matched_to for row in results.table)
    if has_matched or not trains(settings) or not any(are_unequal(*pair) for pair in combinations(rows, 2)):
        return ""
    return (
        "The settings were not trained on equally many tokens, and no row is matched. "
        "A difference may be due to more training."
    )


def about_published(results: Results, settings: Mapping[str, Any]) -> str:
    """What to know of published numbers beside the table; empty where there are none."""
    if not results.published or not results.table or not trains(settings):
        return ""
    return "The published settings were not trained on equally many tokens."


def untuned(results: Results) -> str:
    """Said where settings were trained alike; empty where each was tuned, or where self-edits choose for themselves."""
    rows = [row for row in results.table if row.tokens and row.matched_to is None]
    if results.tuned or len(rows) < 2 or any(row.setting == "oracle" for row in rows):
        return ""
    return "All settings share one learning rate and one number of epochs. These were not tuned for each setting."


def remarks(results: Results, settings: Mapping[str, Any]) -> Iterator[str]:
    """All that a reader of the table should know of its compute and its intervals, but the warning."""
    if any(row.tokens for row in results.table):
        yield "tokens and updates: of one training, the mean; seconds: of training and asking one model."
    for said in (matched_explained(results, settings), untuned(results), about_published(results, settings)):
        if said:
            yield said
    if any(row.ci95 for row in results.table):
        yield BETWEEN_RUNS


def _match(settings: Mapping[str, Any]) -> str:
    recipe = settings.get("recipe")
    return str(recipe.get("match", "")) if isinstance(recipe, Mapping) else ""
