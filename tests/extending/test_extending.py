"""What researchers want to try is one class, outside of the package, and no change in it."""

import json
from collections.abc import Callable
from pathlib import Path
from statistics import mean

import pytest

from seal.folder.store import read_records
from seal.types import Evaluation, Failure, SelfEdit, Update
from tests.conftest import SMALL, records, settings_without

Seal = Callable[..., int]
RUN = Path("outputs/tiny")
OWN = "hydra.searchpath=[file://conf]"


def option(room: str, name: str, target: str, **settings: object) -> str:
    """A YAML file of one's own, and how it is chosen."""
    folder = Path("conf") / room
    folder.mkdir(parents=True)
    (folder / f"{name}.yaml").write_text(json.dumps({"_target_": f"tests.extending.{target}", **settings}))
    return f"{room}={name}"


@pytest.mark.parametrize(
    ("module", "most"), [("length_reward", 15), ("reinforce", 45), ("word_f1", 20), ("prefix_tuning", 60), ("pool", 80)]
)
def test_they_are_short(module: str, most: int) -> None:
    lines = (Path(__file__).parent / f"{module}.py").read_text().splitlines()
    body = [line for line in lines if line.strip() and not line.startswith(("from ", "import ", '"""'))]
    assert len(body) <= most


def results() -> dict[str, object]:
    return json.loads((RUN / "results.json").read_text())


def test_a_reward_sees_the_self_edit_and_the_shortest_are_kept(seal: Seal) -> None:
    chosen = option("outer/reward", "length", "length_reward.Length", longest=400)
    assert seal("run", *SMALL, OWN, chosen, "outer.must_beat_unadapted=false", "outer.ties=first") == 0
    edits = read_records(RUN / "self_edits.jsonl", SelfEdit)
    update: Update = read_records(RUN / "updates.jsonl", Update)["round_0"]
    for name in update.kept:
        context, _, index = name.partition("/")
        lengths = [len(edits[f"round_0/{context}/{number}"].text) for number in range(2)]
        assert lengths[int(index)] == min(lengths)
    assert len(update.kept) == 4


@pytest.mark.slow
def test_reinforce_trains_the_policy_for_a_round(seal: Seal) -> None:
    chosen = option("outer", "reinforce", "reinforce.Reinforce", scale=1.0)
    overrides = settings_without(SMALL, "inner.epochs")
    assert seal("run", *overrides, OWN, chosen, "inner.epochs=10", "recipe.edits_per_context=3") == 0
    update: Update = read_records(RUN / "updates.jsonl", Update)["round_0"]
    assert update.kept
    assert update.weights
    assert {weight > 0 for weight in update.signed.values()} == {True, False}
    assert {name for name, weight in update.signed.items() if weight > 0} == {*update.kept}
    [turn] = results()["rounds"]
    assert turn["n_kept"] + turn["n_suppressed"] == len(update.signed)
    assert any("were reinforced" in note and "suppressed" in note for note in results()["notes"])
    page = (RUN / "report/index.html").read_text()
    assert "<th>reinforced</th><th>suppressed</th><th>left out</th>" in page
    assert [row["setting"] for row in results()["table"]][-1] == "round_1"


def test_a_metric_stands_beside_the_accuracy_everywhere(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    chosen = "+metrics.words._target_=tests.extending.word_f1.WordF1"
    for name in ("tiny", "other"):
        assert seal("run", *SMALL, "recipe.rounds=0", chosen, f"name={name}", f"seed={len(name)}") == 0
    said = capsys.readouterr().out
    assert "words" in said
    table = results()["table"]
    for row in table:
        assert row["metrics"]["words"]["mean"] >= row["accuracy"] - 1e-9
    assert results()["metrics"]["words"]["comparisons"]
    header, *_ = (RUN / "report/table.csv").read_text().splitlines()
    assert "words" in header.split(",")
    assert "<th>words</th>" in (RUN / "report/index.html").read_text()
    assert seal("compare", "tiny", "tiny", "--json") == 0
    assert "words" in json.loads(capsys.readouterr().out)["metrics"]


@pytest.mark.slow
def test_prefix_tuning_by_peft_adapts_the_model(seal: Seal) -> None:
    settings = {
        "learning_rate": 0.05, "schedule": "constant", "warmup_ratio": 0.0, "epochs": 40, "steps": None,
        "batch_size": 4, "micro_batch_size": None, "max_grad_norm": 1.0, "gradient_checkpointing": False,
        "append_end": True, "padding_loss": "none", "max_tokens": 256, "n_tokens": 8,
    }  # fmt: skip
    chosen = option("inner", "prefix", "prefix_tuning.PrefixTuning", **settings)
    quick = ("recipe=evaluate", "task.n_held_out=3", "task.n_train=1", "cluster.threads=1", "name=tiny")
    assert seal("run", *quick, "recipe.match=none", OWN, chosen) == 0
    known = read_records(RUN / "evaluations.jsonl", Evaluation | Failure)
    trained = [one.training for one in known.values() if isinstance(one, Evaluation) and one.training]
    assert len(trained) == 6
    assert mean(one.losses[-1] for one in trained) < 0.5 * mean(one.losses[0] for one in trained)
    answers = {key: [each.answer for each in one.verdicts] for key, one in known.items() if isinstance(one, Evaluation)}
    unadapted = [said for key, said in answers.items() if "/unadapted/" in key]
    assert unadapted != [said for key, said in answers.items() if "/passage/" in key]


@pytest.mark.slow
def test_a_pool_of_processes_makes_the_records_of_a_single_one(seal: Seal, finished: Path) -> None:
    chosen = option("cluster", "pool", "pool.Pool", processes=2)
    assert seal("run", *settings_without(SMALL, "cluster.threads"), OWN, chosen) == 0
    ordered = [
        {name: sorted(content.split(b"\n")) for name, content in records(run).items()} for run in (RUN, finished)
    ]
    assert ordered[0] == ordered[1]
