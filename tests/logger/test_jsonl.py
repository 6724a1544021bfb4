"""Metrics as lines."""

import json
from pathlib import Path

from seal.logger.jsonl import Jsonl


def test_metrics_are_appended_with_the_time_also_after_a_restart(tmp_path: Path) -> None:
    Jsonl().open(tmp_path)({"reward/mean": 0.5})
    Jsonl().open(tmp_path)({"work": "writing", "time/work_s": 1.5})
    first, second = (json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines())
    assert first["reward/mean"] == 0.5
    assert second["time/work_s"] == 1.5
    assert first["time"] <= second["time"]
