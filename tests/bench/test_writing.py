"""The benchmark of writing compares the same work, and who begins takes turns."""

from pathlib import Path

import pytest

from seal.inner.lora import LoRA
from tests.bench import writing
from tests.models import random_backbone


def test_pairs_alternate_and_the_ratio_is_the_median_of_theirs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    backbone, calls = random_backbone(tmp_path, "llama"), []
    clock = iter([0, 2, 0, 1, 0, 1, 0, 5, 0, 3, 0, 1])  # theirs, ours; ours, theirs; theirs, ours
    monkeypatch.setattr(writing.time, "process_time", lambda: next(clock))
    found = writing.compared(backbone, lambda: calls.append("ours"), lambda: calls.append("theirs"), times=3)
    assert calls == ["theirs", "ours", "ours", "theirs", "theirs", "ours"]
    assert (found["smallest"], found["ratio"], found["largest"]) == (2, 3, 5)


@pytest.mark.slow
def test_both_ways_do_their_work_and_leave_the_model_as_it_was(tmp_path: Path) -> None:
    backbone = writing.talkative(random_backbone(tmp_path, "llama", "float32"))
    before = {name: value.clone() for name, value in backbone.model.named_parameters()}
    job = writing.Job(name="some", n_prompt=9, n_new=3, temperature=1.0)
    [row] = writing.rows_of_writing(backbone, [job], [2], times=1)
    assert row["ratio"] > 0 < row["floor_s"]
    settings = LoRA(rank=2, alpha=2, epochs=1, batch_size=1, parallel=2)
    plans = writing.plans(backbone, n_edits=2, n_sequences=2)
    writing.trained_by_seal(backbone, settings, plans)
    writing.trained_by_peft(backbone, settings, plans)
    after = dict(backbone.model.named_parameters())
    assert all(after[name].equal(value) for name, value in before.items())
