"""Configuration: every option builds, every fault is named, and all at once."""

import shlex
import sys
from dataclasses import MISSING, fields
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from seal.base.suggesting import class_of
from seal.config import composing, loading
from seal.config.describing import settings_of
from seal.config.run import Run
from seal.errors import ConfigError
from seal.model.smollm2_135m import SmolLM2
from tests.conftest import ROOT

CONF = ROOT / "conf"
NO_ROOMS = ("experiment", "fidelity", "asking", "hydra", "accelerate", "metrics")
"""Folders whose files are not one option each."""
OPTIONS = sorted(
    path.relative_to(CONF).with_suffix("").as_posix()
    for path in CONF.rglob("*.yaml")
    if path.parent != CONF and path.relative_to(CONF).parts[0] not in NO_ROOMS
)
TASKS = [option for option in OPTIONS if option.startswith("task/") and option not in ("task/arc", "task/grids")]
"""Those that ask in words."""
ASKING = sorted(path.stem for path in (CONF / "asking").glob("*.yaml"))
EXPERIMENTS = sorted(
    path.relative_to(CONF / "experiment").with_suffix("").as_posix()
    for path in (CONF / "experiment").rglob("*.yaml")
    if "parts" not in path.parts
)
NEEDED = {
    "model/local": ["model.path=/nowhere"],
    "task/passages": ["task.path=/nowhere.jsonl"],
    "task/arc": ["task.train_path=/nowhere.json"],
    "grader/arc": ["task=grids"],
    "self_edit/augmentations": ["task=grids"],
    "self_edit/random_settings": ["task=grids", "recipe=evaluate"],
    "self_edit/recorded_settings": ["task=grids", "recipe=evaluate", "self_edit.path=/nowhere.json"],
    "inner/none": ["recipe=evaluate"],
    "engine/openai": ["inner=none", "recipe=evaluate"],
    "self_edit/chat": ["model.chat=true"],
    "self_edit/entigraph": ["recipe=evaluate"],
    "self_edit/recorded": ["recipe=evaluate", "self_edit.path=/nowhere.json"],
    "outer/reward/proxy": ["outer.must_beat_unadapted=false"],
    "outer/reward/random": ["outer.must_beat_unadapted=false"],
}
"""What an option cannot be built without."""
REQUIRED = {
    "model/llama3_2_1b_instruct": {"path"},
    "model/local": {"path"},
    "model/qwen2_5_3b": {"path"},
    "model/qwen2_5_7b": {"path"},
    "self_edit/augmentations": {"notation", "puzzle_template"},
    "self_edit/random_settings": {"notation", "puzzle_template"},
    "self_edit/recorded": {"path"},
    "self_edit/recorded_settings": {"notation", "puzzle_template", "path"},
    "task/arc": {"train_path", "held_out_path"},
    "task/passages": {"path"},
}
"""The settings that have no default in Python. Those of grids are the task's own."""
VARIANTS = {
    "grader/lexical_published": {"normalize"},
    "model/llama3_2_1b_instruct": {"dtype", "chat"},
    "model/qwen2_5_3b": {"dtype", "chat"},
    "model/qwen2_5_7b": {"dtype", "chat"},
    "self_edit/chain_of_thought": {"template", "marker", "max_new_tokens"},
    "self_edit/chat": {"template", "for_chat"},
    "self_edit/long": {"template", "max_new_tokens"},
    "self_edit/none": {"template"},
    "self_edit/rewrite": {"template", "max_new_tokens"},
    "self_edit/self_qa": {"template", "max_new_tokens"},
    "self_edit/very_long": {"template", "max_new_tokens"},
}
"""Options whose class has the defaults of another option, with the settings that differ."""
DEFAULTED = ("outputs", "seed", "if_exists", "published")


def faults_of(*overrides: str) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        loading.load(overrides)
    return str(raised.value).splitlines()[1:]


def chosen(option: str) -> Any:
    """An option, as a run has it that chooses it."""
    room, _, name = option.rpartition("/")
    part: Any = loading.load([f"{room}={name}", *NEEDED.get(option, [])])[0]
    for field in room.split("/"):
        part = getattr(part, field)
    return part


def in_python(option: str) -> Any:
    """The same class with its defaults, and with the run's values for what has none."""
    part = chosen(option)
    return type(part)(**{name: getattr(part, name) for name in REQUIRED.get(option, ())})


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_builds_into_a_run(option: str) -> None:
    room = option.rpartition("/")[0]
    assert type(chosen(option)).__module__.startswith("seal." + room.replace("/", "."))


