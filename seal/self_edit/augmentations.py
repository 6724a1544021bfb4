"""Self-edits that are settings: a JSON object that chooses augmentations and how to train on them (few-shot domain).

    {"data_generation": {"use_basic_augmentations": …, "use_size_augmentations": …, "use_chain_augmentations": …,
                         "use_repeat_augmentations": …},
     "training": {"strategy": …, "learning_rate": …, "num_train_epochs": …}}

The model is trained on episodes made only of the demonstrations (arXiv 2506.10943 §3.2, after arXiv 2411.07279).
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    StrictBool,
    ValidationError,
)

from seal.base.seeds import derive
from seal.grids.augment import training_episodes
from seal.grids.grid import Episode, puzzle_in
from seal.grids.notation import NOTATIONS
from seal.self_edit import SelfEditFormat
from seal.settings import option
from seal.text import fill, shows
from seal.types import Context, Invalid, Plan, Sampling, SelfEdit, TrainingSequence

FAMILIES = ("basic", "size", "chain", "repeat")
MOST_CHARACTERS = 10_000
"""Maximum length of a self-edit. Longer JSON cannot be valid, and may be nested too deeply to parse."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Generation(_Strict):
    """Which families of augmentations are used."""

    use_basic_augmentations: StrictBool
    use_size_augmentations: StrictBool
    use_chain_augmentations: StrictBool
    use_repeat_augmentations: StrictBool

    @property
    def families(self) -> list[str]:
        return [name.split("_")[1] for name, chosen in self if chosen]


class TrainingSettings(_Strict):
    """How to train on the episodes."""

    strategy: Literal["train_using_all_tokens", "train_using_output_tokens"]
    learning_rate: Annotated[float, Field(gt=0, le=1, strict=True)]
    num_train_epochs: Annotated[int, Field(ge=1, strict=True)]


class Settings(_Strict):
    """A self-edit that was understood."""

    data_generation: Generation
    training: TrainingSettings


SCHEMA = json.dumps(Settings.model_json_schema())
"""The JSON schema that constrained policies must follow."""

TEMPLATE = """\
{demonstrations}
Each line above turns a grid into another by the same rule. A model will be trained on variations of these examples
before it is asked to apply the rule. Choose how, as one JSON object and nothing else, with these keys:
"data_generation": an object of four booleans, "use_basic_augmentations" (turns, flips, shifts), "use_size_augmentations"
(enlarged), "use_chain_augmentations" (turned, then enlarged) and "use_repeat_augmentations" (tiled);
"training": an object with "strategy" ("train_using_all_tokens" or "train_using_output_tokens"), "learning_rate" (a
number) and "num_train_epochs" (a whole number).
"""  # noqa: E501  (a line of the prompt is longer)


