"""The last lines of a run: what was found, where it lies, what to do next. Pure, but for looking what is there."""

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from seal.report.fairness import CONTEXTS_ALONE, are_unequal, at_equal, matched_rows
from seal.report.wording import label, share, signed, trains, what_was_matched
from seal.stats.results import Comparison, Results, Row

FIRST_CHOICES = ("self_edits_round_0", *CONTEXTS_ALONE, "base")
"""What the last setting is set beside, the first of these that there is, where no row is matched to it."""


def closing(folder: Path, results: Results, settings: Mapping[str, Any], *, page: Path) -> list[tuple[str, str]]:
    """Each line with the word that it stands under; `settings` are those of the run."""
    found = headline(results, settings)
    return [
        *([("found", found)] if found else []),
        ("folder", str(folder)),
        *(("next", each) for each in _next(folder, results, page=page)),
    ]


def headline(results: Results, settings: Mapping[str, Any]) -> str:
    """The last setting, beside those at equal compute or else the one that tells most; empty without measurements."""
    if results.continual:
        return _kept(results)
    last = _last(results)
    if last is None:
        return ""
    learned = "; nothing was learned" if results.rounds and all(one.is_idle for one in results.rounds) else ""
    beside = "".join(_beside(results, last, settings))
    return f"{label(last.setting, results.author)}: accuracy {_measured(last.accuracy, last.ci95)}{beside}{learned}"


def _kept(results: Results) -> str:
    """Of passages that were learned one after the other."""
    found = (results.continual, results.continual_matched)
    kept, alone = (each.measures.get("final_accuracy") if each else None for each in found)
    if not kept:
        return ""
    beside = f"; the passages alone, trained for as long: {_measured(alone.mean, alone.ci95)}" if alone else ""
    return f"after the last passage, accuracy on all of them {_measured(kept.mean, kept.ci95)}{beside}"


def _last(results: Results) -> Row | None:
    """The last setting with a known accuracy, matched rows left out."""
    own = [row for row in results.table if row.accuracy is not None and row.matched_to is None]
    return own[-1] if own else None


def basis(results: Results) -> str:
    """What the headline rests on, and how much of it was lost; nothing where there is no table."""
    last = _last(results)
    if last is None:
        return ""
    counts = {
        "answers unknown": sum(row.n_unknown for row in results.table),
        "trainings or answers failed": sum(row.n_failed for row in results.table),
        "self-edits invalid": sum(row.n_invalid for row in results.table),
    }
    lost = (
        ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
        or "nothing unknown, failed or invalid"
    )
    brackets = "; in brackets the 95 % interval over contexts" if last.ci95 else ""
    asked = f"{last.n_contexts:,} contexts with {last.n_queries:,} questions"
    return f"Measured on {asked}{brackets}. In all settings: {lost}."


def _beside(results: Results, last: Row, settings: Mapping[str, Any]) -> Iterator[str]:
    to_it = {one.first: one for one in results.comparisons if one.second == last.setting}
    matched = [
        to_it[row.setting] for row in matched_rows(results.table, last.copy_of or last.setting) if row.setting in to_it
    ]
    for one in matched:
        yield _over(one, f"{what_was_matched(one.first, results.author)} {at_equal(settings)}")
    if to_it and not matched:
        first = next((to_it[name] for name in FIRST_CHOICES if name in to_it), next(iter(to_it.values())))
        other = next((row for row in results.table if row.setting == first.first), None)
        is_unfair = other is not None and trains(settings) and are_unequal(other, last)
        yield _over(first, label(first.first, results.author) + (" (not at equal tokens)" if is_unfair else ""))


def _over(difference: Comparison, what: str) -> str:
    verdict = ", which chance alone may give" if _may_be_nothing(difference) else ""
    return f", {_signed(difference)} {'over' if difference.difference > 0 else 'against'} {what}{verdict}"


def _may_be_nothing(difference: Comparison) -> bool:
    return difference.ci95 is not None and difference.ci95[0] <= 0 <= difference.ci95[1]


def _signed(difference: Comparison) -> str:
    if difference.ci95 is None:
        return signed(difference.difference)
    low, high = map(signed, difference.ci95)
    return f"{signed(difference.difference)} [{low}, {high}]"


def _measured(mean: float | None, ci95: tuple[float, float] | None) -> str:
    return share(mean) if ci95 is None else f"{share(mean)} [{share(ci95[0])}, {share(ci95[1])}]"


def _next(folder: Path, results: Results, *, page: Path) -> Iterator[str]:
    run = shlex.quote(str(folder))
    if (folder / page).exists():
        yield f"open {folder / page} in a browser"
    if "adapter" in results.artifacts:
        yield f"seal ask {run} QUESTION   asks the base model and the adapted one"
        yield f"PeftModel.from_pretrained(model, '{folder / results.artifacts['adapter']}') loads the adapter"
    if results.scores:
        yield f"seal compare {run} OTHER   sets it beside another run"
    if "policy" in results.artifacts and results.rounds:
        policy = shlex.quote(str(folder / results.artifacts["policy"]))
        yield f"seal run … model=local model.path={policy} name=…   starts from the policy it learned"
