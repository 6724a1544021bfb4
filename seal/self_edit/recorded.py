"""Self-edits from a file, of another model, a published run or an earlier one, tried out as if written now."""

import json
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

from seal.self_edit import Assignment, Continue
from seal.self_edit.prose import Prose
from seal.self_edit.recordings import read_recordings
from seal.settings import option
from seal.types import Completion, Context, Unavailable


@option
class Recorded(Prose):
    """Prose that is read instead of written. Nobody can learn to write it, because its prompt is not known."""

    teachable: ClassVar[bool] = False

    path: Path
    """A file of self-edits, or the folder of a run."""
    policy: str
    """Whose self-edits, where the path is a run's folder, for example `round_2`."""

    def faults(self, wanted: Iterable[tuple[Context, int]]) -> list[str]:
        return [
            f"self_edit.path: {self.path} has {n_there} self-edits for '{context.title}' ({context.text[:40]}…), but "
            f"{n_wanted} are wanted"
            for context, n_wanted in wanted
            if (n_there := len(self._texts(context))) < n_wanted
        ]

    @property
    def n_requests(self) -> int:
        return 0

    def fingerprint(self) -> str:
        recordings = read_recordings(self.path, self.policy)
        return sha256(json.dumps(sorted([*key, *texts] for key, texts in recordings.items())).encode()).hexdigest()

    def write(self, assignments: Sequence[Assignment], go_on: Continue) -> list[Completion | Unavailable]:
        return [
            Completion(text=self._texts(assignment.context)[assignment.index], finished=True)
            for assignment in assignments
        ]

    def _texts(self, context: Context) -> tuple[str, ...]:
        return read_recordings(self.path, self.policy).get((context.title.strip(), context.text.strip()), ())
