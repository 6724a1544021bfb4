"""What policies wrote, in numbers: how long, and which settings. Pure.

Held-out self-edits where there are such, because all policies wrote about the same contexts there.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

from seal.report.attempts import Story
from seal.types import Invalid, Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The self-edits of one policy."""

    policy: str
    n_self_edits: int
    n_invalid: int | None
    """None where the format is not known, and so what can be trained on."""
    words: tuple[float, float, float]
    """The 10th percentile, the median, and the 90th percentile."""
    sequences: float | None
    """The median of how many training sequences a valid one gives; None where none is valid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A value of a setting that self-edits choose, and how often."""

    setting: str
    value: str
    shares: Mapping[str, float]
    """By policy, of its valid self-edits."""


def compared(stories: Sequence[Story]) -> list[Story]:
    """Attempts on measured contexts; those of practice in a run that measured nothing."""
    attempts = [story for story in stories if story.chosen]
    return [story for story in attempts if not story.practised] or attempts


def lengths(stories: Sequence[Story]) -> list[Written]:
    """A line a policy, in the order in which they wrote."""
    return [_written(policy, members) for policy, members in _by_policy(stories).items()]


def settings_chosen(stories: Sequence[Story]) -> list[Chosen]:
    """Every value of every setting; none where self-edits are prose. What is not plain JSON is left out."""
    found = {
        policy: [_settings(story.self_edit.text) for story in members if isinstance(story.plan, Plan)]
        for policy, members in _by_policy(stories).items()
    }
    known = {policy: [each for each in those if each] for policy, those in found.items()}
    counts = {policy: Counter(pair for each in those for pair in each.items()) for policy, those in known.items()}
    pairs = dict.fromkeys(pair for counter in counts.values() for pair in counter)
    order = list(dict.fromkeys(setting for setting, _ in pairs))
    return [
        Chosen(
            setting=setting.rpartition(".")[2],
            value=value,
            shares={policy: counts[policy][setting, value] / len(those) for policy, those in known.items() if those},
        )
        for setting, value in sorted(pairs, key=lambda pair: (order.index(pair[0]), _by_size(pair[1])))
        if value != "false"
    ]


def _written(policy: str, members: Sequence[Story]) -> Written:
    words = [len(story.self_edit.text.split()) for story in members]
    sequences = [len(story.plan.sequences) for story in members if isinstance(story.plan, Plan)]
    return Written(
        policy=policy,
        n_self_edits=len(members),
        n_invalid=None
        if any(story.plan is None for story in members)
        else sum(isinstance(story.plan, Invalid) for story in members),
        words=_spread(words),
        sequences=_spread(sequences)[1] if sequences else None,
    )


def _by_policy(stories: Sequence[Story]) -> dict[str, list[Story]]:
    found: dict[str, list[Story]] = {}
    for story in stories:
        found.setdefault(story.policy, []).append(story)
    return found


def _spread(values: Sequence[float]) -> tuple[float, float, float]:
    if len(values) == 1:
        return (values[0],) * 3
    tenths = quantiles(values, n=10, method="inclusive")
    return tenths[0], tenths[4], tenths[8]


def _settings(text: str) -> dict[str, str]:
    """The leaves of a JSON object, by their path; empty for any other text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return dict(_leaves(value)) if isinstance(value, dict) else {}


def _leaves(value: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from _leaves(inner, f"{before}{key}.")
        else:
            yield before + key, inner if isinstance(inner, str) else json.dumps(inner)


def _by_size(value: str) -> tuple[float, str]:
    """Numbers by their size, words after them."""
    try:
        return float(value), value
    except ValueError:
        return float("inf"), value
