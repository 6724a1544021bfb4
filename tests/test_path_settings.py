"""Every setting that is a path means that very file or folder, whatever characters it has, and `~` is the home folder.

The settings are found in the classes of the options: a new one is walked by itself, and needs a line in `READERS`.
"""

import gzip
import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import reduce
from inspect import get_annotations
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from seal import api
from seal.base.suggesting import class_of
from seal.config import loading
from seal.config.composing import quoted
from seal.config.run import Run
from seal.engine.adapter_folder import AdapterFolder
from seal.engine.vllm_server import VLLMServer
from seal.errors import ConfigError
from seal.grader.judge import Judge
from seal.model.files import faults, here
from seal.model.hugging_face import HuggingFace
from seal.model.tiny import Tiny
from seal.nn.backbone import load, load_tokenizer
from seal.outer.learner.launcher import SHIPPED, read_launcher
from seal.self_edit.recordings import read_recordings
from seal.settings import FileOrFolder, PathOrName, at_home
from seal.task.arc import Arc
from seal.task.passages import Passages
from seal.task.squad import Squad
from tests.config.test_loading import CONF, NEEDED, OPTIONS
from tests.conftest import SMALL
from tests.models import random_folder

Seal = Callable[..., int]
WEIRD = "~ [x] *?$HOME ${y} #{z},=%: 'Zoe\u0308' \"名前\" \\n"
NAMES = ["data[1]", WEIRD]
DECOYS = ["data1", WEIRD.replace("e\u0308", "ë")]
"""What lies beside, in case a name is taken for a pattern."""
PAIR = {"input": [[1]], "output": [[2]]}
PUZZLE = {"train": [PAIR, PAIR], "test": [PAIR]}
LISTS = ("engine.command",)
PATH = re.compile(r"(^|_)(path|file|folder|dir|directory|hub|cache|outputs|solutions|accelerate)$")
"""What a setting is called that is likely to be a path."""


def has_path(annotation: Any) -> bool:
    return annotation in (Path, FileOrFolder, PathOrName) or any(map(has_path, get_args(annotation)))


def classes() -> Iterator[tuple[str, type]]:
    """Of all options, each with its key in a configuration."""
    yield "", Run
    for option in OPTIONS:
        yield option, class_of(yaml.safe_load((CONF / f"{option}.yaml").read_text())["_target_"])


def path_settings() -> Iterator[tuple[str, str, str]]:
    """Each with the name of the class that has it first, and an option that has it."""
    for option, cls in classes():
        for field in fields(cls):
            if has_path(field.type) or PATH.search(field.name):
                [first, *_] = (each for each in reversed(cls.__mro__) if field.name in get_annotations(each))
                yield first.__name__, field.name, option


FOUND = {(cls, name): option for cls, name, option in path_settings()}
"""By class and name, an option that has it."""


def line(title: str) -> str:
    row = {"title": title, "passage": f"About {title}.", "question": "q?", "answer": "x", "self_edits": [title]}
    return json.dumps(row) + "\n"


def puzzles(title: str) -> str:
    return json.dumps({title: PUZZLE})


def solutions(title: str) -> str:
    return json.dumps({"p": [[[1 if title == "this" else 2]]]})


def in_folder(write: Callable[[str], str], name: str) -> Callable[[Path, str], None]:
    def made(path: Path, title: str) -> None:
        path.mkdir()
        (path / name).write_text(write(title))

    return made


def as_file(write: Callable[[str], str]) -> Callable[[Path, str], None]:
    return lambda path, title: path.write_text(write(title)) and None


def titles(contexts: Any) -> str:
    [context] = contexts.all
    return str(context.title if not context.title.startswith("About") else context.text)


def squad(path: Path, **settings: Any) -> str:
    return titles(Squad(**{"n_train": 0, "n_held_out": None, **settings}).load())


def arc(path: Path, **settings: Any) -> Any:
    own = path.parent / "own.json"
    own.write_text(json.dumps({"p": {**PUZZLE, "test": [{"input": [[1]]}]}}))
    paths = {"train_path": str(own), "held_out_path": str(own), "n_train": 0, "n_held_out": 0, **settings}
    return Arc(**paths).load().all[0]


def ids(path: Path, part: str) -> str:
    rows = path.parent / "rows"
    rows.write_text(line("this") + line("another"))
    parts = {f"{part}_file": rows, f"{part}_ids": path, "format": "jsonl"}
    return squad(path, **{"n_train": 0, "n_held_out": 0, **parts})


def solved(path: Path, part: str) -> str:
    context = arc(path, **{f"{part}_solutions": path, f"n_{part}": None})
    return "this" if context.queries[0].target == "[[[1]]]" else "another"


