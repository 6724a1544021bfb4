"""Every attempt of a run, put together from its records: what was written, trained on, answered and decided.

Nothing is asked or computed anew but what is pure: a self-edit's text is parsed again to show what it trained on,
by the format that the manifest names. Only classes of seal are taken for that: a run's folder may come from somebody
else.
"""

import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import ValidationError

from seal.folder.store import read_records
from seal.outer.reward import Reward
from seal.self_edit import SelfEditFormat
from seal.stats.statistics import accuracy, mean
from seal.types import Attempt, Context, Evaluation, Failure, Invalid, Plan, SelfEdit, Update

Option = TypeVar("Option")

_ROUND = re.compile(r"round_(?P<round>\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One self-edit from its text to its verdicts."""

    policy: str
    context: Context
    self_edit: SelfEdit
    plan: Plan | Invalid | Failure | None
    """None where the format is none of seal's own."""
    baseline: Evaluation | None
    evaluations: tuple[Evaluation | Failure, ...]
    """One a repeat."""
    reward: float | None
    """None where nothing is known, and where a reader's rating decided."""
    kept: bool
    """Whether the policy learned to write it."""
    practised: bool
    """Whether it belongs to a round of training and not to a measurement."""
    chosen: bool
    """Whether it was an attempt, and not set aside for another that was written in its place."""
    weight: float = 0.0
    """In the loss of the policy: above 0 it was reinforced, below 0 suppressed; 0 for one that was left out."""

    @property
    def accuracy(self) -> float | None:
        """Of the adapted models; 0 for an attempt that says nothing to train on, by the method's own rule."""
        return 0.0 if self.chosen and isinstance(self.plan, Invalid) else mean(_accuracies(self.evaluations))

    @property
    def gain(self) -> float | None:
        """Over the unadapted model; None where either is unknown."""
        before = accuracy(self.baseline) if self.baseline else None
        return None if before is None or self.accuracy is None else self.accuracy - before


def read_stories(
    folder: Path, manifest: Mapping[str, Any], measured: Container[str], *, tuned: bool = False
) -> list[Story]:
    """Every self-edit of the run, in the order of its records; none in a run that wrote none. `measured` has the ids of
    the contexts that results are about; others were practised on. In a `tuned` run those are left out that served to
    tune settings alone."""
    contexts: dict[str, Context] = read_records(folder / "contexts.jsonl", Context)
    edits: dict[str, SelfEdit] = read_records(folder / "self_edits.jsonl", SelfEdit)
    evaluations: dict[str, Evaluation | Failure] = read_records(folder / "evaluations.jsonl", Evaluation | Failure)
    updates: dict[str, Update] = read_records(folder / "updates.jsonl", Update)
    settings = manifest["settings"]
    form = known_option(settings.get("self_edit"), SelfEditFormat)
    reward = known_option((settings.get("outer") or {}).get("reward"), Reward)
    recorded = _Recorded(
        contexts=contexts,
        edits=edits,
        outcomes=_by_model(evaluations),
        weights={
            (policy, name): weight for policy, update in updates.items() for name, weight in update.learned.items()
        },
        form=form,
        reward=reward,
        measured=measured,
        recipe=settings.get("recipe") or {},
        tuned=tuned,
    )
    return list(recorded.stories())


def count_invalid(stories: Sequence[Story]) -> dict[str, dict[str, int]]:
    """How many measured self-edits nothing could be trained on, by context and setting; none is not counted."""
    found: dict[str, dict[str, int]] = {}
    for one in stories:
        if one.chosen and not one.practised and isinstance(one.plan, Invalid):
            setting = "self_edits_round_0" if one.policy == "round_0" else one.policy
            of_context = found.setdefault(one.context.id, {})
            of_context[setting] = of_context.get(setting, 0) + 1
    return found


def known_option(settings: Any, room: Callable[..., Option]) -> Option | None:
    """An option of seal built from its settings; None if it is none, is nested, or no longer fits its class."""
    target = settings.get("_target_", "") if isinstance(settings, Mapping) else ""
    module, _, name = str(target).rpartition(".")
    if not module.startswith("seal."):
        return None
    try:
        cls = getattr(import_module(module), name)
        if not (isinstance(cls, type) and isinstance(room, type) and issubclass(cls, room)):
            return None
        return cast("Option", cls(**{key: value for key, value in settings.items() if key != "_target_"}))
    except (ImportError, AttributeError, ValidationError, TypeError):
        return None


@dataclass(frozen=True, kw_only=True)
class _Recorded:
    """What the folder of a run says, from which its stories follow."""

    contexts: Mapping[str, Context]
    edits: Mapping[str, SelfEdit]
    outcomes: Mapping[str, Mapping[str, Evaluation | Failure]]
    weights: Mapping[tuple[str, str], float]
    """By the policy and the name of a self-edit that it learned from."""
    form: SelfEditFormat | None
    reward: Reward | None
    measured: Container[str]
    recipe: Mapping[str, Any]
    tuned: bool

    def stories(self) -> Iterator[Story]:
        known = [(key, edit) for key, edit in self.edits.items() if edit.context_id in self.contexts]
        policies = {key: policy for key, edit in known if (policy := _policy(key, edit))}
        written = self._written(policies)
        attempted = {(policy, name): self._attempted(name, those) for (policy, name), those in written.items()}
        for key, policy in policies.items():
            edit = self.edits[key]
            if (policy, edit.context_id) in written:
                yield self._story(policy, edit, chosen=edit.index in attempted[policy, edit.context_id])

    def _written(self, policies: Mapping[str, str]) -> dict[tuple[str, str], list[SelfEdit]]:
        """What each policy wrote about each context, but for what served to tune settings alone."""
        found: dict[tuple[str, str], list[SelfEdit]] = {}
        for key, policy in policies.items():
            found.setdefault((policy, self.edits[key].context_id), []).append(self.edits[key])
        if not self.tuned:
            return found
        wanted = _wanted(self.recipe, True)
        return {
            (policy, name): those
            for (policy, name), those in found.items()
            if name in self.measured or _were_tried(policy, name, those, self.outcomes, wanted)
        }

    def _attempted(self, context: str, written: Sequence[SelfEdit]) -> set[int]:
        """The numbers of those that the loop chose to try out."""
        wanted = _wanted(self.recipe, context not in self.measured)
        return {edit.index for edit in _first(self.form, self.contexts[context], written, wanted)}

    def _story(self, policy: str, edit: SelfEdit, *, chosen: bool) -> Story:
        context = self.contexts[edit.context_id]
        practised = context.id not in self.measured
        plan = _read_as(self.form, policy, practised).read(context, edit) if self.form else None
        tried = tuple(self.outcomes.get(f"{policy}/{context.id}/edit_{edit.index}", {}).values())
        before = next(iter(self.outcomes.get(f"{policy}/{context.id}/unadapted", {}).values()), None)
        return Story(
            policy=policy,
            context=context,
            self_edit=edit,
            plan=plan,
            baseline=before if isinstance(before, Evaluation) else None,
            evaluations=tried,
            reward=_reward(self.reward, context, edit, plan=plan, before=before, tried=tried) if chosen else None,
            kept=(weight := self.weights.get((policy, f"{context.id}/{edit.index}"), 0.0)) > 0,
            weight=weight,
            practised=practised,
            chosen=chosen,
        )


def _policy(key: str, edit: SelfEdit) -> str | None:
    """Who wrote a self-edit, by the key of its record; None if that is another's."""
    policy = key.removesuffix(f"/{edit.context_id}/{edit.index}")
    return policy if policy != key else None


def _were_tried(
    policy: str, name: str, those: Sequence[SelfEdit], outcomes: Container[str], wanted: int | None
) -> bool:
    """Whether self-edits about a context were practised. If not, there is one, and it tuned settings."""
    return len(those) >= max(2, wanted or 0) or any(f"{policy}/{name}/edit_{edit.index}" in outcomes for edit in those)


def _read_as(form: SelfEditFormat, policy: str, practised: bool) -> SelfEditFormat:
    """A round of practice may read self-edits in another way than a measurement does."""
    number = _ROUND.fullmatch(policy)
    return form.practised_in(int(number["round"]) + 1) if practised and number else form


def _wanted(recipe: Mapping[str, Any], practised: bool) -> int | None:
    """How many self-edits of a context are tried out."""
    of_practice = cast("int | None", recipe.get("edits_per_context"))
    return of_practice if practised else cast("int | None", recipe.get("held_out_edits", of_practice))


def _first(
    form: SelfEditFormat | None, context: Context, written: Sequence[SelfEdit], wanted: int | None
) -> Sequence[SelfEdit]:
    """Of all that a policy wrote about a context those that were wanted, chosen as the loop chooses them."""
    if form is None or wanted is None or len(written) <= wanted:
        return written
    return form.preferred(context, sorted(written, key=lambda edit: edit.index))[:wanted]


def _by_model(evaluations: Mapping[str, Evaluation | Failure]) -> dict[str, dict[str, Evaluation | Failure]]:
    """Repeats by the model that was asked: the last part of a key is the repeat."""
    models: dict[str, dict[str, Evaluation | Failure]] = {}
    for key, outcome in evaluations.items():
        model, _, repeat = key.rpartition("/")
        models.setdefault(model, {})[repeat] = outcome
    return models


def _reward(
    reward: Reward | None,
    context: Context,
    edit: SelfEdit,
    *,
    plan: Plan | Invalid | Failure | None,
    before: Evaluation | Failure | None,
    tried: tuple[Evaluation | Failure, ...],
) -> float | None:
    """What the loop gave; None where that took a reader, or the format is not there to say what was trained on."""
    if reward is None or reward.rates or plan is None or isinstance(plan, Failure):
        return None
    baseline = before or Failure(reason="not recorded")
    attempt = Attempt(context=context, self_edit=edit, plan=plan, baseline=baseline, evaluations=tried)
    return 0.0 if isinstance(plan, Invalid) else reward.score(attempt)


def _accuracies(outcomes: tuple[Evaluation | Failure, ...]) -> list[float]:
    known = [accuracy(one) for one in outcomes if isinstance(one, Evaluation)]
    return [share for share in known if share is not None]
