"""Who wrote the self-edits of a run, and how that is said. Pure, and imports nothing of seal."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who wrote the self-edits that a run trains on before any update of its policy."""

    by: Literal["policy", "model", "recording", "chance"] = "policy"
    """`policy` writes its own. `model` is another one, often behind an endpoint. A `recording` is read, nobody writes.
    By `chance` something is drawn."""
    name: str = ""
    """Of the other model; of the recorded file or run; of the run and round that a policy was learned in. Of what is
    drawn by chance. Empty for an untrained policy."""
    method: str = ""
    """How they are made where each is more than one completion, for example `EntiGraph`."""

    @property
    def who(self) -> str:
        """As a heading: `untrained policy`."""
        return {
            "policy": f"policy {self.name}" if self.name else "untrained policy",
            "model": self.name,
            "recording": "recorded",
            "chance": "chance",
        }[self.by]

    @property
    def self_edits(self) -> str:
        """What was written, in short, as a row of a table is called: `untrained self-edits`."""
        if self.by == "recording":
            return "recorded self-edits"
        if self.by == "chance":
            return f"random {self.name or 'self-edits'}"
        texts = f"{self.method} texts" if self.method else "self-edits"
        if self.name:
            return f"{texts} of {self.name.rpartition('/')[2] if self.by == 'model' else self.name}"
        return texts if self.method else "untrained self-edits"

    @property
    def origin(self) -> str:
        """What to say behind the word self-edits: `that the untrained policy wrote`."""
        if self.by == "recording":
            return f"recorded in {self.name}"
        return "drawn by chance" if self.by == "chance" else f"that {self._writer} wrote{self._by_method}"

    @property
    def wrote(self) -> str:
        """What was trained on: `what the untrained policy wrote`."""
        if self.by in ("recording", "chance"):
            return f"{self.name if self.by == 'chance' and self.name else 'self-edits'} {self.origin}"
        return f"what {self._writer} wrote{self._by_method}"

    @property
    def one(self) -> str:
        """One of them, as a heading: `self-edit of the untrained policy`."""
        if self.by in ("recording", "chance"):
            return f"self-edit {self.origin}"
        return f"{self.method or 'self-edit'} of {self._writer}"

    @property
    def _writer(self) -> str:
        return self.name if self.by == "model" else f"the {self.who}"

    @property
    def _by_method(self) -> str:
        return f" by {self.method}" if self.method else ""


UNTRAINED = Author()
"""The model as it was given."""
