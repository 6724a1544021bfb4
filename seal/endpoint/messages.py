"""What is sent to an endpoint, and what comes back: plain values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from seal.types import Unavailable, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One text to be continued or answered."""

    prompt: str | tuple[int, ...]
    """The text; or its token ids, for a server that takes them where it continues plain text."""
    seed: int | None = None
    model: str | None = None
    """Who is asked, where it is not the endpoint's model: one that may come and go, so its absence ends nothing."""
    stops: tuple[str, ...] | None = None
    """Where they are not those of the sampling."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """What the server understands beyond OpenAI's protocol."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back, with the endpoint's own count of tokens and their price."""

    text: str
    finished: bool
    """False if it was cut at the token limit."""
    usage: Usage
    token_ids: tuple[int, ...] | None = None
    """Of the text with whatever ended it, from a server that tells them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoText(Unavailable):
    """The model was asked, and there is no text."""

    is_cut: bool
    """Whether the token limit came before the text."""


OnReply = Callable[[int, Reply], None]
"""Told of each reply as it comes, with the number of its question."""
Spend = Callable[[Usage], None]
"""Told of each call that the server counted, whether or not its reply is of use."""


def ignored(number: int, reply: Reply) -> None:
    """Nobody waits for single replies."""


def free(usage: Usage) -> None:
    """Nobody counts."""
