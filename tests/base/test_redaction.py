"""Keys are hidden by value, in every form in which they travel, and by shape; everything else stays as it is."""

import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from seal.base.redaction import HIDDEN, key_variables, redacted, redacted_tree, variable, without
from seal.config.loading import load
from seal.session.manifest import revision_of
from tests.conftest import ROOT

KEY = 'p/l+an"te&d 0f4c'


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    return tmp_path


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()


@pytest.mark.usefixtures("planted")
@pytest.mark.parametrize(
    "form",
    [KEY, _base64(KEY), _base64(KEY).rstrip("="), quote(KEY, safe=""), quote(KEY), json.dumps(KEY), repr(KEY)],
)
def test_a_key_of_the_environment_is_hidden_in_whatever_form_it_travels(form: str) -> None:
    said = redacted(f"the key {form} is wrong")
    assert HIDDEN in said
    assert "0f4c" not in said
    assert said.startswith("the key ")
    assert said.endswith(" is wrong")


def test_a_key_that_stands_in_a_file_or_under_an_innocent_name_is_hidden_too(planted: Path) -> None:
    (planted / ".env").write_text("HF_TOKEN=token-of-the-hub\nJUDGE=name-that-says-nothing\nCOLOUR=greenish-blue\n")
    text = "token-of-the-hub name-that-says-nothing greenish-blue"
    assert redacted(text) == "*** name-that-says-nothing greenish-blue"
    assert redacted(text, also=["JUDGE"]) == "*** *** greenish-blue"


@pytest.mark.parametrize("form", [lambda run, _: run, lambda _, settings: settings, lambda *both: [both]])
def test_variables_that_endpoints_name_are_found_in_a_run_and_in_its_settings(form: Callable[..., Any]) -> None:
    chosen = ("recipe=evaluate", "engine@writer=openai", "grader=judge", "grader.endpoint.key_variable=JUDGE")
    assert key_variables(form(*load(chosen))) == {"OPENAI_API_KEY", "JUDGE"}


def test_what_is_no_key_is_not_hidden(planted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (planted / "folder_of_key").mkdir()
    for name, value in {"GIT_AUTHOR_NAME": "Jane Roe-Smith", "TOKENIZERS_PARALLELISM": "falsehood"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SIGNING_KEY", "folder_of_key")  # where a key lies
    monkeypatch.setenv("SHORT_TOKEN", "word")
    text = "Jane Roe-Smith said falsehood word by word in folder_of_key"
    assert redacted(text) == text
    source = "".join(file.read_text() for file in sorted((ROOT / "seal").rglob("*.py")))
    assert redacted(source) == source


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("OPENAI_API_KEY=c0ffee5ec0de1ab2e", "OPENAI_API_KEY=***"),
        ('+    api_key = "c0ffee5ec0de1ab2e",', '+    api_key = "***",'),
        ('"password": "c0ffee5ec0de1ab2e"', '"password": "***"'),
        ("Authorization: Bearer c0ffee5ec0de1ab2e", "Authorization: Bearer ***"),
        ("engine.command=[vllm,serve,--api-key,c0ffee5ec0de1ab2e]", "engine.command=[vllm,serve,--api-key,***]"),
        ("https://me:pass@host/v1", "https://***@host/v1"),
        ("a sk-proj-0123456789abcdefABC b", "a *** b"),
        ("hf_0123456789abcdefABCDEF", "***"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n+x", "***\n+x"),
    ],
)
def test_what_looks_like_a_key_is_hidden_whoever_it_belongs_to(text: str, left: str) -> None:
    assert redacted(text) == left


@pytest.mark.usefixtures("planted")
def test_a_tree_keeps_its_shape() -> None:
    tree = {"a": [1, None, f"x{KEY}"], KEY: (True, 0.5), "command": ["serve", "--api-key", "short", "--port", "1"]}
    assert redacted_tree(tree) == {
        "a": [1, None, "x***"],
        HIDDEN: (True, 0.5),
        "command": ["serve", "--api-key", "***", "--port", "1"],
    }


def test_what_a_model_wrote_loses_its_own_key_and_nothing_else() -> None:
    assert without("sk-0123456789abcdefABC and planted-key", "planted-key") == "sk-0123456789abcdefABC and ***"
    assert without("no key", None) == without("no key", "no") == "no key"


def test_a_key_is_taken_without_the_line_break_that_came_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "planted-key \n")  # as `$(cat file)` or a secret store leave it
    assert variable("OPENAI_API_KEY") == "planted-key"


def test_the_diff_of_the_manifest_has_changes_and_no_keys(planted: Path) -> None:
    package = planted / "package"
    package.mkdir()
    for name in ("__init__.py", "settings.py", ".env", "nested/.env.local"):
        (package / name).parent.mkdir(exist_ok=True)
        (package / name).write_text("rank = 8\n")

    def git(*arguments: str) -> None:
        who = ("-c", "user.name=n", "-c", "user.email=e")
        subprocess.run(["git", *who, *arguments], cwd=planted, check=True, capture_output=True)

    git("init")
    git("add", "--force", ".")
    git("commit", "-m", "first")
    (package / "settings.py").write_text(f"rank = 16\nmine = '{KEY}'\nAPI_KEY = 'somebody-elses-0123456'\n")
    for name in (".env", "nested/.env.local"):
        (package / name).write_text("JUDGE=short\n")
    (planted / "untracked.txt").write_text(KEY)
    found = revision_of(package)
    assert found is not None
    assert "+rank = 16" in found["diff"]
    assert "+mine = '***'" in found["diff"]
    assert found["untracked"] == ["untracked.txt"] or "untracked.txt" in str(found["untracked"])
    assert not [secret for secret in ("0f4c", "0123456", "short") if secret in json.dumps(found)]


@pytest.mark.usefixtures("planted")
def test_an_error_that_nobody_expected_does_not_tell_the_key() -> None:
    code = "from seal.base.redaction import *; import os; show_exceptions_without_secrets(); "
    done = subprocess.run(
        [sys.executable, "-c", code + "raise ValueError('header ' + os.environ['OPENAI_API_KEY'])"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback")
    assert done.stderr.endswith("ValueError: header ***\n")