@pytest.mark.parametrize("asking", ASKING)
@pytest.mark.parametrize("task", TASKS)
def test_every_way_of_asking_is_for_every_task_that_asks_in_words(task: str, asking: str) -> None:
    run, _ = loading.load([task.replace("/", "="), f"asking={asking}", *NEEDED.get(task, [])])
    template = yaml.safe_load((CONF / "asking" / f"{asking}.yaml").read_text())["query_template"]
    assert run.task.query_template == template


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_builds_and_names_its_command(experiment: str) -> None:
    run, _ = loading.load([f"experiment={experiment}"])
    assert run.name == experiment
    assert f"# seal run experiment={experiment}" in (CONF / "experiment" / f"{experiment}.yaml").read_text()


@pytest.mark.parametrize("option", OPTIONS)
def test_a_yaml_lists_every_setting_of_its_class_and_no_other(option: str) -> None:
    settings = yaml.safe_load((CONF / f"{option}.yaml").read_text())
    settings.pop("defaults", None)
    module, _, name = settings.pop("_target_").rpartition(".")
    cls = getattr(import_module(module), name)
    own = {field.name for field in fields(cls)}
    parts_and_constants = {"reward", "learner"} | {
        field.name for field in fields(cls) if field.default is not MISSING and field.name == "path"
    }
    assert set(settings) - own == set()
    assert own - set(settings) <= parts_and_constants


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_builds_in_python_from_what_has_no_default_alone(option: str) -> None:
    cls = class_of(yaml.safe_load((CONF / f"{option}.yaml").read_text())["_target_"])
    required = {field.name for field in fields(cls) if field.default is MISSING and field.default_factory is MISSING}
    assert required == REQUIRED.get(option, set())
    assert type(in_python(option)) is cls


@pytest.mark.parametrize("option", [option for option in OPTIONS if option not in VARIANTS])
def test_the_defaults_of_a_class_are_those_of_its_yaml(option: str) -> None:
    assert repr(in_python(option)) == repr(chosen(option))  # 64 and 64.0 are told apart


@pytest.mark.parametrize("option", VARIANTS)
def test_a_variant_of_an_option_differs_from_its_class_only_in_what_it_is_for(option: str) -> None:
    part, made = chosen(option), in_python(option)
    differing = {field.name for field in fields(part) if getattr(part, field.name) != getattr(made, field.name)}
    assert differing == VARIANTS[option]


def test_the_values_of_a_run_that_are_no_choices_have_the_same_defaults_in_python() -> None:
    run, _ = loading.load([])
    rooms = {field.name: getattr(run, field.name) for field in fields(Run) if field.name not in DEFAULTED}
    assert repr(Run(**rooms)) == repr(run)


@pytest.mark.parametrize(
    ("overrides", "fault"),
    [
        (
            ["task=grids", "self_edit=implications"],
            "self_edit: it does not fit this task: choose for example self_edit=augmentations",
        ),
        (["task=grids", "grader=exact"], "grader: it does not know what answers to this task are"),
        (["grader=arc"], "grader: it does not know what answers to this task are: choose grader=exact"),
        (
            ["self_edit=augmentations"],
            "self_edit.notation: Interpolation key 'task.notation' not found: choose options",
        ),
        (
            ["task=grids", "recipe=corpus"],
            "recipe: it makes one training of many self-edits, but each of these has its own",
        ),
        (["experiment=grids", "asking=open_book"], "task.query_template: experiment=grids sets this"),
    ],
)
def test_puzzles_and_passages_do_not_mix(overrides: list[str], fault: str) -> None:
    assert any(fault in line for line in faults_of(*overrides))


@pytest.mark.parametrize("task", [["task=grids"], ["task=arc", "task.train_path=/nowhere.json"]])
def test_puzzles_bring_their_self_edits_and_their_grader_unless_others_are_chosen(task: list[str]) -> None:
    run, _ = loading.load(task)
    assert (type(run.self_edit).__name__, type(run.grader).__name__) == ("Augmentations", "Arc")
    run, _ = loading.load([*task, "self_edit=random_settings", "recipe=evaluate"])
    assert type(run.self_edit).__name__ == "RandomSettings"


def test_a_text_that_looks_like_a_number_is_to_be_quoted() -> None:
    puzzles = ["task=arc", "task.train_path=/nowhere.json"]
    faults = faults_of(*puzzles, "task.train_ids=[007bbfb7,59341089]", "task.held_out_ids=[1e7]", "name=12")
    wanted = [
        ("task.train_ids.1", "59341089", """'task.train_ids=["59341089"]'"""),
        ("task.held_out_ids.0", "10000000.0", """'task.held_out_ids=["…"]'"""),
        ("name", "12", """'name="12"'"""),
    ]
    for fault, (key, number, quoted) in zip(faults, wanted, strict=True):
        assert fault.startswith(f"  {key}: ")
        assert f"the number {number}: " in fault
        assert fault.endswith(quoted)
    run, _ = loading.load([*puzzles, 'task.train_ids=["59341089"]'])
    assert run.task.train_ids == ("59341089",)


