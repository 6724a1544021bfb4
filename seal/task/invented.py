"""Real English about things that do not exist: no model can know it, and a small one can learn it."""

from importlib.resources import files
from pathlib import Path

from seal.settings import FileOrFolder, option
from seal.task.passages import Passages


@option
class Invented(Passages):
    """Sixteen short English passages about invented places, things and people, with 80 questions. They come with
    SEAL."""

    path: FileOrFolder = Path(str(files("seal.task") / "invented.jsonl"))
    held_out: float = 0.0
