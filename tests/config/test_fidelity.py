"""The paper's experiments, sound or as published: what their runs are called, and what is refused with a way out."""

from collections.abc import Callable

import pytest

from seal.config import loading
from seal.errors import ConfigError
from tests.config.test_loading import faults_of

Seal = Callable[..., int]
PUBLISHED = ("experiment=paper/rl", "fidelity=published")
WRITTEN_NOW = "write experiment=paper/rl fidelity=published"


def test_an_experiment_is_sound_unless_it_is_asked_for_as_published() -> None:
    [(default, sound), (_, said), (published, other)] = [
        loading.load([PUBLISHED[0], *fidelity]) for fidelity in ([], ["fidelity=sound"], [PUBLISHED[1]])
    ]
    assert sound == said != other
    assert (default.name, published.name) == ("paper/rl", "paper/rl_published")
    assert loading.load([*PUBLISHED, "name=mine"])[0].name == "mine"


def test_what_is_given_on_the_command_line_counts_more_than_the_fidelity() -> None:
    _, settings = loading.load([*PUBLISHED, "grader=exact", "outer.ties=shortest", "inner.append_end=true"])
    assert settings["grader"]["_target_"] == "seal.grader.exact.Exact"
    assert (settings["outer"]["ties"], settings["inner"]["append_end"]) == ("shortest", True)


@pytest.mark.parametrize(
    "command",
    [
        ["check"],
        ["run"],
        ["run", "-m", "seed=1,2"],
        ["run", "-m", "hydra/sweeper=search", "inner.rank=4,8"],
        ["check", "fidelity=published"],
    ],
)
def test_a_preset_of_the_first_version_is_told_how_it_is_written_now(
    seal: Seal, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    assert seal(*command, "experiment=paper/rl_published") == 2
    _, fault = capsys.readouterr().err.splitlines()
    assert fault.startswith("  experiment: 'paper/rl_published' ")
    assert fault.endswith(WRITTEN_NOW)


def test_a_sweep_is_told_too_where_only_some_points_are_of_the_first_version(
    seal: Seal, capsys: pytest.CaptureFixture[str]
) -> None:
    assert seal("run", "-m", "experiment=paper/rl,paper/rl_published") == 2
    _, fault = capsys.readouterr().err.splitlines()
    assert fault.endswith(WRITTEN_NOW)


@pytest.mark.parametrize("never_was", ["tiny_published", "paper/rll_published", "paper/published"])
def test_what_was_no_preset_of_the_first_version_is_not_said_to_have_been_one(never_was: str) -> None:
    [fault] = faults_of(f"experiment={never_was}")
    assert f"there is no option '{never_was}'" in fault


@pytest.mark.parametrize("fidelity", ["sound", "published"])
@pytest.mark.parametrize("chosen", ["experiment=tiny", "experiment=arc/rl", "recipe=evaluate"])
def test_a_fidelity_is_refused_where_there_is_none(chosen: str, fidelity: str) -> None:
    [fault] = faults_of(chosen, f"fidelity={fidelity}")
    why = f"{chosen} does not have this choice" if "experiment" in chosen else "no experiment was chosen"
    assert fault.startswith(f"  fidelity: {why}; ")
    assert fault.endswith(f"write {' '.join(PUBLISHED)}")


@pytest.mark.parametrize(
    "override", ["+fidelity=published", "~fidelity", "fidelity=null", "fidelity=[sound,published]"]
)
@pytest.mark.parametrize("experiment", [[], [PUBLISHED[0]]])
def test_a_fidelity_is_neither_added_nor_left_out(override: str, experiment: list[str]) -> None:
    [fault] = faults_of(override, *experiment)
    assert fault.startswith(f"  {override}: ")
    assert fault.endswith(f"write {' '.join(PUBLISHED)}")


def test_a_misspelt_fidelity_is_refused_with_a_hint() -> None:
    assert faults_of(PUBLISHED[0], "fidelity=publshed") == [
        "  fidelity: there is no option 'publshed'; did you mean 'published'?"
    ]


@pytest.mark.parametrize("experiment", ["paper/rll", "paper/rl,paper/rl_long"])
def test_with_an_experiment_that_cannot_be_chosen_nothing_is_said_of_its_fidelity(experiment: str) -> None:
    with pytest.raises(ConfigError) as raised:
        loading.load([f"experiment={experiment}", PUBLISHED[1]])
    assert "fidelity" not in str(raised.value)
