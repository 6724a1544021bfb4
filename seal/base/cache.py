"""The user's cache: what SEAL has fetched or found out, and may make again."""

import os
from pathlib import Path

VARIABLE = "SEAL_CACHE"


def cache_folder() -> Path:
    """The folder that `SEAL_CACHE` names; else `seal` where the XDG Base Directory Specification puts caches."""
    own = os.environ.get(VARIABLE)
    folder = Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "seal")
    return folder.expanduser().absolute()
