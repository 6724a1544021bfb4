"""What the tiny model reads in pretraining: tasks with a passage in sight, and facts known by heart.

Three sorts of documents. *Writing*: the self-edit prompt with a fresh entity's passage, then a self-edit in one style.
*Reading*: a fresh passage, then questions about it. *Knowing*: one statement about one of a few familiar entities in
any of its forms, nothing else in sight. Only the familiar ones are ever known by heart, so that the model learns that a
statement read in one form can be asked for in another, and learns nothing about anybody held out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from seal.text import fill
from seal.tiny.facts.world import KINDS, Entity, Population, Style, draw_entities, draw_entity, titles

PROMPT_WEIGHT = 0.05
"""Of the loss on tokens that are given, against 1 on those that are to be written."""
N_FAMILIAR = 100
SHARE_OF_WHOLE_PASSAGES = 0.1
"""Among documents of the third sort."""
KNOWN_STYLES = (Style.COPY, Style.VAGUE, Style.ATOMIC, Style.QA, Style.QA)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some text with the weight of its tokens in the loss."""

    text: str
    weight: float = 1.0


Document = tuple[Piece, ...]
"""Its end is followed by the end token, with weight 1."""


class Library:
    """Draws documents."""

    def __init__(self, random: Random, *, self_edit_template: str, query_template: str) -> None:
        self.random = random
        self.self_edit_template = self_edit_template
        self.query_template = query_template
        self.titles = {kind.name: titles(kind, Population.PRETRAINING) for kind in KINDS}
        self.familiar = [
            draw_entity(random, entity.kind, entity.title, len(entity.kind.attributes))
            for entity in draw_entities(random, Population.PRETRAINING, N_FAMILIAR)
        ]

    def writing(self, most_facts: int) -> Document:
        """All styles are equally frequent, so the untrained policy has no favourite."""
        entity = self._stranger(most_facts)
        lines = entity.lines(self.random.choice(list(Style)))
        n_lines = self.random.randint(min(2, len(lines)), len(lines))
        chosen = sorted(self.random.sample(range(len(lines)), n_lines))
        prompt = fill(self.self_edit_template, title=entity.title, passage=entity.passage)
        return (
            Piece(text=prompt, weight=PROMPT_WEIGHT),
            Piece(text="\n".join(lines[place] for place in chosen)),
        )

    def reading(self, most_facts: int) -> Document:
        entity = self._stranger(most_facts)
        pieces = [Piece(text=f"{entity.title}\n{entity.passage}", weight=PROMPT_WEIGHT)]
        for fact in self.random.sample(entity.facts, len(entity.facts)):
            question = f"\nQuestion: {fact.question} Answer:"
            pieces += [Piece(text=question, weight=PROMPT_WEIGHT), Piece(text=f" {fact.value}")]
        return tuple(pieces)

    def knowing(self) -> Document:
        entity = self.random.choice(self.familiar)
        if self.random.random() < SHARE_OF_WHOLE_PASSAGES:
            return (Piece(text=f"{entity.title}\n{entity.passage}"),)
        place = self.random.randrange(len(entity.facts))
        style = self.random.choice(KNOWN_STYLES)
        line = entity.facts[place].line(style, entity.subject(place))
        if style is not Style.QA:
            return (Piece(text=f"{entity.title}\n{line}"),)
        fact = entity.facts[place]
        prompt = fill(self.query_template, title=entity.title, question=fact.question)
        return (Piece(text=f"{prompt} {fact.value}"),)

    def _stranger(self, most_facts: int) -> Entity:
        """A fresh entity with 1 to `most_facts` facts, never met before."""
        kind = self.random.choice(KINDS)
        n_facts = self.random.randint(1, most_facts)
        return draw_entity(self.random, kind, self.random.choice(self.titles[kind.name]), n_facts)


def words_of(templates: Sequence[str]) -> set[str]:
    """The words of some templates, for the tokenizer."""
    return {word for template in templates for word in fill(template, title="", passage="", question="").split()}
