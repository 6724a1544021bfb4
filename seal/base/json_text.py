"""JSON that somebody else wrote: a value, or a ValueError, whatever it is. This module has never heard of files."""

import json
from typing import Any

MOST_LEVELS = 100
"""Of lists and objects inside each other. Deeper ones are read by no part of SEAL, and would break what walks them."""


def parsed(text: str | bytes) -> Any:
    """The value that a text is.

    Raises:
        ValueError: it is no JSON, or is nested too deeply.
    """
    try:
        value = json.loads(text)
    except RecursionError:
        too_deep = True
    else:
        too_deep = _is_deep(value)
    if too_deep:
        raise ValueError(f"more than {MOST_LEVELS} lists or objects stand inside each other")
    return value


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MOST_LEVELS):
        level = [inner for each in level for inner in _parts(each) if isinstance(inner, dict | list)]
    return bool(level)


def _parts(value: Any) -> Any:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
