"""SEAL: an open framework for self-adapting language models (method: arXiv 2506.10943).

run = seal.load("experiment=tiny", "inner.rank=8")      # or build seal.config.run.Run(...) from option classes
results = seal.run(run)
found = seal.read("outputs/tiny")                       # table, attempts and rounds, as values or pandas frames
"""

from typing import TYPE_CHECKING, Any

from seal.version import __version__

if TYPE_CHECKING:
    from seal.api import load, read, run

__all__ = ["__version__", "load", "read", "run"]


def __getattr__(name: str) -> Any:
    """Import the Python API on first use, so that `import seal` loads nothing heavy."""
    if name not in __all__:
        raise AttributeError(f"module 'seal' has no attribute '{name}'")
    from seal import api

    return getattr(api, name)
