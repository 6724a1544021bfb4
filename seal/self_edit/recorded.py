"""Self-edits from a file, of another model, a published run or an earlier one, tried out as if written now."""

from seal.self_edit.prose import PassageTemplate, Prose
from seal.self_edit.recordings import Recording
from seal.settings import option


@option
class Recorded(Recording, Prose):
    """Self-edits from a file or from another run, tried out as they are: self_edit=recorded self_edit.path=FILE"""

    template: PassageTemplate = "{title} {passage}"
    """Not used: nobody is asked."""
