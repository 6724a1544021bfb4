"""Contexts from the embedded world of facts: invented entities whose titles no pretraining has ever seen."""

from random import Random
from typing import Annotated

from pydantic import Field

from seal.seeds import derive
from seal.settings import option
from seal.task import Contexts
from seal.task.asking import PassageTask
from seal.tiny.facts.world import MOST_ENTITIES, Entity, Population, draw_entities, style_of
from seal.types import Context


@option
class Facts(PassageTask):
    """As many passages as asked for, each with a question about every fact in it."""

    n_train: Annotated[int, Field(ge=1, le=MOST_ENTITIES)]
    """Passages that rewards may come from."""
    n_held_out: Annotated[int, Field(ge=1, le=MOST_ENTITIES)]
    """Passages that only measure."""
    seed: int
    """Of the world's invention; equal seeds give equal passages."""

    def load(self) -> Contexts:
        return Contexts(
            train=self._draw(Population.TRAIN, self.n_train),
            held_out=self._draw(Population.HELD_OUT, self.n_held_out),
        )

    def _draw(self, population: Population, count: int) -> tuple[Context, ...]:
        random = Random(derive(self.seed, "facts", population))
        return tuple(self._context(entity) for entity in draw_entities(random, population, count))

    def _context(self, entity: Entity) -> Context:
        questions = [(fact.question, fact.value) for fact in entity.facts]
        return self.make_context(entity.title, entity.passage, questions)

    def style_of(self, context: Context, line: str) -> str:
        sentences = [f"{sentence}." for sentence in context.text.removesuffix(".").split(". ")]
        style = style_of(line, sentences)
        return style.value if style else "other"
