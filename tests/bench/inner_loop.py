"""The benchmark of the inner loop: `make bench`, or `make bench-quick` for the tiny model alone.

On a GPU: `python -m tests.bench.inner_loop --workloads passages --models qwen2_5_0_5b qwen2_5_7b`; `utilization` is
the share of what the device's matrix units could do in bfloat16, where that is known (`PEAKS`). Each way of each model
runs in a process of its own, one after another. What is compared is the work of one published request: a self-edit of
87 updates at batch 1, its questions, and the unadapted model's answers. `grids` is training on puzzles, against PEFT.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench import puzzles
from tests.bench.models import SHAPES
from tests.bench.workload import ANSWER_TOKENS

UPDATES_A_REQUEST, QUESTIONS_A_REQUEST = 87, 4.5
REQUESTS_A_ROUND = 750
REQUESTS_A_BASELINE = 15
"""Five self-edits with three repeats each share one passage, and so one baseline where it is kept."""
FLOPS_A_PARAMETER = 4
"""And real token, forwards and back: frozen weights need no gradient of their own. Attention is not counted."""
PEAKS = {"H200": 989e12, "H100": 989e12, "A100": 312e12, "L40S": 362e12}
"""Multiplications and additions a second of GPUs by a part of their names, dense, in bfloat16, as their maker says; of
the H100 in its SXM form."""
SLOTS = (1, 4, 16, 32)
LABELS = {"a": "as published", "b": "… without padding", "c": "PEFT, one at a time", "d": "SEAL"}


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a model is worked with."""

    model: str
    way: str
    adapters: int = 1
    """Slots."""
    dtype: str | None = None
    """Of the base weights, where it is not the model's usual one."""