def model(path: Path) -> str:
    found = HuggingFace(path=str(path), dtype="float32", device="cpu")
    assert here(found) == path
    assert list(faults(path, chat=False)) == []
    assert load_tokenizer(found)("a")["input_ids"]
    return "this" if load(found).model.config.num_hidden_layers == 2 else "another"


def launcher(path: Path) -> str:
    return "this" if read_launcher(path).n_processes == 2 else "another"


def adapter_folder(path: Path) -> str:
    made = AdapterFolder(path)
    assert made.path.parent == path
    made.close()
    return (path / "title").read_text()


def replies(path: Path) -> str:
    cache = Judge(cache=path).cache_of_replies
    cache.keep("?", "yes")
    assert cache.get("?") == "yes"
    assert len(list(path.rglob("*.json"))) == 1
    return (path / "title").read_text()


def write_program(path: Path, title: str) -> None:
    path.write_text(f"#!/bin/sh\necho {title}\n")
    path.chmod(0o755)


def program(path: Path) -> str:
    server = VLLMServer(command=(str(path), "serve"))
    server.ready()
    return subprocess.run(server.command, capture_output=True, text=True, check=True).stdout.strip()


def run_folder(path: Path) -> str:
    run = loading.load([f"outputs={quoted(str(path))}", "name=r"])[0]
    assert run.folder == path / "r"
    return (path / "title").read_text()


def write_model(path: Path, title: str) -> None:
    if title == "this":
        random_folder(path, "llama")
    else:
        path.mkdir()


def write_puzzle(path: Path, title: str) -> None:
    path.mkdir()
    (path / f"{title}.json").write_text(json.dumps(PUZZLE))


def write_launcher(path: Path, title: str) -> None:
    path.write_text(
        (SHIPPED / "cpu.yaml").read_text().replace("num_processes: 2", f"num_processes: {2 if title == 'this' else 1}")
    )


FOLDER = in_folder(str, "title")
READERS: dict[tuple[str, str], tuple[Callable[[Path, str], None], Callable[[Path], str]]] = {
    ("Passages", "path"): (as_file(line), lambda path: titles(Passages(path=path, format="jsonl").load())),
    ("Squad", "train_file"): (
        as_file(line),
        lambda path: squad(path, train_file=path, n_train=None, n_held_out=0, format="jsonl"),
    ),
    ("Squad", "held_out_file"): (as_file(line), lambda path: squad(path, held_out_file=path, format="jsonl")),
    ("Squad", "train_ids"): (as_file(str), lambda path: ids(path, "train")),
    ("Squad", "held_out_ids"): (as_file(str), lambda path: ids(path, "held_out")),
    ("Squad", "hub"): (in_folder(line, "validation.jsonl"), lambda path: squad(path, hub=str(path))),
    ("Arc", "train_path"): (as_file(puzzles), lambda path: arc(path, train_path=str(path), n_train=None).title),
    ("Arc", "held_out_path"): (write_puzzle, lambda path: arc(path, held_out_path=str(path), n_held_out=None).title),
    ("Arc", "train_solutions"): (as_file(solutions), lambda path: solved(path, "train")),
    ("Arc", "held_out_solutions"): (as_file(solutions), lambda path: solved(path, "held_out")),
    ("Recording", "path"): (
        as_file(lambda title: json.dumps([json.loads(line(title))])),
        lambda path: read_recordings(path, "round_0").popitem()[1][0],
    ),
    ("Model", "path"): (write_model, model),
    ("LoRALearner", "accelerate"): (write_launcher, launcher),
    ("VLLMSettings", "adapter_folder"): (FOLDER, adapter_folder),
    ("VLLMServer", "command"): (write_program, program),
    ("Judge", "cache"): (FOLDER, replies),
    ("Proxy", "cache"): (FOLDER, replies),
    ("Choices", "outputs"): (FOLDER, run_folder),
}


def test_every_path_setting_is_walked() -> None:
    assert set(FOUND) == set(READERS)


@pytest.mark.parametrize("option", dict.fromkeys(FOUND.values()))
def test_a_path_is_what_was_written_with_the_home_folder_for_a_tilde(option: str) -> None:
    room = option.rpartition("/")[0]
    own = "model/local" if room == "model" else option  # other models come with their path
    chosen = [f"{room}={own.rpartition('/')[2]}", *NEEDED.get(own, [])] if room else []
    keys = [f"{room.replace('/', '.')}.{name}".lstrip(".") for (_, name), each in FOUND.items() if each == option]
    path = quoted(f"~/{WEIRD}")
    run = loading.load([*chosen, *(f"{key}={f'[{path}]' if key in LISTS else path}" for key in keys)])[0]
    for key in keys:
        value = reduce(getattr, key.split("."), run)
        assert str(value[0] if key in LISTS else value) == str(Path.home() / WEIRD)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("setting", READERS, ids=".".join)
