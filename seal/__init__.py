"""SEAL: an open framework for self-adapting language models (method: arXiv 2506.10943).

run = seal.load("experiment=tiny", "inner.rank=8")      # or seal.config.run.Run(...), made of classes
results = seal.run(run)
found = seal.read("outputs/tiny")                       # table, attempts and rounds, as values and as pandas frames
"""

from typing import TYPE_CHECKING, Any

from seal.version import __version__

if TYPE_CHECKING:
    from seal.api import load, read, run

__all__ = ["__version__", "load", "read", "run"]


def __getattr__(name: str) -> Any:
    """What the Python API has, imported when it is used: `import seal` loads nothing heavy."""
    if name not in __all__:
        raise AttributeError(f"module 'seal' has no attribute '{name}'")
    from seal import api

    return getattr(api, name)
