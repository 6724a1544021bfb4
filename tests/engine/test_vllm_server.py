"""A server process with vLLM's protocol: adapters come and go, and what it does not do is never a score."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from seal.engine import Generator, Request
from seal.engine.adapter_folder import PREFIX
from seal.engine.transformers import Transformers
from seal.engine.vllm_server import VLLMServer
from seal.errors import ConfigError, RunError
from seal.folder.store import read_records
from seal.model.tiny import Tiny
from seal.nn.adapters import Adapter
from seal.nn.backbone import Backbones
from seal.types import Answered, Completion, Failure, Policy, Sampling, SelfEdit, Unavailable, Update
from tests.conftest import CLOCKED, ROOT, SMALL, settings_without
from tests.inner.test_lora import lora, train
from tests.models import tiny_backbone

Seal = Callable[..., int]
STAND_IN = (sys.executable, str(ROOT / "tests" / "vllm_stand_in.py"))
POLICY = Policy(round=0)
GREEDY = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=12)
PROMPTS = ("River Welcott\nQuestion:", "Old Marley\nThe charter of Old", "Pi")
SERVED = (
    *settings_without(SMALL, "engine.prompts_per_batch"),
    "engine=vllm_server",
    "~engine.prompts_per_batch",
    f"engine.command=[{','.join(STAND_IN)}]",
    "engine.max_retries=0",
    "engine.give_up_after=2",
)


def settings(folder: Path, **chosen: Any) -> VLLMServer:
    defaults: dict[str, Any] = dict(
        command=STAND_IN,
        extra_arguments=(),
        gpus=None,
        gpu_memory_utilization=0.5,
        max_model_len=None,
        enforce_eager=False,
        max_rank=4,
        max_loras=2,
        max_cpu_loras=None,
        loads_per_start=100,
        adapter_folder=folder / "adapters",
        adapter_budget_gb=None,
        start_timeout_s=90.0,
        concurrency=4,
        timeout_s=30.0,
        max_retries=0,
        give_up_after=1000,
    )
    (folder / "adapters").mkdir(exist_ok=True)
    return VLLMServer(**defaults | chosen)


@pytest.fixture
def diary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "diary.jsonl"
    monkeypatch.setenv("STAND_IN_DIARY", str(path))
    return path


def noted(diary: Path, route: str) -> list[dict[str, Any]]:
    entries = [json.loads(line) for line in diary.read_text().splitlines()]
    return [entry for entry in entries if entry["route"] == route]


@contextmanager
def serving(folder: Path, **chosen: Any) -> Iterator[Generator]:
    backbones = Backbones(Tiny(dtype="float32", device="cpu"), folder)
    try:
        yield settings(folder, **chosen).generator(POLICY, backbones, lambda usage: None)
    finally:
        backbones.close()


@pytest.fixture(scope="module")
def adapters() -> list[Adapter]:
    trained = train(tiny_backbone(), lora(rank=4, learning_rate=3e-2, epochs=10))
    return [outcome.adapter for outcome in trained if outcome.adapter]


def asked_of(adapters: list[Adapter]) -> list[Request]:
    return [Request(prompt=prompt, seed=3, adapter=adapter) for adapter in adapters for prompt in PROMPTS]


@pytest.mark.slow
@pytest.mark.parametrize("stops", [(), ("\n",), (" ",), ("e",), ("\n", "?", ".", ";", "e", "a")])
def test_a_server_answers_with_adapters_what_transformers_answers(
    tmp_path: Path, adapters: list[Adapter], stops: tuple[str, ...]
) -> None:
    sampling = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=12, stops=stops)
    backbones = Backbones(Tiny(dtype="float32", device="cpu"), tmp_path)
    here = Transformers(prompts_per_batch=4).generator(POLICY, backbones, lambda usage: None)
    plain = [Request(prompt=prompt, seed=3) for prompt in PROMPTS]
    expected = [*here.generate(asked_of(adapters), sampling), *here.generate(plain, sampling)]
    with serving(tmp_path) as there:
        assert list(there.generate([*asked_of(adapters), *plain], sampling)) == expected
    assert len({completion.text for completion in expected if isinstance(completion, Completion)}) > len(PROMPTS)


@pytest.mark.slow
def test_a_run_on_a_server_ends_with_the_records_of_a_run_in_process(seal: Seal, finished: Path, diary: Path) -> None:
    greedy = (*SERVED, "self_edit.temperature=0")
    assert seal("run", *greedy) == 0
    assert seal("run", *SMALL, "self_edit.temperature=0", "name=here") == 0
    there, here = (texts_of(Path("outputs") / name) for name in ("tiny", "here"))
    assert there == here
    assert len(noted(diary, "start")) == 2, "one server for each policy"
    assert not [start for start in noted(diary, "start") if alive(start["process"])]


def texts_of(run: Path) -> dict[str, Any]:
    """All that was written and chosen. Losses of trainings may differ by rounding, with or without a server."""
    answers = read_records(run / "answers.jsonl", Answered | Failure)
    return {
        "self_edits": read_records(run / "self_edits.jsonl", SelfEdit),
        "answers": {key: each.answers for key, each in answers.items() if isinstance(each, Answered)},
        "kept": {key: update.kept for key, update in read_records(run / "updates.jsonl", Update).items()},
    }


def lines_of(run: Path) -> dict[str, set[bytes]]:
    """The records of a run; batches of another size write them in another order."""
    return {file.name: set(file.read_bytes().splitlines()) for file in run.glob("*.jsonl") if file.name not in CLOCKED}


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
def test_each_load_has_a_name_of_its_own_and_nothing_is_left_of_it(
    tmp_path: Path, adapters: list[Adapter], diary: Path
) -> None:
    with serving(tmp_path) as there:
        for _ in range(2):
            there.generate(asked_of(adapters), GREEDY)
        loaded, unloaded = noted(diary, "load_lora_adapter"), noted(diary, "unload_lora_adapter")
        names = [entry["lora_name"] for entry in loaded]
        assert len(set(names)) == len(names) == 2 * len(adapters)
        assert [entry["lora_name"] for entry in unloaded] == names
        assert not [entry["lora_path"] for entry in loaded if Path(entry["lora_path"]).exists()]
    assert not list((tmp_path / "adapters").iterdir())


@pytest.mark.slow
def test_prompts_are_sent_as_token_ids_with_their_own_seeds_and_the_ends_of_texts(tmp_path: Path, diary: Path) -> None:
    requests = [Request(prompt=prompt, seed=number) for number, prompt in enumerate(PROMPTS)]
    with serving(tmp_path, max_rank=0) as there:
        there.generate(requests, Sampling(temperature=1.0, top_p=0.9, max_new_tokens=3))
    tokenizer = tiny_backbone().tokenizer
    sent = {entry["seed"]: entry for entry in noted(diary, "completions")}
    assert [sent[number]["prompt"] for number in range(3)] == [tokenizer(prompt)["input_ids"] for prompt in PROMPTS]
    assert all(entry["stop_token_ids"] == [tokenizer.eos_token_id] for entry in sent.values())
    assert all((entry["temperature"], entry["top_p"], entry["max_tokens"]) == (1.0, 0.9, 3) for entry in sent.values())
    assert "--enable-lora" not in noted(diary, "start")[0]["arguments"]


@pytest.mark.slow
def test_the_server_is_started_anew_after_so_many_loads(tmp_path: Path, adapters: list[Adapter], diary: Path) -> None:
    with serving(tmp_path, loads_per_start=4) as there:
        answers = [there.generate(asked_of(adapters[:2]), GREEDY) for _ in range(3)]
        starts = noted(diary, "start")
        assert len(starts) == 2, "2 + 2 loads on the first, 2 on the second"
        assert not alive(starts[0]["process"])
        assert alive(starts[1]["process"])
    assert not alive(starts[1]["process"])
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lie", "reason"), [("unlisted", "accepted it, and does not list it"), ("listed", "completions: 500")]
)
def test_a_load_that_is_accepted_but_not_there_is_noticed(
    tmp_path: Path, adapters: list[Adapter], monkeypatch: pytest.MonkeyPatch, lie: str, reason: str
) -> None:
    monkeypatch.setenv("STAND_IN_LOADS", lie)
    with serving(tmp_path) as there:
        plain = Request(prompt="Pi", seed=0)
        *adapted, unadapted = there.generate([*asked_of(adapters[:1]), plain], GREEDY)
    assert all(isinstance(each, Unavailable) and reason in each.reason for each in adapted)
    assert isinstance(unadapted, Completion)


@pytest.mark.slow
def test_an_adapter_of_a_higher_rank_than_the_server_was_told_is_refused_by_it(
    tmp_path: Path, adapters: list[Adapter]
) -> None:
    with serving(tmp_path, max_rank=1) as there:
        [refused] = there.generate(asked_of(adapters)[:1], GREEDY)
    assert isinstance(refused, Unavailable)
    assert "LoRA rank 4 is greater than max_lora_rank 1" in refused.reason


@pytest.mark.slow
def test_where_a_server_dies_its_requests_are_unavailable_and_the_next_find_another(
    tmp_path: Path, diary: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("STAND_IN_DIES_AFTER", "2")
    requests = [Request(prompt=prompt, seed=0) for prompt in PROMPTS]
    with serving(tmp_path, concurrency=1) as there:
        first, second, third = there.generate(requests, GREEDY)
        assert isinstance(first, Completion)
        assert isinstance(second, Completion)
        assert isinstance(third, Unavailable)
        assert isinstance(there.generate(requests[2:], GREEDY)[0], Completion)
    assert len(noted(diary, "start")) == 2
    [said] = caplog.messages
    assert "server_1.log" in said
    assert "starts another one" in said


@pytest.mark.slow
def test_a_server_that_hangs_is_waited_for_once_and_replaced(
    tmp_path: Path, adapters: list[Adapter], diary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_HANGS", "1")
    with serving(tmp_path, timeout_s=2.0, max_cpu_loras=3) as there:
        began_s = time.monotonic()
        answers = there.generate(asked_of(adapters), GREEDY)
        assert all(isinstance(each, Unavailable) and "timed out" in each.reason for each in answers)
        assert time.monotonic() - began_s < 60
        monkeypatch.delenv("STAND_IN_HANGS")
        assert all(isinstance(each, Completion) for each in there.generate(asked_of(adapters), GREEDY))
    assert len(noted(diary, "load_lora_adapter")) == 1 + len(adapters)
    assert not [start for start in noted(diary, "start") if alive(start["process"])]


@pytest.mark.slow
def test_a_run_whose_servers_keep_dying_stops_and_goes_on_without_a_loss(
    seal: Seal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], diary: Path
) -> None:
    monkeypatch.setenv("STAND_IN_DIES_AFTER", "20")
    assert seal("run", *SERVED) == 1
    assert "failed twice" in capsys.readouterr().err
    run = Path("outputs/tiny")
    answers = read_records(run / "answers.jsonl", Answered | Failure)
    assert all(isinstance(each, Answered) for each in answers.values())
    before = lines_of(run)
    monkeypatch.delenv("STAND_IN_DIES_AFTER")
    assert seal("run", *SERVED) == 0
    after = lines_of(run)
    assert answers
    assert all(lines <= after[file] for file, lines in before.items())
    assert not [start for start in noted(diary, "start") if alive(start["process"])]


@pytest.mark.slow
def test_a_server_that_does_not_come_up_is_an_error_with_the_end_of_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_FAILS", "ValueError: Free memory on device is less than desired")
    with (
        pytest.raises(RunError, match=r"ended with 1; .*engine/server_1\.log:(?s:.*)Free memory(?s:.*)RuntimeError"),
        serving(tmp_path) as there,
    ):
        there.generate([Request(prompt="Pi", seed=0)], GREEDY)
    with pytest.raises(RunError, match=r"engine/server_2\.log"), serving(tmp_path) as there:
        there.generate([Request(prompt="Pi", seed=0)], GREEDY)


def test_a_server_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    slow = (sys.executable, "-c", "import time; print('loading', flush=True); time.sleep(600)")
    with (
        pytest.raises(RunError, match=r"not ready after 1 s(?s:.*)loading"),
        serving(tmp_path, command=slow, start_timeout_s=1.0) as there,
    ):
        there.generate([Request(prompt="Pi", seed=0)], GREEDY)


@pytest.mark.slow
def test_a_server_does_not_outlive_a_run_that_was_killed(tmp_path: Path, diary: Path) -> None:
    command = (sys.executable, "-m", "seal.launch.cli", "run", *SERVED, f"engine.adapter_folder={tmp_path}")
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end_s = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < end_s and not (diary.exists() and noted(diary, "completions")):
        time.sleep(0.05)
    [start] = noted(diary, "start")
    assert alive(start["process"])
    process.send_signal(signal.SIGKILL)
    process.wait()
    end_s = time.monotonic() + 30
    while alive(start["process"]) and time.monotonic() < end_s:
        time.sleep(0.05)
    assert not alive(start["process"])
    [left] = tmp_path.glob(f"{PREFIX}*")
    os.utime(left, (0, 0))
    with serving(tmp_path, adapter_folder=tmp_path):
        assert not left.exists(), "the next run sweeps it away"


def test_a_program_that_is_not_there_is_named_before_anything_starts(seal: Seal, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no program 'no-such-vllm' here: install vLLM"):
        settings(tmp_path, command=("no-such-vllm", "serve")).ready()


def test_the_rank_that_vllm_is_told_is_the_smallest_that_it_allows(tmp_path: Path) -> None:
    model = Tiny()
    for rank, told in ((1, 1), (4, 8), (8, 8), (48, 64), (257, 320), (512, 512)):
        assert settings(tmp_path, max_rank=rank).arguments(model)["max_lora_rank"] == told


def test_what_vllm_cannot_serve_is_refused(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = ("inner.rank=16", "engine.max_rank=8", "model.dtype=float64", "engine.max_cpu_loras=2")
    assert seal("check", *SERVED, *wrong) == 2
    said = capsys.readouterr().err
    assert "engine.max_rank: it is 8, but inner.rank is 16" in said
    assert "engine.max_cpu_loras: 2 is less than max_loras (8)" in said
    assert "engine.dtype: vLLM does not know float64: set model.dtype" in said
    assert seal("check", *SERVED, "engine.max_rank=513") == 2
    assert "less than or equal to 512" in capsys.readouterr().err
