"""Finds what can be asked or exported: a run of recipe=adapt, an adapter's folder, a model's folder.

Every fault that can be known without the weights is found here. No weights are loaded.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from seal.base.json_text import parsed
from seal.base.reading import read_text
from seal.config.loading import build_room
from seal.errors import ModelError, UsageError, cut_list
from seal.folder.run_files import read_manifest
from seal.folder.store import MANIFEST, RESULTS, read_records
from seal.inner import Inner
from seal.model import Model, files
from seal.model.hugging_face import HuggingFace
from seal.model.places import ADAPTER_CONFIG, CONFIG
from seal.recipe.consolidation import ADAPTER, MERGED
from seal.task import Task
from seal.task.asking import PassageTask
from seal.types import Context
from seal.using.prompting import DefaultQuestions, Prompting
from seal.work.keeping import ADAPTERS

_DTYPES = ("float32", "float64", "bfloat16", "float16")
_NOT_BESIDE_LAYERS = ("PROMPT_TUNING", "P_TUNING", "PREFIX_TUNING", "MULTITASK_PROMPT_TUNING", "ADAPTION_PROMPT", "CPT")
"""Kinds of PEFT that change the prompt, not the layers."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A model, what it was adapted to, and how it is asked."""

    name: str
    model: Model
    task: Task
    contexts: tuple[Context, ...] = ()
    """The passages of the run."""
    weights: Path | None = None
    """The base model's folder, if it is a policy of the run; None for the model's own."""
    adapter: Path | None = None
    inner: Inner | None = None
    """The inner loop that made the adapter, and loads it; None leaves that to PEFT."""
    merged: Path | None = None
    """The adapted model's folder, if there is no adapter."""

    @property
    def prompting(self) -> Prompting:
        """How free questions are put to it.

        Raises:
            UsageError: the run did not ask in words.
        """
        if not isinstance(self.task, PassageTask):
            kind = type(self.task).__name__
            raise UsageError(
                f"{self.name} is a run of {kind}, which asks no questions in words: ask a run about passages"
            )
        return Prompting(task=self.task, contexts=self.contexts)

    @property
    def base(self) -> str:
        """The folder or the hub's name of the base model."""
        return str(self.weights.resolve()) if self.weights else _absolute(self.model)


def _absolute(model: Model) -> str:
    return str(Path(model.path).resolve()) if files.is_local(model) else model.path


def is_source(folder: Path) -> bool:
    """True for the folder of a model, of an adapter, or of several adapters."""
    return any((folder / name).is_file() for name in (CONFIG, ADAPTER_CONFIG)) or bool(_named_adapters(folder))


def of_run(folder: Path, adapter: str | None = None) -> Source:
    """What a run hands out; or one of the adapters that it kept.

    Raises:
        UsageError: the run is not finished, or has no adapter; or its model is gone.
    """
    settings = read_manifest(folder)["settings"]
    place = _kept_adapter(folder, adapter) if adapter else _product(folder, settings)
    model, task, inner = (build_room(settings, room) for room in ("model", "task", "inner"))
    weights = _policy_of(folder, place)
    _refuse_missing(model, weights, of=place)
    contexts: tuple[Context, ...] = tuple(read_records(folder / "contexts.jsonl", Context).values())
    is_adapter = place != folder / MERGED
    return Source(
        name=settings["name"],
        model=model,
        task=task,
        contexts=contexts,
        weights=weights,
        adapter=place if is_adapter else None,
        inner=inner,
        merged=None if is_adapter else place,
    )


def _product(folder: Path, settings: Mapping[str, Any]) -> Path:
    recipe = _name(settings, "recipe")
    if recipe != "adapt":
        kept = _kept(folder)
        way_out = f"; or name an adapter that it kept, with --adapter: {cut_list(kept)}" if kept else ""
        raise UsageError(
            f"{folder} is a run of recipe={recipe}, which makes no adapter: recipe=adapt makes one{way_out}"
        )
    if not (folder / RESULTS).exists():
        raise UsageError(
            f"{folder} is not finished: repeat the command of the run, which goes on. `seal status` shows how far it is"
        )
    for name in (ADAPTER, MERGED):
        if (folder / name).is_dir():
            return folder / name
    raise UsageError(f"{folder} has lost its folder {ADAPTER}/: put it back, or name the folder where it is now")


def _name(settings: Mapping[str, Any], room: str) -> str:
    """The option of a room: the name of a shipped one, or the path of its class."""
    target = str((settings.get(room) or {}).get("_target_", "?"))
    return target.split(".")[-2] if target.startswith(f"seal.{room}.") else target


