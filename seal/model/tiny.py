"""The small model that is shipped with the package and grew up in the world of facts (`seal.tiny.facts`)."""

from importlib.resources import files
from typing import Literal

from seal.model import Model
from seal.settings import option


@option
class Tiny(Model):
    """The shipped Llama of 0.9 million parameters. It knows the embedded world of facts and nothing else."""

    path: str = str(files("seal.tiny.facts") / "checkpoint")
    chat: bool | Literal["auto"] = False
