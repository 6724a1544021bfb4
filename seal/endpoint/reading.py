"""What came back from a server becomes a text, or the reason why there is none. Pure; knows no network.

A refusal, a call of a tool, or thoughts alone are no text. An empty text in their place would be graded as an answer.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from seal.endpoint.errors import error_in, in_a_line
from seal.endpoint.usage import Counted, counted

STREAMS = (
    "this server only streams its replies, and SEAL asks for whole ones: choose a server or a model that gives them"
)
_WANTS_STREAM = re.compile(
    r"(?:only|must|required|require|enable|use|set)[^.]{0,40}\bstream|stream[^.]{0,40}\b(?:only|must|required|true)|"
    r"non-?stream\w*[^.]{0,30}\bnot",
    re.IGNORECASE,
)
_CUT = re.compile(r"length|max\w*tokens|token_limit", re.IGNORECASE)
_HELD_BACK = re.compile(
    r"filter|safety|refus|recitation|prohibited|block|guardrail|spii|sensitive|policy|moderat", re.IGNORECASE
)
_BROKE_OFF = re.compile(r"error|abort|cancel|interrupt|insufficient|fail|time_?out", re.IGNORECASE)
_TEXTS, _THOUGHTS = ("text", "output_text"), re.compile(r"think|thought|reason")
_THOUGHT_FIELDS = ("reasoning_content", "reasoning", "reasoning_details", "thinking", "thoughts")
_TOKENS_TO_END = 2
"""So many tokens may be counted for a text that is empty because the model had nothing to say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """What the model wrote."""

    text: str
    finished: bool
    """False if it was cut at the token limit."""
    token_ids: tuple[int, ...] | None
    """With whatever ended it, where the server tells them."""
    counted: Counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """The model was asked, and there is no text."""

    reason: str
    is_cut: bool
    """Whether the token limit came before the text."""
    counted: Counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The server did not ask the model, or does not speak the protocol."""

    reason: str
    is_page: bool = False
    """Whether it is not even JSON: perhaps somebody else lives at this address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """The first choice of a reply, whichever dialect it is in."""

    message: Mapping[str, Any]
    """Empty where a text is continued."""
    text: str | None
    kinds: tuple[str, ...]
    """Of the parts of the content that are no text."""
    ending: str
    """Why the server stopped: `stop`, `length`, …; empty where it does not say."""
    error: str | None
    token_ids: tuple[int, ...] | None

    @property
    def is_cut(self) -> bool:
        return _CUT.search(self.ending) is not None

    @property
    def has_text(self) -> bool:
        """A text that is continued may end at once; a message may not."""
        return bool(self.text and self.text.strip()) or (self.text is not None and not self.message)

    @property
    def has_thoughts(self) -> bool:
        return any(self.message.get(name) for name in _THOUGHT_FIELDS) or any(map(_THOUGHTS.search, self.kinds))


def read(body: str, *, content_type: str = "", has_stops: bool = False) -> Text | Withheld | Fault:
    """A reply whose status says success; of `chat/completions` or of `completions`.

    `has_stops` says whether stop strings were sent: they are counted, and not part of the text.
    """
    if _is_stream(body, content_type):
        return Fault(reason=next(_errors_of_stream(body), STREAMS))
    try:
        reply = json.loads(body.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}"))
    except (ValueError, RecursionError):
        return Fault(reason=f"the reply is no JSON, but '{in_a_line(body)[:80]}'", is_page=True)
    if error := error_in(reply):
        return Fault(reason=f"the server says: {error}")
    try:
        choice = _choice(_first_choice(reply))
    except ValueError as error:
        return Fault(reason=f"{error}: {in_a_line(body)[:200]}")
    return _outcome(choice, counted(reply.get("usage")), has_stops=has_stops)


def wants_streaming(said: str) -> bool:
    """Whether an error asks for a streamed reply."""
    return _WANTS_STREAM.search(said) is not None


def _is_stream(body: str, content_type: str) -> bool:
    return "event-stream" in content_type or "ndjson" in content_type or body.lstrip().startswith(("data:", "event:"))


def _errors_of_stream(body: str) -> Iterator[str]:
    for line in body.splitlines():
        try:
            error = error_in(json.loads(line.removeprefix("data:")))
        except ValueError:
            continue
        if error:
            yield f"the server says: {error}"