def _kept(folder: Path) -> list[str]:
    """The adapters in a run's folder, as paths in it."""
    found = [folder / ADAPTER, *sorted((folder / ADAPTERS).glob("*/*"))]
    return [str(each.relative_to(folder)) for each in found if (each / ADAPTER_CONFIG).is_file()]


def _kept_adapter(folder: Path, name: str) -> Path:
    kept = _kept(folder)
    found = [each for each in kept if name.rstrip("/") in (each, Path(each).name)]
    if len(found) == 1:
        return folder / found[0]
    if found:
        raise UsageError(f"--adapter: {folder} has several '{name}': {cut_list(found)}")
    there = f"it has {cut_list(kept)}" if kept else "it has none; recipe=adapt makes one"
    raise UsageError(f"--adapter: {folder} has no adapter '{name}': {there}")


def _policy_of(folder: Path, adapter: Path) -> Path | None:
    """The policy that an adapter was kept for; None for the model that the run began with."""
    parts = adapter.relative_to(folder).parts
    is_first = parts[0] != ADAPTERS or parts[1] == "round_0"
    return None if is_first else folder / "policies" / parts[1]


def _refuse_missing(model: Model, weights: Path | None, *, of: Path) -> None:
    folder = weights or (Path(model.path) if files.is_local(model) else None)
    if folder and not folder.is_dir():
        raise ModelError(f"{of} goes beside the model {folder}, which is gone: put it back there")
    if folder and (faults := list(files.faults(folder, chat=False))):
        raise ModelError("; ".join(faults))


def of_folder(folder: Path, adapter: str | None = None) -> Source:
    """An adapter with the base model that it names, or a model alone.

    Raises:
        UsageError: there is no such adapter, or its base model is gone.
    """
    if folder.name == ADAPTER and (folder.parent / MANIFEST).is_file() and not adapter:
        return of_run(folder.parent)
    place = _adapter_in(folder, adapter)
    if place is None:
        model: Model = HuggingFace(path=str(folder))
        _refuse_missing(model, None, of=folder)
    else:
        model = _base_of(place)
    return Source(
        name=folder.resolve().name,
        model=_as_it_was_saved(model),
        task=DefaultQuestions(),
        adapter=place,
    )


def _named_adapters(folder: Path) -> list[str]:
    return sorted(file.parent.name for file in folder.glob(f"*/{ADAPTER_CONFIG}"))


def _adapter_in(folder: Path, name: str | None) -> Path | None:
    """The adapter's own folder: PEFT saves each under its name, and the one called `default` above them."""
    names = _named_adapters(folder)
    if name in names:
        return folder / name
    if name:
        raise UsageError(f"--adapter: {folder} has no adapter '{name}': it has {cut_list(names) or 'none by name'}")
    if (folder / ADAPTER_CONFIG).is_file() and not (folder / CONFIG).is_file():
        return folder
    if names and not (folder / CONFIG).is_file():
        raise UsageError(f"{folder} has several adapters: choose one with --adapter: {cut_list(names)}")
    return None


def _base_of(adapter: Path) -> Model:
    """The base model of an adapter, on this machine.

    Raises:
        UsageError: the adapter does not name it, or it is gone, or the adapter is not beside layers.
    """
    file = adapter / ADAPTER_CONFIG
    try:
        config = parsed(read_text(file))
    except (OSError, ValueError) as error:
        raise ModelError(f"{file} cannot be read: {error}") from error
    kind, base = config.get("peft_type"), config.get("base_model_name_or_path")
    if kind in _NOT_BESIDE_LAYERS:
        raise ModelError(
            f"{file}: peft_type is {kind}, which changes prompts: only adapters of layers, as LoRA, work here"
        )
    if not isinstance(base, str) or not base:
        raise ModelError(f"{file} names no base model: set base_model_name_or_path to its folder")
    model = HuggingFace(path=base, revision=config.get("revision"))
    if files.is_local(model) and not Path(base).is_dir():
        raise ModelError(
            f"{adapter} goes beside the model {base}, which is gone: put it back there, or correct "
            f"base_model_name_or_path in {file}"
        )
    _refuse_missing(model, None, of=adapter)
    return model


def _as_it_was_saved(model: Model) -> Model:
    """In the precision that it was saved in."""
    folder = files.fetched(model)
    config = files.ModelFolder(folder).config
    dtype = config.get("dtype") or config.get("torch_dtype")
    return replace(
        model,
        dtype=dtype if dtype in _DTYPES else "float32",
    )