def test_a_path_is_that_very_file_or_folder(tmp_path: Path, setting: tuple[str, str], name: str) -> None:
    write, read = READERS[setting]
    for decoy in DECOYS:
        write(tmp_path / decoy, "another")
    write(tmp_path / name, "this")
    assert read(tmp_path / name) == "this"


@pytest.mark.parametrize(
    "setting", [each for each in READERS if each[0] in ("Passages", "Squad", "Arc", "Recording")], ids=".".join
)
def test_a_packed_file_is_read_like_another(tmp_path: Path, setting: tuple[str, str]) -> None:
    write, read = READERS[setting]
    write(tmp_path / "this", "this")
    for file in [tmp_path / "this"] if (tmp_path / "this").is_file() else (tmp_path / "this").iterdir():
        packed = gzip.compress(file.read_bytes())
        file.unlink()
        (file if file.parent == tmp_path else file.with_name(f"{file.name}.gz")).write_bytes(packed)
    assert read(tmp_path / "this") == "this"


TYPED = [
    *("a[1].jsonl", "[a]", "{a: 1}", "a b", "a#b", "~/x y", "Zoë", "a,b", "a=b", "a(b)", "int(3)"),
    *("x$y", "a#${b}", "${b}", "a'b", 'a"b', "a\\b", "1.50", "true", "a*b?"),
]


@pytest.mark.parametrize("typed", TYPED)
def test_what_hydra_reads_otherwise_is_refused_with_what_to_type(typed: str) -> None:
    try:
        run = loading.load(["task=passages", f"task.path={typed}"])[0]
    except ConfigError as error:
        [advice] = re.findall(r"(?:characters twice: |quote it, as in )(.*)", str(error))
        [override] = shlex.split(advice)
        run = loading.load(["task=passages", override])[0]
    assert str(run.task.path) == str(at_home(Path(typed)))


@pytest.mark.slow
def test_commands_take_that_very_file_or_folder(
    seal: Seal, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    home = tmp_path / "home" / "sub"
    home.mkdir(parents=True)
    shutil.copytree(finished, home / WEIRD)
    for path in (str(home / WEIRD), f"~/sub/{WEIRD}"):
        assert seal("status", path) == 0
        assert seal("report", path) == 0
        assert seal("compare", path, str(finished)) == 0
    assert api.read(f"~/sub/{WEIRD}").results == api.read(finished).results
    row = {"question": "?", "target": "a", "answer": "a", "correct": True}
    (home / f"{WEIRD}.jsonl.gz").write_bytes(gzip.compress((json.dumps(row) + "\n").encode()))
    assert seal("agreement", f"~/sub/{WEIRD}.jsonl.gz", "grader=exact") == 0
    (home / f"@{WEIRD}").write_text("{title} {passage} mine")
    template = f"self_edit.template={quoted(f'@~/sub/@{WEIRD}')}"
    assert loading.load([template])[0].self_edit.template == "{title} {passage} mine"


@pytest.mark.slow
def test_a_whole_run_works_where_everything_has_such_a_name(
    seal: Seal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "".join(line(title) for title in ("A", "B", "C", "D"))
    (tmp_path / f"{WEIRD}.jsonl.gz").write_bytes(gzip.compress(rows.encode()))
    shutil.copytree(Tiny().path, tmp_path / WEIRD)
    settings = {
        "outputs": tmp_path / f"outputs {WEIRD}",
        "name": WEIRD,
        "task.path": tmp_path / f"{WEIRD}.jsonl.gz",
        "model.path": tmp_path / WEIRD,
    }
    chosen = ("experiment=tiny", "task=passages", "model=local", "logger=tensorboard", "recipe.contexts_per_round=2")
    quick = [each for each in SMALL if not each.startswith(("experiment", "task", "recipe.contexts"))]
    given = [f"{key}={quoted(str(value))}" for key, value in settings.items()]
    assert seal("run", *chosen, *quick, *given) == 0
    run = tmp_path / f"outputs {WEIRD}" / WEIRD
    assert seal("report", str(run)) == 0
    found = capsys.readouterr().out
    assert f"report:  {run}/report/index.html" in found
    recorded = ("recipe=evaluate", "self_edit=recorded", f"self_edit.path={quoted(str(run))}")
    again = (*given, f"name={quoted(f'again {WEIRD}')}", "task=passages", "model=local", *recorded)
    assert seal("check", *again) == 0
