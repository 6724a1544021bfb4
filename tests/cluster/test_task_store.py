"""Files that only one process writes, and their reader."""

import os
from pathlib import Path

import pytest

from seal.base.unit_progress import UnitProgress, together
from seal.cluster.task_store import Tail, TaskStore, progress_of_tasks
from seal.errors import RunError
from seal.folder.store import Store, all_lines, count_records, task_files


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


def test_what_tasks_note_of_their_trainings_is_read_until_they_are_done(tmp_path: Path) -> None:
    half = UnitProgress(doing="training", steps=5, planned_steps=10, tokens=100, loss=2.0, seconds=3.0)
    first, second, ended = task(tmp_path, 1, "a"), task(tmp_path, 2, "b"), task(tmp_path, 3, "c")
    for each in (first, second, ended):
        each.note_progress(4, half)
    notes = progress_of_tasks(tmp_path / "jobs/phase", {1, 2})
    assert {(note.chunk, note.units) for note in notes} == {(1, 4), (2, 4)}
    total = together([note.progress for note in notes])
    assert total is not None
    assert (total.steps, total.planned_steps, total.tokens, total.loss) == (10, 20, 200, 2.0)
    first.forget_progress()
    file = next((tmp_path / "jobs/phase").glob("progress-2-*.json"))
    os.utime(file, (0, 0))  # its task was killed long ago
    assert progress_of_tasks(tmp_path / "jobs/phase", {1, 2}) == []


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


def test_a_damaged_line_is_named_once_and_left_out_until_the_folder_shows_it_whole(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own = task(tmp_path, 1, "a")
    tail = Tail(tmp_path / "jobs/phase", "squares")
    own.append("squares", {"1": 1, "2": 4, "3": 9}, int)
    [file] = task_files(tmp_path, "squares")
    whole = file.read_bytes()
    file.write_bytes(whole.replace(b'"2", "value": 4', b"\0" * 15))
    assert [tail.new_keys(), tail.new_keys()] == [["1", "3"], ["3"]]
    own.append("squares", {"4": 16}, int)
    assert tail.new_keys() == ["3", "4"]
    place = whole.index(b"\n") + 1
    assert caplog.messages == [f"{file}: skipped the damaged line at byte {place} (its checksum does not match)"]
    file.write_bytes(whole)
    assert tail.new_keys() == ["2", "3"]
    assert tail.new_keys() == []


def test_a_whole_line_that_is_no_record_is_named(tmp_path: Path) -> None:
    task(tmp_path, 1, "a").add_lines("squares", ["{}\n"])
    with pytest.raises(RunError, match=r"squares-1-a\.jsonl: the line at byte 0 is not a record"):
        Tail(tmp_path / "jobs/phase", "squares").new_keys()


def test_a_tail_of_files_that_were_deleted_meanwhile_is_empty(tmp_path: Path) -> None:
    task(tmp_path, 1, "a").append("squares", {"1": 1}, int)
    [file] = task_files(tmp_path, "squares")
    file.unlink()
    file.symlink_to(tmp_path / "gone")  # listed, but not there when it is opened
    assert Tail(tmp_path / "jobs/phase", "squares").new_keys() == []
    assert all_lines(tmp_path, "squares") == []
    assert count_records(file) == 0


def test_a_damaged_line_of_a_task_is_laid_aside_and_only_its_unit_has_no_record(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    task(tmp_path, 1, "a").append("squares", {"1": 1, "2": 4, "3": 9}, int)
    [file] = task_files(tmp_path, "squares")
    lines = file.read_bytes().splitlines(keepends=True)
    damaged = lines[1].replace(b"4", b"5", 1)
    file.write_bytes(lines[0] + damaged + lines[2])
    store = Store(tmp_path)
    store.adopt("squares", int, ["1", "2", "3"])
    assert store.records("squares", int) == {"1": 1, "3": 9}
    assert task_files(tmp_path, "squares") == []
    assert (tmp_path / "damaged" / file.name).read_bytes() == damaged
    assert f"{file}:2: the line is damaged (its checksum does not match)" in caplog.text
