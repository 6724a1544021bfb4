"""Folders of tasks: which files are in them, what each task is called, and the concept that it belongs to."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from seal.base.reading import ending, stem
from seal.base.seeds import derive


@dataclass(frozen=True, slots=True)
class TaskFile:
    """A file with a task in it."""

    path: Path
    id: str
    """The name of the file; where several have one name, with its folders before it."""
    concept: str
    """The folder that it lies in, as ConceptARC and 1D-ARC sort their tasks; empty at the top."""
    name: str
    """For messages."""


@dataclass(frozen=True, slots=True)
class PairDraw:
    """How a task is made where a file has only pairs, as re-arc (arXiv 2404.07353) has them."""

    n_demonstrations: int = 3
    """One more pair is the test."""
    seed: int = 0

    def task(self, task_id: str, pairs: Sequence[Any]) -> Mapping[str, Any]:
        """A task of some of the pairs: the same ones for the same seed.

        Raises:
            ValueError: there are too few.
        """
        n_drawn = self.n_demonstrations + 1
        if len(pairs) < n_drawn:
            raise ValueError(f"it has {len(pairs)} pairs, and task.n_demonstrations={n_drawn - 1} takes {n_drawn}")
        drawn = Random(derive(self.seed, "pairs", task_id)).sample(pairs, n_drawn)
        return {"train": drawn[:-1], "test": drawn[-1:]}


def are_pairs(content: Any) -> bool:
    """Whether what a file holds is a list of pairs."""
    return (
        isinstance(content, list)
        and bool(content)
        and all(isinstance(pair, Mapping) and {"input", "output"} <= pair.keys() for pair in content)
    )


def task_files(folder: Path) -> list[TaskFile]:
    """The files of a folder and of the folders in it, in order. Hidden ones are left out."""
    inside = [path.relative_to(folder) for path in folder.rglob("*") if ending(path) == ".json" and path.is_file()]
    shown = sorted(path for path in inside if not any(part.startswith(".") for part in path.parts))
    count = Counter(map(stem, shown))
    return [
        TaskFile(
            path=folder / path,
            id=stem(path) if count[stem(path)] == 1 else "_".join([*path.parts[:-1], stem(path)]),
            concept=path.parent.as_posix() if path.parts[1:] else "",
            name=path.as_posix(),
        )
        for path in shown
    ]
