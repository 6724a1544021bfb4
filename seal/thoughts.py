"""What models think before they answer is no answer: here a text is parted into the two. Knows markers, and no models.

Markers are those of models of 2024 to 2026: `<think>` of DeepSeek-R1 and Qwen3 and its relatives, `[THINK]` of
Magistral, the channels of gpt-oss, and others like them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_TAGS = r"think|thinking|thought|thoughts|reasoning|seed:think"
_OPENING = re.compile(
    rf"<(?:{_TAGS})>|\[THINK\]|◁think▷|<\|START_THINKING\|>|<\|begin_of_thought\|>|<\|inner_prefix\|>"
    r"|<\|channel\|>\s*(?:analysis|commentary)[^<]*<\|message\|>|<\|channel>thought",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    rf"</(?:{_TAGS})>|\[/THINK\]|◁/think▷|<\|END_THINKING\|>|<\|end_of_thought\|>|<\|inner_suffix\|>"
    r"|<\|channel\|>\s*final[^<]*<\|message\|>|<channel\|>",
    re.IGNORECASE,
)
_ANSWER = re.compile(r"\s*(?:<(answer|response)>|<\|(?:begin_of_solution|START_RESPONSE)\|>)", re.IGNORECASE)
_ANSWERED = re.compile(r"</(answer|response)>|<\|(?:end_of_solution|END_RESPONSE)\|>", re.IGNORECASE)
PARTS_OF_MARKERS = frozenset(
    "[THINK] [/THINK] <|START_THINKING|> <|END_THINKING|> <|begin_of_thought|> <|end_of_thought|> <|inner_prefix|> "
    "<|inner_suffix|> <|channel|> <|message|> <|channel> <channel|> <think> </think> <seed:think> </seed:think>"
    "".split()
)
"""Tokens that tokenizers hold to be special, and leave out of texts, though a thought cannot be seen without them."""
_LONGEST = 60
"""Characters that a marker has at most."""
_CLOSED_BY = {"<": "</", "[": "[/", "◁": "◁/"}
"""How the closing marker of a tag begins, by how the opening one does."""
_OTHERS_CLOSED_BY = {
    "<|start_thinking|>": "<|END_THINKING|>",
    "<|begin_of_thought|>": "<|end_of_thought|>",
    "<|inner_prefix|>": "<|inner_suffix|>",
    "<|channel>thought": "<channel|>",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parted:
    """A text without what was thought before it."""

    thought: str
    """With its markers, and what stands before it; empty where nothing was thought."""
    answer: str
    """What follows the thoughts, up to the first stop string."""
    unfinished: bool = False
    """Whether the text ends within a thought, so that there is no answer."""
    stopped: bool = False
    """Whether a stop string ended the answer. Those within a thought end nothing."""


def parted(text: str, *, stops: Sequence[str] = (), opened: bool = False) -> Parted:
    """Thoughts and answer of a text, which may begin within a thought that its prompt has `opened`.

    A closing marker ends a thought also where no opening one is seen: the prompt may have been made elsewhere.
    """
    begin, inside = 0, opened
    while True:
        opening, closing = _OPENING.search(text, begin), _CLOSING.search(text, begin)
        if inside or (closing and not (opening and opening.start() < closing.start())):
            if closing is None:
                return Parted(thought=text, answer="", unfinished=True)
            begin, inside = closing.end(), False
            continue
        end = first_stop(text, stops, begin)
        if opening and (end is None or opening.start() <= end):
            begin, inside = opening.end(), True
            continue
        return (
            _answered(text, begin, stops) if begin else Parted(thought="", answer=text[:end], stopped=end is not None)
        )


def _answered(text: str, begin: int, stops: Sequence[str]) -> Parted:
    """What follows the last thought, without the marks of an answer that some models put around it."""
    opening = _ANSWER.match(text, begin)
    begin = opening.end() if opening else begin
    end = first_stop(text, stops, begin)
    answer = text[begin:end]
    closing = _ANSWERED.search(answer) if opening else None
    answer = answer[: closing.start()].rstrip() if closing else answer
    return Parted(thought=text[:begin], answer=answer.lstrip(), stopped=end is not None or closing is not None)


def first_stop(text: str, stops: Sequence[str], begin: int = 0) -> int | None:
    """Where the first of the stop strings stands, from `begin` on. White space before the text ends nothing."""
    start = begin + len(text[begin:]) - len(text[begin:].lstrip())
    found = [place for stop in stops if (place := text.find(stop, start)) >= 0]
    return min(found, default=None)


def opens(prompt: str) -> bool:
    """Whether a prompt ends within a thought that the model is to go on with."""
    return _open_end(prompt) is not None


def ends_closed(prompt: str) -> bool:
    """Whether a prompt ends behind a thought that is over, so that the model answers at once."""
    bare = prompt.rstrip()
    return any(found.end() == len(bare) for found in _CLOSING.finditer(bare, max(0, len(bare) - _LONGEST)))


def closed(prompt: str) -> str:
    """The prompt, with a thought that it opens closed at once: an answer that follows stands outside of it."""
    opening = _open_end(prompt)
    return prompt if opening is None else f"{prompt.rstrip()}\n\n{_closing_of(opening)}\n\n"


def mentions(template: str) -> bool:
    """Whether a chat template knows of thoughts."""
    return bool(_OPENING.search(template) or _CLOSING.search(template) or "enable_thinking" in template)


def closes(text: str) -> bool:
    """Whether a closing marker stands in a text."""
    return _CLOSING.search(text) is not None


def _open_end(prompt: str) -> str | None:
    """The opening marker that a prompt ends in, but for white space."""
    bare = prompt.rstrip()
    found = list(_OPENING.finditer(bare, max(0, len(bare) - _LONGEST)))
    return found[-1][0] if found and found[-1].end() == len(bare) else None


def _closing_of(opening: str) -> str:
    if opening.lower() in _OTHERS_CLOSED_BY:
        return _OTHERS_CLOSED_BY[opening.lower()]
    if opening.startswith("<|channel|>"):
        return "<|end|><|start|>assistant<|channel|>final<|message|>"
    return _CLOSED_BY[opening[0]] + opening[1:]
