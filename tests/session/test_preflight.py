"""Whatever is wrong is said before any model is loaded: exit code 2, and no folder was made."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from seal.config import loading
from seal.session.preflight import preflight
from tests.conftest import SMALL
from tests.models import random_folder

Seal = Callable[..., int]


def passages(folder: Path, *rows: dict[str, object]) -> Path:
    file = folder / "my.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


@pytest.fixture
def refuses(seal: Seal, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What a run says that must not start."""

    def call(*overrides: str) -> str:
        assert seal("run", *overrides) == 2
        assert not Path("outputs").exists()
        return capsys.readouterr().err

    return call


def test_a_row_without_questions_is_named_where_the_recipe_needs_them(
    refuses: Callable[..., str], tmp_path: Path
) -> None:
    file = passages(
        tmp_path,
        {"title": "A", "passage": "a", "questions": [{"question": "?", "answer": "!"}]},
        {"title": "B", "passage": "b"},
    )
    message = refuses("task=passages", f"task.path={file}")
    assert "row 2 of my.jsonl ('B') has no question" in message


def test_a_file_without_any_question_says_so_once_and_what_is_read_as_one(
    refuses: Callable[..., str], tmp_path: Path
) -> None:
    rows = [{"title": f"T{n}", "passage": f"{n}", "q": "?", "a": "!"} for n in range(4)]
    message = refuses("task=passages", f"task.path={passages(tmp_path, *rows)}")
    assert (
        "this recipe asks questions: no row has any, neither a list (questions or qas) nor one in each row" in message
    )
    assert "there is title, passage, q, a: task.questions=[…] and task.question=… say what" in message
    assert len(message.splitlines()) == 2


def test_only_one_passage_is_too_few_for_training(refuses: Callable[..., str], tmp_path: Path) -> None:
    file = passages(tmp_path, {"title": "A", "passage": "a", "questions": [{"question": "?", "answer": "!"}]})
    message = refuses("task=passages", f"task.path={file}")
    assert "training needs contexts in both parts, but 0 are for training and 1 held out" in message


def test_what_to_do_about_too_few_contexts_is_said_in_settings_of_the_task(
    refuses: Callable[..., str], tmp_path: Path
) -> None:
    rows = [{"title": "A", "passage": "a", "question": f"{n}?", "answer": "!"} for n in range(4)]
    message = refuses("task=passages", f"task.path={passages(tmp_path, *rows)}")
    assert "give more passages (4 rows have 1), another task.limit or task.held_out, or recipe=adapt" in message
    pair = {"input": [[1]], "output": [[2]]}
    (tmp_path / "one.json").write_text(json.dumps({"train": [pair, pair], "test": [pair]}))
    message = refuses("experiment=grids", "task=arc", f"task.train_path={tmp_path / 'one.json'}")
    assert "0 are for training and 1 held out: set task.n_train and task.n_held_out, or recipe=adapt" in message


def test_a_passage_longer_than_the_context_is_named(refuses: Callable[..., str], tmp_path: Path) -> None:
    model = random_folder(tmp_path / "short", "llama", context=256)
    file = passages(
        tmp_path,
        {"title": "Short", "passage": "Leo has a cat."},
        {"title": "Long", "passage": "Leo has a cat. " * 60},
    )
    message = refuses(
        "recipe=adapt",
        "task=passages",
        f"task.path={file}",
        "model=local",
        f"model.path={model}",
        "self_edit.max_new_tokens=100",
    )
    assert "row 2 of my.jsonl ('Long'): its prompt has" in message
    assert "and the self-edit may have 100, but the context length is 256" in message
    assert "shorten the passage or lower self_edit.max_new_tokens\n" in message + "\n"
    again = refuses(
        "recipe=adapt",
        "task=passages",
        f"task.path={file}",
        "task.limit=1",
        "model=local",
        f"model.path={model}",
        "self_edit.max_new_tokens=255",
    )
    most = int(again.partition("self_edit.max_new_tokens to ")[2].partition(" at most")[0])
    assert f"its prompt has {256 - most} tokens" in again
    assert "Short" not in message


def test_a_question_whose_prompt_leaves_no_room_for_the_answer_is_named(
    refuses: Callable[..., str], tmp_path: Path
) -> None:
    model = random_folder(tmp_path / "short", "llama", context=256)
    question = {"question": "What has Leo?", "answer": "a cat"}
    file = passages(
        tmp_path,
        {"title": "Short", "passage": "Leo has a cat.", "questions": [question]},
        {"title": "Long", "passage": "Leo has a cat. " * 60, "questions": [question, question | {"question": "Who?"}]},
    )
    ask = ("recipe=adapt", "recipe.edits_per_context=0", "task=passages", f"task.path={file}", "model=local")
    message = refuses(*ask, f"model.path={model}", "asking=open_book")
    assert "row 2 of my.jsonl ('Long'): the prompt of 'What has Leo?' has" in message
    assert "and the answer may have 64, but the context length is 256" in message
    assert "lower task.max_answer_tokens" in message
    assert "Short" not in message
    message = refuses(*ask, f"model.path={model}", "task.max_answer_tokens=250")
    assert "('Short'): the prompt of" in message
    assert "shorten the question or" in message


