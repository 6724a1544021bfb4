"""`seal show self_edit`: what becomes of one context."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from seal.launch.commands.show import text_pieces

from seal.folder.store import read_records
from seal.types import SelfEdit
from tests.conftest import SMALL
from tests.models import CHAT_TEMPLATE, random_folder

Seal = Callable[..., int]


def shown(seal: Seal, capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert seal("show", "self_edit", *arguments, "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_it_shows_the_prompt_the_self_edit_and_what_is_trained_on(
    seal: Seal, capsys: pytest.CaptureFixture[str]
) -> None:
    assert seal("show", "self_edit", *SMALL) == 0
    said = capsys.readouterr().out
    assert "Below is a passage." in said
    assert "training sequences; trained on:" in said
    assert not Path("outputs").exists()


def test_the_self_edit_is_the_one_that_the_run_will_have(
    seal: Seal, capsys: pytest.CaptureFixture[str], finished: Path
) -> None:
    facts = shown(seal, capsys, *SMALL, "engine.prompts_per_batch=1")
    key = f"round_0/{facts['context']['id']}/0"
    assert facts["self_edit"] == read_records(finished / "self_edits.jsonl", SelfEdit)[key].text


def test_a_given_text_is_cut_into_sequences_whose_tokens_are_marked(
    seal: Seal, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("mine.txt").write_text("One.\nTwo.")
    facts = shown(seal, capsys, *SMALL, "--text", "mine.txt", "--context", "2")
    title = facts["context"]["title"]
    assert [each["text"] for each in facts["sequences"]][:2] == [f"{title}\nOne.", f"{title}\nTwo."]
    for sequence in facts["sequences"]:
        marks = [token["trained"] for token in sequence["tokens"]]
        assert marks == [False] + [True] * (len(marks) - 1)
        assert "".join(token["text"] for token in sequence["tokens"]) == f"{sequence['text']}<end>"
    without = shown(seal, capsys, *SMALL, "--text", "mine.txt", "inner.append_end=false")
    assert not any(token["text"] == "<end>" for each in without["sequences"] for token in each["tokens"])


def test_an_invalid_self_edit_says_why(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.txt").write_text(" \n")
    assert seal("show", "self_edit", *SMALL, "--text", "mine.txt") == 0
    assert "invalid: the self-edit is empty; it trains nothing" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--context", "Nobody"), "--context: there is no context 'Nobody'; use a number from 0 to 6"),
        (("--text", "nothing.txt"), "--text: cannot read nothing.txt"),
        (("inner.rnak=3",), "did you mean 'rank'?"),
    ],
)
def test_what_is_not_there_is_named(
    seal: Seal, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    assert seal("show", "self_edit", *SMALL, *arguments) == 2
    assert said in capsys.readouterr().err


def test_the_prompt_is_shown_with_what_the_chat_template_puts_around_it(
    seal: Seal, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = random_folder(tmp_path / "m", "llama", chat_template=CHAT_TEMPLATE)
    chat = ("model=local", f"model.path={folder}", "model.dtype=float32", "model.chat=true", "task=facts")
    Path("mine.txt").write_text("One.")
    prompt = shown(seal, capsys, *chat, "--text", "mine.txt")["prompt"]
    assert str(prompt).startswith("<|user|>Below is a passage.")
    assert str(prompt).endswith("<|assistant|>")


def test_characters_of_several_tokens_are_whole() -> None:
    from tokenizers import ByteLevelBPETokenizer
    from transformers import PreTrainedTokenizerFast

    bytewise = ByteLevelBPETokenizer()
    bytewise.train_from_iterator(["abc"], vocab_size=260)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bytewise._tokenizer)
    text = "Z\u00fcrich \u6771\u4eac \U0001f989"
    pieces = text_pieces(tokenizer, tokenizer(text)["input_ids"])
    assert len(pieces) > len(text)
    assert "".join(pieces) == text
    assert {"\u6771", "\U0001f989"} <= set(pieces)
