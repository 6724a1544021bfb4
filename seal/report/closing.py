"""The last lines of a run: what was found, where it lies, what to do next. Pure, but for looking what is there."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from seal.report.wording import label, share, signed
from seal.results import Comparison, Results, Row

FIRST_CHOICES = ("self_edits_round_0", "passage_only", "base")
"""What the last setting is set beside, the first of these that there is."""


def closing(folder: Path, results: Results, *, page: Path) -> list[tuple[str, str]]:
    """Each line with the word that it stands under."""
    found = headline(results)
    return [
        *([("found", found)] if found else []),
        ("folder", str(folder)),
        *(("next", each) for each in _next(folder, results, page=page)),
    ]


def headline(results: Results) -> str:
    """The last setting, beside the one that tells most about it; nothing where nothing was measured."""
    if results.continual:
        kept = results.continual.measures.get("final_accuracy")
        return f"after the last passage, accuracy on all of them {_measured(kept.mean, kept.ci95)}" if kept else ""
    rows = [row for row in results.table if row.accuracy is not None]
    if not rows:
        return ""
    last = rows[-1]
    beside = _beside(results, last)
    learned = "; nothing was learned" if results.rounds and all(one.n_kept == 0 for one in results.rounds) else ""
    return f"{label(last.setting)}: accuracy {_measured(last.accuracy, last.ci95)}{beside}{learned}"


def basis(results: Results) -> str:
    """What the headline rests on, and how much of it was lost; nothing where there is no table."""
    measured = [row for row in results.table if row.accuracy is not None]
    if not measured:
        return ""
    last = measured[-1]
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


def _beside(results: Results, last: Row) -> str:
    to_it = {one.first: one for one in results.comparisons if one.second == last.setting}
    first = next((to_it[name] for name in FIRST_CHOICES if name in to_it), next(iter(to_it.values()), None))
    if first is None:
        return ""
    verdict = ", which chance alone may give" if _may_be_nothing(first) else ""
    word = "over" if first.difference > 0 else "against"
    return f", {_signed(first)} {word} {label(first.first)}{verdict}"


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
        yield f"PeftModel.from_pretrained(model, '{folder / results.artifacts['adapter']}') loads the adapter"
    if results.scores:
        yield f"seal compare {run} OTHER   sets it beside another run"
    if "policy" in results.artifacts and results.rounds:
        policy = shlex.quote(str(folder / results.artifacts["policy"]))
        yield f"seal run … model=local model.path={policy} name=…   starts from the policy it learned"
