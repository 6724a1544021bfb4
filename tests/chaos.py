"""Angry days: local runs are disturbed at random points, resumed, and compared with an undisturbed one.

    python -m tests.chaos 100           so many disturbances; exit code 1 if any run ends with other records
    python -m tests.chaos 100 --seed 7  other points

Every process is a real one, forked from this one so that torch is imported once. The clock jumps for the process only,
in the functions that read it: to set that of the machine is not for a test.
"""

import argparse
import contextlib
import ctypes
import json
import os
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from random import Random

import torch
from seal.launch.cli import main

import seal.logger
from seal.folder.store import RESULTS
from tests.conftest import SMALL, records, settings_without

TINY = (
    *settings_without(
        SMALL, "task.n_train", "task.n_held_out", "recipe.contexts_per_round", "self_edit.max_new_tokens"
    ),
    "task.n_train=2",
    "task.n_held_out=1",
    "recipe.contexts_per_round=2",
    "self_edit.max_new_tokens=16",
    "outer.must_beat_unadapted=false",
)
MOST_A_RUN = 6
"""Disturbances of one run, before it may end."""
RECORDED = ("contexts", "self_edits", "answers", "evaluations", "updates")
_CAPABILITIES_V3 = 0x20080522


def start(outputs: Path, prepare: Callable[[], None] = lambda: None) -> int:
    """A process that goes on with the run; its id."""
    process = os.fork()
    if process:
        return process
    code = 70
    try:
        with (outputs / "said").open("a") as said:
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _lose_the_rights_of_root()
        prepare()
        code = main(["run", *TINY, f"outputs={outputs}"])
    finally:
        with contextlib.suppress(OSError):
            sys.stderr.flush()
        os._exit(code)


def _lose_the_rights_of_root() -> None:
    """Root may write into read-only folders; without its capabilities it may not."""
    header, nothing = (ctypes.c_uint32 * 2)(_CAPABILITIES_V3, 0), (ctypes.c_uint32 * 6)()
    ctypes.CDLL(None).capset(header, nothing)


def n_lines(outputs: Path) -> int:
    return sum(file.read_bytes().count(b"\n") for file in outputs.glob("tiny/*.jsonl"))


