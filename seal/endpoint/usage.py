"""How many tokens a server counts for a call. Servers count in several words, in part, or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_SENT = ("prompt_tokens", "input_tokens")
_WRITTEN = ("completion_tokens", "output_tokens")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Tokens of a call; 0 where the server does not say."""

    prompt_tokens: int
    completion_tokens: int
    """With the thoughts, which are paid for as well."""
    thought_tokens: int = 0
    """Those of them that are thoughts."""
    missing: tuple[str, ...] = ()
    """What could not be known."""


def counted(usage: Any) -> Counted:
    """What `usage` says. Of prompt, completion and total any two give the third.

    Some servers count thoughts in the total alone (Gemini, Grok): what the two parts leave of it is written tokens.
    """
    usage = usage if isinstance(usage, Mapping) else {}
    sent, written = _first(usage, _SENT), _first(usage, _WRITTEN)
    total = _number(usage.get("total_tokens"))
    if total is not None:
        if sent is None and written is not None and total >= written:
            sent = total - written
        elif sent is not None and total >= sent + (written or 0):
            written = total - sent
    details: Any = next((usage[f"{name}_details"] for name in _WRITTEN if usage.get(f"{name}_details")), {})
    thoughts = _number(details.get("reasoning_tokens")) if isinstance(details, Mapping) else None
    found = {_SENT[0]: sent, _WRITTEN[0]: written}
    return Counted(
        prompt_tokens=sent or 0,
        completion_tokens=written or 0,
        thought_tokens=thoughts or 0,
        missing=tuple(name for name, number in found.items() if number is None),
    )


def _first(usage: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    return next((number for name in names if (number := _number(usage.get(name))) is not None), None)


def _number(value: Any) -> int | None:
    """A count, also one that is written as 12.0; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0 or value != value // 1:
        return None
    return int(value)
