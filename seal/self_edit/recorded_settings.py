"""Settings for test-time training from a file or an earlier run, tried out as if written now, on whatever weights."""

from collections.abc import Sequence

from seal.self_edit.augmentations import Augmentations
from seal.self_edit.recordings import Recording
from seal.settings import option
from seal.types import Context, SelfEdit


@option
class RecordedSettings(Recording, Augmentations):
    """Settings from a file or from another run, tried out as they are: self_edit=recorded_settings self_edit.path=RUN

    Of a run whose self-edits had to be distinct, those that counted.
    """

    @property
    def turns(self) -> int:
        return 1  # nothing else could be written

    def preferred(self, context: Context, self_edits: Sequence[SelfEdit]) -> list[SelfEdit]:
        return list(self_edits)

    def texts(self, context: Context) -> tuple[str, ...]:
        """The distinct and valid ones first, where distinct ones are asked for: the order in which the run chose."""
        edits = [
            SelfEdit(context_id=context.id, index=index, text=text, finished=True)
            for index, text in enumerate(super().texts(context))
        ]
        return tuple(edit.text for edit in Augmentations.preferred(self, context, edits))