def is_over(process: int) -> int | None:
    """The exit code of a process that has ended."""
    ended, status = os.waitpid(process, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def wait(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def at_a_random_point(process: int, outputs: Path, random: Random) -> int | None:
    """Wait for it; the exit code if the run ended before."""
    goal = n_lines(outputs) + random.randint(1, 9)
    while (code := is_over(process)) is None and n_lines(outputs) < goal:
        time.sleep(0.005)
    if code is None:
        time.sleep(random.random() * 0.15)
    return is_over(process) if code is None else code


def signalled(which: signal.Signals, expected: int) -> Callable[[Path, Random], None]:
    def disturb(outputs: Path, random: Random) -> None:
        process = start(outputs)
        if at_a_random_point(process, outputs, random) is None:
            os.kill(process, which)
            code = wait(process)
            assert code in (expected, 0), f"exit code {code} after {which.name}"

    return disturb


killed = signalled(signal.SIGKILL, -signal.SIGKILL)


def full_disk(outputs: Path, random: Random) -> None:
    """No file may grow beyond a size, which fails as a full disk does."""
    largest = max((file.stat().st_size for file in outputs.glob("tiny/*.jsonl")), default=0)
    limit = random.choice([largest + random.randint(0, 4000), 200_000])

    def prepare() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    code = wait(start(outputs, prepare))
    assert code in (0, 1, 2), f"exit code {code} on a full disk"


def read_only(outputs: Path, random: Random) -> None:
    process = start(outputs)
    if at_a_random_point(process, outputs, random) is not None:
        return
    paths = [outputs / "tiny", *(outputs / "tiny").rglob("*")]
    kept = [(path, path.stat().st_mode) for path in paths if path.exists()]
    for path, mode in kept:
        with contextlib.suppress(FileNotFoundError):
            path.chmod(mode & ~0o222)
    code = wait(process)
    for path, mode in kept:
        with contextlib.suppress(FileNotFoundError):
            path.chmod(mode)
    assert code in (0, 1), f"exit code {code} in a read-only folder"


def truncated(outputs: Path, random: Random) -> None:
    """Killed, and the last line of a file is cut short."""
    killed(outputs, random)
    if files := sorted(file for file in outputs.glob("tiny/*.jsonl") if file.stat().st_size):
        file = random.choice(files)
        content = file.read_bytes()
        last = len(content) - (content[:-1].rfind(b"\n") + 1)
        file.write_bytes(content[: len(content) - random.randint(1, last)])


def flipped(outputs: Path, random: Random) -> None:
    """Killed, and one bit of a file of records is another one."""
    killed(outputs, random)
    files = [file for kind in RECORDED if (file := outputs / f"tiny/{kind}.jsonl").exists() and file.stat().st_size]
    if files:
        file = random.choice(files)
        content = bytearray(file.read_bytes())
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)
        file.write_bytes(content)


def clock_jump(outputs: Path, random: Random) -> None:
    """The clock goes back or forth by up to a year at every fifth look, and the process is killed in the end."""
    jumps = Random(random.random())

    def jumped() -> timedelta:
        return timedelta(days=jumps.uniform(-365, 365)) if jumps.random() < 0.2 else timedelta()

    class Jumping(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + jumped()

    def prepare() -> None:
        real = time.time
        time.time = lambda: real() + jumped().total_seconds()
        seal.logger.datetime = Jumping  # type: ignore[attr-defined]

    process = start(outputs, prepare)
    if at_a_random_point(process, outputs, random) is None:
        os.kill(process, signal.SIGKILL)
        wait(process)


DISTURBANCES: dict[str, Callable[[Path, Random], None]] = {
    "kill -9": killed,
    "SIGTERM": signalled(signal.SIGTERM, 130),
    "SIGINT": signalled(signal.SIGINT, 130),
    "full disk": full_disk,
    "read-only folder": read_only,
    "truncated record": truncated,
    "flipped bit": flipped,
    "clock jump": clock_jump,
}


def comparable(run: Path) -> dict[str, list[bytes]]:
    """What must not differ. A unit that is done again stands at another place of its file, and code that changes
    while this runs is no difference."""
    found = {name: content.split(b"\n") for name, content in records(run).items()}
    results = json.loads((run / RESULTS).read_text())
    results["notes"] = [note for note in results["notes"] if not note.startswith("the run was resumed with another")]
    found[RESULTS] = [json.dumps(results).encode()]
    return {name: sorted(lines) if name.endswith(".jsonl") else lines for name, lines in found.items()}


def angry_days(n_points: int, seed: int, where: Path) -> tuple[Counter[str], list[str]]:
    """How often what happened, and the runs that ended otherwise than the undisturbed one."""
    undisturbed = where / "undisturbed"
    undisturbed.mkdir()
    assert wait(start(undisturbed)) == 0, (undisturbed / "said").read_text()
    expected = comparable(undisturbed / "tiny")
    happened: Counter[str] = Counter()
    wrong: list[str] = []
    names = list(DISTURBANCES)
    random = Random(seed)
    while happened.total() < n_points:
        outputs = where / f"run{happened.total()}"
        outputs.mkdir()
        day: list[str] = []
        n_wrong = len(wrong)
        for _ in range(min(random.randint(1, MOST_A_RUN), n_points - happened.total())):
            name = names[happened.total() % len(names)]
            day.append(name)
            happened[name] += 1
            try:
                DISTURBANCES[name](outputs, random)
            except AssertionError as error:
                wrong.append(f"{outputs.name}: {', '.join(day)}: {error}\n{(outputs / 'said').read_text()[-3000:]}")
        code = wait(start(outputs))
        said = (outputs / "said").read_text()
        if code or "Traceback" in said:
            wrong.append(f"{outputs.name}: {', '.join(day)}: exit code {code}\n{said[-3000:]}")
        elif (found := comparable(outputs / "tiny")) != expected:
            files = [name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)]
            wrong.append(f"{outputs.name}: {', '.join(day)}: other {', '.join(files)}\n{said[-3000:]}")
        print(*wrong[n_wrong:], f"{happened.total()} of {n_points}: {', '.join(day)}", sep="\n", flush=True)
    return happened, wrong


def _main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("points", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parsed = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        happened, wrong = angry_days(parsed.points, parsed.seed, Path(folder))
    print(f"{happened.total()} points: {dict(happened)}; {len(wrong)} times something was wrong")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(_main())
