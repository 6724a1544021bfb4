"""Which parameter of a request a server does not take, in the words of many servers. Pure.

They name it in a field of their own (OpenAI), in the place of a validation error (FastAPI, Mistral), or in a sentence.
A value that is too large is none of this: it is the user's to change.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

_NOT_TAKEN = re.compile(
    r"unsupported|not\s+(?:be\s+)?support|n't\s+support|un(?:recogni[sz]ed|known|expected)|extra(?:neous)?[\s_](?:field|"
    r"input|key|param|argument|forbidden)|not\s+(?:permitted|allowed|accepted|recogni[sz]ed|a\s+valid|available)|"
    r"(?:does|do)\s+not\s+(?:accept|have|exist|take)|cannot\s+(?:find\s+field|both|be\s+(?:used|set|specified))|"
    r"deprecated|no\s+longer|only\s+the\s+default|unavailable|unused|must\s+be\s+(?:omitted|unset|removed)|forbidden|"
    r"(?:top_p|temperature)`?\s+must\s+be\s+1\b|use\s+'max_(?:completion_)?tokens'\s+instead",
    re.IGNORECASE,
)
_OUT_OF_RANGE = re.compile(
    r"too\s+(?:large|high|long|small|low|many)|at\s+most|maximum|exceed|(?:less|greater|smaller|larger)\s+than|"
    r"between|out\s+of\s+range",
    re.IGNORECASE,
)
_WHAT_IS_TAKEN = re.compile(
    r"(?:,|\.|;)?\s*(?:expected\s+(?:one\s+of)?|(?<!un)\b(?:supported|allowed|valid|permitted|accepted|available)\s+"
    r"(?:param\w*|arg\w*|field\w*|key\w*|option\w*|name\w*|properties)(?:\s+are)?\s*:?|please\s+use|use)\s.*",
    re.IGNORECASE | re.DOTALL,
)
"""Behind these words stand parameters that there are."""
_BOTH = re.compile(r"\bboth\b|together|at\s+the\s+same\s+time|only\s+one\s+of|not\s+both", re.IGNORECASE)
_ECHO = ("input", "ctx", "url")
"""Where a validation error repeats what it was sent, which may be the prompt."""
_WORDS = ("stop", "seed")
"""Names that are words of English: they count in quotes, or beside a word like parameter."""
_BESIDE = r"\b(?:param\w*|arg\w*|property|field|name|key|supplied|model)"


def not_taken(body: str, sent: Mapping[str, Any]) -> list[str]:
    """The parameters among those that were `sent` which an error's body says the server does not take."""
    errors = list(_errors(_parsed(body)))
    named = list(dict.fromkeys(name for error in errors for name in _named(error, sent)))
    if {"temperature", "top_p"} <= {*named} and any(_BOTH.search(" ".join(_texts(error))) for error in errors):
        return ["temperature" if sent["temperature"] == 1 and sent["top_p"] != 1 else "top_p"]
    return named


def _parsed(body: str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body


def _errors(node: Any) -> Iterator[Any]:
    """Each complaint by itself: the entries of a list of validation errors, or the whole."""
    found = list(_validation_errors(node))
    yield from found or [node]


def _validation_errors(node: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, Mapping):
        if isinstance(node.get("loc"), list):
            yield node
        else:
            for value in node.values():
                yield from _validation_errors(value)
    elif isinstance(node, list):
        for value in node:
            yield from _validation_errors(value)


def _named(error: Any, sent: Mapping[str, Any]) -> Iterator[str]:
    """The parameters that one complaint is about, if it is about such as are not taken.

    A nucleus of 1 is as good as none, so whatever is said against it leaves it out.
    """
    said = " ".join(_texts(error))
    if not _NOT_TAKEN.search(said) or _OUT_OF_RANGE.search(said):
        yield from ["top_p"] if sent.get("top_p") == 1 and [*_in_sentence(said, sent)] == ["top_p"] else []
        return
    fields = [_last(name) for name in _fields(error)]
    yield from [name for name in fields if name in sent] or _in_sentence(_WHAT_IS_TAKEN.sub("", said), sent)


def _fields(node: Any) -> Iterator[str]:
    """What fields for a parameter's name hold."""
    if isinstance(node, Mapping):
        loc = node.get("loc")
        if isinstance(loc, list) and loc:
            yield str(loc[-1])
        for name, value in node.items():
            if name in ("param", "parameter", "field") and isinstance(value, str):
                yield value
            elif name not in _ECHO:
                yield from _fields(value)
    elif isinstance(node, list):
        for value in node:
            yield from _fields(value)


def _last(name: str) -> str:
    """`seed` of `body.seed`, `$.seed` or `/seed`."""
    return re.split(r"[./]", name)[-1]


def _in_sentence(said: str, sent: Collection[str]) -> Iterator[str]:
    for name in sent:
        quoted = rf"[\\'\"`\[{{(<.]{name}[\\'\"`\]}})>]"
        beside = rf"{_BESIDE}\s*:?\s+(?:\w+,\s+)*{name}\b|\b{name}\s+param"
        bare = rf"(?<![\w.-]){name}(?![\w-])"
        patterns = (quoted, beside) if name in _WORDS else (quoted, beside, bare)
        if any(re.search(pattern, said, re.IGNORECASE) for pattern in patterns):
            yield name


def _texts(node: Any) -> Iterator[str]:
    """All that an error says, but not what it repeats."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping):
        for name, value in node.items():
            if name not in _ECHO:
                yield from _texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value)
