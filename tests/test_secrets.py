"""A planted key is searched in every byte that the real program writes: records, logs, W&B, report, console."""

import os
import subprocess
import sys
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from tests.conftest import ROOT, SMALL, settings_without
from tests.servers import Response, asked, fails, free_port, says, scripted

Seal = Callable[..., int]
OF_TRAINING = ("recipe.rounds", "recipe.contexts_per_round", "recipe.held_out_edits", "recipe.repeats", "experiment")
QUICK = (*settings_without(SMALL, *OF_TRAINING), "recipe=evaluate", "inner.targets=[all-linear]", "name=run")
KEY = f"planted+{token_hex(8)}/{token_hex(8)}="
JUDGES_KEY = f"judges.{token_hex(12)}"
OTHERS = {"HF_TOKEN": f"hub-{token_hex(12)}", "WANDB_API_KEY": token_hex(20)}


def forms(secret: str) -> set[bytes]:
    raw = secret.encode()
    encoded = {b64encode(raw), urlsafe_b64encode(raw), quote(secret, safe="").encode(), quote_plus(secret).encode()}
    pairs = {b64encode(b"user:" + raw), b64encode(b"Bearer " + raw), raw.hex().encode()}
    return {raw, *encoded, *(each.rstrip(b"=") for each in encoded | pairs)}


def leaks(folder: Path, *said: str) -> list[str]:
    """Where a secret is found: files by content and by name, and what was said."""
    secrets = {form for secret in (KEY, JUDGES_KEY, *OTHERS.values()) for form in forms(secret)}
    contents = {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file() and file.name != ".env"}
    contents |= {f"said {number}": text.encode() for number, text in enumerate(said)}
    return [where for where, content in contents.items() for form in secrets if form in content + where.encode()]


def of(part: str, url: str, **more: str) -> list[str]:
    settings = {"base_url": url, "model": "some-model", "max_retries": "0", "give_up_after": "2", **more}
    return [f"{part}.endpoint.{name}={value}" for name, value in settings.items()]


