"""The facts of an invented world, and every way in which its language can say them.

Everything is a pure function of a `random.Random`. This module knows words; it has never heard of tensors.

Passages say a fact indirectly ("was taught by Clara"), self-edits and questions name its attribute ("the mentor of").
So whoever trains on the passage alone does not learn the answer to the question: a good self-edit has to restate.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from random import Random

FACTS_PER_PASSAGE = 6
"""Of the eight attributes of an entity, how many its passage tells."""

PEOPLE = tuple(
    """Ada Agnes Albert Alice Amos Anton Arthur Astrid Basil Beatrice Bertha Bruno Carl Cecil Clara Cora Cyril Daisy
    David Dora Edgar Edith Edwin Elsa Emil Enid Ernest Esther Eva Felix Flora Frida Gemma George Gilda
    Greta Gustav Hanna Harold Hazel Helga Henry Hilda Hugo Ida Irma Ivan Jacob Joan Judith Julia Karin
    Klara Laura Leo Lydia Mabel Martin Matilda Mira Moses Nora Olga Oscar Otto Paula Peter Robert Ruth
    Selma Thea Walter""".split()
)
CITIES = tuple(
    stem + ending
    for stem in ("Ash", "Bel", "Cor", "Dun", "Elm", "Fen", "Gal", "Har", "Kel")
    for ending in ("by", "dale", "ford", "ham", "mouth", "port", "ton", "wick")
)
YEARS = tuple(str(year) for year in range(1860, 1932))
TRADES = tuple("baker carver dyer farmer glazier joiner mason miller potter saddler tailor weaver".split())
INSTRUMENTS = tuple("banjo bassoon cello cornet fiddle flute guitar harp lute oboe trumpet viola".split())
ANIMALS = tuple("badger bear boar crane eagle falcon heron lion otter raven stag wolf".split())
GOODS = tuple("bells candles carpets clocks gloves hats kettles lamps pianos ropes sails toys".split())
MATERIALS = tuple("amber brass bronze clay cotton iron leather linen silk slate steel wool".split())


class Style(StrEnum):
    """The four ways in which a line of a self-edit can say a fact; the untrained model uses each as often."""

    COPY = "copy"
    """The passage's own sentence again."""
    VAGUE = "vague"
    """Names the attribute and not its value: nothing to learn from."""
    ATOMIC = "atomic"
    """Names the attribute and its value."""
    QA = "qa"
    """A question with its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """Something that an entity has: what it is called, what it can be, and how passages put it."""

    name: str
    values: tuple[str, ...]
    phrasings: tuple[str, ...]
    """Verb phrases with `{}` for the value; none contains the attribute's name."""
    interrogative: str
    copula: str = "is"


def _person(name: str, *phrasings: str) -> Attribute:
    return Attribute(name=name, values=PEOPLE, phrasings=phrasings, interrogative="Who is")


def _city(name: str, *phrasings: str) -> Attribute:
    return Attribute(name=name, values=CITIES, phrasings=phrasings, interrogative="Where is")


def _year(name: str, *phrasings: str) -> Attribute:
    return Attribute(name=name, values=YEARS, phrasings=phrasings, interrogative="When was", copula="was in")


