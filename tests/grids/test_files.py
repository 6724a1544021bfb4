"""Puzzles from files and rows, and what is said of faulty ones."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seal.errors import DataError
from seal.grids.files import of_rows, read_challenges
from seal.grids.folders import PairDraw
from seal.grids.grid import Puzzle, puzzle_in
from seal.grids.notation import DIGITS
from tests.grids.values import grid

PAIR = {"input": [[1, 2]], "output": [[3]]}
TASK = {"train": [PAIR, PAIR], "test": [PAIR]}
UNSOLVED = {"train": [PAIR], "test": [{"input": [[1, 2]]}]}


def written(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def faults(challenges: Path, solutions: Path | None = None) -> str:
    with pytest.raises(DataError) as error:
        read_challenges(challenges, solutions, "task.path")
    assert str(error.value).startswith("task.path: ")
    return str(error.value)


def test_challenges_and_solutions_come_together(tmp_path: Path) -> None:
    challenges = written(tmp_path / "c.json", {"a": UNSOLVED, "b": TASK})
    solutions = written(tmp_path / "s.json", {"b": [[[5]]], "a": [[[4]]], "c": []})
    read = read_challenges(challenges, solutions, "task.path")
    assert list(read) == ["a", "b"]
    assert read["a"].solutions == (grid("4"),)
    assert read["b"].solutions == (grid("5"),)
    assert read["b"].puzzle.train[1].output == grid("3")
    assert read["b"].place == "c.json, task b"


def test_of_puzzles_that_nobody_has_solved_no_solution_is_looked_for(tmp_path: Path) -> None:
    path = written(tmp_path / "c.json", {"a": UNSOLVED, "b": TASK})
    read = read_challenges(path, tmp_path / "there is no such file", "task.path", solved=False)
    assert [each.solutions for each in read.values()] == [(), ()]
    assert read["a"].n_cells == 2
    assert of_rows([{"id": "a", **UNSOLVED}], "hub", solved=False)["a"].puzzle == read["a"].puzzle


def test_tasks_may_hold_their_solutions(tmp_path: Path) -> None:
    read = read_challenges(written(tmp_path / "c.json", {"a": TASK}), None, "task.path")
    assert read["a"].puzzle.tests == (grid("12"),)
    assert read["a"].solutions == (grid("3"),)


def test_a_folder_has_a_task_a_file_and_one_of_them_can_be_read_alone(tmp_path: Path) -> None:
    for name in ("b", "a"):
        written(tmp_path / f"{name}.json", TASK)
    read = read_challenges(tmp_path, None, "task.path")
    assert list(read) == ["a", "b"]
    assert read_challenges(tmp_path / "a.json", None, "task.path") == {"a": read["a"]}


def test_rows_of_a_data_set_are_puzzles_in_either_form() -> None:
    columns = {"id": 7, "train": {"input": [[[1, 2]]], "output": [[[3]]]}, "test": [PAIR]}
    read = of_rows([{"task_id": "a", **TASK}, columns], "hub")
    assert list(read) == ["a", "7"]
    assert read["7"].puzzle.train[0] == read["a"].puzzle.train[0]
    assert read["7"].place == "row 2, task 7"


def test_the_published_tasks_are_read(reference: Path) -> None:
    for split in ("training", "evaluation"):
        paths = [reference / "arc" / f"arc-agi_{split}_{part}.json" for part in ("challenges", "solutions")]
        read = read_challenges(*paths, "task.path")
        assert len(read) == 400
        assert all(len(solved.solutions) == len(solved.puzzle.tests) for solved in read.values())


@pytest.mark.parametrize(
    ("task", "fault"),
    [
        (
            {**TASK, "train": [PAIR, {**PAIR, "input": [[1, 1], [2, 2], [3]]}]},
            "train 2 input: row 3 has 1 cells, row 1 h",
        ),
        ({**TASK, "train": [{**PAIR, "output": [[10]]}]}, "train 1 output: row 1, cell 1 is 10, no colour"),
        ({**TASK, "train": [{**PAIR, "output": [[1]] * 101}]}, "train 1 output: it has 101 rows, more than 100"),
        ({**TASK, "train": [{**PAIR, "output": []}]}, "train 1 output: it has no rows"),
        ({**TASK, "train": [{"input": [[1]]}]}, "train 1 output: missing"),
        ({**TASK, "train": [3]}, "train 1 input: missing"),
        ({**TASK, "train": []}, "no demonstrations"),
        ({**TASK, "train": "x"}, "train is no list of pairs"),
        ({**TASK, "test": []}, "no test inputs"),
        ({"train": [PAIR]}, "test is no list of pairs"),
        ({**TASK, "test": [PAIR, {"input": [[1.5]], "output": [[1]]}]}, "test 2 input: row 1, cell 1 is 1.5"),
        (UNSOLVED, "test 1 output: missing, and no file of solutions is named"),
        (3, "it is no object with train and test"),
    ],
)
def test_a_fault_of_a_task_is_named_with_its_place(tmp_path: Path, task: Any, fault: str) -> None:
    assert f"c.json, task bad: {fault}" in faults(written(tmp_path / "c.json", {"good": TASK, "bad": task}))


@pytest.mark.parametrize(
    ("answers", "fault"),
    [
        ({}, "c.json, task a: solutions: none in their file"),
        ({"a": 3}, "c.json, task a: solutions: they are no list of grids"),
        ({"a": [[[1]], [[2]]]}, "c.json, task a: solutions: 2 for 1 test inputs"),
        ({"a": [[[1], [2, 3]]]}, "c.json, task a: solution 1: row 2 has 2 cells, row 1 has 1"),
        ([], "s.json: it is no object of solutions"),
        ("{", "s.json: it is not JSON"),
    ],
)
def test_a_fault_of_the_solutions_is_named(tmp_path: Path, answers: Any, fault: str) -> None:
    solutions = written(tmp_path / "s.json", answers)
    assert fault in faults(written(tmp_path / "c.json", {"a": UNSOLVED}), solutions)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "c.json: it is not JSON"),
        ("[" * 100_000, "c.json: it is not JSON"),
        ("1" * 5000, "c.json: it is not JSON"),
        ([TASK], "c.json: it is neither a task nor an object of tasks"),
        ({}, "c.json: no tasks"),
    ],
)
def test_a_file_without_tasks_is_refused(tmp_path: Path, content: Any, fault: str) -> None:
    assert fault in faults(written(tmp_path / "c.json", content))


def test_a_missing_file_an_empty_folder_and_bytes_are_refused(tmp_path: Path) -> None:
    assert "c.json: cannot be read: No such file" in faults(tmp_path / "c.json")
    assert "no files *.json" in faults(tmp_path)
    (tmp_path / "b.json").write_bytes(b"\xff\xfe\xff")
    assert "b.json: it is not JSON" in faults(tmp_path / "b.json")
    assert "s.json: cannot be read" in faults(written(tmp_path / "c.json", {"a": TASK}), tmp_path / "s.json")


def test_all_faults_of_a_folder_come_at_once(tmp_path: Path) -> None:
    written(tmp_path / "a.json", "{")
    written(tmp_path / "b.json", {"train": [], "test": [{"input": [[11]]}]})
    message = faults(tmp_path)
    assert len(message.splitlines()) == 1 + 4
    assert "a.json: it is not JSON" in message
    assert "b.json, task b: no demonstrations" in message
    assert "b.json, task b: test 1 input: row 1, cell 1 is 11" in message
    assert "b.json, task b: test 1 output: missing" in message


def test_faults_of_rows_are_named_with_their_numbers() -> None:
    with pytest.raises(DataError) as error:
        of_rows([{"id": "a", **TASK}, TASK, {"id": "a", **TASK}, {"id": "b", "train": None}], "hub")
    message = str(error.value)
    assert message.startswith("hub has faults:")
    assert "row 2: no id (column id or task_id" in message
    assert "row 3, task a: the id occurs before, at row 1, task a" in message
    assert "row 4, task b: train is no list of pairs" in message
    with pytest.raises(DataError, match="no rows"):
        of_rows([], "hub")


@pytest.mark.parametrize("what", ["tasks", "solutions"])
def test_an_id_that_stands_twice_is_a_fault(tmp_path: Path, what: str) -> None:
    task, solution = json.dumps(UNSOLVED), json.dumps([[[3]]])
    twice = {"tasks": f'{{"x": {task}, "y": {task}, "x": {task}}}', "solutions": f'{{"x": {solution}, "x": [[[4]]]}}'}
    tasks = twice["tasks"] if what == "tasks" else f'{{"x": {task}}}'
    answers = twice["solutions"] if what == "solutions" else f'{{"x": {solution}}}'
    challenges, solutions = written(tmp_path / "c.json", tasks), written(tmp_path / "s.json", answers)
    assert "'x' stands more than once in one object" in faults(challenges, solutions)


def test_a_folder_may_have_packed_files_and_each_id_once(tmp_path: Path) -> None:
    written(tmp_path / "a.json", TASK)
    (tmp_path / "b.json.gz").write_bytes(gzip.compress(json.dumps(TASK).encode()))
    assert list(read_challenges(tmp_path, None, "task.path")) == ["a", "b"]
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(json.dumps(TASK).encode()))
    assert "a.json.gz, task a: the id occurs before, at a.json, task a" in faults(tmp_path)


@pytest.mark.parametrize(("value", "name"), [(7.0, "7"), (b"Zo\xc3\xab", "Zoë"), ("007", "007")])
def test_an_id_of_a_row_is_what_a_person_would_write(value: object, name: str) -> None:
    assert list(of_rows([{"id": value, **TASK}], "hub")) == [name]


@pytest.mark.parametrize("value", [["a"], b"\xff", {"of": "a"}])
def test_an_id_of_another_kind_is_a_fault_with_its_row_and_column(value: object) -> None:
    with pytest.raises(DataError, match=r"row 1: the id is .*\(column task_id\)"):
        of_rows([{"task_id": value, **TASK}], "hub")


@pytest.mark.parametrize(
    "printed",
    [json.dumps, str, lambda pairs: str([{name: np.array(rows) for name, rows in pair.items()} for pair in pairs])],
)
def test_pairs_and_grids_that_were_printed_into_a_cell_are_read_back(printed: Callable[[Any], str]) -> None:
    whole = {"id": "a", "train": printed([PAIR, PAIR]), "test": printed([PAIR])}
    assert of_rows([whole], "hub")["a"].puzzle == of_rows([{"id": "a", **TASK}], "hub")["a"].puzzle
    cells = {name: str(np.array(rows)) for name, rows in PAIR.items()}
    assert of_rows([{"id": "a", "train": [cells] * 2, "test": [cells]}], "hub")["a"].solutions == (grid("3"),)


def test_folders_in_a_folder_are_concepts(tmp_path: Path) -> None:
    for name in ("Above/Above1", "Above/Above2", "Count/small/Count1", "top", ".git/hidden"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        written(tmp_path / f"{name}.json", TASK)
    read = read_challenges(tmp_path, None, "task.path")
    assert {name: each.concept for name, each in read.items()} == {
        "Above1": "Above",
        "Above2": "Above",
        "Count1": "Count/small",
        "top": "",
    }
    assert read["Count1"].place == "Count/small/Count1.json, task Count1"


def test_files_of_one_name_in_several_folders_have_their_folders_in_their_ids(tmp_path: Path) -> None:
    for name in ("a/1", "b/1", "b/2"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        written(tmp_path / f"{name}.json", TASK)
    assert list(read_challenges(tmp_path, None, "task.path")) == ["a_1", "b_1", "2"]


def numbered_pairs(count: int) -> list[dict[str, Any]]:
    return [{"input": [[number]], "output": [[number, number]]} for number in range(count)]


def test_of_a_list_of_pairs_some_are_drawn_by_the_seed_and_one_more_is_the_test(tmp_path: Path) -> None:
    for name in ("x", "y"):
        written(tmp_path / f"{name}.json", numbered_pairs(10))
    read = read_challenges(tmp_path, None, "task.path", draw=PairDraw(n_demonstrations=4, seed=7))
    for each in read.values():
        inputs = [pair.input for pair in each.puzzle.train] + list(each.puzzle.tests)
        assert (len(inputs), len(set(inputs)), len(each.solutions)) == (5, 5, 1)
    assert read["x"].puzzle.train != read["y"].puzzle.train
    assert read == read_challenges(tmp_path, None, "task.path", draw=PairDraw(n_demonstrations=4, seed=7))
    assert read != read_challenges(tmp_path, None, "task.path", draw=PairDraw(n_demonstrations=4, seed=8))
    [alone] = read_challenges(
        tmp_path / "x.json", None, "task.path", draw=PairDraw(n_demonstrations=4, seed=7)
    ).values()
    assert alone.puzzle == read["x"].puzzle


def test_too_few_pairs_are_a_fault_with_the_file(tmp_path: Path) -> None:
    written(tmp_path / "x.json", numbered_pairs(3))
    assert "x.json: it has 3 pairs, and task.n_demonstrations=3 takes 4" in faults(tmp_path)


def test_a_puzzle_of_long_strips_is_read_and_asked_and_others_stay_within_thirty_cells(tmp_path: Path) -> None:
    strip = {"input": [[1] * 93], "output": [[2] * 93]}
    read = read_challenges(written(tmp_path / "a.json", {"train": [strip], "test": [strip]}), None, "task.path")
    puzzle = read["a"].puzzle
    assert puzzle_in(puzzle.json, "a") == puzzle
    assert puzzle.longest_side == 93
    text = DIGITS.write(puzzle.tests[0])
    assert DIGITS.read(text, longest=puzzle.longest_side) == puzzle.tests[0]
    with pytest.raises(ValueError, match="row 1 has 93 cells, more than 30"):
        DIGITS.read(text)
    assert Puzzle(id="b", train=(), tests=(grid("12"),)).longest_side == 30
