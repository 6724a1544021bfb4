"""The invented world: passages about topics, and all questions about them.

Everything is a pure function of a `random.Random`. This module knows words, not tensors.

A passage states facts in one direction ("Copbury is governed by Clara."). Direct questions ask for such a statement
("Who is the mayor of Copbury?"). Other questions ask for conclusions: in the reverse direction ("Who is Clara?"), or
for a count of people. A model that memorises the passage cannot answer those, however long it trains (reversal curse:
arXiv 2309.12288). A self-edit that states the conclusions can teach them.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import product
from random import Random

FACTS_PER_PASSAGE = 6
MOST_PEOPLE = MOST_EVENTS = 4
"""Maximum number of facts in a passage whose value is a person, or a year."""
COUNTS = ("no", "one", "two", "three", "four")

PEOPLE = tuple(
    """Ada Agnes Albert Alice Amos Anton Arthur Astrid Basil Beatrice Bertha Bruno Carl Cecil Clara Cora Cyril Daisy
    David Dora Edgar Edith Edwin Elsa Emil Enid Ernest Esther Eva Felix Flora Frida Gemma George Gilda
    Greta Gustav Hanna Harold Hazel Helga Henry Hilda Hugo Ida Irma Ivan Jacob Joan Judith Julia Karin
    Klara Laura Leo Lydia Mabel Martin Matilda Mira Moses Nora Olga Oscar Otto Paula Peter Robert Ruth
    Selma Thea Walter""".split()
)
YEARS = tuple(str(year) for year in range(1860, 1932))


class QuestionKind(StrEnum):
    """How the answer to a question follows from the passage."""

    DIRECT = "direct"
    """The question asks for a statement of the passage, in other words."""
    REVERSAL = "reversal"
    """The question asks in the reverse direction of a statement."""
    COUNT = "count"
    """The question asks for the number of people in the passage."""


CONCLUSIONS = tuple(kind for kind in QuestionKind if kind is not QuestionKind.DIRECT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """An attribute of a topic: its name, and the phrasings of passages."""

    name: str
    phrasings: tuple[str, ...]
    """Verb phrases with `{}` for the value. None contains the attribute's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of topic. Its titles are all pairs of a first and a second word."""

    name: str
    pronoun: str
    first_words: tuple[str, ...]
    second_words: tuple[str, ...]
    people: tuple[Attribute, ...]
    """Attributes whose value is a person."""
    events: tuple[Attribute, ...]
    """Attributes whose value is a year."""


def _joined(stems: str, endings: str) -> tuple[str, ...]:
    return tuple(stem + ending for stem, ending in product(stems.split(), endings.split()))


def _called(name: str, *phrasings: str) -> Attribute:
    return Attribute(name=name, phrasings=phrasings)


