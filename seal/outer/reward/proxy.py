"""A reward without training: a language model reads the self-edit and gives points (arXiv 2506.10943, appendix)."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, PositiveInt

from seal.endpoint import Endpoint
from seal.endpoint.replies import ReplyCache, asked_once
from seal.outer.reward import Reward
from seal.settings import FileOrFolder, option
from seal.stats.statistics import mean
from seal.text import fill, shows
from seal.thoughts import parted
from seal.types import Attempt, Context, Rating, Sampling, SelfEdit, Unavailable, Usage

CRITERIA = ("length", "diversity", "quality", "correctness")
FEWEST_POINTS, MOST_POINTS = 1, 5
RUBRIC = """\
A student will learn a passage from study notes alone. Rate the notes.

Passage, "{title}":
{passage}

Notes:
{self_edit}

Give 1 (poor) to 5 (excellent) points for each of: length (enough, without padding), diversity (different facts in
different words), quality (clear sentences that can be understood alone), correctness (nothing that the passage does not
support). Reply with four lines and nothing else:
length: N
diversity: N
quality: N
correctness: N
"""
_POINTS = re.compile(rf"\b({'|'.join(CRITERIA)})\b[^0-9A-Za-z]*(\d{{1,9}}(?!\d))", re.IGNORECASE)


@option
class Proxy(Reward):
    """A language model reads the self-edit and gives points. Nothing is trained. Needs outer.must_beat_unadapted=false.

    It gives 1 to 5 points each for length, diversity, quality and correctness. The reward is their sum, 4 to 20.
    """

    rates: ClassVar[bool] = True
    limits: ClassVar[tuple[float, float] | None] = (0.0, float(len(CRITERIA) * MOST_POINTS))

    endpoint: Endpoint = Endpoint()
    """The endpoint of the language model that reads."""
    template: Annotated[str, AfterValidator(shows("passage", "self_edit", perhaps=("title",)))] = RUBRIC
    """The rubric, with the placeholders `{title}`, `{passage}` and `{self_edit}`. It must ask for points by
    criterion."""
    max_reply_tokens: PositiveInt = 40
    """Maximum length of a reply."""
    cache: FileOrFolder | None = Path("outputs/ratings")
    """A folder of replies that runs share; null keeps no replies."""

    def score(self, attempt: Attempt) -> float | None:
        rating = attempt.rating
        return float(sum(rating.scores.values())) if rating and rating.scores else None

    def rate(
        self, pairs: Sequence[tuple[Context, SelfEdit]], spend: Callable[[Usage], None]
    ) -> list[Rating | Unavailable]:
        prompts = [self._prompt(context, edit.text) for context, edit in pairs]
        sampling = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=self.max_reply_tokens)
        cache = ReplyCache(folder=self.cache, endpoint=self.endpoint, sampling=sampling)
        replies = asked_once(cache, prompts, lambda reply: bool(points(reply)), spend)
        return [_rating(replies[prompt]) for prompt in prompts]

    def is_tried(self, ratings: Sequence[Rating | None]) -> list[bool]:
        return [False] * len(ratings)

    def n_tried(self, edits_per_context: int) -> int:
        return 0

    def forecast(self, contexts: Sequence[Context], *, n_edits: int) -> Usage:
        lengths = [2 * len(self._prompt(context, context.text)) for context in contexts]
        return self.endpoint.forecast(
            n_calls=n_edits,
            prompt_characters=n_edits * (mean(lengths) or 0.0),
            completion_tokens=n_edits * self.max_reply_tokens,
        )

    def ready(self) -> None:
        self.endpoint.ready(reply_tokens=self.max_reply_tokens)

    def _prompt(self, context: Context, self_edit: str) -> str:
        return fill(self.template, title=context.title, passage=context.text, self_edit=self_edit.strip())


def _rating(reply: str | Unavailable) -> Rating | Unavailable:
    if isinstance(reply, Unavailable):
        return reply
    scores = points(reply)
    return Rating(scores=scores, reason="" if scores else f"the reader gave no points, but '{reply.strip()[:80]}'")


def points(reply: str) -> dict[str, int]:
    """The points by criterion; empty unless all criteria have points in range. The last mention of each counts."""
    found = {name.lower(): int(number) for name, number in _POINTS.findall(parted(reply).answer)}
    valid = all(FEWEST_POINTS <= found.get(name, 0) <= MOST_POINTS for name in CRITERIA)
    return {name: found[name] for name in CRITERIA} if valid else {}