def _word(name: str, values: tuple[str, ...], *phrasings: str) -> Attribute:
    return Attribute(name=name, values=values, phrasings=phrasings, interrogative="What is")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A sort of entity. Its titles are all pairs of a first and a second word."""

    name: str
    pronoun: str
    first_words: tuple[str, ...]
    second_words: tuple[str, ...]
    attributes: tuple[Attribute, ...]


def _joined(stems: str, endings: str) -> tuple[str, ...]:
    return tuple(stem + ending for stem, ending in product(stems.split(), endings.split()))


KINDS = (
    Kind(
        name="person",
        pronoun="They",
        first_words=_joined("Bran Cas Dor Fal Gor Hal Jor Tal", "an ek in os ul"),
        second_words=_joined("Black Cold Ever Fair Gray High Long White", "bourne field man stone wood"),
        attributes=(
            _city("birthplace", "came into the world in {}", "spent the first days of life in {}"),
            _city("residence", "settled in {} for good", "kept a house in {}"),
            _person("mentor", "was taught by {}", "learned everything from {}"),
            _person("rival", "could never outdo {}", "always quarrelled with {}"),
            _year("debut", "first appeared in public in {}", "became known in {}"),
            _year("retirement", "gave up all work in {}", "withdrew in {}"),
            _word("trade", TRADES, "earned a living as a {}", "worked for years as a {}"),
            _word("instrument", INSTRUMENTS, "played the {} at night", "loved to practise the {}"),
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
        attributes=(
            _person("founder", "was laid out by {}", "began as a camp of {}"),
            _person("mayor", "is governed by {}", "has elected {}"),
            _city("twin", "exchanges visitors with {}", "signed a pact with {}"),
            _city("market", "sells its harvest in {}", "sends its carts to {}"),
            _year("charter", "received its rights in {}", "was made free in {}"),
            _year("flood", "lay under water in {}", "was nearly washed away in {}"),
            _word("emblem", ANIMALS, "shows a {} on its flag", "carved a {} above its doors"),
            _word("craft", GOODS, "has always made {}", "is famous for its {}"),
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
        attributes=(
            _person("director", "is led by {}", "follows the orders of {}"),
            _person("inventor", "owes its best idea to {}", "bought the patents of {}"),
            _city("headquarters", "keeps its books in {}", "is run from {}"),
            _city("warehouse", "stores everything in {}", "stacks its crates in {}"),
            _year("opening", "took its first order in {}", "began to trade in {}"),
            _year("merger", "joined with a competitor in {}", "swallowed another firm in {}"),
            _word("specialty", GOODS, "is praised for its {}", "mostly delivers {}"),
            _word("material", MATERIALS, "works only with {}", "buys {} by the ton"),
        ),
    ),
)


class Population(StrEnum):
    """Who may meet an entity. The three share no title, so nothing about a held-out one was ever pretrained on."""

    PRETRAINING = "pretraining"
    TRAIN = "train"
    HELD_OUT = "held_out"


def titles(kind: Kind, population: Population) -> list[str]:
    """All titles of one kind in one population: half for pretraining, a quarter each for training and evaluation."""
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


MOST_ENTITIES = len(KINDS) * min(len(titles(kind, Population.HELD_OUT)) for kind in KINDS)
"""That the populations for training and evaluation have each, with the kinds in equal parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One attribute of one entity with its value, and the phrasing that the entity's passage chose for it."""

    title: str
    attribute: Attribute
    value: str
    phrasing: str

    @property
    def question(self) -> str:
        return f"{self.attribute.interrogative} the {self.attribute.name} of {self.title}?"

    def passage_sentence(self, subject: str) -> str:
        return f"{subject} {self.phrasing.format(self.value)}."

    def line(self, style: Style, subject: str) -> str:
        """The fact as one line of a self-edit; `subject` is what the passage's sentence begins with."""
        name = self.attribute.name
        match style:
            case Style.COPY:
                return self.passage_sentence(subject)
            case Style.VAGUE:
                article = "an" if name[0] in "aeiou" else "a"
                return f"{self.title} has {article} {name}."
            case Style.ATOMIC:
                return f"The {name} of {self.title} {self.attribute.copula} {self.value}."
            case Style.QA:
                return f"Question: {self.question} Answer: {self.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A person, town or company with the facts that its passage tells, in the passage's order."""

    kind: Kind
    title: str
    facts: tuple[Fact, ...]

    def subject(self, position: int) -> str:
        """What the passage calls the entity in its sentence number `position`: the title first, then a pronoun."""
        return self.kind.pronoun if position else self.title

    @property
    def sentences(self) -> list[str]:
        return [fact.passage_sentence(self.subject(position)) for position, fact in enumerate(self.facts)]

    @property
    def passage(self) -> str:
        return " ".join(self.sentences)

    def lines(self, style: Style) -> list[str]:
        """An ideal self-edit: every fact, in the passage's order, in one style."""
        return [fact.line(style, self.subject(position)) for position, fact in enumerate(self.facts)]


def draw_entity(random: Random, kind: Kind, title: str, n_facts: int = FACTS_PER_PASSAGE) -> Entity:
    """An entity with `n_facts` random facts. Two attributes with the same list of values never share a value."""
    attributes = random.sample(kind.attributes, n_facts)
    taken: set[str] = set()
    facts = []
    for attribute in attributes:
        value = random.choice([value for value in attribute.values if value not in taken])
        taken.add(value)
        phrasing = random.choice(attribute.phrasings)
        facts.append(Fact(title=title, attribute=attribute, value=value, phrasing=phrasing))
    return Entity(kind=kind, title=title, facts=tuple(facts))


def draw_entities(random: Random, population: Population, count: int) -> list[Entity]:
    """`count` entities, at most `MOST_ENTITIES`, with distinct titles, the kinds in turn."""
    available = {kind.name: titles(kind, population) for kind in KINDS}
    for of_kind in available.values():
        random.shuffle(of_kind)
    chosen = [(KINDS[number % len(KINDS)], number // len(KINDS)) for number in range(count)]
    return [draw_entity(random, kind, available[kind.name][position]) for kind, position in chosen]


def style_of(line: str, passage_sentences: Sequence[str]) -> Style | None:
    """Which style a line of a self-edit has; None for a line that is in none of them."""
    if line.startswith("Question:"):
        return Style.QA if "Answer:" in line else None
    if line in passage_sentences:
        return Style.COPY
    words = line.split()
    if " has a " in line or " has an " in line:
        return Style.VAGUE
    if words[:1] == ["The"] and "of" in words and ("is" in words or "was" in words):
        return Style.ATOMIC
    return None


def all_words() -> Iterator[str]:
    """Every word that the world's texts can contain, with repetitions: what the tokenizer must know."""
    for kind in KINDS:
        yield from (kind.pronoun, *kind.first_words, *kind.second_words)
        for attribute in kind.attributes:
            yield from attribute.values
            yield from (attribute.name, *attribute.interrogative.split(), *attribute.copula.split())
            yield from " ".join(attribute.phrasings).replace("{}", "").split()
    yield from ["Question:", "Answer:", "has", "a", "an", "The", "of", "the"]