def test_what_an_engine_takes_may_be_less_than_what_the_model_does(refuses: Callable[..., str]) -> None:
    message = refuses("engine=vllm", "engine.max_model_len=64", "self_edit.max_new_tokens=60")
    assert "and the self-edit may have 60, but the context length is 64" in message


def test_targets_that_the_model_lacks_are_named_for_both_loops(refuses: Callable[..., str]) -> None:
    message = refuses("inner.targets=[q_proj,query]", "outer.learner.targets=[c_attn]")
    assert "inner.targets: the model has no layer 'query'; it has down_proj, gate_proj" in message
    assert "outer.learner.targets: the model has no layer 'c_attn'" in message
    assert "'q_proj'" not in message


def test_a_model_folder_without_tokenizer_is_refused(refuses: Callable[..., str], tmp_path: Path) -> None:
    model = random_folder(tmp_path / "m", "llama")
    (model / "tokenizer.json").unlink()
    assert "has no tokenizer" in refuses("model=local", f"model.path={model}")


def test_weights_that_are_missing_are_named_also_by_a_check(
    seal: Seal, refuses: Callable[..., str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = random_folder(tmp_path / "m", "qwen2") / "model.safetensors"
    save_file({name: each for name, each in load_file(file).items() if "layers.1.mlp.up_proj" not in name}, file)
    model = ("model=local", f"model.path={tmp_path / 'm'}")
    said = f"model.path: {tmp_path / 'm'} lacks 1 tensor (model.layers.1.mlp.up_proj.weight)"
    assert said in refuses(*model)
    assert seal("check", *model) == 2
    assert said in capsys.readouterr().err


def test_weights_that_the_model_has_no_place_for_are_noted(tmp_path: Path) -> None:
    file = random_folder(tmp_path / "m", "qwen2") / "model.safetensors"
    save_file({**load_file(file), "vision.weight": torch.ones(2)}, file, metadata={"format": "pt"})
    run, _ = loading.load(["model=local", f"model.path={tmp_path / 'm'}"])
    assert any("holds 1 tensor (vision.weight)" in note for note in preflight(run, fetch=True).notes)


def test_a_recipe_that_hands_out_adapters_needs_an_inner_loop_that_makes_them(refuses: Callable[..., str]) -> None:
    assert "choose inner=lora" in refuses("recipe=adapt", "inner=none")


def test_a_name_that_leads_out_of_the_outputs_is_refused(refuses: Callable[..., str]) -> None:
    assert "name: '../elsewhere' does not lead to a folder inside outputs" in refuses("name=../elsewhere")


def test_more_contexts_than_the_world_has_are_refused(refuses: Callable[..., str]) -> None:
    assert "task.n_held_out: Input should be less than or equal to 1200, got 5000" in refuses("task.n_held_out=5000")


def test_outputs_that_are_a_file_are_refused(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    Path("outputs").write_text("")
    assert seal("run", *SMALL) == 2
    assert "outputs" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a folder that not even we can write, so: root and /proc")
def test_outputs_on_a_read_only_file_system_are_refused(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    assert seal("run", *SMALL, "outputs=/proc/sys") == 2
    assert "outputs: cannot write to" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() == 0, reason="root can write everywhere")
def test_outputs_without_write_permission_are_refused(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    Path("outputs").mkdir(mode=0o500)
    assert seal("run", *SMALL) == 2
    assert "outputs: cannot write to" in capsys.readouterr().err


CHOICE = {"question": "Who?", "options": ["Ada", "Mara"], "gold_label": 2}
QUALITY = {"title": "A", "article": "Mara did.", "questions": [CHOICE]}


def test_questions_without_a_passage_are_refused_where_something_is_learned_and_asked_where_nothing_is(
    refuses: Callable[..., str], tmp_path: Path
) -> None:
    row = {"metadata": "{'topic': 'Art'}", "problem": "Who?", "answer": "Mara"}
    options = ("recipe=evaluate", "model=tiny", f"task.path={passages(tmp_path, row)}")
    assert "task: 1 of 1 contexts have questions and no passage, so nothing can be learned" in refuses(*options)
    assert preflight(loading.load([*options, "inner=none"])[0]).all[0].queries[0].target == "Mara"


def test_questions_with_options_and_their_grader_go_together(refuses: Callable[..., str], tmp_path: Path) -> None:
    options = ("recipe=evaluate", "model=tiny", f"task.path={passages(tmp_path, QUALITY)}")
    said = "the questions have options: set grader=choice, which takes the letter or the text of the right one"
    assert said in preflight(loading.load(list(options))[0]).notes
    assert said not in preflight(loading.load([*options, "grader=choice"])[0]).notes
    row = {"title": "A", "passage": "a", "questions": [{"question": "?", "answer": "!"}]}
    message = refuses("recipe=evaluate", "model=tiny", f"task.path={passages(tmp_path, row)}", "grader=choice")
    assert "grader: 1 of 1 questions have no options to choose from: choose grader=lexical" in message
