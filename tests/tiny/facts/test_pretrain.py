"""How the shipped model was made, and what it is."""

from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from transformers import AutoTokenizer

from seal.config.composing import compose_config
from seal.model.tiny import Tiny
from seal.tiny.facts.documents import N_FAMILIAR, Library
from seal.tiny.facts.pretrain import EVENLY, pretrain
from seal.tiny.facts.world import CONCLUSIONS, KINDS, Population, QuestionKind, style_of, titles

CHECKPOINT = Path(Tiny().path)


def library(seed: int) -> Library:
    settings, _ = compose_config([])
    assert settings is not None
    return Library(
        Random(seed),
        self_edit_template=settings["self_edit"]["template"],
        query_template=settings["task"]["query_template"],
    )


def test_held_out_and_training_titles_never_occur_in_what_is_read() -> None:
    unseen = {
        title
        for kind in KINDS
        for population in (Population.TRAIN, Population.HELD_OUT)
        for title in titles(kind, population)
    }
    books = library(0)
    read = [
        draw()
        for _ in range(3000)
        for draw in (lambda: books.writing(6, EVENLY), lambda: books.reading(6), books.knowing)
    ]
    text = "\n".join("".join(piece.text for piece in document) for document in read)
    met = {f"{first} {second}" for line in text.splitlines() for first, second in _pairs(line)}
    assert not met & unseen
    assert len(met & {title for kind in KINDS for title in titles(kind, Population.PRETRAINING)}) > 1000


def _pairs(line: str) -> list[tuple[str, str]]:
    words = line.replace("?", "").replace(".", "").split()
    return list(pairwise(words))


def test_what_is_known_by_heart_is_about_familiar_topics_only() -> None:
    books = library(1)
    assert len({topic.title for topic, _ in books.familiar}) == N_FAMILIAR
    headings = {books.knowing()[0].text.split("\n")[0] for _ in range(3000)}
    assert headings == {topic.title for topic, _ in books.familiar}


def test_no_familiar_topic_is_known_both_from_its_statements_and_by_conclusions() -> None:
    """So nothing teaches the model to turn what it knows by heart around."""
    books = library(2)
    known: dict[str, set[str]] = {}
    sentences = {topic.title: topic.sentences for topic, _ in books.familiar}
    for _ in range(6000):
        title, _, body = "".join(piece.text for piece in books.knowing()).partition("\n")
        if body.startswith(title) and body.count(".") > 1:
            known.setdefault(title, set()).add("copy")
        else:
            known.setdefault(title, set()).add(style_of(body, sentences[title]) or "other")
    from_passages = {title for title, styles in known.items() if styles & {"copy", "vague", "direct"}}
    from_conclusions = {title for title, styles in known.items() if styles & set(CONCLUSIONS)}
    assert not from_passages & from_conclusions
    assert len(from_passages) > 10
    assert len(from_conclusions) > 10
    assert set().union(*known.values()) == {"copy", "vague", *QuestionKind}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_script_makes_the_shipped_tokenizer_and_the_same_model_from_the_same_seed() -> None:
    first, tokenizer = pretrain(steps=3, seed=5)
    again, _ = pretrain(steps=3, seed=5)
    assert tokenizer.get_vocab() == AutoTokenizer.from_pretrained(CHECKPOINT).get_vocab()
    assert all(a.equal(b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
