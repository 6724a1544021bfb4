"""How numbers and settings are written everywhere people read them."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seal.authorship import UNTRAINED, Author
from seal.stats.results import LONGER, Comparison, Results, Tuned

_UNTRAINED = {
    "base": "the model as it is",
    "open_book": "the model as it is, with the passage in the prompt",
    "in_context": "the model as it is, shown the demonstrations",
}
_NOT_TRAINED = {
    "passage_only": "the model as it is again, for nothing was trained",
    "oracle": "the model as it is again, for nothing was trained",
    "self_edits_round_0": "the model as it is again, for nothing was trained",
    "round_n": "the policy as it is after n updates",
}
_TRAINED = {
    "passage_only": "trained on contexts alone",
    "oracle": "trained with fixed settings",
    "self_edits_round_0": "trained on {wrote}",
    "adapted": "what is handed out, trained once for all contexts together",
    "passage_only_nx": "trained on contexts alone, for n times as long as at first",
    "self_edits_round_0_nx": "trained on {wrote}, for n times as long as at first",
    "passage_matched": "trained on contexts alone, for as long as on the self-edits",
    "oracle_matched": "trained with fixed settings, for as long as on the self-edits",
    "passage_matched_round_n": "trained on contexts alone, for as long as round n",
    "oracle_matched_round_n": "trained with fixed settings, for as long as round n",
    "untrained_matched_round_n": "trained on {wrote}, for as long as round n",
    "round_n": "trained on what the policy wrote after n updates",
}
_MATCHED = re.compile(r"(?P<what>.+)_matched(?:_(?P<policy>round_\d+|round_n))?")
"""A setting that was given the compute of another one; without a policy that of the untrained one's self-edits."""
_POLICY = re.compile(r"round_\d+(/.+)?")
_ROUND = re.compile(r"(?P<before>^|_matched_)round_[1-9]\d*$")


def label(setting: str, author: Author = UNTRAINED) -> str:
    """A setting's or a policy's name in words; `author` wrote the self-edits before any update."""
    if matched := _MATCHED.fullmatch(setting):
        policy = matched["policy"]
        of_author = matched["what"] == "untrained" and author != UNTRAINED
        what = author.self_edits if of_author else label(matched["what"])
        return what + ", matched" + (f" to {label(policy)}" if policy else "")
    if longer := LONGER.fullmatch(setting):
        return f"{label(longer['way'], author)}, {longer['times']} ×"
    named = {"self_edits_round_0": author.self_edits, "round_0": author.who}
    return named.get(setting, setting.replace("_", " "))


def label_below(setting: str, author: Author = UNTRAINED) -> str:
    """The same of a matched setting that stands below the one that it is matched to."""
    return label(setting, author).partition(" to ")[0]


def what_was_matched(setting: str, author: Author = UNTRAINED) -> str:
    """What a matched setting trains on."""
    what = setting.partition("_matched")[0]
    return {"passage": "the passage", "untrained": author.self_edits}.get(what, label(what, author))


def meanings(settings: Sequence[str], *, trained: bool = True, author: Author = UNTRAINED) -> str:
    """What the settings of a table are, for whoever sees one for the first time; `trained` as `trains` says."""
    words = _UNTRAINED | (_TRAINED if trained else _NOT_TRAINED)
    kinds = dict.fromkeys(LONGER.sub(r"\g<way>_nx", _ROUND.sub(r"\g<before>round_n", setting)) for setting in settings)
    told = {kind: words[kind].replace("{wrote}", author.wrote) for kind in kinds if kind in words}
    return "; ".join(f"{label(kind, author)}: {said}" for kind, said in told.items())


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
    return f"{label(policy)}{colon}{work}" if _POLICY.fullmatch(policy) else title


def paired(comparison: Comparison, first_author: Author = UNTRAINED, second_author: Author | None = None) -> str:
    """What is compared: one setting of two runs, or two settings. Runs may differ in who wrote their self-edits."""
    first = label(comparison.first, first_author)
    second = label(comparison.second, second_author or first_author)
    return first if first == second else f"{second} − {first}"


def condition(results: Results) -> str:
    """How the questions were asked."""
    if results.passage_shown:
        return "with the context in the prompt"
    but_for = ", but for open book" if any(row.setting == "open_book" for row in results.table) else ""
    return f"without the context in sight{but_for}"


def share(value: float | None) -> str:
    """An accuracy or a reward, which may be unknown."""
    return "unknown" if value is None else f"{value:.3f}"


def brackets(ends: tuple[float, float] | None) -> str:
    """A 95 % interval where there is little room; empty where there is none."""
    return "[{}, {}]".format(*(f"{end:.2f}".removeprefix("0") for end in ends)) if ends else ""


def amount(value: float | None) -> str:
    """Tokens or updates, in six characters; empty where nothing was trained."""
    if value is None:
        return ""
    if value < 99_999.5:
        return f"{value:,.0f}"
    return f"{value / 1e3:.0f}k" if value < 999_500 else f"{value / 1e6:.3g}M"


def duration(seconds: float | None) -> str:
    """Seconds; empty where none were measured."""
    if seconds is None:
        return ""
    return f"{seconds:.2f}" if seconds < 10 else f"{seconds:,.1f}" if seconds < 100 else f"{seconds:,.0f}"


def tuned_sentence(one: Tuned, author: Author = UNTRAINED) -> str:
    """The settings of the inner loop that were chosen for a setting, and from how many."""
    epochs = f"{one.epochs} epoch{'s' if one.epochs != 1 else ''}"
    tried = f"the best of {one.n_tried} on {one.n_contexts} training contexts"
    return f"{label(one.setting, author)}: learning rate {one.learning_rate:g}, {epochs}, {tried}"


def published_share(value: float | None) -> str:
    """An accuracy that somebody published; empty where nobody did."""
    return "" if value is None else share(value)


def signed(value: float) -> str:
    """A difference, with its sign unless it rounds to nothing."""
    rounded = round(value, 3)
    return f"{rounded:+.3f}" if rounded else "0.000"


def p_value(value: float | None) -> str:
    """Of a test; empty where there is none."""
    if value is None:
        return ""
    return "<.001" if value < 0.0005 else f"{value:.3f}".removeprefix("0")


def interval(ends: tuple[float, float] | None, *, of_difference: bool = False) -> str:
    """A 95 % interval; empty where there is none."""
    if ends is None:
        return ""
    low, high = (signed(end) if of_difference else share(end) for end in ends)
    return f"{low} to {high}"
