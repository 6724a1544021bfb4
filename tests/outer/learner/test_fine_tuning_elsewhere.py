"""A policy that several processes fine-tune together is the one that a single process makes."""

import json
import time
from pathlib import Path

import pytest
import torch
from torch import Tensor

from seal.errors import RunError
from seal.model.hugging_face import HuggingFace
from seal.nn.backbone import load
from seal.outer.learner import Example, Learned
from seal.outer.learner.launcher import SHIPPED
from tests.models import random_backbone
from tests.outer.learner.test_lora import learner
from tests.test_interruption import start

EXAMPLES = [
    Example(prompt="Pi\n", completion=text)
    for text in ("It is 3.", "It is no lute, nor a harp.", "Who?", "Yes.", "Leo has a cat.", "No.", "It is in Ashton.")
]
"""Seven: the last batch of an epoch is not full."""


def learned(folder: Path, name: str, *overrides: str) -> tuple[Learned, Tensor]:
    """What the update said, and all weights after it."""
    backbone = random_backbone(folder / "model", "llama", "float64")
    result = learner("batch_size=4", "epochs=2", "learning_rate=1e-2", *overrides).learn(
        backbone, EXAMPLES, folder / name, seed=1
    )
    return result, weights_of(folder / name)


def weights_of(folder: Path) -> Tensor:
    backbone = load(HuggingFace(path=str(folder), dtype="float64", device="cpu"))
    return torch.cat([weight.flatten() for weight in backbone.model.parameters()])


def processes_at(folder: Path) -> list[int]:
    """The numbers of the processes whose command line names something in a folder."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(folder).encode() in file.read_bytes():
                found.append(int(file.parent.name))
        except OSError:
            continue
    return found


@pytest.mark.slow
def test_two_processes_learn_what_one_learns(tmp_path: Path) -> None:
    one, expected = learned(tmp_path, "one")
    two, weights = learned(tmp_path, "two", "accelerate=cpu", "micro_batch_size=1")
    assert two.losses == pytest.approx(one.losses, rel=1e-6)  # the Trainer keeps them in float32
    change = expected - weights_of(tmp_path / "model")
    assert (weights - expected).norm() < 1e-12 * change.norm()
    assert {file.name for file in (tmp_path / "one").iterdir()} == {file.name for file in (tmp_path / "two").iterdir()}


@pytest.mark.slow
def test_what_the_launcher_says_of_a_failure_is_handed_on(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text((SHIPPED / "cpu.yaml").read_text() + "nonsense: 1\n")
    with pytest.raises(RunError, match=r"(?s)outer\.learner\.accelerate.*log\.txt.*nonsense"):
        learned(tmp_path, "new", f"accelerate={file}")


@pytest.mark.slow
def test_a_run_killed_in_its_update_leaves_no_process_and_no_half_policy_and_goes_on(tmp_path: Path) -> None:
    """From the command line; the processes are killed while they train, with whoever waits for them."""
    run = tmp_path / "outputs/tiny"
    killed = start(tmp_path, "outer.learner.accelerate=cpu", "recipe.held_out_contexts=1")
    logs = "policies/round_1.*.draft/fine_tuning/log.txt"
    while killed.poll() is None and not (list(run.glob(logs)) and len(processes_at(tmp_path)) >= 3):
        time.sleep(0.05)
    assert killed.poll() is None, killed.communicate()[1].decode()
    killed.kill()
    killed.communicate()
    deadline = time.monotonic() + 40
    while processes_at(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not processes_at(tmp_path)
    assert not (run / "policies/round_1").exists()

    assert start(tmp_path, "outer.learner.accelerate=cpu", "recipe.held_out_contexts=1").wait() == 0
    [update] = [json.loads(line)["value"] for line in (run / "updates.jsonl").read_text().splitlines()]
    assert update["kept"]
    assert (run / "policies/round_1/model.safetensors").exists()
    assert not list(run.glob("policies/*.draft"))
    assert not list(run.glob("policies/round_1/fine_tuning"))
