"""Parses untrusted JSON: the result is a value or a ValueError, for any text. This module knows no files."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

MOST_LEVELS = 100
"""Maximum nesting of lists and objects. SEAL needs no deeper ones, and they would break recursive code."""


class RepeatedKeyError(ValueError):
    """A key stands twice in one object, so that one of its values would be lost."""


def parsed(text: str | bytes, **hooks: Any) -> Any:
    """The value of a JSON text; `hooks` are those of `json.loads`.

    Raises:
        ValueError: the text is not JSON, or is nested too deeply; or what a hook raises.
    """
    try:
        value = json.loads(text, **hooks)
    except RecursionError:
        too_deep = True
    else:
        too_deep = _is_deep(value)
    if too_deep:
        raise ValueError(f"more than {MOST_LEVELS} levels of nested lists or objects")
    return value


def without_repeats(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """The `object_pairs_hook` for data: Python alone would keep the last of the values of a key.

    Raises:
        RepeatedKeyError: a key stands twice.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        [(key, _)] = Counter(name for name, _ in pairs).most_common(1)
        values = [value for name, value in pairs if name == key]
        are_plain = not any(isinstance(value, dict | list) for value in values)
        shown = f", as {' and '.join(map(repr, values))}" if are_plain else ""
        raise RepeatedKeyError(f"'{key}' stands more than once in one object{shown}")
    return found


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MOST_LEVELS):
        level = [inner for each in level for inner in _parts(each) if isinstance(inner, dict | list)]
    return bool(level)


def _parts(value: Any) -> Any:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
