"""Writes what a run learned to a new folder for other programs. What is written is read back first."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seal.chat import Chat
from seal.errors import RunError, UsageError
from seal.folder.new_folder import new_folder, refuse_existing
from seal.model import files
from seal.model.places import ADAPTER_CONFIG
from seal.nn.agreement import Agreement
from seal.recipe.merged_model import agreement_of, merge_into
from seal.recipe.model_card import COST, LEARNED, MEASURED, example, example_prompt, section
from seal.using.modelfile import modelfile
from seal.using.serving import Served, commands
from seal.using.sources import Source

if TYPE_CHECKING:
    from seal.nn.adaptation import Adaptation
    from seal.nn.backbone import Backbone

PEFT, OLLAMA = "peft", "ollama"
_CARD = "README.md"
_SERVING = "How to serve it"


@dataclass(frozen=True, kw_only=True)
class Export:
    """A folder that was written and read back."""

    folder: Path
    agreement: Agreement | None
    """With what the run measured; None if there was nothing to compare with."""
    commands: Mapping[str, Sequence[str]]
    """By program."""


def export(source: Source, to: str, folder: Path) -> Export:
    """Write a new folder: `peft`, `merged`, `gguf` or `ollama`. It appears when it is whole.

    Raises:
        UsageError: the folder exists, or this model cannot be exported so.
        RunError: what was read back is not what the run trained.
    """
    refuse_existing(folder)
    if to == PEFT:
        _refuse_other_formats(source)
    is_adapter = to == PEFT
    with new_folder(folder) as draft:
        agreement, backbone = _write_adapter(source, draft) if is_adapter else _write_model(source, draft)
        if to == OLLAMA:
            (draft / "Modelfile").write_text(modelfile(backbone.tokenizer, backbone.chat), encoding="utf-8")
        served = _served(source, folder, draft, chat=backbone.chat, has_modelfile=to == OLLAMA)
        found = Export(folder=folder, agreement=agreement, commands=commands(served))
        (draft / _CARD).write_text(_card(source, found, chat=backbone.chat, is_adapter=is_adapter), encoding="utf-8")
    return found


def _refuse_other_formats(source: Source) -> None:
    place = source.adapter or source.merged
    if source.adapter is None:
        raise UsageError(f"{place} is a merged model, and the run has no adapter any more: export with --to merged")
    if not (source.adapter / ADAPTER_CONFIG).is_file():
        raise UsageError(
            f"{place} is no adapter in PEFT's format: it has no {ADAPTER_CONFIG}, because its inner loop keeps "
            "whole weights or a format of its own. Export with --to merged"
        )


def _write_adapter(source: Source, draft: Path) -> "tuple[Agreement | None, Backbone]":
    """Copy the adapter, and let PEFT load the copy. Its base is named by a path that holds everywhere on this machine.
    Returns the base model too.

    Raises:
        RunError: PEFT makes something else of it.
    """
    from seal.nn.backbone import load
    from seal.nn.readback import read_by_peft

    assert source.adapter is not None
    backbone = load(source.model, source.weights)
    shutil.copytree(source.adapter, draft, dirs_exist_ok=True)
    file = draft / ADAPTER_CONFIG
    config = json.loads(file.read_text(encoding="utf-8")) | {"base_model_name_or_path": source.base}
    file.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    try:
        return read_by_peft(backbone.model, _loaded(source), draft, _ids(source, backbone)), backbone
    except RunError as error:
        raise RunError(f"{source.adapter} is not exported: {error}. Export with --to merged") from error


def _write_model(source: Source, draft: Path) -> "tuple[Agreement | None, Backbone]":
    """Merge the adapter, or copy the model that the run merged; and load what was written. One model at a time is in
    memory.

    Raises:
        ModelError: this kind of adapter cannot be merged.
        RunError: the merged model computes something else.
    """
    from seal.nn.backbone import load

    if source.merged:
        shutil.copytree(source.merged, draft, dirs_exist_ok=True)
        return None, load(source.model, draft)
    backbone = load(source.model, source.weights)
    measured, _ = merge_into(draft, backbone, _loaded(source), _ids(source, backbone))
    del backbone
    again = load(source.model, draft)
    return agreement_of(measured, again, draft), again


def _loaded(source: Source) -> "Adaptation":
    assert source.adapter is not None
    assert source.inner is not None, "a run's own inner loop loads its adapter"
    return source.inner.load(source.adapter)


def _ids(source: Source, backbone: "Backbone") -> list[int]:
    """Tokens of the first passage, where an adapter changes much."""
    texts = [f"{context.title}\n{context.text}" for context in source.contexts[:1]]
    return list(backbone.tokenizer(texts[0] if texts else source.name)["input_ids"])


def _served(source: Source, folder: Path, draft: Path, *, chat: Chat | None, has_modelfile: bool) -> Served:
    file = draft / ADAPTER_CONFIG
    adapter = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    model = source.weights or files.fetched(source.model)
    architectures = files.ModelFolder(model).config.get("architectures") or ["?"]
    return Served(
        source=source,
        folder=folder.resolve(),
        chat=chat,
        architecture=architectures[0],
        rank=adapter.get("r"),
        dora=adapter.get("use_dora", False),
        has_modelfile=has_modelfile,
    )


def _card(source: Source, made: Export, *, chat: Chat | None, is_adapter: bool) -> str:
    """The run's own card of an adapter; for a merged model what it says of the training. The commands stand below."""
    folder = source.adapter or source.merged
    own = (folder / _CARD) if folder else None
    card = own.read_text(encoding="utf-8") if own and own.is_file() else ""
    whole = card.rstrip() if card and (is_adapter or source.merged) else "\n\n".join(_parts(source, made, card, chat))
    return f"{whole}\n\n## {_SERVING}\n\n{serving_text(made.commands)}"


def _parts(source: Source, made: Export, card: str, chat: Chat | None) -> Iterator[str]:
    yield f"---\nbase_model: {source.base}\nlibrary_name: transformers\ntags: [seal]\n---"
    yield f"# {source.name}"
    yield f"`{source.base}` with what a run of SEAL trained merged into it."
    for heading in (LEARNED, COST, MEASURED):
        if text := section(card, heading):
            yield f"## {heading}\n\n{text}"
    yield f"The merged model computes what the model and its adapter compute, but for rounding: {made.agreement}."
    prompt = example_prompt(source.task, source.contexts)
    yield f"## How to ask it\n\n{example(chat, source.task, prompt)}"


def serving_text(by_program: Mapping[str, Sequence[str]]) -> str:
    """The commands of each program as Markdown."""
    return "\n".join(
        f"{program}:\n\n" + "".join(f"    {line}\n" for line in lines) for program, lines in by_program.items()
    )
