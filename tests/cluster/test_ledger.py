"""Our own records of jobs, whatever became of the file."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from seal.cluster.ledger import DIED, DONE, LEDGER, Ledger
from seal.folder.store import append_lines

JOBS = {f"7_{number}": (number, [f"a{number}", f"b{number}"]) for number in range(4)}
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.text(), max_size=2)
LINES = st.dictionaries(
    st.sampled_from(["job", "chunk", "keys", "title", "submitted", "gpus", "outcome", "reason", "more"]), PLAIN
)


def written(folder: Path) -> Ledger:
    ledger = Ledger(folder)
    ledger.submitted(JOBS, title="round_0: sleeping", gpus=1)
    ledger.ended(["7_0", "7_1"], DONE)
    ledger.ended(["7_2"], DIED, "the node burnt down")
    return ledger


def test_jobs_are_known_with_their_ends(tmp_path: Path) -> None:
    entries = written(tmp_path).entries()
    assert [(entry.job, entry.chunk, list(entry.keys)) for entry in entries] == [(job, *JOBS[job]) for job in JOBS]
    assert [(entry.outcome, entry.reason) for entry in entries] == [
        (DONE, ""),
        (DONE, ""),
        (DIED, "the node burnt down"),
        (None, ""),
    ]


def test_a_job_that_has_the_name_of_an_earlier_one_has_not_ended_with_it(tmp_path: Path) -> None:
    ledger = written(tmp_path)
    ledger.submitted({"7_2": (2, ["a2"])}, title="round_0: sleeping", gpus=1)
    assert [entry.outcome for entry in ledger.entries()] == [DONE, DONE, None, None]


@given(st.integers(0, 6), st.binary(max_size=20) | LINES.map(lambda line: json.dumps(line).encode()))
def test_whatever_stands_in_one_line_the_jobs_of_the_others_are_known(number: int, damaged: bytes) -> None:
    with TemporaryDirectory() as folder:
        ledger = written(Path(folder))
        whole = {entry.job: entry for entry in ledger.entries()}
        file = ledger.phase / LEDGER
        lines = file.read_bytes().splitlines()
        hit = json.loads(lines[number])["job"]
        file.write_bytes(b"\n".join([*lines[:number], damaged, *lines[number + 1 :], b""]))
        found = {entry.job: entry for entry in ledger.entries()}
        assert {job: found[job] for job in whole if job != hit} == {job: whole[job] for job in whole if job != hit}


def test_a_line_that_a_crash_cut_short_is_as_if_it_had_not_been_written(tmp_path: Path) -> None:
    ledger = written(tmp_path)
    append_lines(tmp_path / LEDGER, ['{"job": "7_3", "outc'])
    assert [entry.outcome for entry in ledger.entries()] == [DONE, DONE, DIED, None]
