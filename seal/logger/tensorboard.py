"""TensorBoard: event files in the run's folder. `seal log` can write them again from the run's own files."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import NonNegativeInt

from seal.base.monitor import Metrics
from seal.errors import RunError
from seal.folder.run_files import read_manifest, read_metrics
from seal.logger import Log, Logger
from seal.logger.summary import cost, numbers, pictures, self_edit_rows
from seal.settings import option

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

FOLDER = "tensorboard"


@option
class TensorBoard(Logger):
    """Event files for TensorBoard, besides the run's own files: `tensorboard --logdir outputs`. Needs `pip install
    'seal-lm[tensorboard]'`."""

    table_rows: NonNegativeInt = 50
    """Maximum number of self-edits shown as text. The newest are shown."""

    wants_pictures = True

    @contextmanager
    def open(self, folder: Path) -> Iterator[Log]:
        earlier = read_metrics(folder)
        with self._writer(folder) as writer:
            teller = Teller(writer, folder)
            teller.n_told.update(name for line in earlier for name in numbers(line))
            yield teller.tell

    def replay(self, folder: Path, lines: Iterable[Metrics]) -> str:
        """Write the events again, in place of the existing ones; return their folder."""
        for file in (folder / FOLDER).glob("events.out.tfevents.*"):
            file.unlink()
        with self._writer(folder) as writer:
            teller = Teller(writer, folder)
            for metrics in lines:
                teller.tell(metrics)
        return str(folder / FOLDER)

    @contextmanager
    def _writer(self, folder: Path) -> "Iterator[SummaryWriter]":
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise RunError("logger: TensorBoard is not installed here: pip install 'seal-lm[tensorboard]'") from error
        with SummaryWriter(str(folder / FOLDER)) as writer:
            settings = read_manifest(folder)["settings"]
            _write_text(writer, "settings", _as_code(json.dumps(settings, indent=2)))
            try:
                yield writer
            finally:
                _show(writer, folder, table_rows=self.table_rows)


class Teller:
    """Turns numbers into curves. Numbers of a round are drawn over rounds, others over their count."""

    def __init__(self, writer: "SummaryWriter", folder: Path) -> None:
        self.writer, self.folder = writer, folder
        self.n_told: Counter[str] = Counter()

    def tell(self, metrics: Metrics) -> None:
        told = numbers(metrics)
        time_s = datetime.fromisoformat(str(metrics["time"])).timestamp() if "time" in metrics else None
        for name, value in {**told, **(cost(self.folder) if told else {})}.items():
            step = int(told.get("round", self.n_told[name]))
            self.writer.add_scalar(name, value, step, walltime=time_s)
            self.n_told[name] += 1
        self.writer.flush()


def _show(writer: "SummaryWriter", folder: Path, *, table_rows: int) -> None:
    """Show self-edits, and the plots of the report if it exists."""
    import numpy as np
    from PIL import Image

    if rows := self_edit_rows(folder, most=table_rows):
        lines = [
            f"**{policy}, context {context}, number {number}** (accuracy {accuracy})\n\n" + _as_code(text)
            for policy, context, number, accuracy, text in rows
        ]
        _write_text(writer, "self_edits", "\n\n".join(lines))
    for path in pictures(folder):
        with Image.open(path) as picture:
            pixels = np.asarray(picture.convert("RGB"))  # [height, width, 3]
        writer.add_image(f"plots/{path.stem}", pixels, dataformats="HWC")


def _as_code(text: str) -> str:
    """A text as a Markdown code block, so that its own Markdown has no effect."""
    return "\n".join(f"    {line}" for line in text.splitlines())


def _write_text(writer: "SummaryWriter", tag: str, text: str) -> None:
    writer.add_text(tag, text)
