"""Recorded settings for test-time training, from a file or an earlier run. They are tried out as if new."""

from collections.abc import Sequence

from seal.self_edit.augmentations import Augmentations
from seal.self_edit.recordings import Recording
from seal.settings import option
from seal.types import Context, SelfEdit


@option
class RecordedSettings(Recording, Augmentations):
    """Settings from a file or from another run, tried out unchanged: self_edit=recorded_settings self_edit.path=RUN

    From a run with distinct self-edits, only the valid and distinct ones are taken.
    """

    @property
    def turns(self) -> int:
        return 1  # another turn would read the same settings

    def preferred(self, context: Context, self_edits: Sequence[SelfEdit]) -> list[SelfEdit]:
        return list(self_edits)

    def texts(self, context: Context) -> tuple[str, ...]:
        """The settings of a context. With `distinct`, valid and distinct ones come first, as in the original run."""
        edits = [
            SelfEdit(context_id=context.id, index=index, text=text, finished=True)
            for index, text in enumerate(super().texts(context))
        ]
        return tuple(edit.text for edit in Augmentations.preferred(self, context, edits))
