"""TensorBoard: what was told is read back from its event files."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from seal.logger import timed_line
from seal.logger.tensorboard import TensorBoard

pytest.importorskip("tensorboard")


def read(folder: Path) -> tuple[dict[str, list[tuple[int, float]]], list[str], dict[str, str]]:
    """Curves by name, names of images, and texts by name."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    events.Reload()
    tags = events.Tags()
    curves = {name: [(event.step, event.value) for event in events.Scalars(name)] for name in tags["scalars"]}
    texts = {name: events.Tensors(name)[-1].tensor_proto.string_val[0].decode() for name in tags["tensors"]}
    return curves, tags["images"], texts


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "run"))


def test_a_run_is_told_again_from_its_own_lines(
    seal: Callable[..., int], run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        assert seal("log", str(run), "--to", "tensorboard", "logger.table_rows=2") == 0
        assert f"tensorboard: {run}/tensorboard" in capsys.readouterr().out
        curves, images, texts = read(run / "tensorboard")
        results = json.loads((run / "results.json").read_text())
        assert curves["reward/mean"] == [(0, pytest.approx(results["rounds"][0]["mean_reward"]))]
        for row in results["table"]:
            assert curves[f"accuracy/{row['setting']}"] == [(0, pytest.approx(row["accuracy"]))], "once, not again"
        assert [step for step, _ in curves["answers/time/work_s"]] == list(range(len(curves["answers/time/work_s"])))
        assert "plots/accuracy" in images
        assert '"rank": 32' in texts["settings/text_summary"]
        assert texts["self_edits/text_summary"].count("**round_1, context ") == 2


def test_a_run_that_is_resumed_goes_on_with_its_curves(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(
        json.dumps({"seal": "0", "started": "", "git": None, "settings": {"name": "tiny"}})
    )
    for value in (1, 2):
        with TensorBoard(table_rows=3).open(tmp_path) as log:
            log({"kind": "answers", "units": value, "work": "text is left out"})
        with (tmp_path / "metrics.jsonl").open("a") as file:
            file.write(timed_line({"kind": "answers", "units": value, "work": "asking", "time/work_s": 1.0}))
    assert read(tmp_path / "tensorboard")[0] == {"answers/units": [(0, 1.0), (1, 2.0)]}


@pytest.mark.slow
def test_a_run_tells_tensorboard_as_it_goes(seal: Callable[..., int]) -> None:
    from tests.conftest import SMALL

    assert seal("run", *SMALL, "logger=tensorboard") == 0
    live, images, _ = read(Path("outputs/tiny/tensorboard"))
    assert "plots/accuracy" in images
    assert seal("log", "tiny", "--to", "tensorboard") == 0
    assert read(Path("outputs/tiny/tensorboard"))[0] == live
