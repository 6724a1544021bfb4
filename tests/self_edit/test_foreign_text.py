"""Texts that nobody foresaw: whatever a model says is read, in time that grows with its length, and breaks no run."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seal.grader.judge import _grade
from seal.grader.lexical import recall
from seal.outer.reward.proxy import points
from seal.self_edit.entigraph import read_entities
from seal.self_edit.prose import after_marker, split
from seal.text import cut_at, lines

READERS: dict[str, Callable[[str], object]] = {
    "lines": lambda text: split(text, by_lines=True),
    "segments": lambda text: split(text, by_lines=False),
    "marker": lambda text: after_marker(text, "Implications:"),
    "entities": read_entities,
    "points": points,
    "verdict": _grade,
    "recall": lambda text: recall("the answer", text),
    "stop": lambda text: cut_at(text, ("\n", "###")),
    "lines of a text": lambda text: list(lines(text)),
}
FOREIGN = st.text(st.sampled_from('Question 1:Answer\n\r-[]{}",\\ yesno\u2028'), max_size=300) | st.text(max_size=100)
MEGABYTE = 1_000_000
HOSTILE = {
    "brackets": "[" * MEGABYTE,
    "opened strings": '["' * (MEGABYTE // 2),
    "deep lists": '["a", ' + "[" * MEGABYTE,
    "a list without an end": '["' + "a" * MEGABYTE,
    "spaces": " " * MEGABYTE,
    "spaces after brackets": ("[" + " " * 999) * (MEGABYTE // 1000),
    "line breaks": "\n" * MEGABYTE,
    "rules": "---\n" * (MEGABYTE // 4),
    "questions": "Question 1: \n" * (MEGABYTE // 13),
    "spaced questions": "Question" + " " * MEGABYTE,
    "answers": "Answer" + " " * MEGABYTE + ":",
    "numbers": "length: " + "9" * MEGABYTE,
    "braces": "{" * MEGABYTE,
    "a long rule": "-" * MEGABYTE + "x",
    "a share far away": "5" + " " * MEGABYTE + "%",
    "other letters": "é" * MEGABYTE,
    "yes and no": "yes no " * (MEGABYTE // 7),
    "almost markers": "Implications" * (MEGABYTE // 12),
}


@pytest.mark.parametrize("reader", READERS)
@given(text=FOREIGN)
def test_any_text_is_read(reader: str, text: str) -> None:
    READERS[reader](text)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("reader", READERS)
def test_a_megabyte_of_anything_is_read_at_once(reader: str, text: str) -> None:
    """Not a matter of speed: what is not linear takes hours here."""
    began_s = time.process_time()
    READERS[reader](HOSTILE[text])
    assert time.process_time() - began_s < 1
