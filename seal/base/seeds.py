"""Randomness is an argument: every seed is derived from the run's seed and a purpose, never from the clock."""

from hashlib import sha256


def derive(run_seed: int, *purpose: str | int) -> int:
    """A 63-bit seed for one purpose, for example `derive(seed, "round_1", context.id, self_edit.index, repeat)`.

    Different purposes give independent seeds; the same purpose gives the same seed on every machine.
    """
    text = "\x1f".join([str(run_seed), *map(str, purpose)])
    return int.from_bytes(sha256(text.encode(errors="surrogatepass")).digest()[:8]) >> 1
