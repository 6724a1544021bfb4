"""`seal ask`: the base model and the adapted one, asked as the run asked them."""

import io
import json
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from seal.launch.commands.ask import read_passage

from seal.errors import UsageError
from seal.folder.store import read_records
from seal.model.tiny import Tiny
from seal.types import Answered, Context
from seal.using.prompting import DefaultQuestions, Prompting
from tests.using.runs import PASSAGES

Seal = Callable[..., int]
QUESTION = PASSAGES[0]["questions"][0]["question"]
TITLE = ("--title", "Doran Blackwood")


def asked(seal: Seal, capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, str | None]]:
    assert seal("ask", *arguments, "--json") == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_answers_are_those_that_the_run_measured(
    seal: Seal, capsys: pytest.CaptureFixture[str], adapted_run: Path
) -> None:
    [found] = asked(seal, capsys, str(adapted_run), QUESTION)
    answers = read_records(adapted_run / "answers.jsonl", Answered)
    [adapted] = [each.answers[0] for key, each in answers.items() if "consolidated" in key]
    [base] = [each.answers[0] for key, each in answers.items() if "unadapted" in key]
    assert found == {"question": QUESTION, "base": base.strip(), "adapted": adapted.strip(), "with_passage": None}
    assert base != adapted


def test_each_line_of_stdin_is_a_question_and_a_passage_adds_a_third_answer(
    seal: Seal, capsys: pytest.CaptureFixture[str], adapted_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"\n{QUESTION}\n  \nWho governs Copbury?\n"))
    found = asked(seal, capsys, str(adapted_run), "--passage", "Copbury")
    assert [each["question"] for each in found] == [QUESTION, "Who governs Copbury?"]
    assert all(isinstance(each["with_passage"], str) for each in found)


def test_an_adapter_s_folder_is_asked_beside_the_base_that_it_names_and_a_model_s_folder_alone(
    seal: Seal, capsys: pytest.CaptureFixture[str], adapted_run: Path
) -> None:
    [expected] = asked(seal, capsys, str(adapted_run), QUESTION)
    shutil.copytree(adapted_run / "adapter", "mine")
    assert asked(seal, capsys, "mine", *TITLE, QUESTION) == [expected]
    [alone] = asked(seal, capsys, Tiny().path, *TITLE, QUESTION)
    assert alone == expected | {"adapted": None}
    shutil.copytree("mine", "several/first")
    shutil.copytree("mine", "several/second")
    assert asked(seal, capsys, "several", "--adapter", "first", *TITLE, QUESTION) == [expected]
    assert seal("ask", "several", QUESTION) == 2
    assert "several has several adapters: choose one with --adapter: first, second" in capsys.readouterr().err


def test_answers_stand_below_one_another_and_a_cut_one_says_so(
    seal: Seal, capsys: pytest.CaptureFixture[str], adapted_run: Path
) -> None:
    assert seal("ask", str(adapted_run), "--max-tokens", "1", "Who", "governs?") == 0
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "Who governs?"
    assert [line.split()[0] for line in lines[1:]] == ["base", "adapted"]
    assert all(line.endswith("(cut at 1 tokens)") for line in lines[1:])


def without(run: Path, *names: str, of: str = "") -> str:
    """A copy of a run without some files, and with a manifest that names another model."""
    shutil.copytree(run, "copy")
    for name in names:
        place = Path("copy", name)
        shutil.rmtree(place) if place.is_dir() else place.unlink()
    if of:
        manifest = json.loads(Path("copy/manifest.json").read_text())
        manifest["settings"]["model"] = {"_target_": "seal.model.hugging_face.HuggingFace", "path": of}
        Path("copy/manifest.json").write_text(json.dumps(manifest))
    return "copy"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (lambda run: ("nowhere", "Who?"), "there is no run 'nowhere'"),
        (lambda run: (".", "Who?"), "is no run, no adapter and no model"),
        (lambda run: (without(run, "results.json"), "Who?"), "copy is not finished: repeat the command of the run"),
        (lambda run: (without(run, "adapter"), "Who?"), "copy has lost its folder adapter/"),
        (lambda run: (without(run, of="/gone/model"), "Who?"), "goes beside the model /gone/model, which is gone"),
        (lambda run: (str(run), "  "), "the question is empty"),
        (lambda run: (str(run),), "stdin has no question: write one on each line"),
        (lambda run: (str(run), "Who?", "--max-tokens", "0"), "--max-tokens is 0"),
        (lambda run: (str(run), "Who?", "--passage", "no.txt"), "--passage: there is no file no.txt"),
        (lambda run: (str(run), "Who?", "--adapter", "best"), "has no adapter 'best': it has adapter"),
    ],
)
def test_what_cannot_be_asked_is_said_before_a_model_is_loaded(
    *,
    seal: Seal,
    capsys: pytest.CaptureFixture[str],
    adapted_run: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: Callable[[Path], tuple[str, ...]],
    said: str,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    assert seal("ask", *arguments(adapted_run)) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "loading" not in error


def test_a_run_of_another_recipe_is_told_which_one_makes_an_adapter(
    seal: Seal, capsys: pytest.CaptureFixture[str], finished: Path
) -> None:
    assert seal("ask", str(finished), "Who?") == 2
    assert "is a run of recipe=train, which makes no adapter: recipe=adapt makes one" in capsys.readouterr().err


def test_an_adapter_whose_base_is_gone_names_it(
    seal: Seal, capsys: pytest.CaptureFixture[str], adapted_run: Path
) -> None:
    shutil.copytree(adapted_run / "adapter", "mine")
    config = json.loads(Path("mine/adapter_config.json").read_text())
    Path("mine/adapter_config.json").write_text(json.dumps(config | {"base_model_name_or_path": "/gone/model"}))
    assert seal("ask", "mine", "Who?") == 2
    assert "mine goes beside the model /gone/model, which is gone" in capsys.readouterr().err


def test_a_passage_is_a_title_of_the_run_or_a_file_or_a_text(tmp_path: Path) -> None:
    known = Context(id="1", title="Copbury", text="It is old.", queries=())
    prompting = Prompting(task=DefaultQuestions(), contexts=(known,))
    file = tmp_path / "passage.txt"
    file.write_text("From a file.\n")
    assert read_passage(None, "T", prompting) == (None, "T")
    assert read_passage("Copbury", None, prompting) == ("It is old.", "Copbury")
    assert read_passage(str(file), None, prompting) == ("From a file.", None)
    assert read_passage("Long. " * 1000, None, prompting)[0] == ("Long. " * 1000).strip()
    with pytest.raises(UsageError, match="the passage is empty"):
        read_passage(" ", None, prompting)


@pytest.mark.slow
def test_a_user_at_a_terminal_gets_a_hint_types_questions_and_leaves_by_ctrl_d(adapted_run: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "seal.launch.cli", "ask", str(adapted_run)]
    done = subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    os.write(ours, f"\n{QUESTION}\n\x04".encode())
    out, error = done.communicate(timeout=120)
    assert done.returncode == 0
    assert "Ctrl-D leaves" in error
    assert "adapted  " in out
