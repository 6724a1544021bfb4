"""What models would read is checked before any is loaded: templates, ends, and tokens without an embedding."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from tokenizers.processors import TemplateProcessing
from transformers import AutoTokenizer

from seal.model.hugging_face import HuggingFace
from seal.nn.backbone import load, load_tokenizer
from seal.session.prompts import tokenizer_in
from seal.text import encode_prompt, encode_sequence
from seal.types import TrainingSequence
from tests.models import CHAT_TEMPLATE, random_folder, set_config
from tests.test_chat import DEEPSEEK_R1, PARTS, QWEN_3

Seal = Callable[..., int]
Checks = Callable[..., str]
TEXT = "Kelham has 1987 mills."


@pytest.fixture
def check(seal: Seal, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Checks:
    """What `seal check` says of a model's folder: all of it, and whether it was refused."""

    def call(folder: Path, *overrides: str, refused: bool) -> str:
        rows = [{"title": "Kelham", "passage": TEXT, "questions": [{"question": "How many?", "answer": "1987"}]}]
        (tmp_path / "my.json").write_text(json.dumps(rows))
        data = ("recipe=adapt", "task=passages", f"task.path={tmp_path / 'my.json'}", "task.max_answer_tokens=32")
        code = seal("check", *data, "model=local", f"model.path={folder}", *overrides)
        said = capsys.readouterr()
        assert code == (2 if refused else 0), said.err
        return said.err if refused else said.out

    return call


@pytest.mark.parametrize("name", ["chat_template.jinja", "tokenizer_config.json"])
def test_a_template_that_cannot_be_used_is_an_error_of_check(check: Checks, tmp_path: Path, name: str) -> None:
    folder = random_folder(tmp_path / "m", "llama")
    for template, said in (
        ("{{ raise_exception('no') }}", "the chat template fails: TemplateError: no"),
        ("{% for m in messages %}", "TemplateSyntaxError"),
        ("{{ nobody.name }}{{ messages[0].content }}", "UndefinedError"),
        ("<|user|>", "loses the message"),
    ):
        if name == "tokenizer_config.json":
            set_config(folder, name=name, chat_template=template)
        else:
            (folder / name).write_text(template)
        assert f"model.chat: the chat template {said}" in check(folder, "model.chat=true", refused=True) or (
            said in check(folder, "model.chat=true", refused=True)
        )


def test_a_template_that_wants_parts_is_given_them(check: Checks, tmp_path: Path) -> None:
    folder = random_folder(tmp_path / "m", "llama", chat_template=PARTS)
    assert "Question: How many? Answer:<|assistant|>'" in check(folder, "model.chat=true", refused=False)


def test_a_template_that_is_ignored_is_said(check: Checks, tmp_path: Path) -> None:
    folder = random_folder(tmp_path / "m", "llama", chat_template=CHAT_TEMPLATE)
    assert "has a chat template, and it is ignored" in check(folder, "model.chat=false", refused=False)
    for chat in ("auto", "true"):
        said = check(folder, f"model.chat={chat}", refused=False)
        assert "is ignored" not in said
        assert "A prompt ends in '" in said
        assert "<|assistant|>" in said
    of_a_processor = random_folder(tmp_path / "n", "llama")
    (of_a_processor / "chat_template.json").write_text(json.dumps({"chat_template": CHAT_TEMPLATE}))
    assert "has no chat template" in check(of_a_processor, "model.chat=true", refused=True)


@pytest.mark.parametrize(
    ("template", "arguments", "is_said"),
    [
        (QWEN_3, "null", True),
        (QWEN_3, "{enable_thinking: false}", False),
        (DEEPSEEK_R1, "null", True),
        (CHAT_TEMPLATE, "null", False),
    ],
)
def test_a_template_that_makes_a_model_think_is_said_with_the_budgets(
    check: Checks, tmp_path: Path, template: str, arguments: str, is_said: bool
) -> None:
    folder = random_folder(tmp_path / "m", "llama", chat_template=template)
    said = check(folder, "model.chat=true", f"model.template_arguments={arguments}", refused=False)
    assert ("A thought is part of task.max_answer_tokens (32)" in said) is is_said


def test_an_argument_that_no_template_is_told_is_a_fault(check: Checks, tmp_path: Path) -> None:
    folder = random_folder(tmp_path / "m", "llama", chat_template=QWEN_3)
    told = "model.template_arguments={enable_thinkng: false}"
    assert "model.template_arguments.enable_thinkng" in check(folder, "model.chat=true", told, refused=True)
    assert "set model.chat=true" in check(folder, told, "model.chat=false", refused=True)


def beyond(folder: Path, *tokens: str, template: str | None = None) -> Path:
    """A model whose tokenizer was given tokens and whose embedding was not."""
    random_folder(folder, "llama")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_special_tokens({"additional_special_tokens": list(tokens)})
    tokenizer.chat_template = template
    tokenizer.pad_token = tokens[-1]
    tokenizer.save_pretrained(folder)
    return folder


