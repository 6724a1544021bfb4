"""The shipped model of the world of grids: an ordinary folder, small, and indifferent before any reward."""

from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from seal.config.loading import load as load_config
from seal.engine import Request
from seal.engine.batched_generation import BatchedGenerator
from seal.grids.notation import NOTATIONS
from seal.model.tiny_grids import TinyGrids
from seal.nn.backbone import Backbone, load
from seal.self_edit.augmentations import settings_in
from seal.types import Invalid, Sampling

CHECKPOINT = Path(TinyGrids().path)


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return load(TinyGrids(dtype="float32", device="cpu"))


def test_it_is_an_ordinary_folder_of_at_most_10_megabytes() -> None:
    network = AutoModelForCausalLM.from_pretrained(CHECKPOINT)
    assert len(AutoTokenizer.from_pretrained(CHECKPOINT)) == network.config.vocab_size
    assert network.num_parameters() < 700_000
    assert sum(file.stat().st_size for file in CHECKPOINT.iterdir()) <= 10_000_000


def test_the_untrained_policy_writes_valid_settings_and_prefers_none(backbone: Backbone) -> None:
    run, _ = load_config(["experiment=grids"])
    contexts = run.task.load().all
    requests = [Request(prompt=run.self_edit.prompt(each), seed=seed) for seed in range(2) for each in contexts]
    written = BatchedGenerator(backbone).generate(requests, run.self_edit.sampling)
    found = [settings_in(each.text, around=False) for each in written]
    valid = [each for each in found if not isinstance(each, Invalid)]
    assert len(valid) > 0.95 * len(found)
    on_outputs = sum(each.training.strategy == "train_using_output_tokens" for each in valid)
    assert 0.3 < on_outputs / len(valid) < 0.7
    assert {each.training.num_train_epochs for each in valid} == {1, 2, 4, 8}


def test_it_ends_a_grid_itself(backbone: Backbone) -> None:
    """A turn by 90 degrees, which it has seen: nothing but the model says how large the output is."""
    prompt = "123\n456\n789 -> 369\n258\n147#\n987\n654\n321 -> 741\n852\n963#\n012\n345\n678 -> "
    sampling = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=40, stops=("#",))
    [answer] = BatchedGenerator(backbone).generate([Request(prompt=prompt, seed=0)], sampling)
    assert answer.finished
    assert NOTATIONS["digits"].read(answer.text).lists() == [[2, 5, 8], [1, 4, 7], [0, 3, 6]]
