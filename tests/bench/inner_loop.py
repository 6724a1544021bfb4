"""The benchmark of the inner loop: `make bench`, or `make bench-quick` for the tiny model alone.

Each way of each model runs in a process of its own, one after another. What is compared is the work of one published
request: a self-edit of 87 updates at batch 1, its questions, and the unadapted model's answers to them.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.workload import ANSWER_TOKENS

UPDATES_A_REQUEST, QUESTIONS_A_REQUEST = 87, 4.5
REQUESTS_A_BASELINE = 15
"""Five self-edits with three repeats each share one passage, and so one baseline where it is kept."""
SLOTS = (1, 4, 16, 32)
LABELS = {"a": "as published", "b": "… without padding", "c": "PEFT, one at a time", "d": "SEAL"}


def measure(model: str, way: str, adapters: int, asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """One way, in its own process."""
    command = [sys.executable, "-m", "tests.bench.ways", "--folder", str(folder), "--model", model, "--way", way]
    command += ["--adapters", str(adapters), "--threads", str(asked.threads), "--steps", str(asked.steps)]
    command += ["--self-edits", str(2 * max(adapters, 4))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{model}, way {way}: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def request_s(found: dict[str, Any]) -> float:
    """The seconds that one request takes all in all."""
    baselines = QUESTIONS_A_REQUEST if found["baselines_each"] else QUESTIONS_A_REQUEST / REQUESTS_A_BASELINE
    asking_s = (QUESTIONS_A_REQUEST + baselines) * ANSWER_TOKENS * found["answer_token_s"]
    return float(found["request_s"] + UPDATES_A_REQUEST * found["step_s"] + asking_s)


def rows(
    model: str, way: str, adapters: int, found: dict[str, Any], published: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """What is written down of one way: training, answering, and both."""
    shared = {"model": model, "way": way, "adapters": adapters, "peak_bytes": found["peak_bytes"]}
    tokens_a_step = found["n_tokens"] / found["n_updates"]
    both_s = request_s(found)
    yield {
        **shared,
        "phase": "train",
        "updates_per_s": 1 / found["step_s"],
        "tokens_per_s": tokens_a_step / found["step_s"],
        "ratio_to_published": published["step_s"] / found["step_s"],
        "n_updates": found["n_updates"],
        "real_share": found["real_share"],
    }
    yield {
        **shared,
        "phase": "answer",
        "updates_per_s": None,
        "tokens_per_s": 1 / found["answer_token_s"],
        "ratio_to_published": published["answer_token_s"] / found["answer_token_s"],
        "n_answers": found["n_answers"],
    }
    yield {
        **shared,
        "phase": "both",
        "updates_per_s": UPDATES_A_REQUEST / both_s,
        "tokens_per_s": (UPDATES_A_REQUEST * tokens_a_step + QUESTIONS_A_REQUEST * ANSWER_TOKENS) / both_s,
        "ratio_to_published": request_s(published) / both_s,
    }


def table(found: list[dict[str, Any]]) -> Table:
    shown = Table(title="the inner loop; ratios to the published algorithm in the same run")
    for heading in ("model", "way", "slots", "updates/s", "× train", "× answer", "× both", "peak"):
        shown.add_column(heading, justify="left" if heading in ("model", "way") else "right")
    by_way: dict[tuple[str, str, int], dict[str, dict[str, Any]]] = {}
    for row in found:
        by_way.setdefault((row["model"], row["way"], row["adapters"]), {})[row["phase"]] = row
    for (model, way, adapters), phases in by_way.items():
        ratios = [f"{phases[phase]['ratio_to_published']:.1f}" for phase in ("train", "answer", "both")]
        peak = f"{phases['train']['peak_bytes'] / 1e9:.2f} GB"
        shown.add_row(model, LABELS[way], str(adapters), f"{phases['train']['updates_per_s']:.1f}", *ratios, peak)
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the tiny model only")
    parser.add_argument("--models", nargs="+", default=["tiny", "qwen2_27m", "qwen2_100m"])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--out", type=Path, default=Path("outputs/bench/inner_loop.json"))
    asked = parser.parse_args()
    found: list[dict[str, Any]] = []
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for model in ["tiny"] if asked.quick else asked.models:
            published: dict[str, Any] = {}
            for way, adapters in (("a", 1), ("b", 1), ("c", 1), *(("d", slots) for slots in SLOTS)):
                began_s = time.perf_counter()
                measured = measure(model, way, adapters, asked, Path(folder))
                published = published or measured
                found += rows(model, way, adapters, measured, published)
                seconds = time.perf_counter() - began_s
                print(f"{model} {LABELS[way]} ({adapters}): {seconds:.0f} s", file=sys.stderr)
                asked.out.write_text(json.dumps(found, indent=1) + "\n")
    Console(width=110).print(table(found))
    print(f"{asked.out}")


if __name__ == "__main__":
    main()