def measure(way: Way, asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """One way, in its own process."""
    command = [sys.executable, "-m", "tests.bench.ways", "--folder", str(folder)]
    command += ["--model", way.model, "--way", way.way, "--adapters", str(way.adapters)]
    command += ["--threads", str(asked.threads), "--steps", str(asked.steps)]
    command += ["--self-edits", str(2 * max(asked.slots)), *(["--dtype", way.dtype] if way.dtype else [])]
    return _said(command)


def measure_puzzles(way: str, slots: int, asked: argparse.Namespace) -> dict[str, Any]:
    """One way of training on puzzles, in its own process; all on the same plans."""
    command = [sys.executable, "-m", "tests.bench.puzzles", "--way", way, "--adapters", str(slots)]
    return _said([*command, "--threads", str(asked.threads), "--self-edits", str(asked.plans)])


def _said(command: list[str]) -> dict[str, Any]:
    """The JSON in the last line of what a command says."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def utilization(flops_per_s: float, device: str | None) -> float | None:
    """The share of what the device could do; None where that is not known."""
    peak = next((peak for name, peak in PEAKS.items() if name in (device or "")), None)
    return flops_per_s / peak if peak else None


def request_s(found: dict[str, Any]) -> float:
    """The seconds that one request takes all in all."""
    baselines = QUESTIONS_A_REQUEST if found["baselines_each"] else QUESTIONS_A_REQUEST / REQUESTS_A_BASELINE
    asking_s = (QUESTIONS_A_REQUEST + baselines) * ANSWER_TOKENS * found["answer_token_s"]
    return float(found["request_s"] + UPDATES_A_REQUEST * found["step_s"] + asking_s)


def rows(way: Way, found: dict[str, Any], published: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What is written down of one way: training, answering, and both."""
    shared = {"workload": "passages", **asdict(way), "device": found["device"], "peak_bytes": found["peak_bytes"]}
    shared |= {"lengths": found["lengths"]}
    tokens_a_step = found["typical_tokens"]
    both_s = request_s(found)
    flops_per_s = FLOPS_A_PARAMETER * found["n_parameters"] * tokens_a_step / found["step_s"]
    yield {
        **shared,
        "phase": "train",
        "updates_per_s": 1 / found["step_s"],
        "tokens_per_s": tokens_a_step / found["step_s"],
        "ratio_to_published": published["step_s"] / found["step_s"],
        "n_updates": found["n_updates"],
        "real_share": found["real_share"],
        "flops_per_s": flops_per_s,
        "utilization": utilization(flops_per_s, found["device"]),
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
        "round_s": REQUESTS_A_ROUND * both_s,
    }


def table(found: list[dict[str, Any]]) -> Table:
    shown = Table(title="the inner loop; ratios to the published algorithm in the same run")
    for heading in ("model", "way", "slots", "updates/s", "tokens/s", "real", "× train", "× answer", "× both"):
        shown.add_column(heading, justify="left" if heading in ("model", "way") else "right")
    for heading in ("a round", "peak", "util."):
        shown.add_column(heading, justify="right")
    by_way: dict[tuple[str, str, int, str | None], dict[str, dict[str, Any]]] = {}
    for row in found:
        by_way.setdefault((row["model"], row["way"], row["adapters"], row["dtype"]), {})[row["phase"]] = row
    for (model, way, adapters, dtype), phases in by_way.items():
        ratios = [f"{phases[phase]['ratio_to_published']:.1f}" for phase in ("train", "answer", "both")]
        ratios.append(f"{phases['both']['round_s'] / 60:.0f} min")
        peak = f"{phases['train']['peak_bytes'] / 1e9:.2f} GB"
        shown.add_row(
            model,
            f"{LABELS[way]} {dtype or ''}",
            str(adapters),
            f"{phases['train']['updates_per_s']:.1f}",
            f"{phases['train']['tokens_per_s']:,.0f}",
            f"{phases['train']['real_share']:.1%}",
            *ratios,
            peak,
            "" if (used := phases["train"]["utilization"]) is None else f"{100 * used:.0f} %",
        )
    return shown


def table_of_puzzles(found: list[dict[str, Any]]) -> Table:
    shown = Table(title="training on puzzles (grids); ratios to PEFT in the same run")
    for heading in ("way", "slots", "tokens/s", "updates/s", "× PEFT", "peak"):
        shown.add_column(heading, justify="left" if heading == "way" else "right")
    for each in found:
        numbers = (f"{each['tokens_per_s']:,.0f}", f"{each['updates_per_s']:.1f}", f"{each['ratio_to_peft']:.2f}")
        shown.add_row(LABELS[each["way"]], str(each["adapters"]), *numbers, f"{each['peak_bytes'] / 1e9:.2f} GB")
    return shown


def _ways(model: str, slots: Sequence[int]) -> Iterator[Way]:
    yield from (Way(model=model, way=way) for way in "abc")
    yield from (Way(model=model, way="d", adapters=count) for count in slots)
    if model != "tiny" and not shutil.which("nvidia-smi"):  # on a GPU all of them have weights in bfloat16
        yield Way(model=model, way="d", adapters=max(slots), dtype="bfloat16")


def _models(asked: argparse.Namespace) -> list[str]:
    if "passages" not in asked.workloads:
        return []
    return ["tiny"] if asked.quick else asked.models


def _rows_of_puzzles(asked: argparse.Namespace) -> Iterator[dict[str, Any]]:
    peft = measure_puzzles("c", 1, asked)
    yield puzzles.row(peft, peft, way="c", adapters=1)
    for slots in asked.slots:
        yield puzzles.row(measure_puzzles("d", slots, asked), peft, way="d", adapters=slots)
        print(f"grids, {slots} slots", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the tiny model only")
    parser.add_argument("--models", nargs="+", default=["tiny", "qwen2_27m", "qwen2_100m"], choices=["tiny", *SHAPES])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--slots", nargs="+", type=int, default=SLOTS, help="how many adapters side by side")
    parser.add_argument("--workloads", nargs="+", default=["passages", "grids"], choices=["passages", "grids"])
    parser.add_argument("--plans", type=int, default=32, help="of grids")
    parser.add_argument("--out", type=Path, default=Path("outputs/bench/inner_loop.json"))
    asked = parser.parse_args()
    began_s = time.perf_counter()
    found: list[dict[str, Any]] = []
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for model in _models(asked):
            published: dict[str, Any] = {}
            for way in _ways(model, asked.slots):
                way_began_s = time.perf_counter()
                measured = measure(way, asked, Path(folder))
                published = published or measured
                found += rows(way, measured, published)
                print(f"{way}: {time.perf_counter() - way_began_s:.0f} s", file=sys.stderr)
                asked.out.write_text(json.dumps(found, indent=1) + "\n")
    of_puzzles = list(_rows_of_puzzles(asked)) if "grids" in asked.workloads else []
    asked.out.write_text(json.dumps([*found, *of_puzzles], indent=1) + "\n")
    for shown in ([table(found)] if found else []) + ([table_of_puzzles(of_puzzles)] if of_puzzles else []):
        Console(width=140).print(shown)
    print(f"{asked.out}, in {time.perf_counter() - began_s:.0f} s")


if __name__ == "__main__":
    main()