def test_tokens_beyond_the_embedding_do_for_padding_and_are_refused_in_texts(check: Checks, tmp_path: Path) -> None:
    padded = beyond(tmp_path / "padded", "<|padding|>")
    check(padded, refused=False)
    backbone = load(HuggingFace(path=str(padded), dtype="float32", device="cpu"))
    assert backbone.pad_id < backbone.n_embeddings
    chatting = beyond(tmp_path / "chatting", "<|user|>", "<|padding|>", template=CHAT_TEMPLATE)
    check(chatting, "model.chat=false", refused=False)
    said = check(chatting, refused=True)
    n_rows = backbone.n_embeddings
    assert f"may have the tokens {n_rows} ('<|user|>'), but its embedding has only {n_rows} rows" in said
    ending = beyond(tmp_path / "ending", "<|over|>", "<|padding|>")
    set_config(ending, name="tokenizer_config.json", eos_token="<|over|>")
    assert "('<|over|>')" in check(ending, refused=True)
    short = random_folder(tmp_path / "short", "llama")
    content = json.loads((short / "tokenizer.json").read_text())
    content["model"]["vocab"]["kelham-word"] = 4000
    (short / "tokenizer.json").write_text(json.dumps(content))
    assert "4000 ('kelham-word')" in check(short, refused=True)


AROUND = {
    "file": dict(),
    "bos and eos of the settings": dict(add_bos_token=True, add_eos_token=True),
    "another class": dict(tokenizer_class="LlamaTokenizer"),
    "another class that adds ends": dict(tokenizer_class="LlamaTokenizerFast", add_eos_token=True),
    "of GPT-2": dict(tokenizer_class="GPT2Tokenizer", add_bos_token=True),
}


@pytest.mark.parametrize("settings", AROUND.values(), ids=AROUND)
@pytest.mark.parametrize("single", [None, "<bos> $A <end>", "$A <end>", "<bos> $A"])
def test_check_reads_tokens_as_the_run_does_and_none_of_the_two_doubles_an_end(
    tmp_path: Path, settings: dict[str, object], single: str | None
) -> None:
    folder = random_folder(tmp_path, "llama", chat_template=CHAT_TEMPLATE)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_special_tokens({"bos_token": "<bos>"})
    tokenizer.save_pretrained(folder)
    if single:
        backend = Tokenizer.from_file(str(folder / "tokenizer.json"))
        special = [("<bos>", tokenizer.bos_token_id), ("<end>", tokenizer.eos_token_id)]
        backend.post_processor = TemplateProcessing(single=single, special_tokens=special)
        backend.enable_truncation(4)
        backend.enable_padding(length=12)
        backend.save(str(folder / "tokenizer.json"))
    set_config(folder, name="tokenizer_config.json", **settings)
    model = HuggingFace(path=str(folder), chat=True, dtype="float32", device="cpu")
    run, light = load_tokenizer(model), tokenizer_in(folder, model)
    assert light is not None
    for chat in (None, model.messages(run)):
        ids = encode_prompt(run, TEXT, chat=chat)
        assert ids == encode_prompt(light, TEXT, chat=chat)
        assert ids[-1] != run.eos_token_id
        assert ids.count(run.bos_token_id) == (chat is None and "<bos>" in (single or ""))
    found = [encode_sequence(each, TrainingSequence(text=TEXT), append_end=True) for each in (run, light)]
    assert found[0] == found[1]
    assert found[0].ids.count(run.eos_token_id) == 1


def test_check_counts_prompts_without_the_end_that_the_tokenizer_adds(check: Checks, tmp_path: Path) -> None:
    folder = random_folder(tmp_path / "m", "llama", context=64)
    said = check(folder, "self_edit.max_new_tokens=64", refused=True)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    end = ("<end>", tokenizer.eos_token_id)
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(single="$A <end> <end>", special_tokens=[end])
    tokenizer.save_pretrained(folder)
    assert check(folder, "self_edit.max_new_tokens=64", refused=True) == said


def test_a_tokenizer_in_another_format_is_not_read_without_a_chat(tmp_path: Path) -> None:
    folder = random_folder(tmp_path, "llama")
    (folder / "tokenizer.json").unlink()
    assert tokenizer_in(folder, HuggingFace(path=str(folder))) is None


def test_what_is_read_needs_no_torch(tmp_path: Path) -> None:
    import subprocess

    folder = random_folder(tmp_path, "llama", chat_template=QWEN_3)
    code = (
        "import sys\nfrom pathlib import Path\nfrom seal.model.hugging_face import HuggingFace\n"
        f"from seal.session.prompts import tokenizer_in\nfolder = {str(folder)!r}\n"
        "model = HuggingFace(path=folder, chat=True)\ntokenizer = tokenizer_in(Path(folder), model)\n"
        "assert list(model.messages(tokenizer).faults(tokenizer)) == []\nsys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
