"""Metrics as lines."""

import json
from pathlib import Path

from seal.logger.jsonl import Jsonl


def test_metrics_are_appended_with_the_time_also_after_a_restart(tmp_path: Path) -> None:
    for metrics in ({"reward/mean": 0.5}, {"work": "writing", "time/work_s": 1.5}):
        with Jsonl().open(tmp_path) as log:
            log(metrics)
    first, second = (json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines())
    assert first["reward/mean"] == 0.5
    assert second["time/work_s"] == 1.5
    assert first["time"] <= second["time"]
