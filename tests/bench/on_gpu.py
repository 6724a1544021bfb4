"""What to run when a GPU is at hand, in eight minutes: `python -m tests.bench.on_gpu --out FOLDER`.

Each step is a process of its own with a time limit; it prints one line and writes a JSON file, and one that fails does
not stop the next. No network is needed: models are random ones of real shapes, made on the device and never stored.
`--dry-run` does all steps on the CPU, with a tiny model of the same kind.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

LIMITS_S = {"gpu_tests": 60, "exactness": 60, "demo": 60, "training_0_5b": 70, "training_7b": 120, "writing_7b": 90}
"""Of each step, in the order in which they run; eight minutes at most together."""
DRY_LIMIT_S = 240
DRY_DEMO = ("recipe.rounds=0", "recipe.match=none", "task.n_held_out=2", "self_edit.max_new_tokens=16")


def gpu_tests(*, dry: bool, out: Path) -> dict[str, Any]:
    """The tests marked gpu; on a CPU they are only collected."""
    command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "tests/inner", "-p", "no:cacheprovider"]
    done = subprocess.run([*command, *(["--collect-only"] if dry else [])], capture_output=True, text=True, check=False)
    (out / "gpu_tests.txt").write_text(done.stdout + done.stderr)
    if done.returncode:
        raise RuntimeError(f"pytest ended with {done.returncode}: see gpu_tests.txt")
    return {"said": done.stdout.strip().splitlines()[-1]}


def exactness(*, dry: bool, out: Path) -> dict[str, Any]:
    """How far training side by side is from one at a time, and an adapter in PEFT from the same one here."""
    from tests.bench import measured_on_gpu as measured

    shape = "dry" if dry else "qwen2_5_0_5b"
    return {dtype: measured.differences(shape, dtype, out) for dtype in ("float32", "bfloat16")}


def demo(*, dry: bool, out: Path) -> dict[str, Any]:
    """The table of the demo on this device."""
    start = "import sys; from seal.launch.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", start, "run", "experiment=tiny", "name=demo"]
    began_s = time.perf_counter()
    done = subprocess.run(
        [*command, *(DRY_DEMO if dry else [])],
        capture_output=True,
        text=True,
        check=False,
        cwd=out,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    (out / "demo.txt").write_text(done.stdout + done.stderr)
    if done.returncode:
        raise RuntimeError(f"seal run ended with {done.returncode}: see demo.txt")
    results = json.loads((out / "outputs/demo/results.json").read_text())
    rows = {row["setting"]: row["accuracy"] for row in results["table"]}
    return {"seconds": time.perf_counter() - began_s, "accuracy": rows}


def training_0_5b(*, dry: bool, out: Path) -> dict[str, Any]:
    """Speed of training by the number of slots, PEFT beside it."""
    from tests.bench import measured_on_gpu as measured

    shape, slots = ("dry", (1, 2)) if dry else ("qwen2_5_0_5b", (1, 4, 16, 32, 64))
    return measured.training(shape, slots)


def training_7b(*, dry: bool, out: Path) -> dict[str, Any]:
    """The same with seven billion weights, and what the profiler counts in a step."""
    from tests.bench import measured_on_gpu as measured

    shape, slots = ("dry", (1, 2)) if dry else ("qwen2_5_7b", (1, 8, 16, 32))
    return measured.training(shape, slots, profiled=True)


def writing_7b(*, dry: bool, out: Path) -> dict[str, Any]:
    """Speed of answering and of writing self-edits."""
    from tests.bench import measured_on_gpu as measured

    shape, sizes = ("dry", ((4, 4), (8, 8))) if dry else ("qwen2_5_7b", ((64, 64), (250, 300)))
    return {f"{texts} × {tokens}": measured.writing(shape, texts, tokens) for texts, tokens in sizes}


STEPS: dict[str, Callable[..., dict[str, Any]]] = {
    "gpu_tests": gpu_tests,
    "exactness": exactness,
    "demo": demo,
    "training_0_5b": training_0_5b,
    "training_7b": training_7b,
    "writing_7b": writing_7b,
}


def run_step(name: str, out: Path, *, dry: bool) -> str:
    """Run one step in a process of its own; the line that says how it went."""
    command = [sys.executable, "-m", "tests.bench.on_gpu", "--step", name, "--out", str(out)]
    began_s = time.perf_counter()
    try:
        done = subprocess.run(
            [*command, *(["--dry-run"] if dry else [])],
            capture_output=True,
            text=True,
            check=False,
            timeout=DRY_LIMIT_S if dry else LIMITS_S[name],
        )
        failure = (done.stderr.strip().splitlines() or ["no message"])[-1] if done.returncode else None
    except subprocess.TimeoutExpired as error:
        failure = f"not done after {error.timeout:.0f} s"
    if failure:
        (out / f"{name}.json").write_text(json.dumps({"failed": failure}) + "\n")
    found = (out / f"{name}.json").read_text()
    return f"{name}, {time.perf_counter() - began_s:.0f} s: {json.dumps(json.loads(found), ensure_ascii=False)}"


def of_a_round(out: Path) -> dict[str, Any]:
    """Minutes of a whole inner round with 7B, by what was measured: 750 trainings, their questions, 250 self-edits."""
    from tests.bench.inner_loop import QUESTIONS_A_REQUEST, REQUESTS_A_ROUND, UPDATES_A_REQUEST
    from tests.bench.workload import ANSWER_TOKENS

    trained, written = (json.loads((out / f"{name}.json").read_text()) for name in ("training_7b", "writing_7b"))
    if failed := [step for step in (trained, written) if "failed" in step]:
        raise ValueError(failed[0]["failed"])
    answering, writing = (each["tokens_per_s"] for each in written.values())
    minutes = {
        "training": REQUESTS_A_ROUND * UPDATES_A_REQUEST / max(row["updates_per_s"] for row in trained["slots"]) / 60,
        "answering": REQUESTS_A_ROUND * QUESTIONS_A_REQUEST * ANSWER_TOKENS / answering / 60,
        "writing": 250 * 300 / writing / 60,
    }
    return {"minutes": sum(minutes.values()), "largest": max(minutes, key=minutes.__getitem__), **minutes}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("outputs/bench/on_gpu"))
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--step", choices=STEPS, help="this one alone, in this process")
    asked = parser.parse_args()
    out = asked.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    if asked.step:
        found = STEPS[asked.step](dry=asked.dry_run, out=out)
        (out / f"{asked.step}.json").write_text(json.dumps(found, indent=1) + "\n")
        return
    for name in STEPS:
        print(run_step(name, out, dry=asked.dry_run), flush=True)
    try:
        found = of_a_round(out)
    except (KeyError, ValueError) as error:
        found = {"failed": f"a step before it failed: {error!r}"}
    (out / "round.json").write_text(json.dumps(found, indent=1) + "\n")
    print(f"round: {json.dumps(found)}")


if __name__ == "__main__":
    main()