def _first_choice(reply: Any) -> Mapping[str, Any]:
    choices = reply.get("choices") if isinstance(reply, Mapping) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(first, Mapping):
        raise ValueError("the reply has no choices")
    return first


def _choice(choice: Mapping[str, Any]) -> _Choice:
    message = choice.get("message")
    if not isinstance(message, Mapping) and not isinstance(choice.get("text"), str):
        raise ValueError(STREAMS if "delta" in choice else "the reply has neither a message nor a text")
    said = message if isinstance(message, Mapping) else {}
    text, kinds = _content(said.get("content") if said else choice.get("text"))
    ids = choice.get("token_ids")
    return _Choice(
        message=said,
        text=text,
        kinds=kinds,
        ending=str(choice.get("finish_reason") or ""),
        error=error_in({"error": choice.get("error")}),
        token_ids=tuple(ids) if isinstance(ids, list) and all(isinstance(each, int) for each in ids) else None,
    )


def _outcome(choice: _Choice, tokens: Counted, *, has_stops: bool) -> Text | Withheld:
    reason = next(_obstacles(choice), None) or (None if choice.has_text else _why_blank(choice, tokens, has_stops))
    if reason or choice.text is None:
        return Withheld(reason=reason or "the reply has no text", is_cut=choice.is_cut, counted=tokens)
    return Text(text=choice.text, finished=not choice.is_cut, token_ids=choice.token_ids, counted=tokens)


def _obstacles(choice: _Choice) -> Iterator[str]:
    """Why the text, if there is any, is not what the model has to say."""
    if choice.error:
        yield f"the server says: {choice.error}"
    if _HELD_BACK.search(choice.ending):
        yield f"a content filter held the reply back (finish_reason '{choice.ending}')"
    if _BROKE_OFF.search(choice.ending):
        yield f"the server broke off (finish_reason '{choice.ending}')"
    if refusal := choice.message.get("refusal"):
        yield f"the model refuses: '{in_a_line(str(refusal))}'"


def _why_blank(choice: _Choice, tokens: Counted, has_stops: bool) -> str | None:
    """Why there is no text; None where the model had nothing to say."""
    if tools := list(_tools(choice.message)):
        return f"the model calls a tool ({', '.join(tools)}) instead of answering"
    if choice.has_thoughts or tokens.thought_tokens:
        why = "the token limit came first: raise it" if choice.is_cut else f"finish_reason '{choice.ending}'"
        return f"the model thought, and wrote nothing ({why})"
    if choice.is_cut:
        return "the token limit came before any text: raise it"
    if choice.text is None:
        what = f"only parts of the kind {', '.join(choice.kinds)}" if choice.kinds else "no content"
        return f"the reply has {what} (finish_reason '{choice.ending}')"
    if tokens.completion_tokens > _TOKENS_TO_END and not has_stops:
        return f"the reply is empty, though the server counts {tokens.completion_tokens} tokens"
    return None


def _tools(message: Mapping[str, Any]) -> Iterator[str]:
    calls = message.get("tool_calls")
    functions = [call.get("function") for call in calls if isinstance(call, Mapping)] if isinstance(calls, list) else []
    for function in [*functions, message.get("function_call")]:
        if isinstance(function, Mapping):
            yield str(function.get("name"))


def _content(content: Any) -> tuple[str | None, tuple[str, ...]]:
    """The text in a message's content, None if there is none; and the kinds of its parts that are no text."""
    if content is None or isinstance(content, str):
        return content, ()
    parts = content if isinstance(content, list) else [content]
    texts = [_text_of(part) for part in parts]
    kinds = tuple(_kind(part) for part, text in zip(parts, texts, strict=True) if text is None)
    written = [text for text in texts if text is not None]
    return ("".join(written) if written else None), kinds


def _text_of(part: Any) -> str | None:
    if isinstance(part, str):
        return part
    is_text = isinstance(part, Mapping) and part.get("type", "text") in _TEXTS and isinstance(part.get("text"), str)
    return str(part["text"]) if is_text else None


def _kind(part: Any) -> str:
    return str(part.get("type")) if isinstance(part, Mapping) else type(part).__name__
