"""The words in which a server says what is wrong, wherever its dialect puts them."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

MOST_CHARACTERS = 300
_NAMES = ("message", "detail", "msg", "error_msg", "error_message", "description", "title")
_TITLE = re.compile(r"<title>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


def said_in(body: str) -> str:
    """What an error's body says, in a line: the server's own message, the title of a page, or the body as it is."""
    try:
        reply = json.loads(body)
    except ValueError:
        title = _TITLE.search(body)
        return in_a_line(title[1] if title else _TAG.sub(" ", body))
    return error_in(reply) or in_a_line(body)


def error_in(reply: Any) -> str | None:
    """The message of a reply that is an error, whatever its status; None where it is none.

    OpenAI: `{"error": {"message": …}}`; FastAPI: `{"detail": …}`; Gemini: a list; Mistral: `{"object": "error", …}`.
    """
    if isinstance(reply, list):
        return error_in(reply[0]) if reply else None
    if not isinstance(reply, Mapping):
        return None
    if wrong := reply.get("error") or reply.get("errors"):
        words = [*_words(wrong)] or [*_words(reply)]
        return in_a_line(": ".join(words) or json.dumps(wrong))
    if reply.get("choices"):
        return None
    return in_a_line(": ".join(_words(reply))) or None


def in_a_line(text: str) -> str:
    """Without line breaks, and not longer than anybody reads."""
    line = " ".join(text.split())
    return line if len(line) <= MOST_CHARACTERS else f"{line[:MOST_CHARACTERS]}…"


def _words(node: Any) -> Iterator[str]:
    """The messages of an error, outermost first; of a field that did not please, with its name."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        yield "; ".join(": ".join(_words(each)) for each in node)
    elif isinstance(node, Mapping):
        if isinstance(place := node.get("loc"), list):
            yield ".".join(map(str, place))
        yield from (word for name in _NAMES if node.get(name) for word in _words(node[name]))
        raw = node.get("metadata")
        if isinstance(raw, Mapping) and isinstance(raw.get("raw"), str):
            yield raw["raw"]  # a router's word for what the server behind it said
