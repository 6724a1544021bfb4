"""`seal check` shows what models would read, as they would."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SMALL
from tests.models import CHAT_TEMPLATE, random_folder

Seal = Callable[..., int]


@pytest.fixture
def checked(seal: Seal, capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    def call(*overrides: str) -> dict[str, Any]:
        assert seal("check", *overrides, "--json") == 0
        return json.loads(capsys.readouterr().out)["reading"]

    return call


def of_file(folder: Path) -> tuple[str, ...]:
    questions = [{"question": f"Number {n}?", "answer": str(n)} for n in range(5)]
    rows = [{"title": f"T{n}", "passage": "Leo has a lute. " * (1 + 9 * n), "questions": questions} for n in range(3)]
    (folder / "my.json").write_text(json.dumps(rows))
    return ("recipe=adapt", "task=passages", f"task.path={folder / 'my.json'}")


def test_two_contexts_are_shown_with_their_questions_and_answers(
    checked: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    read = checked(*of_file(tmp_path))
    first = read["contexts"][0]
    assert [each["n_queries"] for each in read["contexts"]] == [5, 5]
    assert first["place"] == f"row {int(first['title'][1:]) + 1} of my.json"
    assert read["contexts"][0]["queries"][2] == {"question": "Number 2?", "answers": ["2"]}
    assert read["prompt_end"].endswith("Question: Number 0? Answer:")
    assert read["training_tokens"][:3] == ["▁T", first["title"][1:], "\\n"]
    assert read["training_tokens"][-1] == "<end>"


def test_a_prompt_is_shown_as_its_chat_template_makes_it(
    checked: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    folder = random_folder(tmp_path / "m", "llama", chat_template=CHAT_TEMPLATE)
    read = checked(
        *of_file(tmp_path), "model=local", f"model.path={folder}", "model.chat=true", "inner.append_end=false"
    )
    assert read["prompt_end"].endswith("Answer:\n<|assistant|>")
    assert "<end>" not in read["training_tokens"]


def test_what_nobody_here_reads_is_not_shown(checked: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    assert checked("recipe=evaluate", "task=facts", "inner=none")["training_tokens"] is None
    folder = random_folder(tmp_path / "m", "llama")
    (folder / "tokenizer.json").rename(folder / "vocab.json")
    read = checked(*of_file(tmp_path), "model=local", f"model.path={folder}")
    assert read["training_tokens"] is None
    assert read["prompt_end"].endswith("Answer:")


def test_it_is_said_in_words_and_a_long_sequence_is_cut(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    assert seal("check", *SMALL) == 0
    said = capsys.readouterr().out
    assert "As read, 2 of 7 contexts:" in said
    assert "' → '" in said
    assert "and 3 questions more" in said
    assert "A prompt ends in '" in said
    assert " … " in said.partition("A training sequence, in ")[2].partition("\n")[0]
