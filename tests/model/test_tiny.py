"""The shipped model: an ordinary folder, small, and at home in its world."""

import json
from pathlib import Path

from transformers import AutoModelForCausalLM, AutoTokenizer

from seal.config.loading import load
from seal.engine import Request
from seal.engine.batched_generation import BatchedGenerator
from seal.model.tiny import Tiny
from seal.tiny.facts.world import COPY, VAGUE, QuestionKind
from tests.models import tiny_backbone

CHECKPOINT = Path(Tiny().path)


def test_the_shipped_model_is_an_ordinary_folder_of_at_most_5_megabytes() -> None:
    network = AutoModelForCausalLM.from_pretrained(CHECKPOINT)
    assert len(AutoTokenizer.from_pretrained(CHECKPOINT)) == network.config.vocab_size
    assert network.num_parameters() < 1_000_000
    assert sum(file.stat().st_size for file in CHECKPOINT.iterdir()) <= 5_000_000
    assert json.loads((CHECKPOINT / "config.json").read_text())["architectures"] == ["LlamaForCausalLM"]


def test_asked_for_a_self_edit_it_writes_lines_of_all_styles_about_the_passage() -> None:
    run, _ = load(["experiment=tiny"])
    contexts = run.task.load().held_out
    requests = [Request(prompt=run.self_edit.prompt(context), seed=number) for number, context in enumerate(contexts)]
    written = BatchedGenerator(tiny_backbone()).generate(requests, run.self_edit.sampling)
    lines = [
        (context, line)
        for context, completion in zip(contexts, written, strict=True)
        for line in completion.text.splitlines()
    ]
    styles = [run.task.style_of(context, line) for context, line in lines]
    assert set(styles) >= {COPY, VAGUE, *QuestionKind}
    assert styles.count("other") < 0.1 * len(styles)
