"""Self-edits that somebody has written already."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from seal.folder.store import Store, read_records
from seal.self_edit.recordings import read_recordings
from seal.types import Context, SelfEdit
from tests.conftest import SMALL, settings_without

Seal = Callable[..., int]
OF_TRAINING = ("rounds", "contexts_per_round", "edits_per_context", "held_out_edits", "repeats")
UNSET = (*(f"recipe.{name}" for name in OF_TRAINING), "experiment", "task.n_train", "task.n_held_out")
QUICK = (
    *settings_without(SMALL, *UNSET),
    *("recipe=evaluate", "recipe.part=all", "inner.targets=[all-linear]", "name=run"),
)
RUN = Path("outputs/run")
PASSAGES = [{"title": f"T{n}", "passage": f"Leo has {n} cats.", "question": "Who?", "answer": "Leo"} for n in (1, 2)]


def write(path: str, rows: object) -> str:
    Path(path).write_text(
        "".join(json.dumps(row) + "\n" for row in rows) if isinstance(rows, list) else json.dumps(rows)
    )
    return path


def recorded(path: str, *overrides: str) -> tuple[str, ...]:
    task = ("task=passages", f"task.path={write('passages.jsonl', PASSAGES)}")
    return (*QUICK, *task, "self_edit=recorded", f"self_edit.path={path}", *overrides)


def texts() -> list[str]:
    return sorted(edit.text for edit in read_records(RUN / "self_edits.jsonl", SelfEdit).values())


@pytest.mark.parametrize("form", ["rows", "articles"])
def test_self_edits_from_a_file_are_tried_out_as_they_are(seal: Seal, form: str) -> None:
    if form == "rows":
        rows = [{"title": p["title"], "passage": p["passage"], "self_edits": [f"{p['title']}!", "x"]} for p in PASSAGES]
        path = write("edits.jsonl", rows)
    else:
        articles = [
            {"title": p["title"], "context": p["passage"] + " ", "completions": [{"text": f"{p['title']}!"}]}
            for p in PASSAGES
        ]
        path = write("edits.json", {"articles": articles})
    assert seal("run", *recorded(path)) == 0
    assert texts() == ["T1!", "T2!"]


def test_self_edits_may_hold_any_character_that_json_lets_stand(seal: Seal) -> None:
    rows = [{"title": p["title"], "passage": p["passage"], "self_edits": ["a\u2028b\x85c"]} for p in PASSAGES]
    Path("edits.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    assert seal("check", *recorded("edits.jsonl")) == 0


def test_of_a_run_with_steps_only_the_self_edits_of_the_policy_itself_are_taken(tmp_path: Path) -> None:
    store = Store(tmp_path)
    context = Context(id="c", title="T", text="Leo has a cat.", queries=())
    store.append("contexts", {"c": context}, Context)
    for key, text in (("round_0/c/0", "own"), ("round_0/sequence_1/step_2/c/0", "of a step")):
        store.append("self_edits", {key: SelfEdit(context_id="c", index=0, text=text, finished=True)}, SelfEdit)
    assert read_recordings(tmp_path, "round_0") == {("T", "Leo has a cat."): ("own",)}


@pytest.mark.slow
def test_self_edits_of_another_run_are_tried_out_again(seal: Seal, finished: Path) -> None:
    task = ("task.n_train=4", "task.n_held_out=3")
    command = [each for each in QUICK if each != "recipe.part=all"]
    source = ("self_edit=recorded", f"self_edit.path={finished}", "self_edit.policy=round_1")
    assert seal("run", *command, *task, *source) == 0
    there = read_records(finished / "self_edits.jsonl", SelfEdit)
    here = read_records(RUN / "self_edits.jsonl", SelfEdit)
    assert {key: edit.text for key, edit in here.items()} == {
        key.replace("round_1", "round_0"): edit.text for key, edit in there.items() if key.startswith("round_1/")
    }


@pytest.mark.slow
def test_published_self_edits_of_published_passages_are_found(seal: Seal, reference: Path) -> None:
    task = ("task=passages", f"task.path={reference}/knowledge/self_edits_val_base.json", "task.limit=3")
    source = ("self_edit=recorded", f"self_edit.path={reference}/knowledge/self_edits_val_base.json")
    assert seal("run", *QUICK, *task, *source, "recipe.edits_per_context=5", "inner.max_tokens=64") == 0
    assert len(texts()) == 15


def test_contexts_with_too_few_self_edits_are_named_before_anything_starts(
    seal: Seal, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write("edits.jsonl", [{"title": "T1", "passage": "Leo has 1 cats.", "self_edits": ["a"]}])
    assert seal("run", *recorded(path)) == 2
    said = capsys.readouterr().err
    assert "edits.jsonl has 0 self-edits for 'T2' (Leo has 2 cats.…), but 1 are needed" in said
    assert "'T1'" not in said


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("edits.jsonl", '{"title": "T1"}\n', "line 1 of edits.jsonl needs title, passage"),
        ("edits.jsonl", '{"title": \n', "edits.jsonl is not JSON: line 1"),
        ("edits.jsonl", "[" * 100_000, "edits.jsonl is not JSON: line 1"),
        ("edits.json", '[{"title": "a", "context": "b", "self_edits": "abc"}]', "they are a str, not a list"),
        ("edits.json", '[{"title": "a", "context": "b", "self_edits": [{"text": null}]}]', "None is not a text"),
        ("edits.json", '{"rows": []}', "is neither a list of rows nor an object with articles"),
        ("edits.json", '[{"title": "a", "context": "b", "completions": [3]}]', "row 1 of edits.json needs title"),
        ("other.json", "", "cannot read edits.json"),
    ],
)
def test_a_file_that_is_nothing_of_the_kind_is_named(
    seal: Seal, capsys: pytest.CaptureFixture[str], name: str, content: str, said: str
) -> None:
    Path(name).write_text(content)
    assert seal("run", *recorded(name if name != "other.json" else "edits.json")) == 2
    assert said in capsys.readouterr().err


def test_a_run_that_lost_its_contexts_is_named(
    seal: Seal, finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = shutil.copytree(finished, tmp_path / "run")
    (run / "contexts.jsonl").write_text("")
    assert seal("run", *recorded(str(run))) == 2
    assert "contexts.jsonl lacks the context" in capsys.readouterr().err


def test_nobody_can_learn_from_them(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    assert seal("check", "self_edit=recorded", "self_edit.path=x.json") == 2
    assert "self_edit: a policy cannot learn to write these self-edits" in capsys.readouterr().err


def test_other_recorded_self_edits_are_another_run(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"title": p["title"], "passage": p["passage"], "self_edits": ["x"]} for p in PASSAGES]
    command = recorded(write("edits.jsonl", rows))
    assert seal("run", *command) == 0
    write("edits.jsonl", [{**row, "self_edits": ["y"]} for row in rows])
    assert seal("run", *command) == 2
    assert "the recorded self-edits have changed since" in capsys.readouterr().err


def test_nobody_is_asked_for_what_is_recorded(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"title": p["title"], "passage": p["passage"], "self_edits": ["x"]} for p in PASSAGES]
    command = recorded(write("edits.jsonl", rows), "self_edit.max_new_tokens=100000")
    nobody = ("engine@writer=openai", "writer.endpoint.base_url=http://127.0.0.1:9/v1")
    assert seal("check", *command, *nobody, "--json") == 0
    assert json.loads(capsys.readouterr().out)["plan"]["paid_calls"] == 0
    assert seal("run", *command, *nobody) == 0
