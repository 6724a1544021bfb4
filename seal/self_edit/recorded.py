"""Recorded self-edits: from a file, from a published run, or from an earlier run. They are tried out as if new."""

from seal.self_edit.prose import PassageTemplate, Prose
from seal.self_edit.recordings import Recording
from seal.settings import option


@option
class Recorded(Recording, Prose):
    """Self-edits from a file or from another run, tried out unchanged: self_edit=recorded self_edit.path=FILE"""

    template: PassageTemplate = "{title} {passage}"
    """Not used: no model writes self-edits."""
