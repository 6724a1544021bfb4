"""Metrics as lines of JSON in the run's own folder. Every run has them, whatever other logger it has."""

import json
from datetime import UTC, datetime
from pathlib import Path

from seal.logger import Log, Logger, Metrics
from seal.settings import option
from seal.store import append_lines


@option
class Jsonl(Logger):
    """Writes `metrics.jsonl`."""

    def open(self, folder: Path) -> Log:
        def log(metrics: Metrics) -> None:
            now = datetime.now(UTC).isoformat(timespec="milliseconds")
            append_lines(folder / "metrics.jsonl", [json.dumps({"time": now, **metrics}) + "\n"])

        return log
