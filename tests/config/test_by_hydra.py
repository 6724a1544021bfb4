"""Composing with what is kept is composing anew."""

from collections.abc import Sequence

import pytest
from hydra import compose, initialize_config_module
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from seal.config.by_hydra import CONFIG_MODULE, CONFIG_NAME, composed, options_of

CASES: list[list[str]] = [
    ["experiment=tiny"],
    ["experiment=tiny", "inner.rank=4", "seed=3", "inner.targets=[q_proj]"],
    ["inner.rank=4", "experiment=tiny", "inner.rank=8"],
    ["experiment=paper/rl", "fidelity=published", "outer/reward=proxy", "engine@writer=openai", "name='a b'"],
    ["inner=full", "+inner.more={a: 1}", "++grader.loose=true", "~self_edit.max_new_tokens"],
    ["~logger", "+published.source=here", "+published.accuracy={base: 0.5}"],
    ["+metrics@more=none", "task=passages", "task.path=${outputs}/x"],
    ["hydra/launcher=submitit_local", "hydra.launcher.timeout_min=3", "hydra.sweep.dir=there"],
]


def anew(overrides: Sequence[str]) -> DictConfig:
    with initialize_config_module(CONFIG_MODULE, version_base="1.3"):
        return compose(CONFIG_NAME, overrides=list(overrides), return_hydra_config=True)


def parts(config: DictConfig) -> list[object]:
    """What is asked of a configuration, in its order, with interpolations as they are written."""
    own = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    hydra = config.hydra
    return [
        OmegaConf.to_yaml(each) for each in (own, hydra.runtime.choices, hydra.launcher, hydra.sweeper, hydra.sweep)
    ]


@pytest.mark.parametrize("overrides", CASES, ids=" ".join)
def test_what_is_composed_once_or_twice_is_what_hydra_composes(overrides: list[str]) -> None:
    expected = parts(anew(overrides))
    assert parts(composed(overrides)) == expected
    assert parts(composed(overrides)) == expected


def test_what_is_done_to_a_configuration_stays_in_it() -> None:
    before = parts(composed(["inner.rank=2"]))
    found = composed(["inner.rank=4"])
    OmegaConf.set_struct(found, False)
    found.inner.clear()
    assert parts(composed(["inner.rank=2"])) == before


@pytest.mark.parametrize(
    "overrides",
    [
        ["inner.rang=4"],
        ["experiment=tiny", "+inner.rank=4"],
        ["~inner.rang"],
        ["~inner.rank=5"],
        ["inner=lore"],
        ["inner@here=lora"],
        ["nothing@here=lora"],
        ["+experiment=tiny", "seed=3"],
        ["++inner=lora"],
        ["inner.rank.deeper=3"],
    ],
    ids=" ".join,
)
def test_what_hydra_refuses_is_refused_in_its_words(overrides: list[str]) -> None:
    with pytest.raises(HydraException) as expected:
        anew(overrides)
    with pytest.raises(type(expected.value)) as refused:
        composed(overrides)
    assert str(refused.value) in str(expected.value)


def test_options_are_those_of_a_room_and_no_others() -> None:
    assert {"lora", "dora", "full", "none"} <= set(options_of("inner"))
    assert options_of("inner.rank") == options_of("nowhere") == ()
