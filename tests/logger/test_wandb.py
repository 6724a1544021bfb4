"""Weights & Biases without a network: what was told is read back from the file that it keeps."""

import json
import os
import shutil
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from seal.logger.summary import self_edit_rows
from seal.logger.wandb import Wandb
from tests.conftest import SMALL

wandb = pytest.importorskip("wandb")
BLOCK, HEADER = 32768, 7
OFFLINE = Wandb(project="p", entity=None, group=None, job_type=None, tags=(), mode="offline", table_rows=3)


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """A run that may be added to."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


def told(file: Path) -> list[dict[str, object]]:
    """The rows of history in a `.wandb` file: records as LevelDB writes them, each a protocol buffer."""
    rows = []
    for record in written(file):
        if record.HasField("history"):
            items = {".".join(item.nested_key) or item.key: json.loads(item.value_json) for item in record.history.item}
            rows.append({key: value for key, value in items.items() if not key.startswith("_")})
    return rows


def about(file: Path) -> tuple[dict[str, str], dict[str, object]]:
    """How the run is filed, and its configuration."""
    filed: dict[str, str] = {}
    settings: dict[str, object] = {}
    for record in written(file):
        if record.HasField("run"):
            filed |= {name: getattr(record.run, name) for name in ("run_group", "job_type", "display_name", "run_id")}
            settings |= {item.key: json.loads(item.value_json) for item in record.run.config.update}
    return filed, settings


def written(file: Path) -> list[Any]:
    """All records, once the last one is there: W&B's own process may still write when the run is told to be over."""
    for _ in range(300):
        records = read(file.read_bytes())
        if records and records[-1].HasField("exit"):
            return records
        time.sleep(0.1)
    pytest.fail(f"{file} has no end after 30 s")


def read(data: bytes) -> list[Any]:
    """The records of a `.wandb` file; none where the last one is still being written."""
    from google.protobuf.message import DecodeError
    from wandb.proto.wandb_internal_pb2 import Record

    try:
        return [Record.FromString(payload) for payload in payloads(data[HEADER:])]
    except DecodeError:
        return []


def payloads(data: bytes) -> Iterator[bytes]:
    """Records that may be cut into pieces at the borders of blocks. The file's own header has 7 bytes too.

    Nothing comes of a piece that is still being written.
    """
    position, pieces = HEADER, b""
    data = bytes(HEADER) + data
    while position + HEADER <= len(data):
        if BLOCK - position % BLOCK < HEADER:
            position += BLOCK - position % BLOCK
            continue
        _, length, kind = struct.unpack("<IHB", data[position : position + HEADER])
        if position + HEADER + length > len(data):
            return
        pieces += data[position + HEADER : position + HEADER + length]
        position += HEADER + length
        if kind in (1, 4):  # a whole record, or the last piece of one
            yield pieces
            pieces = b""


