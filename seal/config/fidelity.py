"""The paper's experiments, sound or as published: what their runs are called, and what is said where neither is meant.

`conf/fidelity` has the settings. An experiment has a fidelity if its own defaults name one; Hydra refuses the choice
everywhere else.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

from hydra.core.override_parser.types import Override

FIDELITY, DEFAULT = "fidelity", "sound"
EXAMPLE = "experiment=paper/rl fidelity=published"
_TWIN = re.compile(r"paper/(\w+)_published")
"""How version 0.1 called an experiment as published."""


def experiment_name(choices: Mapping[str, Any]) -> str | None:
    """What a run of the chosen experiment is called, if one was; fidelities have folders of their own.

    Runs as published are called what they were in version 0.1, so that what lies in their folders is found.
    """
    experiment, fidelity = choices.get("experiment"), choices.get(FIDELITY, DEFAULT)
    return experiment if fidelity == DEFAULT or not experiment else f"{experiment}_{fidelity}"


def written_now(room: str, option: str, presets: Collection[str]) -> str | None:
    """What to write for an experiment that was a file of its own in version 0.1; `presets` are those of the paper."""
    twin = _TWIN.fullmatch(option) if room == "experiment" else None
    if not twin or twin[1] not in presets:
        return None
    return f"{room}: '{option}' is written experiment=paper/{twin[1]} {FIDELITY}=published now"


def fault_of_fidelity(override: Override) -> str | None:
    """Why an override cannot choose a fidelity: an experiment has none or exactly one, which names files of it."""
    if override.key_or_group != FIDELITY:
        return None
    replaces = not (override.is_add() or override.is_force_add() or override.is_delete())
    if replaces and isinstance(override.value(), str):
        return None
    return f"{override.input_line}: it can be neither added nor left out: write {EXAMPLE}"


def without_fidelity(choices: Mapping[str, Any]) -> str:
    """That what was chosen comes in one fidelity only, and what comes in two."""
    experiment = choices.get("experiment")
    chosen = f"experiment={experiment} does not have this choice" if experiment else "no experiment was chosen"
    return f"{FIDELITY}: {chosen}; only the experiments paper/… have it: {EXAMPLE}"
