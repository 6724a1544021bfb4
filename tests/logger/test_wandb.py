"""Weights & Biases without a network: what was told is read back from the file that it keeps."""

import json
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from seal.logger.told import self_edit_rows
from seal.logger.wandb import Wandb
from tests.conftest import SMALL

wandb = pytest.importorskip("wandb")
BLOCK, HEADER = 32768, 7
OFFLINE = Wandb(project="p", entity=None, group=None, job_type=None, tags=(), mode="offline", table_rows=3)


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
    from wandb.proto.wandb_internal_pb2 import Record

    for _ in range(300):
        records = [Record.FromString(payload) for payload in payloads(file.read_bytes()[HEADER:])]
        if records and records[-1].HasField("exit"):
            return records
        time.sleep(0.1)
    pytest.fail(f"{file} has no end after 30 s")


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


def test_the_table_has_the_newest_self_edits_with_their_accuracy(finished: Path) -> None:
    rows = self_edit_rows(finished, most=3)
    assert [row[0] for row in rows] == ["round_1"] * 3
    assert all(isinstance(row[3], float) and 0 <= row[3] <= 1 for row in rows)
    assert len(self_edit_rows(finished, most=1000)) == 14


def test_only_settings_of_the_logger_can_be_given(
    seal: Callable[..., int], finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert seal("log", str(finished), "--to", "wandb", "inner.rank=3") == 2
    assert "only settings of the logger can be given" in capsys.readouterr().err
