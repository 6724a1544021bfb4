"""Records: append-only, complete or absent, and never taken for something they are not."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seal.errors import RunError
from seal.folder.record_lines import from_line, key_of, to_line
from seal.folder.store import Store, append_lines, count_records, read_records
from seal.types import Evaluation, Failure, SelfEdit
from tests.values import evaluation

EDIT = SelfEdit(context_id="a", index=0, text='Zeile "1"\n—\u2028 ', finished=True)


def test_what_is_appended_is_read_back_in_another_process_as_it_was(tmp_path: Path) -> None:
    shape = Evaluation | Failure
    written = {"x": evaluation("cw?"), "y": Failure(reason="broke")}
    Store(tmp_path).append("evaluations", written, shape)
    Store(tmp_path).append("self_edits", {"z": EDIT}, SelfEdit)
    assert Store(tmp_path).records("evaluations", shape) == written
    assert Store(tmp_path).records("self_edits", SelfEdit) == {"z": EDIT}
    assert count_records(tmp_path / "evaluations.jsonl") == 2


def test_a_store_knows_what_it_appended(tmp_path: Path) -> None:
    store = Store(tmp_path)
    known = store.records("self_edits", SelfEdit)
    store.append("self_edits", {"a": EDIT}, SelfEdit)
    assert known == {"a": EDIT}


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_line_that_a_crash_cut_short_is_dropped_and_written_over(tmp_path: Path, cut: int) -> None:
    file = tmp_path / "self_edits.jsonl"
    Store(tmp_path).append("self_edits", {"a": EDIT, "b": EDIT}, SelfEdit)
    whole = file.read_bytes()
    file.write_bytes(whole[:-cut])
    store = Store(tmp_path)
    assert list(store.records("self_edits", SelfEdit)) == ["a"]
    store.append("self_edits", {"b": EDIT}, SelfEdit)
    assert file.read_bytes() == whole


def test_a_long_unfinished_line_is_cut_off(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_bytes(b'{"a": 1}\n' + b"x" * 200_000)
    append_lines(file, ['{"b": 2}\n'])
    assert file.read_bytes() == b'{"a": 1}\n{"b": 2}\n'


def test_the_first_of_two_records_of_a_unit_counts(tmp_path: Path) -> None:
    other = SelfEdit(context_id="a", index=0, text="later", finished=True)
    Store(tmp_path).append("self_edits", {"a": EDIT}, SelfEdit)
    Store(tmp_path).append("self_edits", {"a": other}, SelfEdit)
    assert read_records(tmp_path / "self_edits.jsonl", SelfEdit) == {"a": EDIT}


@pytest.mark.parametrize("line", ["{}", '{"key": "b"}', '{"key": "b", "value": {"text": 1}}', "[]"])
def test_a_line_in_the_middle_that_is_no_record_is_named(tmp_path: Path, line: str) -> None:
    Store(tmp_path).append("self_edits", {"a": EDIT}, SelfEdit)
    append_lines(tmp_path / "self_edits.jsonl", [line + "\n"])
    with pytest.raises(RunError, match=r"self_edits\.jsonl:2: not a record"):
        read_records(tmp_path / "self_edits.jsonl", SelfEdit)


def test_a_full_disk_loses_nothing_and_says_so(tmp_path: Path) -> None:
    """In a process that may not write files longer than 4 kB, which fails as a full disk does."""
    code = """
import resource, signal, sys
from pathlib import Path
from seal.errors import RunError
from seal.folder.store import Store
from seal.types import SelfEdit
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
store = Store(Path(sys.argv[1]))
for number in range(100):
    try:
        edit = SelfEdit(context_id="a", index=number, text="x" * 100, finished=True)
        store.append("self_edits", {str(number): edit}, SelfEdit)
    except RunError as error:
        print(number, error)
        break
