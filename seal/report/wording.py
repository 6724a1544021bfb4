"""How numbers and settings are written everywhere people read them."""

from seal.results import Comparison

_LABELS = {"self_edits_round_0": "untrained self-edits", "round_0": "untrained policy"}


def label(setting: str) -> str:
    """A setting's or a policy's name in words."""
    return _LABELS.get(setting, setting.replace("_", " "))


def phase_label(title: str) -> str:
    """A phase with its policy in words: `round_0: grading` becomes `untrained policy: grading`."""
    policy, colon, work = title.partition(": ")
    return f"{label(policy)}{colon}{work}"


def paired(comparison: Comparison) -> str:
    """What is compared: one setting of two runs, or two settings."""
    first, second = label(comparison.first), label(comparison.second)
    return first if first == second else f"{second} − {first}"


def condition(passage_shown: bool) -> str:
    """How the questions were asked."""
    return "with the context in the prompt" if passage_shown else "without the context in sight"


def share(value: float | None) -> str:
    """An accuracy or a reward, which may be unknown."""
    return "unknown" if value is None else f"{value:.3f}"


def published_share(value: float | None) -> str:
    """An accuracy that somebody published; empty where nobody did."""
    return "" if value is None else share(value)


def signed(value: float) -> str:
    """A difference, with its sign unless it rounds to nothing."""
    rounded = round(value, 3)
    return f"{rounded:+.3f}" if rounded else "0.000"


def interval(ends: tuple[float, float] | None, *, of_difference: bool = False) -> str:
    """A 95 % interval; empty where there is none."""
    if ends is None:
        return ""
    low, high = (signed(end) if of_difference else share(end) for end in ends)
    return f"{low} to {high}"
