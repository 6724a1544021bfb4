"""Searches: Optuna chooses the points, and they are runs as of any sweep."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from seal.folder.store import RESULTS
from tests.conftest import SMALL

optuna = pytest.importorskip("optuna")
QUICK = (*SMALL, "recipe.rounds=0", "recipe.held_out_contexts=2", "name=found", "hydra/sweeper=search")
FOUND = Path("outputs/found")
Seal = Callable[..., int]


def study(folder: Path) -> "optuna.Study":
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    storage = JournalStorage(JournalFileBackend(str(folder / FOUND / "search.journal")))
    return optuna.load_study(study_name="search", storage=storage)


def search(folder: Path, *overrides: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "seal.launch.cli", "run", "-m", *QUICK, *overrides]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_a_search_is_told_accuracies_goes_on_where_it_stopped_and_is_reported_like_a_sweep(
    tmp_path: Path, seal: Seal, capsys: pytest.CaptureFixture[str]
) -> None:
    swept = ("inner.rank=2,4,8", "inner.learning_rate=tag(log,interval(1e-4,1e-2))")
    assert seal("run", "-m", *QUICK, *swept, "hydra.sweeper.trials=2") == 0
    interrupted = study(tmp_path).ask(study(tmp_path).trials[0].distributions)
    assert interrupted.params.keys() == {"inner.rank", "inner.learning_rate"}
    capsys.readouterr()
    assert seal("run", "-m", *QUICK, *swept, "hydra.sweeper.trials=3") == 0
    said = capsys.readouterr().out
    complete = [trial for trial in study(tmp_path).trials if trial.state.name == "COMPLETE"]
    assert len(complete) == 3
    assert complete[-1].params == interrupted.params, "what was under way comes first"
    for trial in complete:
        [folder] = FOUND.glob(f"inner.learning_rate={trial.params['inner.learning_rate']},inner.rank=*")
        assert trial.value == json.loads((folder / RESULTS).read_text())["table"][-1]["accuracy"]
    assert f"best of 3: {max(trial.value for trial in complete):.3f}" in said
    assert seal("report", "found", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)["points"]) == 3
    assert seal("run", "-m", *QUICK, "inner.rank=2,4,8", "hydra.sweeper.trials=4") == 2
    assert "differs in inner.learning_rate=tag(log" in capsys.readouterr().err


@pytest.mark.slow
def test_points_that_fail_are_no_scores_and_jobs_can_do_the_others(tmp_path: Path) -> None:
    swept = ("self_edit.max_new_tokens=48,100000", "hydra.sweeper.trials=2", "hydra.sweeper.parallel=2")
    done = search(tmp_path, *swept, "hydra.sweeper.sampler=random", "hydra/launcher=submitit_local", "seed=2")
    states = {trial.params["self_edit.max_new_tokens"]: trial.state.name for trial in study(tmp_path).trials}
    assert states.get("48", "COMPLETE") == "COMPLETE"
    assert states["100000"] == "FAIL"
    assert done.returncode == 1
    assert "the same command tries them again" in done.stderr
    assert "but the context length is" in done.stderr


@pytest.mark.slow
def test_faulty_searches_are_refused_before_any_point_starts(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    assert seal("run", "-m", *QUICK) == 2
    assert "hydra.sweeper.params: " in capsys.readouterr().err
    assert seal("run", "-m", *QUICK, "inner.rank=2,1000", "hydra.sweeper.trials=3") == 2
    assert "inner.rank: Input should be less than or equal to 256, got 1000" in capsys.readouterr().err
    assert seal("run", "-m", *QUICK, "inner.rank=2,4", "hydra.sweeper.sampler=grid") == 2
    assert "hydra.sweeper.sampler: Input should be 'tpe' or 'random'" in capsys.readouterr().err
    assert seal("run", "-m", *QUICK, "inner.rank=2,4", "hydra.launcher._target_=hydra_plugins.other.Launcher") == 2
    assert "hydra/launcher: " in capsys.readouterr().err
    assert not Path("outputs").exists()


def test_the_published_grid_fits_the_published_experiment(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    published = ("experiment=paper/single_passage", "hydra/sweeper=search_published", "name=found", "inner.epochs=0")
    assert seal("run", "-m", *published) == 2
    [_, fault] = capsys.readouterr().err.strip().splitlines()
    assert "inner.epochs" in fault, "all else is as it should be, and what is given is not searched for"
