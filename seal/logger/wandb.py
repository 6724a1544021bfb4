"""Weights & Biases: one W&B run for the whole experiment. Only the coordinator logs to it; tasks write records.

The run's own files are complete. `seal log RUN --to wandb` logs a run from them, for example one that W&B lost.
"""

import os
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from netrc import NetrcParseError, netrc
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from pydantic import NonNegativeInt

from seal.base.monitor import Metrics
from seal.errors import RunError
from seal.folder.run_files import read_manifest
from seal.logger import Log, Logger
from seal.logger.summary import COLUMNS, RESULT_COLUMNS, cost, numbers, pictures, result_rows, self_edit_rows
from seal.settings import option

if TYPE_CHECKING:
    import wandb

REACHED_WITHIN_S = 3.0
_ALSO_TOLD = ("command", "machine", "packages")
"""Parts of the manifest that are sent besides the settings."""


@option
class Wandb(Logger):
    """Weights & Biases: one W&B run for the whole experiment, besides the run's own files. Needs `pip install
    'seal-lm[wandb]'`."""

    project: str = "seal"
    """The W&B project."""
    entity: str | None = None
    """The user or team; null takes the account's default."""
    group: str | None = None
    """A group of runs. null takes the part of the run's name before the last `/`, which is the name of its sweep."""
    job_type: str | None = None
    """The type of the run; null takes the recipe."""
    tags: tuple[str, ...] = ()
    """Tags of the run."""
    mode: Literal["auto", "online", "offline"] = "auto"
    """`auto` is online if a key is known and the server answers, otherwise `offline`. Offline keeps everything in the
    run's folder, for `wandb sync`."""
    table_rows: NonNegativeInt = 500
    """Maximum number of self-edits in the table. The newest are shown."""

    wants_pictures = True

    @contextmanager
    def open(self, folder: Path) -> Iterator[Log]:
        with self._run(folder, again=False) as run:
            yield _teller(run, folder)

    def replay(self, folder: Path, lines: Iterable[Metrics]) -> str:
        """Log a run again, as a new W&B run, from its own lines; return its location."""
        with self._run(folder, again=True) as run:
            tell = _teller(run, folder)
            for metrics in lines:
                tell(metrics)
            return str(run.dir if run.offline else run.url)

    @contextmanager
    def _run(self, folder: Path, *, again: bool) -> "Iterator[wandb.Run]":
        run = self._begun(folder, again=again)
        try:
            yield run
        finally:
            _show(run, folder, table_rows=self.table_rows)
            run.finish()

    def _begun(self, folder: Path, *, again: bool) -> "wandb.Run":
        """Start or continue the W&B run, or start a new one if `again`.

        Raises:
            RunError: W&B is not installed, or does not accept the run.
        """
        try:
            import wandb
        except ImportError as error:
            raise RunError("logger: W&B is not installed here: pip install 'seal-lm[wandb]'") from error
        facts = read_manifest(folder)
        settings = facts["settings"]
        identity = sha256(f"{folder.resolve()} {facts['started']}".encode()).hexdigest()[:16]
        wandb.setup(wandb.Settings(silent=True))  # W&B's own messages would mix with the run's lines
        try:
            return wandb.init(
                project=self.project,
                entity=self.entity,
                group=self.group or settings["name"].rpartition("/")[0] or None,
                job_type=self.job_type or _recipe(settings),
                tags=self.tags,
                name=f"{folder.name} (told again)" if again else folder.name,
                id=None if again else identity,
                resume=None if again else "allow",
                dir=folder,
                config={**settings, **{name: facts[name] for name in _ALSO_TOLD if name in facts}},
                mode=self.mode if self.mode != "auto" else _mode(),
                # W&B itself would record the unchanged command line. The manifest has it without keys.
                settings=wandb.Settings(console="off", silent=True, disable_git=True, x_disable_meta=True),
            )
        except wandb.errors.Error as error:
            said = f"{type(error).__name__}: {' '.join(str(error).split())}"
            raise RunError(
                f"logger: W&B does not accept the run ({said}): check the key (`wandb login`) and the network, or set "
                "logger.mode=offline, which keeps everything in the run's folder, for `wandb sync`"
            ) from error


def _recipe(settings: Mapping[str, Any]) -> str:
    """The recipe in one word. Imported results have no recipe."""
    target = str((settings.get("recipe") or {}).get("_target_", "imported"))
    return target.rpartition(".")[2].lower()


def _teller(run: "wandb.Run", folder: Path) -> Log:
    """Log numbers as curves. Numbers of a round are drawn over rounds."""
    run.define_metric("round")
    for area in ("round/*", "reward/*"):
        run.define_metric(area, step_metric="round")

    def tell(metrics: Metrics) -> None:
        if told := numbers(metrics):
            run.log({**told, **cost(folder)})

    return tell


def _show(run: "wandb.Run", folder: Path, *, table_rows: int) -> None:
    """Show the self-edits and, for a finished run, its table and the plots of its report."""
    import wandb

    shown: dict[str, Any] = {}
    if rows := self_edit_rows(folder, most=table_rows):
        shown["self_edits"] = wandb.Table(columns=list(COLUMNS), data=rows)
    if rows := result_rows(folder):
        table = wandb.Table(columns=list(RESULT_COLUMNS), data=rows)
        shown["results"] = table
        shown["plots/accuracy_by_setting"] = wandb.plot.bar(table, "setting", "accuracy", title="accuracy")
    shown |= {f"plots/{picture.stem}": wandb.Image(str(picture)) for picture in pictures(folder)}
    if shown:
        run.log(shown)


def _mode() -> Literal["online", "offline"]:
    """`online` if W&B needs no interaction: a key is known, and the server can be reached."""
    server = urlsplit(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai"))
    if os.environ.get("WANDB_MODE") == "offline" or not _has_key(server.hostname or ""):
        return "offline"
    try:
        port = server.port or (443 if server.scheme == "https" else 80)
        socket.create_connection((server.hostname or "", port), timeout=REACHED_WITHIN_S).close()
    except OSError:
        return "offline"
    return "online"


def _has_key(host: str) -> bool:
    if os.environ.get("WANDB_API_KEY"):
        return True
    try:
        return netrc().authenticators(host) is not None
    except (OSError, NetrcParseError):
        return False