"""
    said = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    ).stdout
    assert "All records so far are safe" in said
    assert len(Store(tmp_path).records("self_edits", SelfEdit)) == int(said.split()[0]) > 5


def test_a_file_is_there_complete_or_not_at_all(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write("results.json", "old")
    (tmp_path / "results.json.draft").mkdir()
    with pytest.raises(RunError):
        store.write("results.json", "new")
    assert (tmp_path / "results.json").read_text() == "old"


def test_a_folder_takes_its_place_only_when_complete(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.draft_of("policies/round_1") as folder:
        (folder / "weights").write_text("one")
    with pytest.raises(KeyError), store.draft_of("policies/round_1") as folder:
        (folder / "weights").write_text("two")
        raise KeyError
    assert (tmp_path / "policies/round_1/weights").read_text() == "one"


def test_two_processes_that_fill_the_same_folder_do_not_mix_and_leave_nothing_behind(tmp_path: Path) -> None:
    one, other = Store(tmp_path), Store(tmp_path)
    with one.draft_of("policies/round_1") as first:
        (first / "weights").write_text("one")
        with other.draft_of("policies/round_1") as second:
            (second / "config").write_text("other")
            assert [file.name for file in first.iterdir()] == ["weights"]
            (second / "weights").write_text("other")
        assert {file.name for file in (tmp_path / "policies/round_1").iterdir()} == {"config", "weights"}
        first.mkdir(exist_ok=True)
    assert [file.name for file in (tmp_path / "policies").iterdir()] == ["round_1"]


def test_texts_are_written_as_utf_8_whatever_the_locale_is(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from seal.folder.store import Store; "
        f"Store(Path({str(tmp_path)!r})).write('x', '\\u017d')"
    )
    plain = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    subprocess.run([sys.executable, "-c", code], env=plain, check=True)
    assert (tmp_path / "x").read_bytes().decode() == "Ž"


def test_no_room_while_weights_are_written_is_an_error_of_the_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="No space left"), Store(tmp_path).draft_of("x"):
        raise OSError(errno.ENOSPC, "No space left on device")


def with_flipped_byte(file: Path, line: int, where: float) -> None:
    """One bit of a line is another one than was written."""
    lines = file.read_bytes().split(b"\n")
    damaged = bytearray(lines[line])
    damaged[int(where * len(damaged))] ^= 1
    file.write_bytes(b"\n".join([*lines[:line], bytes(damaged), *lines[line + 1 :]]))


@pytest.mark.parametrize("where", [step / 20 for step in range(20)])
def test_a_flipped_byte_is_named_and_only_its_unit_is_done_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, where: float
) -> None:
    file = tmp_path / "self_edits.jsonl"
    Store(tmp_path).append("self_edits", {"a": EDIT, "b": EDIT, "c": EDIT}, SelfEdit)
    before = file.read_bytes()
    with_flipped_byte(file, 1, where)
    assert list(read_records(file, SelfEdit)) == ["a", "c"]  # whoever only reads changes nothing
    store = Store(tmp_path)
    assert list(store.records("self_edits", SelfEdit)) == ["a", "c"]
    assert "self_edits.jsonl:2: the line is damaged" in caplog.text
    assert (tmp_path / "damaged/self_edits.jsonl").read_bytes().count(b"\n") == 1
    store.append("self_edits", {"b": EDIT}, SelfEdit)
    assert sorted(file.read_bytes().splitlines()) == sorted(before.splitlines())
    caplog.clear()
    assert Store(tmp_path).records("self_edits", SelfEdit) == {"a": EDIT, "b": EDIT, "c": EDIT}
    assert not caplog.text


def test_a_flipped_end_of_a_line_costs_the_two_units_that_it_joined(tmp_path: Path) -> None:
    file = tmp_path / "self_edits.jsonl"
    Store(tmp_path).append("self_edits", {"a": EDIT, "b": EDIT, "c": EDIT}, SelfEdit)
    file.write_bytes(file.read_bytes().replace(b"\n", b"\v", 1))
    assert list(Store(tmp_path).records("self_edits", SelfEdit)) == ["c"]


def test_records_of_before_there_were_checksums_are_read(tmp_path: Path) -> None:
    line = '{"key": "a", "value": {"context_id": "a", "index": 0, "text": "—", "finished": true}}\n'
    append_lines(tmp_path / "self_edits.jsonl", [line])
    assert Store(tmp_path).records("self_edits", SelfEdit)["a"].text == "—"


def test_half_a_surrogate_is_no_reason_to_lose_a_record(tmp_path: Path) -> None:
    edit = SelfEdit(context_id="a", index=0, text="x\ud800", finished=True)
    Store(tmp_path).append("self_edits", {"a": edit}, SelfEdit)
    assert Store(tmp_path).records("self_edits", SelfEdit)["a"].text == "x?"


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text())
def test_a_key_is_read_from_the_beginning_of_a_line_as_from_the_whole(key: str, value: str) -> None:
    line = to_line(key, value).encode()[:-1]
    assert key_of(line) == from_line(line)["key"] == key
    assert key_of(b"\0" + line) is key_of(line[: len('{"key":')]) is None
