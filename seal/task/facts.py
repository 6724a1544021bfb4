"""Contexts from the embedded world of facts: invented topics whose titles no pretraining has ever seen."""

from random import Random
from typing import Annotated

from pydantic import Field

from seal.base.seeds import derive
from seal.settings import option
from seal.task import Contexts
from seal.task.asking import PassageTask
from seal.tiny.facts.world import MOST_TOPICS, Claim, Population, QuestionKind, Topic, draw_topics, style_of
from seal.types import Context

QUESTIONS = {
    QuestionKind.DIRECT: 2,
    QuestionKind.REVERSAL: 3,
    QuestionKind.COUNT: 1,
}
"""So many of each kind are asked about a passage, where it has so many."""


@option
class Facts(PassageTask):
    """The embedded world: passages about invented people, towns and companies, with questions of several kinds."""

    n_train: Annotated[int, Field(ge=1, le=MOST_TOPICS)] = 48
    """Passages that rewards may come from."""
    n_held_out: Annotated[int, Field(ge=1, le=MOST_TOPICS)] = 24
    """Passages that only measure."""
    seed: int = 0
    """Of the world's invention; equal seeds give equal passages."""

    def load(self) -> Contexts:
        return Contexts(
            train=self._draw(Population.TRAIN, self.n_train),
            held_out=self._draw(Population.HELD_OUT, self.n_held_out),
        )

    def _draw(self, population: Population, count: int) -> tuple[Context, ...]:
        random = Random(derive(self.seed, "facts", population))
        topics = draw_topics(random, population, count)
        return tuple(self._context(topic, asked_about(random, topic)) for topic in topics)

    def _context(self, topic: Topic, claims: list[Claim]) -> Context:
        questions = [(claim.question, claim.answer) for claim in claims]
        return self.make_context(topic.title, topic.passage, questions, [claim.kind for claim in claims])

    def style_of(self, context: Context, line: str) -> str:
        sentences = [f"{sentence}." for sentence in context.text.removesuffix(".").split(". ")]
        return style_of(line, sentences) or "other"


def asked_about(random: Random, topic: Topic) -> list[Claim]:
    """The claims about a topic that are asked for."""
    drawn = []
    for kind, count in QUESTIONS.items():
        claims = topic.claims(kind)
        drawn += random.sample(claims, min(count, len(claims)))
    return drawn