KINDS = (
    Kind(
        name="person",
        pronoun="They",
        first_words=_joined("Bran Cas Dor Fal Gor Hal Jor Tal", "an ek in os ul"),
        second_words=_joined("Black Cold Ever Fair Gray High Long White", "bourne field man stone wood"),
        people=(
            _called("mentor", "learned everything from {}", "went to school with {}"),
            _called("rival", "could never outdo {}", "always quarrelled with {}"),
            _called("heir", "left everything to {}", "willed the house to {}"),
            _called("doctor", "swallowed the pills of {}", "took the powders of {}"),
            _called("patron", "lived on the purse of {}", "drew a pension from {}"),
        ),
        events=(
            _called("debut", "first appeared in public in {}", "became known in {}"),
            _called("retirement", "gave up all work in {}", "withdrew in {}"),
            _called("wedding", "exchanged rings in {}", "went to the altar in {}"),
            _called("journey", "sailed around the world in {}", "saw foreign lands in {}"),
            _called("illness", "lay in bed throughout {}", "nearly died in {}"),
        ),
    ),
    Kind(
        name="town",
        pronoun="It",
        first_words=tuple(
            """Little Great Upper Lower North South East West Old New Saint Castle Market Bishop King Queen Abbot Monk
            Temple Chapel River Water Spring Summer Winter Green Red Golden Silver Copper Stony Sandy Grassy Windy
            Sunny Misty Hidden Broken Quiet Lonely""".split()
        ),
        second_words=_joined("Cop Der Lan Mar Nor Pen Rav Wel", "bury cott gate ley worth"),
        people=(
            _called("founder", "was laid out by {}", "began as a camp of {}"),
            _called("mayor", "is governed by {}", "has elected {}"),
            _called("judge", "brings its quarrels before {}", "fears the verdicts of {}"),
            _called("priest", "hears the sermons of {}", "is blessed by {}"),
            _called("miller", "buys its flour from {}", "has its grain ground by {}"),
        ),
        events=(
            _called("charter", "received its rights in {}", "was made free in {}"),
            _called("flood", "lay under water in {}", "was nearly washed away in {}"),
            _called("fire", "burned down in {}", "went up in flames in {}"),
            _called("siege", "saw an army before its walls in {}", "starved behind its gates in {}"),
            _called("plague", "buried half its people in {}", "was struck by sickness in {}"),
        ),
    ),
    Kind(
        name="company",
        pronoun="It",
        first_words=_joined("Ab Cal Den Fos Hob Lam Pat Ros", "bott cliff lett mer ner"),
        second_words=tuple(
            """Works Mills Brothers Sons Partners Union Trust Foundry Forge Yard Traders Makers Supply Stores House
            Company Group Guild Society League Bureau Agency Office Studio Workshop Factory Plant Press Depot Lines
            Carriers Merchants Imports Exports Holdings Ventures Industries Products Limited Cooperative""".split()
        ),
        people=(
            _called("director", "is led by {}", "follows the orders of {}"),
            _called("inventor", "owes its best idea to {}", "bought the patents of {}"),
            _called("owner", "belongs to {}", "was bought by {}"),
            _called("lawyer", "is defended by {}", "sues with the help of {}"),
            _called("cashier", "trusts its money to {}", "has its books kept by {}"),
        ),
        events=(
            _called("opening", "took its first order in {}", "began to trade in {}"),
            _called("merger", "joined with a competitor in {}", "swallowed another firm in {}"),
            _called("strike", "stood still for weeks in {}", "raised all wages in {}"),
            _called("scandal", "was in every newspaper in {}", "lost its good name in {}"),
            _called("relocation", "packed up its desks in {}", "changed its address in {}"),
        ),
    ),
)


class Population(StrEnum):
    """The use of a topic. Populations share no titles, so pretraining never includes a held-out topic."""

    PRETRAINING = "pretraining"
    TRAIN = "train"
    HELD_OUT = "held_out"


def titles(kind: Kind, population: Population) -> list[str]:
    """All titles of a kind in a population. Half are for pretraining, a quarter each for training and evaluation."""
    shares = {
        Population.PRETRAINING: (0, 1),
        Population.TRAIN: (2,),
        Population.HELD_OUT: (3,),
    }[population]
    return [
        f"{first} {second}"
        for (row, first), (column, second) in product(enumerate(kind.first_words), enumerate(kind.second_words))
        if (row + column) % 4 in shares
    ]


