"""Questions as files have them, before anyone says how a model is asked."""

from collections.abc import Sequence
from dataclasses import dataclass

from seal.base.lettering import lettered


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with everything that is known about it."""

    question: str
    answers: tuple[str, ...]
    """All accepted ones, the first one first."""
    kind: str = ""
    """What kind of question it is, such as `direct` or `rephrase`."""
    options: tuple[str, ...] = ()
    """What can be chosen from; empty for an open question."""

    @property
    def shown(self) -> str:
        """The question as it is shown: with its options below it."""
        return lettered(self.question, self.options)

    @classmethod
    def of(cls, pair: "Asked | tuple[str, str | Sequence[str]]", kind: str = "") -> "Asked":
        """A question, also where it is only a pair with its answer, or with all accepted ones."""
        if isinstance(pair, Asked):
            return pair
        question, said = pair
        return cls(question, (said,) if isinstance(said, str) else tuple(said), kind)
