"""What a run's paid calls took, as booked call by call."""

from collections.abc import Mapping
from pathlib import Path

from seal.folder.run_files import read_bookings


def spent(folder: Path, *, purpose: str | None = None) -> dict[str, float]:
    """Calls, tokens and US dollars, summed; by the endpoints' own counts and the configuration's prices. Of one purpose
    on request."""
    bookings = [one for one in read_bookings(folder) if purpose is None or str(one.get("purpose", "")) == purpose]
    return {
        what: sum(booking[what] for booking in bookings)
        for what in ("n_calls", "prompt_tokens", "completion_tokens", "usd")
    }


def spending_sentence(total: Mapping[str, float]) -> str:
    """The sum for people."""
    n_tokens = total["prompt_tokens"] + total["completion_tokens"]
    return f"paid calls: {total['n_calls']:,} with {n_tokens:,} tokens, ${total['usd']:.4f}"
