"""A rule that needs no judge and can be explained: enough of the target's words stand in the answer.

On 8,222 published verdicts of GPT-4.1 (arXiv 2506.10943) the rule with `min_recall=0.75` agrees in 87.1 % (Cohen's
kappa .713). It is the stricter of the two: accuracies come out about 7 points lower, so compare it only with itself.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from seal.base.normalizing import Normalize, normalized, published
from seal.grader import Grader, Spend, free
from seal.settings import option
from seal.types import Grade, Query, Verdict

_JOINTS = re.compile(r"[-–—/]")


@option
class Lexical(Grader):
    """Right if enough of the words of an accepted answer stand in the answer, each as often as it has them. Works
    offline, can be explained, and is stricter than an LLM judge."""

    min_recall: Annotated[float, Field(gt=0, le=1)] = 0.75
    """The share of the target's words that must stand in the answer."""
    normalize: Normalize = True
    """Whether case, punctuation, articles and ways of writing a number or letter are ignored. `published` is SQuAD's
    older form, for numbers to be compared with: to it 1.5 is 15, and -5 is 5."""

    def grade(self, queries: Sequence[Query], answers: Sequence[str], spend: Spend = free) -> list[Verdict]:
        return [self._verdict(query, answer) for query, answer in zip(queries, answers, strict=True)]

    def _verdict(self, query: Query, answer: str) -> Verdict:
        share = max((recall(target, answer, self.normalize) for target in query.accepted), default=0.0)
        grade = Grade.CORRECT if share >= self.min_recall else Grade.WRONG
        return Verdict(grade=grade, answer=answer, grader="lexical", reason=f"{share:.2f} of the target's words")


def recall(target: str, answer: str, normalize: Normalize = True) -> float:
    """The share of the target's words that the answer has too. A target such as `%`, of which normalization leaves no
    word, has to stand in the answer as it is."""
    wanted, given = (Counter(_words(text, normalize)) for text in (target, answer))
    return (wanted & given).total() / wanted.total() if wanted else float(target.strip() in answer)


def _words(text: str, normalize: Normalize) -> list[str]:
    """The parts of a joint word, and the ends of a range, are words of their own."""
    if normalize == "published":
        return published(_JOINTS.sub(" ", text)).split()
    return (normalized(text, joint=" ") if normalize else text).split()
