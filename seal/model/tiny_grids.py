"""The small model that is shipped with the package and grew up in the world of grids (`seal.tiny.grids`)."""

from importlib.resources import files
from typing import Literal

from seal.model import Model
from seal.settings import option


@option
class TinyGrids(Model):
    """The shipped Llama of 0.66 million parameters. It reads puzzles of grids in digits, and writes settings for
    training as JSON."""

    path: str = str(files("seal.tiny.grids") / "checkpoint")
    chat: bool | Literal["auto"] = False