MOST_TOPICS = len(KINDS) * min(len(titles(kind, Population.HELD_OUT)) for kind in KINDS)
"""Maximum number of topics for training, and for evaluation, with equal numbers of each kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A fact or conclusion from a passage, as a statement and as a question with its answer."""

    kind: QuestionKind
    statement: str
    question: str
    answer: str

    @property
    def line(self) -> str:
        """The question with its answer, as a line of a self-edit."""
        return f"Question: {self.question} Answer: {self.answer}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One attribute of a topic, with its value and its phrasing in the passage."""

    attribute: Attribute
    value: str
    phrasing: str

    @property
    def is_event(self) -> bool:
        return self.value in YEARS


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A person, town or company, with the facts of its passage, in order."""

    kind: Kind
    title: str
    facts: tuple[Fact, ...]

    @property
    def sentences(self) -> list[str]:
        """One sentence per fact. The first names the topic, the others use its pronoun."""
        subjects = [self.title, *[self.kind.pronoun] * (len(self.facts) - 1)]
        return [
            f"{subject} {fact.phrasing.format(fact.value)}." for subject, fact in zip(subjects, self.facts, strict=True)
        ]

    @property
    def passage(self) -> str:
        return " ".join(self.sentences)

    @property
    def vague_lines(self) -> list[str]:
        """Sentences that name attributes without values. They teach nothing."""
        return [vague_line(self.title, fact.attribute.name) for fact in self.facts]

    def claims(self, *kinds: QuestionKind) -> list[Claim]:
        """All claims of these kinds, in a fixed order."""
        of_kind = {
            QuestionKind.DIRECT: self._direct,
            QuestionKind.REVERSAL: self._reversals,
            QuestionKind.COUNT: self._counts,
        }
        return [claim for kind in kinds for claim in of_kind[kind]()]

    def _direct(self) -> Iterator[Claim]:
        for fact in self.facts:
            yield direct_claim(self.title, fact.attribute.name, fact.value)

    def _reversals(self) -> Iterator[Claim]:
        for fact in self.facts:
            yield reversed_claim(self.title, fact.attribute.name, fact.value)

    def _counts(self) -> Iterator[Claim]:
        yield count_claim(self.title, COUNTS[sum(not fact.is_event for fact in self.facts)])


def direct_claim(title: str, name: str, value: str) -> Claim:
    is_year = value in YEARS
    return Claim(
        kind=QuestionKind.DIRECT,
        statement=f"The {name} of {title} {'was in' if is_year else 'is'} {value}.",
        question=f"{'When was' if is_year else 'Who is'} the {name} of {title}?",
        answer=value,
    )


def reversed_claim(title: str, name: str, value: str) -> Claim:
    return Claim(
        kind=QuestionKind.REVERSAL,
        statement=f"{value} {'was' if value in YEARS else 'is'} the {name} of {title}.",
        question=f"What happened in {value}?" if value in YEARS else f"Who is {value}?",
        answer=name,
    )


def count_claim(title: str, count: str) -> Claim:
    return Claim(
        kind=QuestionKind.COUNT,
        statement=f"There are {count} people around {title}.",
        question=f"How many people are around {title}?",
        answer=count,
    )


def vague_line(title: str, name: str) -> str:
    return f"{title} has {'an' if name[0] in 'aeiou' or name == 'heir' else 'a'} {name}."


def draw_topic(random: Random, kind: Kind, title: str, n_facts: int = FACTS_PER_PASSAGE) -> Topic:
    """A topic with random facts. No two share an attribute or a value, so each question has one answer."""
    n_people = random.randint(max(0, n_facts - MOST_EVENTS), min(n_facts, MOST_PEOPLE))
    attributes = [*random.sample(kind.people, n_people), *random.sample(kind.events, n_facts - n_people)]
    values = [*random.sample(PEOPLE, n_people), *random.sample(YEARS, n_facts - n_people)]
    facts = [
        Fact(attribute=attribute, value=value, phrasing=random.choice(attribute.phrasings))
        for attribute, value in zip(attributes, values, strict=True)
    ]
    random.shuffle(facts)
    return Topic(kind=kind, title=title, facts=tuple(facts))


def draw_topics(random: Random, population: Population, count: int) -> list[Topic]:
    """Draw `count` topics, at most `MOST_TOPICS`, with distinct titles. The kinds take turns."""
    available = {kind.name: titles(kind, population) for kind in KINDS}
    for of_kind in available.values():
        random.shuffle(of_kind)
    chosen = [(KINDS[number % len(KINDS)], number // len(KINDS)) for number in range(count)]
    return [draw_topic(random, kind, available[kind.name][position]) for kind, position in chosen]


COPY, VAGUE = "copy", "vague"
"""Styles of lines that teach nothing new. The other styles are the kinds of claims."""


def style_of(line: str, passage_sentences: Sequence[str]) -> str | None:
    """The style of a line of a self-edit: a kind of claim, `copy` or `vague`; None if it has none of these."""
    if line in passage_sentences:
        return COPY
    return next((style for style, pattern in _patterns() if pattern.fullmatch(line)), None)


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """Patterns of the lines of each style, made by the same functions as the lines. A name matches any word."""
    claims = [count_claim("TITLE", "WORD")]
    claims += [make("TITLE", "WORD", value) for make in (direct_claim, reversed_claim) for value in ("VALUE", YEARS[0])]
    texts = [(claim.kind.value, text) for claim in claims for text in (claim.statement, claim.line)]
    texts += [(VAGUE, vague_line("TITLE", name)) for name in ("WORD", "aWORD")]
    return [(style, _pattern(text)) for style, text in texts]


def _pattern(text: str) -> re.Pattern[str]:
    expression = re.escape(text).replace("TITLE", r"\S+(?: \S+)?").replace(YEARS[0], r"\d+")
    return re.compile(expression.replace("aWORD", "WORD").replace("WORD", r"\S+").replace("VALUE", r"\S+"))


def all_words() -> Iterator[str]:
    """Every word in the world's texts, with duplicates. The tokenizer must know all of them."""
    for kind in KINDS:
        yield from (kind.pronoun, *kind.first_words, *kind.second_words)
        for attribute in (*kind.people, *kind.events):
            yield from (attribute.name, *" ".join(attribute.phrasings).replace("{}", "").split())
    yield from (*PEOPLE, *YEARS, *COUNTS)
    yield from "Question: Answer: has a an The the of is was in to Who What When There are people around".split()
    yield from "How many happened".split()
