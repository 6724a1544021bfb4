"""The points of a sweep, and how each is told to whoever runs it alone."""

from pathlib import Path

import pytest

from seal.config.loading import load
from seal.errors import ConfigError
from seal.sweep.points import alone, by_name, split_sweep


@pytest.mark.parametrize(
    "swept",
    [
        "inner.rank=8,16",
        "inner.targets=[q_proj,v_proj],[all-linear]",
        r"""task.query_template='it\'s "{title}", {question}',"only \\ {question}" """.strip(),
        "outputs=a/b,c",
    ],
)
def test_what_is_told_of_a_point_alone_leads_to_its_folder_whatever_its_values_hold(swept: str) -> None:
    common, points = split_sweep(["experiment=tiny", "name=ranks", swept])
    for name, told in by_name(points, common).items():
        typed = alone(told, f"ranks/{name}")
        assert sum(each.startswith("name=") for each in typed) == 1
        run, settings = load(typed)
        assert run.name == f"ranks/{name}"
        assert settings == {**load(told)[1], "name": run.name}


def test_every_point_is_told_where_options_of_somebody_s_own_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine/grader").mkdir(parents=True)
    Path("mine/grader/strict.yaml").write_text("_target_: seal.grader.exact.Exact\nnormalize: false\n")
    common, points = split_sweep(["grader=strict", "hydra.searchpath=[file://mine]", "seed=1,2"])
    for told in by_name(points, common).values():
        assert load(told)[1]["grader"]["normalize"] is False


def test_a_glob_stands_for_the_options_that_there_are() -> None:
    _, points = split_sweep(["outer/reward=glob(proxy*)", "seed=1"])
    assert points == [["outer/reward=proxy", "seed=1"], ["outer/reward=proxy_first", "seed=1"]]


def test_what_is_not_in_the_grammar_is_named() -> None:
    with pytest.raises(ConfigError, match=r"inner\.rank=8,\["):
        split_sweep(["inner.rank=8,["])
