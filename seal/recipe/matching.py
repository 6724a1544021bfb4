"""Equal compute: gives one plan the compute of another. Pure functions.

Self-edits have several times the tokens of their passage. So a gain over the passage comes from their content only if
the passage is trained for as many tokens.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from random import Random
from typing import Literal

from seal.recipe import Recipe
from seal.settings import Chosen, option
from seal.types import Evaluation, Plan, Training, TrainingSequence

Match = Literal["none", "tokens", "updates", "both"]
"""The measure of compute that is held equal; `none` measures no matched rows."""


@option
class Matches(Recipe):
    """A recipe with matched rows: what the compute of self-edits gives without self-edits."""

    match: Match = "tokens"
    """The measure that is equal in matched rows: trained tokens, optimizer steps (`updates`), or both. `both` fills
    batches with sentences of the passage. `none` measures no matched rows. A gain of self-edits counts only against
    these rows."""

    def faults(self, run: Chosen) -> Iterator[str]:
        yield from super().faults(run)
        if run.task.of_puzzles and self.match == "both":
            yield "recipe.match: puzzles have no sentences to fill batches with: choose tokens or updates"

    @property
    def matches(self) -> bool:
        """True if there are matched rows."""
        return self.match != "none"


_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n")


def training_of(outcomes: Iterable[object]) -> Training | None:
    """The training of one repeat of a plan; all repeats take the same compute. None if no repeat has counted tokens."""
    known = [one.training for one in outcomes if isinstance(one, Evaluation) and one.training]
    return next((training for training in known if training.trained_tokens), None)


def matched(plan: Plan, took: Training, *, like: Plan, budget: Training, match: Match, random: Random) -> Plan:
    """The plan with the compute of the plan `like`, whose training was `budget`.

    `took` is the plan's training with its own settings. With `tokens`, the number of optimizer steps is rounded. With
    `updates`, it is that of `like`. With `both`, batches are filled with sentences of the plan's own sequences. Then
    steps are equal, and tokens nearly equal.
    """
    if match == "tokens":
        per_step = took.trained_tokens / len(took.losses)
        return plan.with_settings({"steps": max(1, round(budget.trained_tokens / per_step))})
    filled = refilled(plan, like, random) if match == "both" else plan
    return filled.with_settings({"steps": len(budget.losses)})


def refilled(plan: Plan, like: Plan, random: Random) -> Plan:
    """A plan of this plan's sentences, shuffled, in as many sequences as `like` has, and about as long.

    A plan without sentences stays unchanged.
    """
    title, _, _ = plan.sequences[0].text.partition("\n")
    bodies = [sequence.text.partition("\n")[2] for sequence in plan.sequences]
    sentences = [sentence for body in bodies for sentence in _SENTENCE_END.split(body) if sentence.strip()]
    if not sentences:
        return plan
    endless = _shuffled_forever(sentences, random)
    texts, n_wanted, n_filled = [], 0, 0
    following = next(endless)
    for other in like.sequences:
        n_wanted += len(other.text)
        text = f"{title}\n{following}"
        following = next(endless)
        while n_filled + len(text) + len(following) / 2 < n_wanted:
            text += f" {following}"
            following = next(endless)
        texts.append(text)
        n_filled += len(text)
    return Plan(sequences=tuple(TrainingSequence(text=text) for text in texts), settings=plan.settings)


def _shuffled_forever(sentences: Sequence[str], random: Random) -> Iterator[str]:
    while True:
        yield from random.sample(sentences, len(sentences))
