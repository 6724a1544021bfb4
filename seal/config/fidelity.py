"""The fidelity of the paper's experiments: `sound` or `published`. It names their runs and explains wrong choices.

`conf/fidelity` has the settings. An experiment has a fidelity if its own defaults name one. Hydra refuses the choice
for every other experiment.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

from hydra.core.override_parser.types import Override

FIDELITY, DEFAULT = "fidelity", "sound"
EXAMPLE = "experiment=paper/rl fidelity=published"
_TWIN = re.compile(r"paper/(\w+)_published")
"""The name of a published experiment in version 0.1."""


def experiment_name(choices: Mapping[str, Any]) -> str | None:
    """The name for a run of the chosen experiment; None without an experiment. Each fidelity has its own folder.

    Published runs keep their names of version 0.1, so that SEAL finds their old folders.
    """
    experiment, fidelity = choices.get("experiment"), choices.get(FIDELITY, DEFAULT)
    return experiment if fidelity == DEFAULT or not experiment else f"{experiment}_{fidelity}"


def written_now(room: str, option: str, presets: Collection[str]) -> str | None:
    """How to write an experiment that had its own file in version 0.1. `presets` are the presets of the paper."""
    twin = _TWIN.fullmatch(option) if room == "experiment" else None
    if not twin or twin[1] not in presets:
        return None
    return f"{room}: '{option}' has a new name: write experiment=paper/{twin[1]} {FIDELITY}=published"


def fault_of_fidelity(override: Override) -> str | None:
    """Why an override cannot add or delete a fidelity: an experiment has exactly one, or none."""
    if override.key_or_group != FIDELITY:
        return None
    replaces = not (override.is_add() or override.is_force_add() or override.is_delete())
    if replaces and isinstance(override.value(), str):
        return None
    return f"{override.input_line}: a fidelity cannot be added or left out: write {EXAMPLE}"


def without_fidelity(choices: Mapping[str, Any]) -> str:
    """The fault of a fidelity for an experiment that has none. It says which experiments have one."""
    experiment = choices.get("experiment")
    chosen = f"experiment={experiment} does not have this choice" if experiment else "no experiment was chosen"
    return f"{FIDELITY}: {chosen}; only the experiments paper/… have it: write {EXAMPLE}"
