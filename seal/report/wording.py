"""How numbers and settings are written everywhere people read them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seal.results import Comparison

_UNTRAINED = {
    "base": "the model as it is",
    "in_context": "the model as it is, shown the demonstrations",
}
_TRAINED = {
    "passage_only": "trained on contexts alone",
    "oracle": "trained with fixed settings",
    "self_edits_round_0": "trained on what the untrained policy wrote",
    "adapted": "trained once, for all contexts together",
}
_LABELS = {"self_edits_round_0": "untrained self-edits", "round_0": "untrained policy"}


def label(setting: str) -> str:
    """A setting's or a policy's name in words."""
    return _LABELS.get(setting, setting.replace("_", " "))


def meanings(settings: Sequence[str], *, trained: bool = True) -> str:
    """What the settings of a table are, for whoever sees one for the first time; `trained` as `trains` says."""
    words = _UNTRAINED | (_TRAINED if trained else {})
    known = [f"{label(setting)}: {words[setting]}" for setting in settings if setting in words]
    rounds = trained and any(setting.startswith("round_") for setting in settings)
    return "; ".join(known + (["round n: trained on what the policy wrote after n updates"] if rounds else []))


def trains(settings: Mapping[str, Any]) -> bool:
    """Whether the inner loop of a run trains: `inner=none` leaves the model as it is in every setting."""
    return _option(settings.get("inner")) != "none"


def choices(settings: Mapping[str, Any]) -> str:
    """What was run, in short: the options of the rooms that say most."""
    chosen = {room: _option(settings.get(room)) for room in ("recipe", "task", "model")}
    chosen["model"] = _weights(settings.get("model")) or chosen["model"]
    return ", ".join(f"{room} {option}" for room, option in chosen.items() if option)


def _option(settings: Any) -> str:
    target = str(settings.get("_target_", "")) if isinstance(settings, Mapping) else ""
    module, _, name = target.rpartition(".")
    return module.rpartition(".")[2] if module.startswith("seal.") else name


def _weights(model: Any) -> str:
    """A model's name on the hub, or its folder without what leads there; empty for one that is shipped."""
    path = str(model.get("path") or "") if isinstance(model, Mapping) else ""
    return Path(path).name if Path(path).is_absolute() else path


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
