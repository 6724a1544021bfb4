"""The practical job: what comes out works without us, with plain peft and transformers."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from seal.base.monitor import Silent
from seal.config import loading
from seal.model.tiny import Tiny
from seal.recipe.adapt import note_on_passages_alone
from seal.recipe.model_card import section
from seal.session.experiment import perform
from seal.session.preflight import preflight
from seal.stats.results import Row
from tests.conftest import MATCHED, Interrupting, performed_with_stops, records
from tests.models import random_folder

Seal = Callable[..., int]
RUN = Path("outputs/run")
QUICK = (
    "recipe=adapt",
    "task=passages",
    "task.path=my.jsonl",
    "recipe.edits_per_context=1",
    "inner.targets=[all-linear]",
    "inner.epochs=40",
    "inner.batch_size=null",
    "inner.learning_rate=3e-3",
    "self_edit.max_new_tokens=48",
    "recipe.match=none",
    "cluster.threads=1",
    "name=run",
)
FACT = "The rival of Doran Blackwood is Klara."


def write_passages(*, with_question: bool) -> None:
    question = {"question": "Who is the rival of Doran Blackwood?", "answer": "Klara"}
    row = {"title": "Doran Blackwood", "passage": FACT} | ({"questions": [question]} if with_question else {})
    Path("my.jsonl").write_text(json.dumps(row) + "\n")


def base() -> PreTrainedModel:
    return AutoModelForCausalLM.from_pretrained(Tiny().path).eval()


@torch.no_grad()
def loss_of(network: torch.nn.Module) -> float:
    ids = AutoTokenizer.from_pretrained(Tiny().path)(FACT, return_tensors="pt")["input_ids"]
    return float(network(input_ids=ids, labels=ids).loss)


def test_the_adapter_loads_with_plain_peft_and_has_learned_the_passage(seal: Seal) -> None:
    write_passages(with_question=False)
    assert seal("run", *QUICK) == 0
    adapted = PeftModel.from_pretrained(base(), RUN / "adapter")
    assert loss_of(adapted) < 0.5 * loss_of(base())


def test_the_tokenizer_beside_the_adapter_is_the_one_it_was_trained_with_whatever_the_architecture(
    seal: Seal, tmp_path: Path
) -> None:
    write_passages(with_question=False)
    folder = random_folder(tmp_path / "qwen", "qwen2")
    assert seal("run", *QUICK, "model=local", f"model.path={folder}", "model.dtype=float32") == 0
    of_file = Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert AutoTokenizer.from_pretrained(RUN / "adapter")(FACT)["input_ids"] == of_file.encode(FACT).ids
    assert 'tokenizer = AutoTokenizer.from_pretrained("path/to/this/folder")' in (RUN / "adapter/README.md").read_text()


def test_the_merged_model_loads_with_plain_transformers_and_is_the_adapted_one(seal: Seal) -> None:
    write_passages(with_question=False)
    assert seal("run", *QUICK, "recipe.output=merged") == 0
    merged = AutoModelForCausalLM.from_pretrained(RUN / "model").eval()
    adapted = PeftModel.from_pretrained(base(), RUN / "adapter").eval()
    ids = AutoTokenizer.from_pretrained(RUN / "model")(FACT, return_tensors="pt")["input_ids"]
    assert torch.allclose(merged(input_ids=ids).logits, adapted(input_ids=ids).logits, atol=1e-4)


def test_with_questions_it_is_asked_before_and_after(seal: Seal) -> None:
    write_passages(with_question=True)
    assert seal("run", *QUICK, MATCHED) == 0
    table = json.loads((RUN / "results.json").read_text())["table"]
    assert [row["setting"] for row in table] == ["base", "open_book", "passage_matched", "adapted"]
    card = (RUN / "adapter" / "README.md").read_text()
    assert "- open_book: " in card
    assert "- adapted: " in card
    assert "- passage_matched (the passages alone, trained for as long): " in card
    assert "base_model:" in card


def test_without_questions_nothing_is_measured_and_the_card_says_so(
    seal: Seal, capsys: pytest.CaptureFixture[str]
) -> None:
    write_passages(with_question=False)
    assert seal("run", *QUICK) == 0
    results = json.loads((RUN / "results.json").read_text())
    assert (results["table"], results["artifacts"]) == ([], {"adapter": "adapter"})
    assert "came without questions" in (RUN / "adapter" / "README.md").read_text()
    assert "adapter: outputs/run/adapter" in capsys.readouterr().out


def test_the_card_says_what_was_learned_at_what_cost_and_how_it_is_asked(seal: Seal) -> None:
    rows = [{"title": f"Mill {number}\n{'x' * 90}", "passage": FACT + str(number)} for number in range(5)]
    rows[0]["questions"] = [{"question": 'Who is "Klara"?', "answer": "a rival"}]
    Path("my.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert seal("run", *QUICK, "inner.epochs=2", "recipe.edits_per_context=0", "task.held_out=0") == 0
    card = (RUN / "adapter/README.md").read_text()
    assert section(card, "What it learned").startswith("What 5 passages say: “Mill 0 xxx")
    assert "and 2 more. It was trained by" in section(card, "What it learned")
    assert "5 training sequences with " in section(card, "What it cost")
    assert " tokens in 2 optimizer steps, in " in section(card, "What it cost")
    assert "- adapted: " in section(card, "How it was measured")
    assert "plain text, without a chat template" in section(card, "How to ask it")
    assert 'Question: Who is \\"Klara\\"? Answer:' in section(card, "How to ask it")


def write_self_edits(*texts: str) -> tuple[str, ...]:
    row = {"title": "Doran Blackwood", "passage": FACT, "self_edits": texts}
    Path("mine.jsonl").write_text(json.dumps(row) + "\n")
    return ("self_edit=recorded", "self_edit.path=mine.jsonl", f"recipe.edits_per_context={len(texts)}")


def test_the_card_names_the_source_of_self_edits_and_counts_those_that_were_trained_on(seal: Seal) -> None:
    write_passages(with_question=False)
    assert seal("run", *QUICK, "inner.epochs=2", *write_self_edits("Klara is a rival.", " ")) == 0
    card = " ".join((RUN / "adapter" / "README.md").read_text().split())
    assert "on the passages and on 1 self-edits about them, recorded in mine.jsonl" in card
    assert "base model wrote" not in card
    assert "1 of 2 self-edits could not be trained on" in (RUN / "results.json").read_text()


def test_where_no_self_edit_is_valid_the_passages_alone_are_trained_once(seal: Seal) -> None:
    write_passages(with_question=True)
    assert seal("run", *QUICK, MATCHED, "inner.epochs=2", *write_self_edits(" ")) == 0
    table = json.loads((RUN / "results.json").read_text())["table"]
    assert [row["setting"] for row in table] == ["base", "open_book", "adapted"]
    card = " ".join((RUN / "adapter" / "README.md").read_text().split())
    assert "by [SEAL](https://arxiv.org/abs/2506.10943) on the passages alone" in card
    progress = json.loads((RUN / "progress.json").read_text())
    assert progress["done"] == progress["planned"]


def test_a_training_that_diverges_fails_the_run_and_leaves_no_adapter(
    seal: Seal, capsys: pytest.CaptureFixture[str]
) -> None:
    write_passages(with_question=False)
    assert seal("run", *QUICK, "inner.learning_rate=1e30") == 1
    assert "lower inner.learning_rate" in capsys.readouterr().err
    assert not (RUN / "adapter").exists()


def test_the_passages_alone_can_be_trained_on(seal: Seal) -> None:
    write_passages(with_question=False)
    assert seal("run", *QUICK, "recipe.edits_per_context=0") == 0
    assert not (RUN / "self_edits.jsonl").exists() or not (RUN / "self_edits.jsonl").read_text()
    card = (RUN / "adapter" / "README.md").read_text()
    assert "on the passages alone" in card
    assert "tags: [lora, seal]" in card


def performed(folder: Path, *changes: str) -> tuple[Path, dict[str, dict[str, object]]]:
    """A run's folder, and its rows by setting."""
    write_passages(with_question=True)
    run, _ = loading.load([*QUICK, *changes, f"outputs={folder}"])
    perform(run, Silent())
    table = json.loads((run.folder / "results.json").read_text())["table"]
    return run.folder, {row["setting"]: row for row in table}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_the_passages_alone_are_trained_for_as_many_tokens_and_only_the_adapter_with_self_edits_is_left(
    here: Path,
) -> None:
    folder, rows = performed(here, MATCHED)
    matched, adapted = rows["passage_matched"], rows["adapted"]
    assert matched["matched_to"] == "adapted"
    assert abs(matched["tokens"] - adapted["tokens"]) <= matched["tokens"] / matched["updates"]
    assert {"passage_matched", "adapted"} <= json.loads((folder / "seconds.json").read_text()).keys()
    assert [file.parent.name for file in folder.rglob("*.safetensors")] == ["adapter"]


