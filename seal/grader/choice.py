"""Multiple choice: which of the options an answer chooses, by its letter or by its text.

The rule is strict. An answer that names two options is wrong, even if it argues against one of them. So is one that
names none. What is denied counts as named: `not option B` names B.
"""

import re
from collections.abc import Iterator, Sequence
from typing import ClassVar

from seal.base.lettering import LETTERS
from seal.base.normalizing import normalized
from seal.grader import Grader, Spend, free
from seal.settings import option
from seal.types import Grade, Query, Verdict

_OPEN, _CLOSE = r"[\s(\[*\"'`]*", r"[\s)\].:,;*\"'`]*"
_ALONE = re.compile(rf"{_OPEN}([A-Za-z]){_CLOSE}")
"""`B`, `(b)`, `**B.**`"""
_LEADING = re.compile(rf"{_OPEN}([A-Z])(?:[)\].:*]+|\s+[-–—])(?=\s)")
"""`B. the text`, `(B) the text`, `B - the text`"""
_LEAD_IN = re.compile(
    r"^\W*(?:the\s+)?(?:(?:correct|right|best|final)\s+)?(?:answer|option|choice)(?:\s+is)?\s*[:=]?\s*", re.IGNORECASE
)
"""`Answer: `, `The correct option is `"""
_LETTER = r"(?:[A-Z](?![\w'’-])(?!\.\s+[a-z]))"
_LIST = rf"{_LETTER}(?:(?:\s*(?:,|/|&|\bor\b|\band\b|\bnor\b))+\s*{_LETTER})*"
"""One letter, or several: `B`, `B or C`, `A, B and D`. `C-reactive` and `E. coli` are words."""
_NO_ARTICLE = r"(?=\s*$|[)\].,:;*\"'`/&]|\s+(?:because|since|for|and|or|nor|is|but|which)\b)"
"""What does not follow `A` or `I` where it is a word."""
_NAMED = (
    re.compile(r"\(([A-Z])\)"),
    re.compile(r"\\boxed\{\(?([A-Z])\)?\}"),
    re.compile(
        rf"\b(?i:answer|option|choice)[*_]*(?i:\s+is)?\s*[:=]?[\s(\[*_\"'`]*({_LIST})"
        rf"(?:(?<![AI])|(?<=[AI]){_NO_ARTICLE})",
        re.MULTILINE,
    ),
    re.compile(rf"\b(?i:options?|choices?)\s+({_LIST})"),
    re.compile(rf"(?<![\w'’-])({_LIST})\s+(?:is|are)\s+(?:the\s+)?(?:both\s+)?(?:correct|right|best|answers?)\b"),
)
"""`I take (B)`, `… answer is B.`, `option B`, `B is correct`. `The answer is A man` names no letter."""


@option
class Choice(Grader):
    """Multiple choice: an answer is right if it names the right option alone, by its letter or by its text."""

    of_choices: ClassVar[bool] = True

    def faults_of_data(self, queries: Sequence[Query]) -> list[str]:
        n_open = sum(not query.options for query in queries)
        if not n_open:
            return []
        return [
            f"grader: {n_open} of {len(queries)} questions have no options to choose from: choose grader=lexical, or a "
            "file with options"
        ]

    def grade(self, queries: Sequence[Query], answers: Sequence[str], spend: Spend = free) -> list[Verdict]:
        return [_verdict(query, answer) for query, answer in zip(queries, answers, strict=True)]


def _verdict(query: Query, answer: str) -> Verdict:
    if not query.options:
        return Verdict(grade=Grade.UNKNOWN, answer=answer, grader="choice", reason="the question has no options")
    named = chosen(query.options, answer)
    right = {place for place, each in enumerate(query.options) if each in query.accepted}
    correct = bool(named) and named <= right
    said = " and ".join(LETTERS[place] for place in sorted(named))
    reason = f"it names {said}" if named else "it names no option"
    return Verdict(grade=Grade.CORRECT if correct else Grade.WRONG, answer=answer, grader="choice", reason=reason)


def chosen(options: Sequence[str], answer: str) -> set[int]:
    """The places of the options that an answer names: by letters where it has any, else by their texts."""
    said = _LEAD_IN.sub("", answer.strip())
    alone = _ALONE.fullmatch(said)
    if alone and (place := LETTERS.find(alone[1].upper())) < len(options):
        return {place}
    if exact := {place for place, each in enumerate(options) if each == said.strip()}:
        return exact
    texts = [normalized(each) for each in options]
    if whole := {place for place, text in enumerate(texts) if text and text == normalized(said)}:
        return whole
    return set(_by_letter(options, texts, said, answer)) or _by_text(texts, normalized(answer))


def _by_letter(options: Sequence[str], texts: Sequence[str], said: str, answer: str) -> Iterator[int]:
    """The options whose letters stand in one of the published forms. A letter in an option's own text is none."""
    known = LETTERS[: len(options)]
    leading = _LEADING.match(_without(options, said))
    if leading and leading[1] in known:
        yield known.index(leading[1])
        rest = normalized(said[leading.end() :])
        yield from (place for place, text in enumerate(texts) if text and text == rest)
    bare = _without(options, answer)
    for form in _NAMED:
        named = (letter for letters in form.findall(bare) for letter in re.findall(r"\b[A-Z]\b", letters))
        yield from (known.index(letter) for letter in named if letter in known)


def _without(options: Sequence[str], answer: str) -> str:
    """An answer without the texts of options, longer ones first."""
    for each in sorted(options, key=len, reverse=True):
        answer = re.sub(re.escape(each), " … ", answer, flags=re.IGNORECASE) if len(each) > 1 else answer
    return answer


def _by_text(texts: Sequence[str], answer: str) -> set[int]:
    """The options whose texts stand in an answer, word for word. Longer ones come first, and what is found is taken
    away, so that a text inside of a longer one is not found with it."""
    words, found = f" {answer} ", set()
    for text in sorted({*filter(None, texts)}, key=len, reverse=True):
        if f" {text} " in words:
            words = words.replace(f" {text} ", " | ")
            found.add(text)
    return {place for place, text in enumerate(texts) if text in found}
