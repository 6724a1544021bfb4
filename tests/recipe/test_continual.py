"""One passage after another: each step starts from the merged model before it, and little is kept on disk."""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from safetensors.torch import load_file

from seal.base.monitor import Silent
from seal.config import loading
from seal.config.run import Run
from seal.folder.store import read_records
from seal.model.tiny import Tiny
from seal.recipe.continual import Continual
from seal.recipe.merging import Merged
from seal.session.experiment import perform
from seal.session.preflight import preflight
from seal.types import Failure, Training
from tests.conftest import MATCHED, Interrupting, performed_with_stops, records
from tests.values import context

Seal = Callable[..., int]
RUN = Path("outputs/run")
QUICK = (
    "recipe=continual recipe.sequences=2 recipe.length=3 task.n_held_out=6 inner.targets=[all-linear] inner.epochs=6 "
    "inner.batch_size=null inner.learning_rate=2e-3 self_edit.max_new_tokens=48 task.max_answer_tokens=8 "
    "recipe.match=none cluster.threads=1 name=run"
).split()
FULL = "inner=full inner.learning_rate=1e-3 inner.epochs=6 inner.batch_size=4".split()
QUICK_FULL = [one for one in QUICK if not one.startswith("inner.")] + FULL


class Watching(Interrupting):
    """Looks into the run's folder whenever a batch is done, and keeps what the models on disk are."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.on_disk: list[set[str]] = []

    def advanced(self, n_units: int) -> None:
        super().advanced(n_units)
        self.on_disk.append({path.name for path in self.folder.glob("policies/*")})


def found(folder: Path = RUN, name: str = "continual") -> dict[str, object]:
    return json.loads((folder / "results.json").read_text())[name]


def merged(folder: Path) -> dict[str, Training]:
    """What each step took, by the policy that it started from."""
    steps = read_records(folder / "merges.jsonl", Merged | Failure)
    return {key.removeprefix("round_0/"): one.training for key, one in steps.items() if isinstance(one, Merged)}


def beside(folder: Path) -> list[tuple[Training, Training]]:
    """The training of each step with the passage alone, and that with self-edits."""
    known = merged(folder)
    return [(one, known[name.replace("_matched", "")]) for name, one in known.items() if "_matched/" in name]


def loaded(*overrides: str) -> Run:
    return loading.load(overrides)[0]


@pytest.mark.parametrize("command", [QUICK, pytest.param(QUICK_FULL, marks=pytest.mark.slow)])
def test_every_step_asks_the_whole_sequence_and_learns_its_own_passage(seal: Seal, command: list[str]) -> None:
    assert seal("run", *command) == 0
    matrix = found()
    assert [[cell["n"] for cell in row] for row in (matrix["base"], *matrix["after"])] == [[2] * 3] * 4
    measures = matrix["measures"]
    assert measures["right_after"]["mean"] > measures["base_accuracy"]["mean"]
    assert all(cell["n"] == 2 for cell in measures.values())


@pytest.mark.slow
def test_each_sequence_is_learned_once_more_from_the_passages_alone_at_as_many_tokens(tmp_path: Path) -> None:
    run = loaded(*QUICK, MATCHED, f"outputs={tmp_path}")
    perform(run, Silent())
    pairs = beside(run.folder)
    assert len(pairs) == 6
    for alone, on_self_edits in pairs:
        assert alone.n_sequences == 1
        step = alone.trained_tokens / len(alone.losses)
        assert abs(alone.trained_tokens - on_self_edits.trained_tokens) <= step
    matrix = found(run.folder, "continual_matched")
    assert [[cell["n"] for cell in row] for row in (matrix["base"], *matrix["after"])] == [[2] * 3] * 4
    assert matrix["base"] == found(run.folder)["base"]


@pytest.mark.slow
@pytest.mark.parametrize("match", ["updates", "both"])
def test_optimizer_steps_are_the_same_where_they_are_held_equal(tmp_path: Path, match: str) -> None:
    run = loaded(*QUICK, f"recipe.match={match}", "inner.batch_size=2", f"outputs={tmp_path}")
    perform(run, Silent())
    for alone, on_self_edits in beside(run.folder):
        assert len(alone.losses) == len(on_self_edits.losses)
        if match == "both":
            assert alone.n_sequences == on_self_edits.n_sequences


@pytest.mark.slow
def test_nothing_is_learned_twice_where_nobody_wants_it(tmp_path: Path) -> None:
    run = loaded(*QUICK, f"outputs={tmp_path}")
    perform(run, Silent())
    assert found(run.folder, "continual_matched") is None
    assert len(merged(run.folder)) == 6


@pytest.mark.slow
def test_without_asking_ahead_only_what_was_seen_is_asked(seal: Seal) -> None:
    assert seal("run", *QUICK, "recipe.ask_ahead=false") == 0
    matrix = found()
    assert [[cell is not None for cell in row] for row in matrix["after"]] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]
    assert matrix["measures"]["forward_transfer"] is None
    assert matrix["measures"]["backward_transfer"]["n"] == 2


@pytest.mark.slow
def test_asking_ahead_changes_nothing_of_what_is_asked_anyway(tmp_path: Path) -> None:
    for name in ("true", "false"):
        run = loaded(*QUICK, f"recipe.ask_ahead={name}", f"outputs={tmp_path / name}")
        perform(run, Silent())
    ahead, seen = found(tmp_path / "true/run"), found(tmp_path / "false/run")
    for name, measure in seen["measures"].items():
        assert measure is None or measure == ahead["measures"][name]


@pytest.mark.slow
def test_a_step_starts_from_the_model_before_it_and_every_sequence_from_the_base(tmp_path: Path) -> None:
    run = loaded(*QUICK, MATCHED, f"outputs={tmp_path}")
    base = load_file(Path(Tiny().path) / "model.safetensors")
    seen: dict[str, dict[str, object]] = {}

    class Copying(Interrupting):
        def advanced(self, n_units: int) -> None:
            for file in run.folder.glob("policies/*/model.safetensors"):
                seen.setdefault(file.parent.name, load_file(file))

    perform(run, Copying())
    for sequence in ("1", "2", "1_matched", "2_matched"):
        chain = [base, *(seen[f"sequence_{sequence}_step_{step}"] for step in (1, 2, 3))]
        assert rank_of_change(base, chain[3]) > rank_of_change(base, chain[1])
        for before, after in pairwise(chain):
            assert 0 < rank_of_change(before, after) <= 32  # one adapter lies between two neighbours


def rank_of_change(before: dict[str, object], after: dict[str, object]) -> int:
    import torch

    name = "model.layers.0.self_attn.q_proj.weight"
    values = torch.linalg.svdvals((after[name] - before[name]).double())
    return int((values > 1e-4 * values[0]).sum())


@pytest.mark.slow
@pytest.mark.parametrize("command", [QUICK, pytest.param(QUICK_FULL, marks=pytest.mark.slow)])
def test_at_most_two_models_are_on_disk_and_none_in_the_end(tmp_path: Path, command: list[str]) -> None:
    run = loaded(*command, f"outputs={tmp_path}")
    watch = Watching(run.folder)
    perform(run, watch)
    assert max(map(len, watch.on_disk)) == 2
    assert not list(run.folder.rglob("*.safetensors"))


@pytest.mark.slow
@pytest.mark.parametrize("command", [QUICK, QUICK_FULL])
def test_a_run_stopped_after_any_batch_ends_with_the_same_records(tmp_path: Path, command: list[str]) -> None:
    command = [*command, MATCHED]
    whole = loaded(*command, f"outputs={tmp_path / 'whole'}")
    perform(whole, Silent())
    stopped = loaded(*command, f"outputs={tmp_path / 'stopped'}")
    assert performed_with_stops(stopped) > 10
    assert records(stopped.folder) == records(whole.folder)


@pytest.mark.parametrize(
    "change",
    [
        "recipe.match=none",
        *(pytest.param(change, marks=pytest.mark.slow) for change in ("inner.learning_rate=1e30", MATCHED)),
        *(pytest.param(change, marks=pytest.mark.slow) for change in ("recipe.ask_ahead=false", "recipe.sequences=3")),
    ],
)
def test_the_forecast_is_what_is_done(tmp_path: Path, change: str) -> None:
    run = loaded(*QUICK, change, f"outputs={tmp_path}")
    monitor = Interrupting()
    perform(run, monitor)
    assert monitor.n_done == monitor.n_planned == run.recipe.forecast(preflight(run), run).units


def test_a_sequence_whose_training_breaks_ends_there_and_scores_nothing(seal: Seal) -> None:
    assert seal("run", *QUICK, MATCHED, "inner.learning_rate=1e30") == 0
    matrix = found()
    assert (matrix["n_failed"], matrix["n_sequences"]) == (2, 2)
    assert found(name="continual_matched") == matrix
    assert matrix["measures"]["base_accuracy"]["n"] == 2
    assert matrix["measures"]["final_accuracy"] is None
    assert not list(RUN.rglob("*.safetensors"))


def recipe(*overrides: str) -> Continual:
    run, _ = loading.load(["recipe=continual", *(f"recipe.{override}" for override in overrides)])
    assert isinstance(run.recipe, Continual)
    return run.recipe


def held_out(n: int) -> object:
    from seal.task import Contexts

    return Contexts(train=(), held_out=tuple(context(str(number)) for number in range(n)))


def test_sequences_share_no_passage_while_there_are_enough() -> None:
    ids = [one.id for each in recipe("sequences=3", "length=4").drawn(held_out(13)) for one in each]
    assert len(set(ids)) == 12


@pytest.mark.slow
def test_where_passages_are_few_they_come_again_but_never_twice_in_a_sequence(seal: Seal) -> None:
    for each in recipe("sequences=9", "length=4").drawn(held_out(6)):
        assert len({one.id for one in each}) == 4
    assert seal("run", *QUICK, "recipe.contexts=4") == 0
    [note] = json.loads((RUN / "results.json").read_text())["notes"]
    assert "6 places in the sequences are filled with 4 passages" in note


def test_the_sequences_are_the_seed_s() -> None:
    drawn = [recipe(f"seed={seed}").drawn(held_out(64)) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_what_cannot_be_learned_in_sequence_is_refused(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    assert seal("check", *QUICK, "recipe.length=7") == 2
    assert "recipe.length is 7, but the part 'held_out' of the task has 6 contexts only" in capsys.readouterr().err
    assert seal("check", "recipe=continual", "inner=none") == 2
    assert "choose inner=lora or inner=full" in capsys.readouterr().err


@pytest.mark.slow
def test_the_report_shows_the_matrix(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    assert seal("run", *QUICK) == 0
    rows = (RUN / "report/matrix.csv").read_text().splitlines()
    assert rows[0] == "after_step,passage,accuracy,ci95_low,ci95_high,deviation,n_sequences"
    assert len(rows) == 1 + 4 * 3
    page = (RUN / "report/index.html").read_text()
    assert page.count("data:image/png;base64,") == 1
    assert "backward transfer" in page
    assert "backward transfer" in capsys.readouterr().out


@pytest.mark.slow
def test_status_counts_the_merges(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    assert seal("run", *QUICK, MATCHED) == 0
    capsys.readouterr()
    assert seal("status", "run", "--json") == 0
    facts = json.loads(capsys.readouterr().out)["records"]
    assert facts["merges"] == 2 * facts["self_edits"] == 12
    assert facts["answers"] == facts["evaluations"] == 6 + 2 * 18