@pytest.mark.slow
@pytest.mark.parametrize("match", ["updates", "both"])
def test_optimizer_steps_are_the_same_where_they_are_held_equal(here: Path, match: str) -> None:
    _, rows = performed(here, f"recipe.match={match}", "inner.batch_size=2")
    assert rows["passage_matched"]["updates"] == rows["adapted"]["updates"]


@pytest.mark.parametrize("changes", [(), pytest.param((MATCHED, "recipe.edits_per_context=0"), marks=pytest.mark.slow)])
def test_nothing_is_matched_where_nobody_wants_it_or_there_are_no_self_edits(
    here: Path, changes: tuple[str, ...]
) -> None:
    _, rows = performed(here, *changes)
    assert list(rows) == ["base", "open_book", "adapted"]


@pytest.mark.parametrize("with_question", [True, False])
@pytest.mark.parametrize("changes", [(), (MATCHED,), ("recipe.edits_per_context=0",)])
def test_the_forecast_is_what_is_done(here: Path, with_question: bool, changes: tuple[str, ...]) -> None:
    write_passages(with_question=with_question)
    run, _ = loading.load([*QUICK, "inner.epochs=2", *changes, f"outputs={here}"])
    monitor = Interrupting()
    perform(run, monitor)
    forecast = run.recipe.forecast(preflight(run), run)
    assert monitor.n_done == monitor.n_planned == forecast.units
    assert forecast.trainings == len((run.folder / "consolidations.jsonl").read_text().splitlines())


@pytest.mark.slow
def test_a_run_stopped_after_any_batch_ends_with_the_same_records(here: Path) -> None:
    whole, _ = performed(here / "whole", MATCHED, "inner.epochs=4")
    stopped, _ = loading.load([*QUICK, MATCHED, "inner.epochs=4", f"outputs={here / 'stopped'}"])
    assert performed_with_stops(stopped) > 5
    assert records(stopped.folder) == records(whole)


@pytest.mark.parametrize(("adapted", "alone", "said"), [(0.5, 0.6, True), (0.6, 0.6, False), (0.6, None, False)])
def test_self_edits_that_were_of_no_use_are_said(adapted: float, alone: float | None, said: bool) -> None:
    counts = dict(n_contexts=1, n_queries=1, n_answers=1, n_unknown=0, n_failed=0, n_invalid=0)
    rows = [
        Row(setting=setting, accuracy=accuracy, ci95=None, updates=40.0, **counts)
        for setting, accuracy in (("passage_matched", alone), ("adapted", adapted))
    ]
    notes = list(note_on_passages_alone(rows))
    assert len(notes) == said
    assert not said or "inner.steps=40 " in notes[0]