def test_all_faults_are_named_at_once_with_key_and_hint() -> None:
    faults = faults_of("inner.rank=many", "inner.schedule=cos", "inner.rnak=3", "outer.keep=0", "task=fcats", "seed=-1")
    assert any(f.strip().startswith("inner.rank: Input should be a valid integer") and "'many'" in f for f in faults)
    assert any("inner.schedule: Input should be 'linear' or 'cosine', got 'cos'" in f for f in faults)
    assert any("inner.rnak: LoRA has no such setting; did you mean 'rank'?" in f for f in faults)
    assert any("outer.keep: Input should be greater than 0, got 0" in f for f in faults)
    assert any("task: there is no option 'fcats'; did you mean 'facts'?" in f for f in faults)
    assert any("seed: Input should be greater than or equal to 0, got -1" in f for f in faults)
    assert len(faults) == 6


def test_an_unknown_room_is_refused_with_a_hint() -> None:
    assert faults_of("modle=tiny") == ["  modle: the configuration has no such setting; did you mean 'model'?"]


def test_the_part_of_a_key_that_is_not_there_is_named_with_what_may_be_meant() -> None:
    assert faults_of("iner.rank=8") == ["  iner.rank: the configuration has no 'iner'; did you mean 'inner'?"]
    assert faults_of("outer.rewrad.repeats=2") == [
        "  outer.rewrad.repeats: ReSTEM has no 'rewrad'; did you mean 'reward'?"
    ]
    assert faults_of("lora.rank=8") == [
        "  lora.rank: the configuration has no 'lora'; there is inner.rank, outer.learner.rank"
    ]
    assert faults_of("experimnt=tiny") == [
        "  experimnt: the configuration has no such setting; did you mean 'experiment'?"
    ]
    assert faults_of("seed.x=1")[0].startswith("  seed.x: seed is a value")
    assert "  iner.rank: the configuration has no 'iner'; did you mean 'inner'?" in faults_of(
        "iner.rank=8", "task=nothing"
    )


@pytest.mark.parametrize(
    ("override", "meant"),
    [
        ("max_answer_tokens=8", "there is task.max_answer_tokens"),
        ("engine.max_new_tokens=300", "there is self_edit.max_new_tokens"),
        ("reward=gain", "write outer/reward=gain"),
        ("writer=openai", "write engine@writer=openai"),
        ("outer.reward=gain", "with a slash: outer/reward=gain"),
        ("model=m/llama", "write model=local model.path=m/llama"),
        ("experiment=paper/rll", "did you mean 'paper/rl'?"),
        ("engine@writer=opnai", "did you mean 'openai'?"),
    ],
)
def test_what_stands_in_the_wrong_room_is_told_where_it_belongs_beside_other_faults(override: str, meant: str) -> None:
    faults = faults_of("seed=-1", override)
    [fault] = [each for each in faults if each.startswith(f"  {override.partition('=')[0]}: ")]
    assert fault.endswith(meant)
    assert len(faults) == 2


def test_spaces_around_the_sign_are_told_not_to_be() -> None:
    for fault, each in zip(faults_of("seed", "=", "1"), ("seed", "=", "1"), strict=True):
        assert fault.startswith(f"  {each}: ")
        assert fault.endswith("key=value, without spaces around =")


def test_a_file_that_is_given_as_a_template_is_told_how_to_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.txt").write_text("{passage}")
    [fault] = faults_of("self_edit.template=mine.txt")
    assert fault.endswith("got 'mine.txt'; did you mean @mine.txt?")
    assert "@" not in faults_of("self_edit.template=other.txt")[0]
    assert loading.load(["self_edit.template=@mine.txt"])[1]["self_edit"]["template"] == "{passage}"


OWN = """
from seal.grader.exact import Exact
from seal.settings import option

@option
class Loose(Exact):
    loose: bool = False
"""


def test_a_setting_that_only_the_class_has_is_told_how_to_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own_grader.py").write_text(OWN)
    mine = "grader._target_=own_grader.Loose"
    assert faults_of(mine, "grader.loose=true") == [
        "  grader.loose: the YAML of Loose does not list it: write +grader.loose=true"
    ]
    assert loading.load([mine, "+grader.loose=true"])[1]["grader"]["loose"] is True
    assert faults_of(mine, "grader.lose=true") == ["  grader.lose: Loose has no such setting; did you mean 'loose'?"]
    assert faults_of(mine, "grader.x=1") == ["  grader.x: Loose has no such setting; there is normalize, loose"]


