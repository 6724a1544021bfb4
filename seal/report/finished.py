"""What a finished run found, with who wrote its self-edits, also where an older run did not note that."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from seal.authorship import UNTRAINED, Author
from seal.errors import RunError
from seal.folder.results_file import read_results
from seal.folder.run_files import read_manifest
from seal.model import Model
from seal.report.attempts import known_option
from seal.self_edit import SelfEditFormat
from seal.stats.results import Results


@dataclass(frozen=True, kw_only=True)
class _Server:
    """Of an engine, what its settings say of who is behind it."""

    other_model: str


@dataclass(frozen=True, kw_only=True)
class _Noted:
    """The choices of a run that an author depends on."""

    engine: _Server
    writer: _Server | None
    model: Model


def read_finished(folder: Path) -> Results:
    """The results of a run; its author is read from the manifest where the results name none.

    Raises:
        RunError: the results are not what was written.
    """
    found = read_results(folder)
    if found.author != UNTRAINED:
        return found
    try:
        return replace(found, author=_author_in(read_manifest(folder)))
    except RunError:  # no manifest, or a damaged one: its own readers say so
        return found


def _author_in(manifest: Mapping[str, Any]) -> Author:
    """By the settings of a run; the untrained policy where they do not tell."""
    if imported := manifest.get("imported"):
        return Author(by="recording", name=", ".join(imported))
    settings = manifest.get("settings") or {}
    form, model = known_option(settings.get("self_edit"), SelfEditFormat), known_option(settings.get("model"), Model)
    if form is None or model is None:
        return UNTRAINED
    engine, writer = _server(settings.get("engine")), settings.get("writer")
    noted: Any = _Noted(engine=engine, writer=_server(writer) if writer else None, model=model)
    return form.author(noted)


def _server(engine: Any) -> _Server:
    endpoint = engine.get("endpoint") if isinstance(engine, Mapping) else None
    return _Server(other_model=str(endpoint.get("model") or "") if isinstance(endpoint, Mapping) else "")
