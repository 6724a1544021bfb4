"""The benchmark measures what it says: its workload is the paper's, and its ways train the same thing."""

from pathlib import Path
from statistics import mean, median

import pytest
from transformers import AutoTokenizer

from seal.inner import Adapted
from seal.model.tiny import Tiny
from tests.bench import puzzles, ways, workload
from tests.bench.inner_loop import Way, rows, utilization
from tests.models import random_backbone


def test_the_workload_has_the_lengths_of_the_papers_first_round() -> None:
    jobs = workload.jobs(2000)
    n_sequences = [len(job.plan.sequences) for job in jobs]
    tokenizer = AutoTokenizer.from_pretrained(Tiny().path)
    texts = [sequence.text for job in jobs for sequence in job.plan.sequences]
    n_tokens = list(map(len, tokenizer(texts)["input_ids"]))
    assert median(n_sequences) == pytest.approx(7, abs=1)
    assert mean(n_sequences) == pytest.approx(8.7, rel=0.1)
    assert median(n_tokens) == pytest.approx(33, rel=0.1)
    assert mean(n_tokens) == pytest.approx(51, rel=0.1)
    assert mean(len(job.prompts) for job in jobs) == pytest.approx(4.5)


def test_where_the_published_self_edits_are_at_hand_their_lengths_are_the_workload(
    reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths = workload.published_lengths()
    assert len(lengths) == 250
    assert mean(map(len, lengths)) == pytest.approx(8.7, abs=0.05)
    every = [n_tokens for of_edit in lengths for n_tokens in of_edit]
    assert mean(every) == pytest.approx(51, abs=0.5)
    assert median(every) == pytest.approx(33, abs=1)
    monkeypatch.delenv("SEAL_REFERENCE")
    assert workload.source() == "fitted distributions"


@pytest.mark.slow
def test_each_way_does_its_steps_and_leaves_the_model_as_it_was(tmp_path: Path) -> None:
    backbone, jobs = random_backbone(tmp_path, "qwen2", "float32"), workload.jobs(2)
    before = {name: value.clone() for name, value in backbone.model.named_parameters()}
    published = ways.by_trainer(backbone, jobs, padded=True, n_steps=1)
    found = {
        "b": ways.by_trainer(backbone, jobs, padded=False),
        "c": ways.by_loop(backbone, jobs),
        "d": ways.stacked(backbone, jobs, parallel=2),
    }
    assert published.real_share < 0.1
    assert found["d"].n_updates == sum(len(job.plan.sequences) for job in jobs)
    assert [found[way].n_updates for way in "bc"] == [found["d"].n_updates - ways.WARM_UP] * 2
    assert found["b"].n_tokens == found["c"].n_tokens < found["d"].n_tokens
    after = dict(backbone.model.named_parameters())
    assert all(after[name].equal(value) for name, value in before.items())


def test_ours_learns_what_the_paper_trains(tmp_path: Path) -> None:
    [outcome] = ways.settings(parallel=1, epochs=1).adapt(
        random_backbone(tmp_path, "qwen2"), [workload.jobs(1)[0].plan], [0]
    )
    assert isinstance(outcome, Adapted)
    assert outcome.adapter
    assert sorted({path.rpartition(".")[2] for path in outcome.adapter.weights}) == ["q_proj", "v_proj"]


@pytest.mark.slow
def test_puzzles_are_trained_on_with_settings_that_differ_and_each_way_does_the_same_updates() -> None:
    asked = puzzles.bench(3, "self_edit.per_family=1")
    assert len({tuple(plan.settings.items()) for plan in asked.plans}) > 1
    assert len({len(plan.sequences) for plan in asked.plans}) > 1
    peft, ours = puzzles.by_peft(asked), puzzles.stacked(asked, parallel=2)
    assert (ours["n_updates"], ours["n_tokens"]) == (peft["n_updates"], peft["n_tokens"])
    row = puzzles.row(ours | {"peak_bytes": 1}, peft, way="d", adapters=2)
    assert row["ratio_to_peft"] == pytest.approx(peft["trained_s"] / ours["trained_s"])
    assert row["workload"] == "grids"


def test_a_row_has_what_is_promised() -> None:
    found = dict(
        step_s=0.5,
        request_s=1.0,
        answer_token_s=0.01,
        baselines_each=True,
        n_updates=4,
        n_tokens=300,  # of the steps that were measured, which is not what typical ones have
        typical_tokens=50.0,
        lengths="fitted distributions",
        real_share=0.025,
        n_answers=4,
        n_answer_tokens=108,
        peak_bytes=10,
        n_parameters=1_000,
        device="NVIDIA H200",
    )
    train, answer, both = rows(Way(model="tiny", way="a"), found, found)
    for row, phase in ((train, "train"), (answer, "answer"), (both, "both")):
        assert row["phase"] == phase
        assert row["ratio_to_published"] == 1
        assert row.keys() >= {"model", "way", "adapters", "tokens_per_s", "updates_per_s", "peak_bytes"}
    assert (train["updates_per_s"], train["tokens_per_s"]) == (2, 100)
    assert train["flops_per_s"] == 400_000
    assert train["utilization"] == 400_000 / 989e12
    assert utilization(1.0, None) is None
    assert both["round_s"] == pytest.approx(750 * (1 + 43.5 + 9 * 27 * 0.01))
    assert both["updates_per_s"] == pytest.approx(87 / (1 + 43.5 + 9 * 27 * 0.01))