def test_many_misspelt_keys_are_all_named_without_composing_again_for_each_of_the_others() -> None:
    assert len(faults_of(*(f"inner.{letter}=1" for letter in "abcdefghijklmnop"))) == 16


@pytest.mark.parametrize("value", ["a(b", "{title}: {question}", "a=b", "it's", "x: (y"])
def test_a_text_that_hydra_cannot_read_is_told_how_to_be_quoted_beside_other_faults(value: str) -> None:
    first, second = faults_of(f"model.path={value}", "inner.rank=0")
    assert first.startswith(f"  model.path={value}: Hydra cannot read this value; ")
    assert first.endswith(" twice: " + shlex.quote(f'model.path="{value}"'))
    assert second.startswith("  inner.rank: ")


@pytest.mark.parametrize(
    "value", ["{title}: {question}, (or not)?", "{title}'s {question}", '"{question}" (of {title})']
)
def test_what_is_told_about_quoting_is_true(value: str) -> None:
    [fault] = faults_of(f"task.query_template={value}")
    [told] = shlex.split(fault.partition(" twice: ")[2])
    assert loading.load([told])[0].task.query_template == value


def test_several_values_are_a_sweep_and_a_single_run_says_how_to_make_one() -> None:
    [fault] = faults_of("inner.rank=4,16")
    assert fault.startswith("  inner.rank=4,16: several values make a sweep: seal run -m …; ")
    assert " inner.rank=[…]; " in fault
    [fault] = faults_of("inner.rank=range(1,4)")
    assert "make a sweep" in fault


def test_a_module_of_the_users_own_that_is_not_found_says_where_python_looks() -> None:
    [fault] = faults_of("inner._target_=nowhere.Inner")
    assert "cannot import 'nowhere.Inner': No module named 'nowhere'; " in fault
    assert "PYTHONPATH=" in fault


def test_an_added_key_that_no_class_has_is_refused() -> None:
    assert faults_of("+inner.rankk=3") == ["  inner.rankk: LoRA has no such setting; did you mean 'rank'?"]


def test_a_value_that_is_needed_and_missing_is_named() -> None:
    assert faults_of("model=local") == ["  model.path: needs a value: model.path=…"]
    assert faults_of("task=arc") == ["  task.train_path: needs a value: task.train_path=…"]


def test_a_deleted_setting_has_the_default_of_its_class_and_is_missed_where_there_is_none() -> None:
    assert loading.load(["~inner.rank"])[0].inner.rank == 32
    assert faults_of("model=qwen2_5_7b", "~model.path") == ["  model.path: HuggingFace needs this setting"]


def test_an_override_that_is_no_assignment_is_refused() -> None:
    [fault] = faults_of("foo")
    assert fault.startswith("  foo: ")
    assert "key=value" in fault


def test_one_text_where_a_list_is_wanted_is_told_how_to_be_one() -> None:
    assert faults_of("inner.targets=q_proj") == ["  inner.targets: this is a list: write [q_proj]"]


def test_a_misspelt_experiment_is_refused_and_not_left_out() -> None:
    assert "did you mean 'tiny'?" in faults_of("experiment=tinny")[0]


def test_where_nothing_is_close_the_settings_that_there_are_are_listed() -> None:
    [fault] = faults_of("inner.xyzzy=1")
    assert "inner.xyzzy: LoRA has no such setting; there is rank, alpha, rank_stabilized" in fault


def test_a_class_that_does_not_exist_is_named() -> None:
    [fault] = faults_of("inner._target_=seal.inner.lora.Lora")
    assert "inner._target_: cannot import 'seal.inner.lora.Lora'" in fault


def test_a_device_that_torch_would_not_know_is_refused_without_torch() -> None:
    for device in ("gpu", "cuda:x", "cuda:012", "cuda:999", "toaster"):
        wanted = f"  model.device: a device is auto, cpu, mps, cuda or cuda:N, got '{device}'"
        assert faults_of(f"model.device={device}") == [wanted]
    for device in ("auto", "cpu", "mps", "cuda", "cuda:12"):
        assert loading.load([f"model.device={device}"])[0].model.device == device


def test_a_reference_to_nothing_is_named() -> None:
    assert any("nothing" in fault for fault in faults_of("inner.rank=${nothing}"))


