"""Files that only one process writes, and their reader."""

from pathlib import Path

import pytest

from seal.cluster.task_store import Tail, TaskStore
from seal.errors import RunError
from seal.store import Store, all_lines, task_files


def task(folder: Path, chunk: int, process: str) -> TaskStore:
    (folder / "jobs/phase").mkdir(parents=True, exist_ok=True)
    return TaskStore(folder, phase="phase", chunk=chunk, process=process)


def test_a_task_knows_what_its_predecessors_recorded_and_nobody_else(tmp_path: Path) -> None:
    task(tmp_path, 1, "first").append("squares", {"2": 4}, int)
    task(tmp_path, 11, "first").append("squares", {"3": 9}, int)
    second = task(tmp_path, 1, "second")
    assert second.records("squares", int) == {"2": 4}
    second.append("squares", {"4": 16}, int)
    assert second.records("squares", int) == {"2": 4, "4": 16}
    assert len(task_files(tmp_path, "squares")) == 3


def test_what_tasks_recorded_becomes_the_run_s_own_once_and_in_order(tmp_path: Path) -> None:
    task(tmp_path, 1, "killed").append("squares", {"2": 4, "1": 1}, int)
    task(tmp_path, 1, "started_again").append("squares", {"1": 1, "3": 9}, int)
    store = Store(tmp_path)
    store.adopt("squares", int, ["3", "2", "1"])
    assert list(store.records("squares", int)) == ["3", "2", "1"]
    assert (tmp_path / "squares.jsonl").read_text().count("\n") == 3
    assert task_files(tmp_path, "squares") == []


def test_records_that_are_not_asked_for_stay_where_they_are(tmp_path: Path) -> None:
    task(tmp_path, 1, "a").append("squares", {"1": 1, "2": 4}, int)
    store = Store(tmp_path)
    store.adopt("squares", int, ["1"])
    assert store.records("squares", int) == {"1": 1}
    assert len(task_files(tmp_path, "squares")) == 1


def test_a_tail_reads_each_whole_line_once(tmp_path: Path) -> None:
    own = task(tmp_path, 1, "a")
    tail = Tail(tmp_path / "jobs/phase", "squares")
    own.append("squares", {"1": 1}, int)
    [file] = task_files(tmp_path, "squares")
    with file.open("a") as half:
        half.write('{"key": "2", "va')
    assert tail.new_keys() == ["1"]
    with file.open("a") as rest:
        rest.write('lue": 4}\n')
    assert tail.new_keys() == ["2"]
    assert tail.new_keys() == []
    assert len(all_lines(tmp_path, "squares")) == 2


def test_a_line_that_is_no_record_is_named(tmp_path: Path) -> None:
    task(tmp_path, 1, "a").add_lines("squares", ["\0\0\0\n"])
    with pytest.raises(RunError, match=r"squares-1-a\.jsonl: has a line that is not a record"):
        Tail(tmp_path / "jobs/phase", "squares").new_keys()
