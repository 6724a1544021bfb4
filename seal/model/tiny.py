"""The small model that is shipped with the package and grew up in the world of facts (`seal.tiny.facts`)."""

from importlib.resources import files

from seal.model import Model
from seal.settings import option


@option
class Tiny(Model):
    """A Llama of 0.9 million parameters. It knows its own small world and nothing else."""

    path: str = str(files("seal.tiny.facts") / "checkpoint")
