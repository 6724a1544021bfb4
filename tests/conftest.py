"""What tests share: a run small enough for seconds, the reference data, small models of other makes."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("SEAL_CACHE", str(Path(__file__).parent.parent / ".pytest_cache" / "seal"))

from seal.launch.cli import main

from seal.base.monitor import Silent
from seal.config.run import Run
from seal.session.experiment import perform
from tests.slurm import SlurmCluster, why_not
from tests.using.runs import quick_adapt

settings.register_profile("noisy", suppress_health_check=[HealthCheck.too_slow], deadline=None)
settings.load_profile("noisy")  # how fast a machine is at the moment is no property of the code
ROOT = Path(__file__).parent.parent
SMALL = (
    "experiment=tiny",
    "task.n_train=4",
    "task.n_held_out=3",
    "recipe.rounds=1",
    "recipe.contexts_per_round=4",
    "recipe.edits_per_context=2",
    "recipe.held_out_edits=1",
    "inner.epochs=3",
    "inner.parallel=3",
    "engine.prompts_per_batch=4",
    "self_edit.max_new_tokens=48",
    "outer.learner.epochs=1",
    "cluster.threads=1",
    "recipe.match=none",
)
"""The tiny experiment, a few seconds long: 11 self-edits, 14 trainings, one update."""

MATCHED = "recipe.match=tokens"
"""With rows at equal compute, which a small run is spared elsewhere."""

REFERENCE = "reference"
"""The fixture of the published data, and the property of a report of a test that wants it."""

CLOCKED = ("metrics.jsonl", "sessions.jsonl", "spending.jsonl")
"""Records of when and where, not of what."""


def pytest_itemcollected(item: pytest.Item) -> None:
    if REFERENCE in getattr(item, "fixturenames", ()):
        item.user_properties.append((REFERENCE, True))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many tests compared something with the published data: where it is missing they are skipped in silence."""
    stats = {outcome: terminalreporter.stats.get(outcome, []) for outcome in ("passed", "failed", "skipped")}
    counts = {
        what: sum((REFERENCE, True) in map(tuple, each.user_properties) for each in stats[what]) for what in stats
    }
    if any(counts.values()):
        n_compared = counts["passed"] + counts["failed"]
        terminalreporter.write_line(f"published data: {n_compared} tests compared with it, {counts['skipped']} skipped")


@pytest.fixture
def seal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """The command line, called in an empty folder; returns the exit code."""
    monkeypatch.chdir(tmp_path)

    def call(command: str, *arguments: str) -> int:
        try:
            return main([command, *arguments])
        except SystemExit as left:
            return int(left.code or 0)

    return call


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished small run, for tests that only read."""
    outputs = tmp_path_factory.mktemp("finished")
    assert main(["run", *SMALL, f"outputs={outputs}"]) == 0
    return outputs / "tiny"


@pytest.fixture(scope="session")
def finished_matched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with rows at equal compute."""
    outputs = tmp_path_factory.mktemp("finished_matched")
    assert main(["run", *SMALL, MATCHED, f"outputs={outputs}"]) == 0
    return outputs / "tiny"


@pytest.fixture(scope="session")
def adapted_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run of recipe=adapt on two passages, for tests that only read."""
    outputs = tmp_path_factory.mktemp("adapted")
    assert main(["run", *quick_adapt(outputs)]) == 0
    return outputs / "run"


@pytest.fixture(scope="session")
def running_slurm() -> Iterator[SlurmCluster]:
    """A real SLURM cluster, for as long as the tests last; skipped, with the reason, where there can be none."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    cluster = SlurmCluster()
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def slurm(running_slurm: SlurmCluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlurmCluster]:
    """The cluster, as the one of this machine, new if the test before broke it; no job of a test outlives it."""
    if not running_slurm.is_well():
        running_slurm.stop()
        running_slurm.start()
    for name in ("PATH", "SLURM_CONF"):
        monkeypatch.setenv(name, running_slurm.environment[name])
    yield running_slurm
    running_slurm.ask("scancel", "--user=root", "--full")
    assert running_slurm.quiet(), f"{running_slurm.ask('squeue')}{running_slurm.logs()}"


@pytest.fixture(scope="session")
def reference() -> Path:
    """The public data of the paper's experiments; tests that need it are skipped where it is missing."""
    folder = os.environ.get("SEAL_REFERENCE")
    if not folder or not Path(folder).is_dir():
        pytest.skip("no reference data: set SEAL_REFERENCE to its folder")
    return Path(folder)


def records(run: Path) -> dict[str, bytes]:
    """Everything in a run's folder that must not depend on when and how it was done."""
    kept = [*run.glob("*.jsonl"), *run.glob("policies/**/*.safetensors"), run / "results.json"]
    return {str(file.relative_to(run)): file.read_bytes() for file in kept if file.name not in CLOCKED}


def settings_without(overrides: Sequence[str], *keys: str) -> list[str]:
    """The overrides but for those of some keys."""
    return [override for override in overrides if override.partition("=")[0] not in keys]


def performed_with_stops(run: Run) -> int:
    """Perform a run that is stopped after its first batch, then after its second, and so on to its end; how often."""
    n_stops = 0
    while not (run.folder / "results.json").exists():
        try:
            perform(run, Interrupting(after=n_stops))
        except KeyboardInterrupt:
            n_stops += 1
    return n_stops


class Interrupting(Silent):
    """A monitor that counts units, and stops the run once so many batches have been done in this process."""

    def __init__(self, after: int | None = None) -> None:
        self.after = after
        self.n_planned = self.n_done = self.n_batches = 0

    def planned(self, n_units: int) -> None:
        self.n_planned = n_units

    def advanced(self, n_units: int) -> None:
        self.n_done += n_units
        self.n_batches += 1
        if self.after is not None and self.n_batches > self.after:
            raise KeyboardInterrupt

    def recalled(self, n_units: int) -> None:
        if n_units:
            self.advanced(n_units)
