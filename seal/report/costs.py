"""Where time and money went: the work that was forecast and the work that was done, and paid calls by their purpose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seal.folder.run_files import read_bookings
from seal.folder.store import count_records, read_records
from seal.report.attempts import Story
from seal.report.spending import spent
from seal.types import Evaluation, Failure

_NAMES = {"self_edits": "self-edits", "estimated_paid_tokens": "paid tokens", "estimated_usd": "US dollars"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """How much of something there was."""

    what: str
    forecast: float | None
    """At most, before the run began; None where that was not noted."""
    done: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """The inner loop's work on the self-edits of one policy."""

    policy: str
    trainings: int
    steps: int
    tokens: int
    """Of one epoch each."""


def amounts(folder: Path, manifest: Mapping[str, Any]) -> list[Amount]:
    """What the run did, beside what it was expected to do; what does not occur in it is left out."""
    outcomes: dict[str, Evaluation | Failure] = read_records(folder / "evaluations.jsonl", Evaluation | Failure)
    examined = [one for one in outcomes.values() if isinstance(one, Evaluation)]
    total = spent(folder)
    done: dict[str, float] = {
        "self_edits": count_records(folder / "self_edits.jsonl"),
        "trainings": sum(one.training is not None for one in examined),
        "answers": sum(len(one.verdicts) for one in examined),
        "policy_updates": count_records(folder / "updates.jsonl"),
        "paid_calls": total["n_calls"],
        "estimated_paid_tokens": total["prompt_tokens"] + total["completion_tokens"],
        "estimated_usd": round(total["usd"], 4),
    }
    noted = manifest.get("forecast")
    forecast = noted if isinstance(noted, dict) else {}
    known = {what: forecast[what] if isinstance(forecast.get(what), int | float) else None for what in done}
    found = [
        Amount(what=_NAMES.get(what, what.replace("_", " ")), forecast=known[what], done=count)
        for what, count in done.items()
    ]
    return [amount for amount in found if amount.done or amount.forecast]


def trained(stories: Sequence[Story]) -> list[Trained]:
    """A line a policy, in the order in which they wrote."""
    of_policy: dict[str, list[Evaluation]] = {}
    for story in stories:
        of_policy.setdefault(story.policy, []).extend(one for one in story.evaluations if isinstance(one, Evaluation))
    known = {policy: [one.training for one in those if one.training] for policy, those in of_policy.items()}
    return [
        Trained(
            policy=policy,
            trainings=len(those),
            steps=sum(len(one.losses) for one in those),
            tokens=sum(one.n_tokens for one in those),
        )
        for policy, those in known.items()
        if those
    ]


def paid(folder: Path) -> dict[str, dict[str, float]]:
    """Calls, tokens and dollars by what they were for, and all of them; empty where nothing was paid."""
    bookings = read_bookings(folder)
    purposes = list(dict.fromkeys(str(booking.get("purpose", "")) for booking in bookings))
    return {purpose: spent(folder, purpose=purpose) for purpose in purposes}
