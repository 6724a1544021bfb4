"""The pretraining documents of the tiny model: tasks with a passage in the prompt, and memorised facts.

There are three sorts of documents. *Writing*: the self-edit prompt with a new topic's passage, then a self-edit in one
manner. *Reading*: a new passage, then questions of all kinds about it. *Knowing*: one statement or question about one
of a few familiar topics, without a passage.

A familiar topic is known from one side only: its passage and direct claims, or one kind of conclusion. So the model
learns that a memorised statement answers the question that asks for it. It never learns to draw conclusions from
memorised facts. It can do that only with the passage in the prompt.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from seal.text import fill
from seal.tiny.facts.world import (
    FACTS_PER_PASSAGE,
    KINDS,
    Claim,
    Population,
    QuestionKind,
    Topic,
    draw_topic,
    draw_topics,
    titles,
)

PROMPT_WEIGHT = 0.05
"""Weight of the loss on prompt tokens. Tokens to be written have weight 1."""
N_FAMILIAR = 120
SHARE_OF_WHOLE_PASSAGES = 0.15
"""Share of whole passages among documents about familiar topics that are known from their passage."""


class Manner(StrEnum):
    """The content of a self-edit's lines. The untrained model uses all manners equally often."""

    COPY = "copy"
    VAGUE = "vague"
    DIRECT = "direct"
    CONCLUSIONS = "conclusions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A text with the loss weight of its tokens."""

    text: str
    weight: float = 1.0


Document = tuple[Piece, ...]
"""The end token follows, with weight 1."""


def items_in(random: Random, topic: Topic, manner: Manner) -> list[str]:
    """The possible lines of a self-edit in this manner, in order. Claims are all statements, or all questions.

    A conclusion follows its statement, so that it can be derived from the line before.
    """
    match manner:
        case Manner.COPY:
            return topic.sentences
        case Manner.VAGUE:
            return topic.vague_lines
        case Manner.DIRECT:
            items = [[claim] for claim in topic.claims(QuestionKind.DIRECT)]
        case Manner.CONCLUSIONS:
            direct, reversals = topic.claims(QuestionKind.DIRECT), topic.claims(QuestionKind.REVERSAL)
            items = [list(pair) for pair in zip(direct, reversals, strict=True)]
            items += [[claim] for claim in topic.claims(QuestionKind.COUNT)]
    as_question = random.random() < 0.5
    return ["\n".join(claim.line if as_question else claim.statement for claim in claims) for claims in items]


class Library:
    """Draws documents."""

    def __init__(self, random: Random, *, self_edit_template: str, query_template: str) -> None:
        self.random = random
        self.self_edit_template = self_edit_template
        self.query_template = query_template
        self.titles = {kind.name: titles(kind, Population.PRETRAINING) for kind in KINDS}
        topics = draw_topics(random, Population.PRETRAINING, N_FAMILIAR)
        # neither the kind of a topic nor its title shows from which side it is known
        self.familiar = [(topic, random.choice([QuestionKind.DIRECT, *QuestionKind])) for topic in topics]

    def writing(self, most_facts: int, manners: Mapping[Manner, float]) -> Document:
        """A self-edit. `manners` gives the frequency of each manner."""
        topic = self._stranger(most_facts)
        [manner] = self.random.choices(list(manners), weights=list(manners.values()))
        items = items_in(self.random, topic, manner)
        n_items = self.random.randint(min(2, len(items)), min(FACTS_PER_PASSAGE, len(items)))
        chosen = sorted(self.random.sample(range(len(items)), n_items))
        prompt = fill(self.self_edit_template, title=topic.title, passage=topic.passage)
        return (
            Piece(text=prompt, weight=PROMPT_WEIGHT),
            Piece(text="\n".join(items[place] for place in chosen)),
        )

    def reading(self, most_facts: int, n_questions: int = 16) -> Document:
        topic = self._stranger(most_facts)
        pieces = [Piece(text=f"{topic.title}\n{topic.passage}", weight=PROMPT_WEIGHT)]
        claims = topic.claims(*QuestionKind)
        for claim in self.random.sample(claims, min(n_questions, len(claims))):
            question = f"\nQuestion: {claim.question} Answer:"
            pieces += [Piece(text=question, weight=PROMPT_WEIGHT), Piece(text=f" {claim.answer}")]
        return tuple(pieces)

    def knowing(self) -> Document:
        topic, side = self.random.choice(self.familiar)
        claims = topic.claims(side)
        if side is QuestionKind.DIRECT or not claims:
            return self._from_passage(topic)
        return self._from_claim(topic, self.random.choice(claims))

    def _from_passage(self, topic: Topic) -> Document:
        chance = self.random.random()
        if chance < SHARE_OF_WHOLE_PASSAGES:
            return (Piece(text=f"{topic.title}\n{topic.passage}"),)
        if chance < 0.5:
            lines = topic.sentences if chance < 0.4 else topic.vague_lines
            return (Piece(text=f"{topic.title}\n{self.random.choice(lines)}"),)
        return self._from_claim(topic, self.random.choice(topic.claims(QuestionKind.DIRECT)))

    def _from_claim(self, topic: Topic, claim: Claim) -> Document:
        if self.random.random() < 1 / 3:
            return (Piece(text=f"{topic.title}\n{claim.statement}"),)
        return (Piece(text=f"{fill(self.query_template, title=topic.title, question=claim.question)} {claim.answer}"),)

    def _stranger(self, most_facts: int) -> Topic:
        """A new topic with 1 to `most_facts` facts."""
        kind = self.random.choice(KINDS)
        n_facts = self.random.randint(min(2, most_facts), most_facts)
        return draw_topic(self.random, kind, self.random.choice(self.titles[kind.name]), n_facts)


def words_of(templates: Sequence[str]) -> set[str]:
    """The words of the templates, for the tokenizer."""
    return {word for template in templates for word in fill(template, title="", passage="", question="").split()}
