"""An LLM as the judge: it reads question, target and answer, and says yes or no.

Whatever is not a clear yes or no, a silent server or a reply that makes no sense, is unknown: the published code counts
it as wrong (arXiv 2506.10943's repository), which makes a dead judge look like a bad policy.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, PositiveInt

from seal.endpoint import Endpoint
from seal.endpoint.replies import ReplyCache, asked_once
from seal.grader import Grader, Spend, free
from seal.settings import FileOrFolder, option
from seal.stats.statistics import mean
from seal.text import fill, shows
from seal.thoughts import parted
from seal.types import Grade, Query, Sampling, Unavailable, Usage, Verdict

_WORD = re.compile(r"[a-z]+")
_GRADES = {"yes": Grade.CORRECT, "no": Grade.WRONG}
_REPLY_TOKENS = 2
_TYPICAL_ANSWER_CHARACTERS = 60
TEMPLATE = """\
You mark an exam. Here are a question, the reference answer, and what a student wrote.

Question: {question}
Reference answer: {target}
Student: {answer}

The student is right if everything that the reference answer says is there, in whatever words, and nothing the
student says contradicts it. More detail than needed is no fault. Is the student right? Reply with yes or no only.
"""


@option
class Judge(Grader):
    """A language model says whether an answer is right, over any OpenAI-compatible endpoint. The paper's judge is
    GPT-4.1."""

    endpoint: Endpoint = Endpoint()
    """Who is asked."""
    template: Annotated[str, AfterValidator(shows("question", "target", "answer"))] = TEMPLATE
    """What the judge reads; `{question}`, `{target}` (all accepted answers) and `{answer}` are filled in. It has
    to ask for yes or no."""
    max_reply_tokens: PositiveInt = 8
    """The judge's reply is cut at this length; its first word counts."""
    max_unknown: Annotated[float, Field(ge=0, le=1)] = 0.02  # type: ignore[misc]  # a setting here, a constant elsewhere
    """The share of a phase's answers that may stay without a verdict; with more of them the run stops, resumably."""
    cache: FileOrFolder | None = Path("outputs/verdicts")
    """A folder of verdicts, shared between runs: the same judge is never asked the same twice. null keeps none."""

    def forecast(self, queries: Sequence[Query], *, n_answers: int) -> Usage:
        lengths = [len(self._prompt(query, "")) + _TYPICAL_ANSWER_CHARACTERS for query in queries]
        return self.endpoint.forecast(
            n_calls=n_answers,
            prompt_characters=n_answers * (mean(lengths) or 0.0),
            completion_tokens=n_answers * _REPLY_TOKENS,
        )

    def ready(self) -> None:
        self.endpoint.ready(reply_tokens=self.max_reply_tokens)

    def grade(self, queries: Sequence[Query], answers: Sequence[str], spend: Spend = free) -> list[Verdict]:
        """Each distinct pair of query and answer is asked once; an empty answer is wrong without being asked."""
        prompts = [
            self._prompt(query, answer) if answer.strip() else None
            for query, answer in zip(queries, answers, strict=True)
        ]
        replies = asked_once(self.cache_of_replies, [prompt for prompt in prompts if prompt], _is_clear, spend)
        return [
            self._verdict(replies[prompt] if prompt else "no", answer)
            for prompt, answer in zip(prompts, answers, strict=True)
        ]

    @property
    def cache_of_replies(self) -> ReplyCache:
        sampling = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=self.max_reply_tokens)
        return ReplyCache(folder=self.cache, endpoint=self.endpoint, sampling=sampling)

    def _prompt(self, query: Query, answer: str) -> str:
        return fill(self.template, question=query.question, target=" or ".join(query.accepted), answer=answer.strip())

    def _verdict(self, said: str | Unavailable, answer: str) -> Verdict:
        name = f"judge {self.endpoint.model}"
        if isinstance(said, Unavailable):
            return Verdict(grade=Grade.UNKNOWN, answer=answer, grader=name, reason=said.reason)
        grade = _grade(said)
        reason = "" if grade else f"the judge said neither yes nor no, but '{said.strip()[:80]}'"
        return Verdict(grade=grade or Grade.UNKNOWN, answer=answer, grader=name, reason=reason)


def _is_clear(said: str) -> bool:
    return _grade(said) is not None


def _grade(said: str) -> Grade | None:
    """Yes or no, as the first word that is not thought; None for anything else."""
    first = _WORD.search(parted(said).answer.lower())
    return _GRADES.get(first[0]) if first else None
