"""ARC puzzles from files and rows, with every fault named at once: which file, which task, which pair, which cell."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from seal.base.json_text import RepeatedKeyError, parsed, without_repeats
from seal.base.printed import read_back
from seal.base.reading import read_text, stem
from seal.base.values import is_missing, text_of
from seal.errors import DataError, fault_of_text, listed
from seal.grids.folders import PairDraw, TaskFile, are_pairs, task_files
from seal.grids.grid import LONGEST_READ, Grid, Pair, Puzzle

ID_COLUMNS = ("id", "task_id", "task", "name")
"""The first of these that a row has names its puzzle."""


@dataclass(frozen=True, slots=True)
class Solved:
    """A puzzle with what its test inputs become."""

    puzzle: Puzzle
    solutions: tuple[Grid, ...]
    """One a test input, in their order; none where nobody has told them."""
    place: str
    """Where it was read, for messages."""
    concept: str = ""
    """The folder in a folder of tasks that it lies in."""

    @property
    def n_cells(self) -> int:
        """Of the largest of its grids."""
        pairs = [grid for pair in self.puzzle.train for grid in (pair.input, pair.output)]
        return max(grid.height * grid.width for grid in (*pairs, *self.puzzle.tests, *self.solutions))


@dataclass(frozen=True, slots=True)
class _Task:
    """A task as it stands somewhere, nothing of it checked."""

    id: str
    content: Any
    place: str
    concept: str = ""


class _FileError(ValueError):
    """Something is wrong with what was read; the message says where."""


def read_challenges(
    path: Path, solutions: Path | None, key: str, *, solved: bool = True, draw: PairDraw | None = None
) -> dict[str, Solved]:
    """The puzzles of a file or folder by their ids, in order. `key` is the setting of the path.

    A file holds one task, or tasks by their ids; a folder holds a file a task, whose name is its id (ARC-AGI-1 and 2),
    also in folders inside of it (ConceptARC, 1D-ARC). A task may be a list of pairs (re-arc); then `draw` makes it.
    What the test inputs become stands in the test pairs, or in a file of solutions by id, which then alone counts.
    Where the puzzles are not `solved`, neither is looked at.

    Raises:
        DataError: with all faults of all files.
    """
    faults: list[str] = []
    try:
        answers = _answers_by_id(solutions) if solutions and solved else None
    except _FileError as fault:
        raise DataError(f"{key}: {fault}") from fault
    read = _all_read(_tasks(path, draw or PairDraw(), faults), answers, faults, solved=solved)
    if not read and not faults:
        faults.append(f"{path.name}: no tasks" if path.is_file() else "no files *.json in this folder")
    return _faultless(read, faults, f"{key}: {path}")


def of_rows(rows: Iterable[Mapping[str, Any]], source: str, *, solved: bool = True) -> dict[str, Solved]:
    """The puzzles of rows, as data sets on the hub have them: `train` and `test`, lists of pairs, and a column of ids.

    Raises:
        DataError: with all faults of all rows; it names `source`.
    """
    faults: list[str] = []
    read = _all_read(_tasks_of_rows(rows, faults), None, faults, solved=solved)
    if not read and not faults:
        faults.append("no rows")
    return _faultless(read, faults, source)


def _all_read(
    tasks: Iterable[_Task], answers: Mapping[str, Any] | None, faults: list[str], *, solved: bool
) -> dict[str, Solved]:
    """Those without faults; the faults of the others are added to the list."""
    read: dict[str, Solved] = {}
    for task in tasks:
        if task.id in read:
            faults.append(f"{task.place}: the id occurs before, at {read[task.id].place}")
            continue
        found: list[str] = []
        puzzle = _read(task, answers, found, solved=solved)
        faults += [f"{task.place}: {fault}" for fault in found]
        if puzzle:
            read[task.id] = puzzle
    return read


def _faultless(solved: dict[str, Solved], faults: list[str], source: str) -> dict[str, Solved]:
    if faults:
        raise DataError(listed(f"{source} has faults:", faults))
    return solved


def _tasks(path: Path, draw: PairDraw, faults: list[str]) -> Iterator[_Task]:
    if path.is_dir():
        for file in task_files(path):
            yield from _tasks_of_file(file, draw, faults, alone=True)
    else:
        alone = TaskFile(path=path, id=stem(path), concept="", name=path.name)
        yield from _tasks_of_file(alone, draw, faults, alone=False)


def _tasks_of_file(file: TaskFile, draw: PairDraw, faults: list[str], *, alone: bool) -> Iterator[_Task]:
    """The task of a file, or its tasks where it need not be `alone`."""
    try:
        content = _json(file.path, file.name)
        if are_pairs(content):
            content = draw.task(file.id, content)
    except _FileError as fault:
        faults.append(str(fault))
    except ValueError as fault:
        faults.append(f"{file.name}: {fault}")
    else:
        yield from _tasks_in(content, file, faults, alone=alone)


def _tasks_in(content: Any, file: TaskFile, faults: list[str], *, alone: bool) -> Iterator[_Task]:
    if alone or (isinstance(content, Mapping) and isinstance(content.get("train"), list)):
        yield _Task(id=file.id, content=content, place=f"{file.name}, task {file.id}", concept=file.concept)
    elif isinstance(content, Mapping):
        for task_id, task in content.items():
            yield _Task(id=task_id, content=task, place=f"{file.name}, task {task_id}")
    else:
        faults.append(f"{file.name}: it is neither a task nor an object of tasks by their ids")


def _tasks_of_rows(rows: Iterable[Mapping[str, Any]], faults: list[str]) -> Iterator[_Task]:
    for number, row in enumerate(rows, start=1):
        column = next((column for column in ID_COLUMNS if not is_missing(row.get(column))), None)
        if column is None:
            faults.append(f"row {number}: no id (column {' or '.join(ID_COLUMNS)})")
            continue
        try:
            task_id = text_of(row[column])
        except ValueError as error:
            faults.append(f"row {number}: the id {error} (column {column})")
        else:
            yield _Task(id=task_id, content=row, place=f"row {number}, task {task_id}")


def _answers_by_id(path: Path) -> Mapping[str, Any]:
    """What a file of solutions holds. Nothing can be said of any task while it is faulty, so this is raised at once.

    Raises:
        _FileError: it is not there, or no such file.
    """
    answers = _json(path, path.name)
    if not isinstance(answers, Mapping):
        raise _FileError(f"{path.name}: it is no object of solutions by the ids of tasks")
    return answers


def _json(file: Path, name: str) -> Any:
    """What stands in a file, which may be packed; messages call it by `name`.

    Raises:
        _FileError: it is not there, or no JSON; or a key stands twice in it.
    """
    try:
        return parsed(read_text(file), object_pairs_hook=without_repeats)
    except OSError as error:
        raise _FileError(f"{name}: cannot be read: {error.strerror}") from error
    except RepeatedKeyError as error:
        raise _FileError(f"{name}: {error}; of an id that stands twice one task would be lost") from error
    except ValueError as error:
        raise _FileError(f"{name}: it is not JSON: {error}") from error


def _read(task: _Task, answers: Mapping[str, Any] | None, faults: list[str], *, solved: bool) -> Solved | None:
    """The task, read; None if there are faults, which are added to the list."""
    if fault := fault_of_text(task.id):
        faults.append(f"id: {fault}")
    if not isinstance(task.content, Mapping):
        faults.append("it is no object with train and test")
        return None
    train, tests = _pairs(task.content, "train", faults), _pairs(task.content, "test", faults)
    outputs = [pair.get("output") for pair in tests if solved]
    if answers is not None:
        outputs = _answers(task.id, answers, faults)
    name = "test {} output" if answers is None else "solution {}"
    if outputs and len(outputs) != len(tests):
        faults.append(f"solutions: {len(outputs)} for {len(tests)} test inputs")
    inputs = _grids([pair.get("input") for pair in train], "train {} input", faults)
    made = _grids([pair.get("output") for pair in train], "train {} output", faults)
    asked = _grids([pair.get("input") for pair in tests], "test {} input", faults)
    no_file = "missing, and no file of solutions is named" if answers is None else "missing"
    solutions = _grids(outputs, name, faults, missing=no_file)
    if faults:
        return None
    pairs = tuple(Pair(input=given, output=output) for given, output in zip(inputs, made, strict=True))
    puzzle = Puzzle(id=task.id, train=pairs, tests=asked)
    return Solved(puzzle=puzzle, solutions=solutions, place=task.place, concept=task.concept)


def _pairs(content: Mapping[str, Any], part: str, faults: list[str]) -> list[Mapping[str, Any]]:
    """The pairs of `train` or `test`, also where they are written as columns: `{"input": [...], "output": [...]}`."""
    pairs = _as_lists(content.get(part))
    if isinstance(pairs, Mapping) and all(isinstance(column, list) for column in pairs.values()):
        pairs = [dict(zip(pairs, pair, strict=True)) for pair in zip_longest(*pairs.values())]
    if not isinstance(pairs, list):
        faults.append(f"{part} is no list of pairs")
        return []
    if not pairs:
        faults.append("no demonstrations (train is empty)" if part == "train" else "no test inputs (test is empty)")
    return [pair if isinstance(pair, Mapping) else {} for pair in pairs]


def _as_lists(value: Any) -> Any:
    """A value, also where it was printed into a text, as a cell of a CSV file has it."""
    try:
        return read_back(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _answers(task_id: str, answers: Mapping[str, Any], faults: list[str]) -> list[Any]:
    """What the file of solutions says of a task; nothing, with a fault, if it makes no sense."""
    found = answers.get(task_id)
    if isinstance(found, list) and found:
        return found
    faults.append("solutions: none in their file" if not found else "solutions: they are no list of grids")
    return []


def _grids(all_rows: Iterable[Any], name: str, faults: list[str], *, missing: str = "missing") -> tuple[Grid, ...]:
    """The grids without faults; `name` says which one, with its number, in the faults of the others."""
    grids = []
    for number, rows in enumerate(all_rows, start=1):
        if rows is None:
            faults.append(f"{name.format(number)}: {missing}")
            continue
        try:
            grids.append(Grid.of(_as_lists(rows), longest=LONGEST_READ))
        except ValueError as fault:
            faults.append(f"{name.format(number)}: {fault}")
    return tuple(grids)