def test_rules_between_rooms_are_checked() -> None:
    assert any(fault.strip().startswith("inner: ") for fault in faults_of("recipe=adapt", "inner=none"))
    assert any(fault.strip().startswith("name: ") for fault in faults_of("name=../elsewhere"))
    assert any("divide" in fault for fault in faults_of("outer.learner.micro_batch_size=3"))


def test_a_name_is_made_of_the_choices_where_none_is_given() -> None:
    assert loading.load(["experiment=tiny"])[0].name == "tiny"
    assert loading.load(["recipe=evaluate"])[0].name == "evaluate-facts-tiny"
    assert loading.load(["name=mine"])[0].name == "mine"


def test_a_run_travels_into_another_process_unchanged() -> None:
    import pickle

    run, _ = loading.load(["experiment=tiny"])
    assert pickle.loads(pickle.dumps(run)) == run


def test_checking_a_configuration_loads_no_heavy_library() -> None:
    import subprocess

    code = (
        "import sys; from seal.config import loading; loading.load(['experiment=tiny']); "
        "print(*sorted({'torch', 'transformers', 'peft', 'datasets', 'scipy', 'matplotlib'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == ""


@pytest.mark.parametrize("target", ["seal.inner.Inner", "seal.text.fill"])
def test_what_is_no_option_is_named(target: str) -> None:
    [fault] = faults_of(f"inner._target_={target}")
    assert f"inner._target_: '{target}' is not an option" in fault


def test_published_numbers_are_shares_and_have_a_source() -> None:
    assert loading.load(["+published.source=here", "+published.accuracy.base=0.25"])[0].published is not None
    faults = faults_of("+published.accuracy.base=32.7")
    assert any("published.source" in fault for fault in faults)
    assert any("published.accuracy.base: Input should be less than or equal to 1, got 32.7" in f for f in faults)


def test_a_question_template_has_to_ask_the_question() -> None:
    [fault] = faults_of("task.query_template='{title}?'")
    assert "task.query_template: a template has to show the {question}" in fault


def test_settings_of_an_experiment_that_another_option_lacks_say_how_to_leave_them_out() -> None:
    faults = faults_of("experiment=tiny", "recipe=evaluate", "recipe.roundz=1")
    without = [f"~recipe.{name}" for name in ("contexts_per_round", "held_out_edits")]
    for key in without:
        [fault] = [each for each in faults_of("experiment=tiny", "recipe=evaluate") if f"  {key[1:]}: " in each]
        assert "experiment=tiny sets this" in fault
        assert fault.endswith(f"'{key}'")
    assert any("recipe.roundz" in fault and "sets this" not in fault for fault in faults)
    run, _ = loading.load(["experiment=tiny", "recipe=evaluate", *without])
    assert type(run.recipe).__name__ == "Evaluate"


@pytest.mark.parametrize(
    ("override", "written"),
    [
        ("outer.rank=8", "outer.learner.rank=…"),
        ("outer.accelerate=cpu", "outer.learner.accelerate=…"),
        ("inner.dora=true", "inner=dora"),
    ],
)
def test_settings_of_the_version_before_are_told_how_they_are_written_now(override: str, written: str) -> None:
    [fault] = faults_of(override)
    assert fault.startswith(f"  {override.partition('=')[0]}: ")
    assert fault.endswith(f"write {written}")


def test_a_metric_may_not_have_the_name_of_a_column() -> None:
    [fault] = faults_of("+metrics.accuracy._target_=seal.metric.f1.F1")
    assert fault.startswith("  metrics.accuracy: ")


def test_a_reward_that_does_not_know_the_unadapted_model_cannot_have_it_beaten() -> None:
    own = ("outer.reward._target_=tests.extending.length_reward.Length", "+outer.reward.longest=9")
    [fault] = faults_of(*own)
    assert "outer.must_beat_unadapted: " in fault


def test_a_path_alone_chooses_what_it_is_for() -> None:
    settings, faults = composing.compose_config(["recipe=adapt", "task.path=my.jsonl", "model.path=/models/x"])
    assert (settings, faults) == composing.compose_config(
        ["recipe=adapt", "task=passages", "task.path=my.jsonl", "model=local", "model.path=/models/x"]
    )
    assert settings is not None
    assert settings["grader"]["_target_"].endswith("Lexical")
    assert faults_of("task=facts", "task.path=my.jsonl")


def test_a_path_of_the_user_is_a_setting_wherever_it_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = SmolLM2().path
    assert "path" not in settings_of(loading.load(["model=smollm2_135m"])[0])["model"]
    monkeypatch.setenv("SEAL_CACHE", "/models")
    for path in ("/models/qwen", shipped):
        assert settings_of(loading.load([f"model.path={path}"])[0])["model"]["path"] == path
