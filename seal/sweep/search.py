"""A sweep whose points Optuna chooses, each from the results so far.

Optuna only chooses. SEAL runs, names, records and reports these points like those of any sweep. The sweep's folder
keeps the history. Hydra's own plugin for Optuna does not fit our pinned versions (docs/cluster.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal

from omegaconf import OmegaConf
from pydantic import PositiveInt, TypeAdapter, ValidationError

from seal.base.seeds import derive
from seal.base.terminal import Terminal
from seal.config import loading
from seal.config.composing import FAULTY, compose_with_hydra, parsed
from seal.config.run import Run
from seal.errors import ConfigError, RunError, UsageError, listed
from seal.folder.store import MANIFEST, RESULTS
from seal.settings import option
from seal.sweep.choice import read_point
from seal.sweep.launching import SEARCH, launcher_of, outcomes
from seal.sweep.outcomes import in_short
from seal.sweep.points import by_name, faults_of

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution

JOURNAL, STUDY = "search.journal", "search"


@option
class Search:
    """The settings of a search."""

    trials: PositiveInt
    """The total number of points that must succeed."""
    parallel: PositiveInt
    """Number of points that are chosen and run at the same time."""
    sampler: Literal["tpe", "random"]
    params: Mapping[str, Any]
    """Values to choose from, by key, besides those of the command line."""


def is_search(overrides: Sequence[str]) -> bool:
    """True if Optuna is to search for the points; False if the overrides list them."""
    if not any(each.startswith("hydra/sweeper=") for each in overrides):
        return False
    return str(compose_with_hydra(_fixed(overrides)).hydra.sweeper._target_).endswith(SEARCH)


def search(overrides: Sequence[str]) -> int:
    """Start or resume a search: run points that Optuna chooses until enough have succeeded.

    Raises:
        SealError: the search has faults, and no point has started; or points failed.
    """
    if not find_spec("optuna"):
        raise UsageError("hydra/sweeper: Optuna is not installed here: pip install 'seal-lm[optuna]'")
    fixed = _fixed(overrides)
    settings, launcher = _settings(fixed), launcher_of(fixed)
    if launcher is None:
        raise ConfigError("hydra/launcher: a search needs hydra/launcher=basic or one of submitit's launchers")
    swept = [each for each in overrides if each not in fixed]
    choices = [f"{key}={value}" for key, value in settings.params.items() if key not in _keys([*fixed, *swept])]
    choices += swept
    space = dict(map(_choice, choices))
    if not space:
        raise ConfigError("hydra.sweeper.params: there is nothing to choose: give for example inner.rank=8,16")
    corner = {key: values[0] for key, (_, values) in space.items()}
    corners = [corner, *({**corner, key: value} for key, (_, values) in space.items() for value in values[1:])]
    faults = [fault for point in corners for fault in faults_of([*fixed, *_told(point)])]
    if faults:
        raise ConfigError(listed("points of the search have faults:", list(dict.fromkeys(faults))))
    sweep, _ = loading.load([*fixed, *_told(corner)])
    if "name" not in _keys(fixed):
        sweep = replace(sweep, name=f"{sweep.name}-search")
    if (sweep.folder / MANIFEST).exists():
        raise ConfigError(f"name: {sweep.folder} holds a single run: choose another name=… for the search")
    sweep.folder.mkdir(parents=True, exist_ok=True)
    study = _study(sweep, settings, [*fixed, *choices])
    distributions = {key: distribution for key, (distribution, _) in space.items()}
    _run(study, sweep, settings, fixed, launcher=launcher, space=distributions)
    best = study.best_trial
    console = Terminal()
    console.print(
        f"best of {len(_with(study, 'COMPLETE'))}: {best.value:.3f}, {', '.join(_told(best.params))}", highlight=False
    )
    console.print(f"`seal report {sweep.folder}` shows all points, and the selection bias", highlight=False)
    return 0


def _run(
    study: "optuna.Study",
    sweep: Run,
    settings: Search,
    fixed: Sequence[str],
    *,
    launcher: Mapping[str, Any],
    space: "Mapping[str, BaseDistribution]",
) -> None:
    """Ask Optuna for points, run them and tell it their accuracy, `parallel` points at a time.

    Raises:
        RunError: points failed; raised at the end of the search.
    """
    common = [key for key in _keys(fixed) if key not in space]
    failed: dict[str, str] = {}
    n_failed = 0
    while (n_left := settings.trials - len(_with(study, "COMPLETE")) - n_failed) > 0:
        trials = [study.ask(dict(space)) for _ in range(min(n_left, settings.parallel))]
        points = [[*fixed, *_told(trial.params)] for trial in trials]
        names = [next(iter(by_name([point], common))) for point in points]
        found = outcomes(sweep, by_name(points, common), launcher)
        for trial, name in zip(trials, names, strict=True):
            accuracy = None if found[name] else read_point(sweep.folder / name / RESULTS).accuracy
            if accuracy is None:
                n_failed += 1
                failed[name] = found[name] or "no answer could be graded"
                study.tell(trial, state=_state("FAIL"))
            else:
                study.tell(trial, accuracy)
    if failed:
        reasons = [f"{name}: {in_short(reason)}" for name, reason in failed.items()]
        raise RunError(listed(f"{n_failed} points failed; the same command tries them again:", reasons))


def _study(sweep: Run, settings: Search, asked: Sequence[str]) -> "optuna.Study":
    """The study with all trials so far. Points that failed or were interrupted are tried again first.

    Raises:
        ConfigError: the folder holds a search with other settings.
    """
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(sweep.folder / JOURNAL))),
        study_name=STUDY,
        direction="maximize",
        load_if_exists=True,
    )
    told = sorted(each for each in asked if not each.startswith("hydra"))
    there = study.user_attrs.get("asked", told)
    if there != told:
        changed = ", ".join(sorted({*there} ^ {*told}))
        raise ConfigError(f"name: {sweep.folder} holds a search that differs in {changed}: choose another name=…")
    study.set_user_attr("asked", told)
    succeeded = [trial.params for trial in _with(study, "COMPLETE")]
    waiting = [trial.system_attrs["fixed_params"] for trial in _with(study, "WAITING")]
    for trial in [*_with(study, "RUNNING"), *_with(study, "FAIL")]:
        if trial.params and trial.params not in (*succeeded, *waiting):
            study.enqueue_trial(trial.params)
            waiting.append(trial.params)
    for trial in _with(study, "RUNNING"):
        study.tell(trial.number, state=_state("FAIL"))
    seed = derive(sweep.seed, "search", len(study.trials)) % 2**32
    samplers = {"tpe": optuna.samplers.TPESampler, "random": optuna.samplers.RandomSampler}
    study.sampler = samplers[settings.sampler](seed=seed)
    return study


def _settings(fixed: Sequence[str]) -> Search:
    node = OmegaConf.to_container(compose_with_hydra(fixed).hydra.sweeper, resolve=True)
    assert isinstance(node, dict)
    try:
        return TypeAdapter(Search).validate_python({str(key): each for key, each in node.items() if key != "_target_"})
    except ValidationError as error:
        faults = [f"hydra.sweeper.{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        raise ConfigError(listed(FAULTY, faults)) from error


def _choice(override: str) -> "tuple[str, tuple[BaseDistribution, list[Any]]]":
    """A key, the distribution that Optuna chooses from, and values to check beforehand.

    Raises:
        ConfigError: the value is not a choice.
    """
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    sweep = parsed(override)
    key = sweep.get_key_element()
    if sweep.is_discrete_sweep():
        values = list(sweep.sweep_string_iterator())
        return key, (CategoricalDistribution(values), values)
    if not sweep.is_interval_sweep():
        raise ConfigError(
            f"hydra.sweeper.params.{key}: '{override.partition('=')[2]}' is not a choice: give for example 8,16"
        )
    interval: Any = sweep.value()
    kind = IntDistribution if isinstance(interval.start, int) and isinstance(interval.end, int) else FloatDistribution
    low, high = interval.start, interval.end
    return key, (kind(low, high, log="log" in interval.tags), [low, high])


def _fixed(overrides: Sequence[str]) -> list[str]:
    return [each for each in overrides if not parsed(each).is_sweep_override()]


def _keys(overrides: Sequence[str]) -> list[str]:
    return [parsed(each).get_key_element().lstrip("+~") for each in overrides]


def _told(params: Mapping[str, Any]) -> list[str]:
    return [f"{key}={value}" for key, value in params.items()]


def _with(study: "optuna.Study", state: str) -> "list[optuna.trial.FrozenTrial]":
    return study.get_trials(deepcopy=False, states=(_state(state),))


def _state(name: str) -> "optuna.trial.TrialState":
    from optuna.trial import TrialState

    return TrialState[name]