@option
class Augmentations(SelfEditFormat):
    """Settings for test-time training on a puzzle, as JSON: families of augmentations, and how to train (few-shot
    domain). The policy sees the demonstrations and writes these settings."""

    about_puzzles: ClassVar[bool] = True
    unedited_setting: ClassVar[str] = "oracle"

    template: Annotated[str, AfterValidator(shows("demonstrations"))] = TEMPLATE
    """The prompt, with the placeholder `{demonstrations}`."""
    notation: Literal["numpy", "digits", "words"]
    """How grids are written. It follows the task's notation."""
    puzzle_template: str
    """The prompt for an episode in training. It follows the task's template."""
    surroundings: Literal["refused", "ignored"] = "refused"
    """Text around the JSON object: `refused` makes the self-edit invalid, `ignored` skips the text."""
    constrained: bool = False
    """If true, the engine constrains the policy to this JSON (engine=vllm, vllm_server or openai)."""
    distinct: bool = True
    """If true, the self-edits of a context must be valid and different. The policy writes more until they are."""
    tries: PositiveInt = 8
    """Maximum number of turns of writing for `distinct`. After that, the self-edits are used as they are."""
    max_steps: PositiveInt = 375
    """A self-edit that asks for more optimizer steps is invalid (published: 375)."""
    batch_size: PositiveInt = 1
    """Episodes per optimizer step, to count steps for `max_steps`. It follows the inner loop."""
    max_episodes: PositiveInt = 250
    """Maximum number of episodes to train on (published: 250)."""
    per_family: PositiveInt | None = None
    """Maximum number of episodes that a family adds. null sets no limit (published)."""
    oracle_families: tuple[Literal["basic", "size", "chain", "repeat"], ...] = ("basic", "size", "chain", "repeat")
    """The row `oracle` has fixed settings, as published. These are its families of augmentations."""
    oracle_strategy: Literal["train_using_all_tokens", "train_using_output_tokens"] = "train_using_output_tokens"
    """The tokens that the row `oracle` trains on."""
    oracle_learning_rate: PositiveFloat = 1e-4
    """Peak learning rate of the row `oracle`."""
    oracle_epochs: PositiveInt = 2
    """Passes over the episodes in the row `oracle`."""
    seed: int = 0
    """Seed of the augmentations. Self-edits of a puzzle with the same families get the same augmentations."""
    temperature: NonNegativeFloat = 0.8
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    max_new_tokens: PositiveInt = 128
    """Maximum length of a self-edit."""

    def prompt(self, context: Context) -> str:
        puzzle = puzzle_in(context.text, context.id)
        return fill(self.template, demonstrations=NOTATIONS[self.notation].demonstrations(puzzle.train))

    def parse(self, context: Context, self_edit: SelfEdit) -> Plan | Invalid:
        found = settings_in(self_edit.text, around=self.surroundings == "ignored")
        if isinstance(found, Invalid):
            return found
        return self._plan(context, found.data_generation.families, found.training)

    def unedited(self, context: Context) -> Plan:
        """The plan of the fixed settings. The limit on steps does not apply here."""
        training = TrainingSettings(
            strategy=self.oracle_strategy,
            learning_rate=self.oracle_learning_rate,
            num_train_epochs=self.oracle_epochs,
        )
        plan = self._plan(context, list(self.oracle_families), training, limited=False)
        assert isinstance(plan, Plan)
        return plan

    @property
    def sampling(self) -> Sampling:
        return replace(super().sampling, json_schema=SCHEMA if self.constrained else None)

    @property
    def turns(self) -> int:
        return self.tries if self.distinct else 1

    def usable(self, context: Context, self_edits: Sequence[SelfEdit]) -> list[SelfEdit]:
        """All self-edits; with `distinct`, only valid ones, and the first of each group of equal ones."""
        if not self.distinct:
            return list(self_edits)
        around = self.surroundings == "ignored"
        first_of: dict[Settings, SelfEdit] = {}
        for edit in self_edits:
            found = settings_in(edit.text, around=around)
            if not isinstance(found, Invalid):
                first_of.setdefault(found, edit)
        return list(first_of.values())

    def _plan(
        self, context: Context, families: list[str], training: TrainingSettings, *, limited: bool = True
    ) -> Plan | Invalid:
        random = Random(derive(self.seed, "augmentations", context.id, *families))
        puzzle = puzzle_in(context.text, context.id)
        episodes = training_episodes(
            puzzle, families, max_episodes=self.max_episodes, per_family=self.per_family, random=random
        )
        if not episodes:
            return Invalid(reason="a puzzle with a single demonstration gives nothing to train on")
        n_steps = training.num_train_epochs * len(episodes) // self.batch_size
        if limited and n_steps > self.max_steps:
            return Invalid(reason=f"over budget: {n_steps} optimizer steps, where {self.max_steps} are allowed")
        whole = training.strategy == "train_using_all_tokens"
        return Plan(
            sequences=tuple(self._sequence(episode, whole=whole) for episode in episodes),
            settings={"learning_rate": training.learning_rate, "epochs": training.num_train_epochs},
        )

    def _sequence(self, episode: Episode, *, whole: bool) -> TrainingSequence:
        written = NOTATIONS[self.notation]
        shown = dict(
            demonstrations=written.demonstrations(episode.demonstrations), input=written.query_line(episode.query.input)
        )
        message = fill(self.puzzle_template, **shown)
        return TrainingSequence(
            text=message + written.target_line(episode.query.output),
            trained_from=0 if whole else len(message),
            reply_from=len(message),
        )


def settings_in(text: str, *, around: bool) -> Settings | Invalid:
    """The settings in a text, parsed strictly. With `around`, other text around the JSON is allowed."""
    if len(text) > MOST_CHARACTERS:
        return Invalid(reason=f"longer than {MOST_CHARACTERS} characters")
    begin, end = (text.find("{"), text.rfind("}") + 1) if around else (0, len(text))
    try:
        found: Any = json.loads(text[begin:end])
    except (ValueError, RecursionError):
        return Invalid(reason="no JSON")
    try:
        return Settings.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the JSON"
        return Invalid(reason=f"{place}: {first['msg']}")
