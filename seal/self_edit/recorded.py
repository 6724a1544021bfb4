"""Self-edits from a file, of another model, a published run or an earlier one, tried out as if written now."""

from seal.self_edit.prose import Prose
from seal.self_edit.recordings import Recording
from seal.settings import option


@option
class Recorded(Recording, Prose):
    """Prose that is read instead of written: the prompt of whoever wrote it is not known."""
