"""Adapters on disk: under names that are used once, for as long as they are needed, and no longer."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from peft import PeftModel

from seal.engine import Request
from seal.engine.adapter_folder import PREFIX, AdapterFolder, by_adapters, distinct
from seal.errors import ConfigError, RunError
from seal.nn.adapters import Adapter
from tests.inner.test_lora import lora, train
from tests.models import tiny_backbone


@pytest.fixture(scope="module")
def adapters() -> list[Adapter]:
    outcomes = train(tiny_backbone(), lora(epochs=1))
    return [outcome.adapter for outcome in outcomes if outcome.adapter]


def test_an_adapter_is_written_as_peft_reads_it_and_under_a_new_name_each_time(
    tmp_path: Path, adapters: list[Adapter]
) -> None:
    folder = AdapterFolder(tmp_path)
    written = [folder.write(adapters[0], base_model="base") for _ in range(3)]
    folder.remove(written[0])
    written.append(folder.write(adapters[0], base_model="base"))
    assert len({path.name for path in written}) == 4
    read = PeftModel.from_pretrained(tiny_backbone().model, written[1]).state_dict()
    path, (lora_a, _) = next(iter(adapters[0].weights.items()))
    assert torch.equal(read[f"base_model.model.{path}.lora_A.default.weight"], lora_a)
    folder.close()
    assert not list(tmp_path.iterdir())


def test_two_processes_never_use_the_same_name(tmp_path: Path, adapters: list[Adapter]) -> None:
    one, other = AdapterFolder(tmp_path), AdapterFolder(tmp_path)
    assert one.write(adapters[0], base_model="base").name != other.write(adapters[0], base_model="base").name
    one.close()
    other.close()


@pytest.mark.slow
def test_what_a_killed_process_left_is_swept_away_and_what_a_living_one_holds_is_not(tmp_path: Path) -> None:
    code = (
        "import os, sys, pathlib; from seal.engine.adapter_folder import AdapterFolder; "
        "held = AdapterFolder(pathlib.Path(sys.argv[1])); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    [left] = tmp_path.glob(f"{PREFIX}*")
    held = AdapterFolder(tmp_path)
    assert left.exists(), "too young to be sure that nobody is about to lock it"
    for folder in (left, held.path):
        os.utime(folder, (0, 0))
    AdapterFolder(tmp_path).close()
    assert not left.exists()
    assert held.path.exists()
    held.close()


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"engine\.adapter_folder: cannot write to .*missing"):
        AdapterFolder(tmp_path / "missing")


def test_requests_are_grouped_so_that_few_adapters_are_loaded_at_a_time(adapters: list[Adapter]) -> None:
    first, second, third = adapters
    order = [first, second, first, third, None, second, third]
    requests = [Request(prompt="a", seed=0, adapter=adapter) for adapter in order]
    groups = by_adapters(requests, 2)
    assert sorted(number for group in groups for number in group) == list(range(7))
    assert [len(distinct([requests[number] for number in group])) for group in groups] == [0, 2, 1]
    assert groups[0] == [4], "a request without an adapter never shares a batch with adapted ones"
    assert by_adapters([], 2) == []


def test_no_more_adapters_lie_there_at_once_than_the_budget_has_room_for(
    tmp_path: Path, adapters: list[Adapter]
) -> None:
    requests = [Request(prompt="a", seed=0, adapter=adapter) for adapter in adapters]
    each_gb = adapters[0].n_bytes / 1e9
    assert AdapterFolder(tmp_path, budget_gb=2.5 * each_gb).room_for(requests) == 2
    assert AdapterFolder(tmp_path).room_for(requests) > 100
    assert AdapterFolder(tmp_path, budget_gb=each_gb / 2).room_for([Request(prompt="a", seed=0)]) == 1
    with pytest.raises(RunError, match=r"engine\.adapter_budget_gb is .*: make room, raise the budget"):
        AdapterFolder(tmp_path, budget_gb=each_gb / 2).room_for(requests)
