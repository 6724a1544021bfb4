"""Which setting of a sweep is the best, and how sure that is."""

import json
from pathlib import Path

import pytest

from seal.sweep.choice import choose, in_words, read_sweep, settings_in


def make(folder: Path, scores: dict[str, list[float]]) -> Path:
    """Points by name, with the score of each context."""
    for name, values in scores.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "manifest.json").write_text("{}")
        counts = dict.fromkeys(("n_queries", "n_answers", "n_unknown", "n_failed", "n_invalid"), 0)
        row = {"setting": "round_1", "accuracy": sum(values) / len(values), "ci95": None, "n_contexts": len(values)}
        rows = [{**row, **counts}]
        found = {"table": rows, "scores": {"round_1": {f"c{place}": score for place, score in enumerate(values)}}}
        (folder / name / "results.json").write_text(json.dumps(found))
    return folder


def test_a_name_is_taken_apart_also_where_values_hold_commas() -> None:
    assert settings_in("inner.rank=8,inner.targets=[q_proj,v_proj],seed=0") == {
        "inner.rank": "8",
        "inner.targets": "[q_proj,v_proj]",
        "seed": "0",
    }


def test_the_best_setting_is_the_one_with_the_highest_mean_over_seeds(tmp_path: Path) -> None:
    make(
        tmp_path,
        {"inner.rank=8,seed=0": [0.9, 0.9], "inner.rank=8,seed=1": [0.1, 0.1], "inner.rank=16,seed=0": [0.6, 0.6]},
    )
    best, second = choose(read_sweep(tmp_path)).ranked
    assert best.settings == (("inner.rank", "16"),)
    assert (second.accuracy, second.n_seeds) == (pytest.approx(0.5), 2)


def test_the_lead_is_paired_over_contexts_and_seeds_that_both_have(tmp_path: Path) -> None:
    make(
        tmp_path,
        {
            "inner.rank=8,seed=0": [0.0, 0.5, 1.0, 0.5],
            "inner.rank=16,seed=0": [0.1, 0.6, 1.0, 0.7],
            "inner.rank=16,seed=1": [1.0, 1.0, 1.0, 1.0],
        },
    )
    lead = choose(read_sweep(tmp_path)).ranked[1].short_of_best
    assert lead is not None
    assert lead.difference == pytest.approx(0.1), "seed 1 has no partner"
    assert lead.n_contexts == 4


def test_the_best_of_many_that_are_all_luck_is_said_to_be_too_high(tmp_path: Path) -> None:
    from random import Random

    random = Random(0)
    make(tmp_path, {f"inner.rank={rank}": [float(random.random() < 0.5) for _ in range(40)] for rank in range(20)})
    choice = choose(read_sweep(tmp_path))
    assert choice.ranked[0].accuracy > 0.6
    assert choice.elsewhere == pytest.approx(0.5, abs=0.06)
    said = "\n".join(in_words(choice))
    assert "no clear lead" in said
    assert "is the best of 20 settings, so it is too high (selection bias): selected on some contexts" in said


def test_what_was_asked_about_other_contexts_has_no_paired_difference(tmp_path: Path) -> None:
    make(tmp_path, {"task.seed=1": [0.5, 0.6], "task.seed=2": [0.5, 0.5]})
    file = tmp_path / "task.seed=2/results.json"
    file.write_text(file.read_text().replace('"c0"', '"d0"').replace('"c1"', '"d1"'))
    said = "\n".join(in_words(choose(read_sweep(tmp_path))))
    assert "no paired difference" in said
    assert "the size of the bias is unknown" in said