@pytest.mark.slow
def test_a_run_is_told_its_rounds_rewards_and_self_edits(
    seal: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    assert seal("run", *SMALL, "logger=wandb", "logger.table_rows=5") == 0
    [file] = Path("outputs/tiny").glob("wandb/offline-run-*/*.wandb")
    rows = told(file)
    results = json.loads(Path("outputs/tiny/results.json").read_text())
    [of_round] = [row for row in rows if "reward/mean" in row]
    assert of_round["reward/mean"] == pytest.approx(results["rounds"][0]["mean_reward"])
    assert of_round["round"] == 0
    accuracy = {key: value for row in rows for key, value in row.items() if key.startswith("accuracy/")}
    assert accuracy == {f"accuracy/{row['setting']}": pytest.approx(row["accuracy"]) for row in results["table"]}
    assert any("answers/time/work_s" in row for row in rows)
    media = Path("outputs/tiny/wandb").glob("offline-run-*/files/media")
    [folder] = media
    [table] = folder.glob("table/self_edits*.json")
    assert len(json.loads(table.read_text())["data"]) == 5
    [table] = folder.glob("table/results*.json")
    assert [row[:2] for row in json.loads(table.read_text())["data"]] == [
        [row["setting"], pytest.approx(row["accuracy"])] for row in results["table"]
    ]
    assert list(folder.glob("images/plots/accuracy*.png"))
    filed, settings = about(file)
    assert (filed["job_type"], filed["run_group"]) == ("train", "")
    assert settings["inner"] == json.loads(Path("outputs/tiny/manifest.json").read_text())["settings"]["inner"]

    own = Path("outputs/tiny/metrics.jsonl").read_bytes()
    assert seal("log", "tiny", "--to", "wandb", "logger.project=again") == 0
    assert Path("outputs/tiny/metrics.jsonl").read_bytes() == own
    [again] = [each for each in Path("outputs/tiny").glob("wandb/offline-run-*/*.wandb") if each.name != file.name]
    assert _without_tables(told(again)) == _without_tables(rows)


def _without_tables(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return [row for row in rows if not any(key.startswith(("self_edits", "results", "plots")) for key in row)]


@pytest.mark.slow
def test_a_run_that_is_resumed_is_the_same_run_there(tmp_path: Path) -> None:
    settings = {"name": "ranks/4", "recipe": {"_target_": "seal.recipe.train.Train"}}
    manifest = {"seal": "0", "started": "2026", "git": None, "settings": settings}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    for value in (1, 2):
        with OFFLINE.open(tmp_path) as log:
            log({"kind": "answers", "units": value, "work": "text is left out"})
        time.sleep(1.1)  # W&B names its folders by the second
    files = list(tmp_path.glob("wandb/offline-run-*/*.wandb"))
    assert len({file.name for file in files}) == 1
    filed, _ = about(files[0])
    assert (filed["display_name"], filed["run_group"], filed["job_type"]) == (tmp_path.name, "ranks", "train")
    assert [row for file in sorted(files) for row in told(file)] == [{"answers/units": 1}, {"answers/units": 2}]


def test_a_record_that_is_half_written_is_not_there_yet() -> None:
    record = struct.pack("<IHB", 0, 2, 1)
    whole = bytes(HEADER) + record + b"\x08\x01"
    assert len(read(whole)) == 1
    assert len(read(whole + record + b"\x08")) == 1
    assert read(whole + record + bytes(2)) == []


@contextmanager
def refusing() -> Iterator[str]:
    """The address of a server that knows no key."""

    class Refuses(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(401)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refuses)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def told_again(run: Path, mode: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A process of its own, because W&B remembers keys; where a library is loaded that W&B advertises for."""
    program = "import sys, openai\nfrom seal.launch.cli import main\nsys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", program, "log", str(run), "--to", "wandb", f"logger.mode={mode}"]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("WANDB")}
    return subprocess.run(command, capture_output=True, text=True, env={**inherited, **variables}, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("key", ["too-short", "0123456789" * 4])
def test_a_key_that_is_not_taken_is_an_error_that_says_what_goes_without(run: Path, key: str) -> None:
    with refusing() as url:
        done = told_again(run, "online", WANDB_API_KEY=key, WANDB_BASE_URL=url)
    assert done.returncode == 1
    assert "logger: W&B does not accept the run" in done.stderr
    assert "logger.mode=offline" in done.stderr
    assert "Traceback" not in done.stderr
    assert key not in done.stderr


@pytest.mark.slow
def test_w_and_b_says_nothing_between_the_lines_of_the_run(run: Path) -> None:
    done = told_again(run, "offline")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{run} is logged to wandb: {run}/wandb/offline-run-" in done.stdout


@pytest.mark.slow
def test_a_run_that_was_imported_has_no_recipe_and_is_told_too(tmp_path: Path) -> None:
    manifest = {"seal": "0", "started": "2026", "git": None, "settings": {"name": "theirs", "seed": None}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    OFFLINE.replay(tmp_path, [])
    [file] = tmp_path.glob("wandb/offline-run-*/*.wandb")
    assert about(file)[0]["job_type"] == "imported"


def test_the_table_has_the_newest_self_edits_with_their_accuracy(finished: Path) -> None:
    rows = self_edit_rows(finished, most=3)
    assert [row[0] for row in rows] == ["round_1"] * 3
    assert all(isinstance(row[3], float) and 0 <= row[3] <= 1 for row in rows)
    assert len(self_edit_rows(finished, most=1000)) == 14


def test_only_settings_of_the_logger_can_be_given(
    seal: Callable[..., int], finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert seal("log", str(finished), "--to", "wandb", "inner.rank=3") == 2
    assert "only settings of the logger" in capsys.readouterr().err
