"""Equal compute: a plan is trained for as long as another one was. Pure.

Self-edits have several times the tokens of their passage. A gain over the passage is due to what they say only if the
passage was trained for as many tokens.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from random import Random
from typing import Literal

from seal.recipe import Recipe
from seal.settings import Chosen, option
from seal.types import Evaluation, Plan, Training, TrainingSequence

Match = Literal["none", "tokens", "updates", "both"]
"""What is held equal; `none` measures no matched rows."""


@option
class Matches(Recipe):
    """A recipe that measures what the compute of self-edits gives without them."""

    match: Match = "tokens"
    """What rows at equal compute hold equal: trained tokens, optimizer steps (`updates`), or both, by filling batches
    with sentences of the passage. `none` measures no such rows. A gain of self-edits counts only against these rows."""

    def faults(self, run: Chosen) -> Iterator[str]:
        yield from super().faults(run)
        if run.task.of_puzzles and self.match == "both":
            yield "recipe.match: puzzles have no sentences to fill batches with: choose tokens or updates"

    @property
    def matches(self) -> bool:
        """Whether there are such rows."""
        return self.match != "none"


_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n")


def training_of(outcomes: Iterable[object]) -> Training | None:
    """What one of some repeats of a plan took: they all take the same. None where none worked, or none was counted."""
    known = [one.training for one in outcomes if isinstance(one, Evaluation) and one.training]
    return next((training for training in known if training.trained_tokens), None)


def matched(plan: Plan, took: Training, *, like: Plan, budget: Training, match: Match, random: Random) -> Plan:
    """The plan, trained for as long as the plan `like` was, which took `budget`.

    `took` is what the plan took with its own settings. With `tokens` the number of optimizer steps is the nearest whole
    one. With `updates` it is that of `like`. With `both` the batches are filled with sentences of the plan's own
    sequences, so that steps are equal and tokens nearly so.
    """
    if match == "tokens":
        per_step = took.trained_tokens / len(took.losses)
        return plan.with_settings({"steps": max(1, round(budget.trained_tokens / per_step))})
    filled = refilled(plan, like, random) if match == "both" else plan
    return filled.with_settings({"steps": len(budget.losses)})


def refilled(plan: Plan, like: Plan, random: Random) -> Plan:
    """As many sequences as another plan has, and about as long: sentences of this plan, shuffled, under their title.

    A plan without a sentence stays as it is.
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