@pytest.fixture
def planted(seal: Seal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Seal:
    """The command line, where keys stand in the environment and in a file."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    for name, value in OTHERS.items():
        monkeypatch.setenv(name, value)
    (tmp_path / ".env").write_text(f"JUDGE='{JUDGES_KEY}'\n")
    return seal


@pytest.mark.slow
def test_a_planted_key_is_nowhere_in_what_a_run_writes(planted: Seal, tmp_path: Path) -> None:
    """Writer and judge quote their key, in replies and in errors; W&B, TensorBoard, status and report look on."""

    def writer(number: int, _: Mapping[str, Any]) -> Response:
        return fails(500, f"cannot bill {KEY}") if number == 3 else says(f"The key is {KEY}, says fact {number}.")

    def judge(number: int, request: Mapping[str, Any]) -> Response:
        assert KEY not in asked(request)
        return fails(429, f"slow down, {JUDGES_KEY}", retry_after="0.01") if number % 9 == 0 else says("yes")

    inherited = {name: value for name, value in os.environ.items() if not name.startswith("WANDB")}  # set by its tests
    environment = {**inherited, "WANDB_MODE": "offline", "OPENAI_LOG": "debug", "OMP_NUM_THREADS": "1"}
    done: list[subprocess.CompletedProcess[str]] = []

    def call(*arguments: str) -> int:
        command = [sys.executable, "-m", "seal.launch.cli", *arguments]
        done.append(subprocess.run(command, capture_output=True, text=True, env=environment, check=False))
        return done[-1].returncode

    with scripted(writer) as of_writer, scripted(judge) as of_judge:
        command = (
            *QUICK,
            "engine@writer=openai",
            *of("writer", of_writer.url),
            "grader=judge",
            *of("grader", of_judge.url, key_variable="JUDGE", max_retries="3"),
            "logger=wandb",
            "logger.mode=offline",
        )
        assert call("check", *command) == 0, done[-1].stderr
        assert call("run", *command) == 0, done[-1].stderr
        assert (of_writer.keys, of_judge.keys) == ({f"Bearer {KEY}"}, {f"Bearer {JUDGES_KEY}"})
    assert call("log", "run", "--to", "tensorboard") == 0, done[-1].stderr
    for reader in ("status", "report"):
        assert call(reader, "run") == 0, done[-1].stderr
    assert len(list(tmp_path.rglob("*.wandb"))) == len(list(tmp_path.rglob("*tfevents*"))) == 1
    assert "The key is ***, says fact" in (tmp_path / "outputs/run/self_edits.jsonl").read_text()
    assert "OpenAI" in "".join(each.stderr for each in done) or "openai" in "".join(each.stderr for each in done)
    assert leaks(tmp_path, *(text for each in done for text in (each.stdout, each.stderr))) == []


@pytest.mark.slow
def test_a_planted_key_is_nowhere_in_what_jobs_leave_that_die_with_it_on_their_lips(
    planted: Seal, tmp_path: Path
) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    on_jobs = ("cluster=submitit_local", "cluster.max_deaths=1", "cluster.poll_s=0.1", "cluster.settle_s=1")
    breaking = ("inner=none", "inner._target_=tests.cluster.runs.Quoting", "recipe=evaluate", "name=run")
    small = settings_without(SMALL, *OF_TRAINING, "inner.epochs", "inner.parallel")
    command = [sys.executable, "-m", "seal.launch.cli", "run", *small, *breaking, *on_jobs]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 1, done.stderr
    assert ": the endpoint ***. The end of" in done.stderr
    ledger = "".join(file.read_text() for file in tmp_path.glob("outputs/run/jobs/*/ledger.jsonl"))
    assert "the endpoint ***" in ledger
    logs = "".join(file.read_text() for file in tmp_path.glob("outputs/run/jobs/*/submitit/*_log.err"))
    assert "ValueError: the hub refuses ***" in logs
    status = subprocess.run([*command[:3], "status", "run"], capture_output=True, text=True, check=True)
    assert "died 2 times: the endpoint ***" in status.stdout
    assert list(tmp_path.glob("outputs/run/jobs/*/submitit/*_result.pkl"))
    assert leaks(tmp_path, done.stdout, done.stderr, status.stdout, status.stderr) == []


@pytest.mark.parametrize("status", [401, 403, 404, 400, 500])
def test_an_endpoint_that_refuses_and_quotes_the_key_does_not_tell_it(
    planted: Seal, tmp_path: Path, capsys: pytest.CaptureFixture[str], status: int
) -> None:
    def refuses(_: int, request: Mapping[str, Any]) -> Response:
        return fails(status, f"{quote(KEY)}\nor {KEY} or {b64encode(KEY.encode()).decode()} of {request['model']}")

    with scripted(refuses) as server:
        assert planted("run", *QUICK, "engine@writer=openai", *of("writer", server.url)) == 1
        assert server.keys == {f"Bearer {KEY}"}
    said = capsys.readouterr()
    assert "***" in said.err
    assert leaks(tmp_path, said.out, said.err) == []


def test_an_endpoint_that_is_not_there_is_named_without_the_key(
    planted: Seal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"http://127.0.0.1:{free_port()}/v1"
    assert planted("run", *QUICK, "engine@writer=openai", *of("writer", url)) == 1
    said = capsys.readouterr()
    assert url in said.err
    assert leaks(tmp_path, said.out, said.err) == []


@pytest.mark.parametrize(
    ("override", "advice"),
    [
        ("grader.endpoint.api_key='{key}'", "grader.endpoint.api_key: Endpoint has no such setting"),
        ("++grader.endpoint.api_key='{key}'", "grader.endpoint.api_key: Endpoint has no such setting"),
        ("grader.endpoint.key_variable='{key}'", "the key itself stands in the environment or in a file .env"),
        ("grader.endpoint.key_variable={identifier}", "the name of a variable in capitals"),
        ("grader.endpoint.base_url='https://user:{quoted}@host/v1'", "must hold no user, password"),
        ("grader.endpoint.base_url='https://host/v1?api-key={key}'", "must hold no user, password or parameters"),
        ("grader.endpoint.concurrency='{key}'", "unable to parse string as an integer"),
        ("inner.rank='{key}'", "unable to parse string as an integer"),
    ],
)
def test_a_key_on_the_command_line_is_refused_without_being_repeated(
    planted: Seal, tmp_path: Path, capsys: pytest.CaptureFixture[str], override: str, advice: str
) -> None:
    filled = override.format(key=KEY, quoted=quote(KEY, safe=""), identifier=OTHERS["WANDB_API_KEY"])
    assert planted("run", *QUICK, "grader=judge", filled) == 2
    said = capsys.readouterr()
    assert advice in said.err
    assert leaks(tmp_path, said.out, said.err) == []
    assert not (tmp_path / "outputs").exists()


@pytest.mark.parametrize(
    "value", ["planted-schlüssel", "planted\x01key", "planted\nkey"], ids=["letters", "control", "lines"]
)
def test_a_key_that_no_header_can_carry_is_named_by_its_variable(
    planted: Seal, tmp_path: Path, capsys: pytest.CaptureFixture[str], value: str
) -> None:
    (tmp_path / ".env").write_text(f'JUDGE="{value}"\n')
    with scripted(lambda *_: says("x")) as server:
        command = (*QUICK, "engine@writer=openai", *of("writer", server.url, key_variable="JUDGE"))
        assert planted("run", *command) == 2
        assert not server.requests
    said = capsys.readouterr()
    assert "JUDGE: what it holds is no key" in said.err
    assert "planted" not in said.out + said.err
