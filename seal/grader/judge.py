"""An LLM as the judge: it reads question, target and answer, and says yes or no.

Whatever is not a clear yes or no, a silent server or a reply that makes no sense, is unknown: the published code counts
it as wrong (arXiv 2506.10943's repository), which makes a dead judge look like a bad policy.
"""

import json
import os
import re
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, PositiveInt

from seal.endpoint import Endpoint, Question, Reply
from seal.grader import Grader, Spend, free
from seal.settings import option
from seal.statistics import mean
from seal.text import fill, placeholders
from seal.types import Grade, Query, Sampling, Unavailable, Usage, Verdict

_WORD = re.compile(r"[a-z]+")
_GRADES = {"yes": Grade.CORRECT, "no": Grade.WRONG}
_REPLY_TOKENS = 2
_TYPICAL_ANSWER_CHARACTERS = 60


def _shows_all(template: str) -> str:
    missing = {"question", "target", "answer"} - placeholders(template)
    if missing:
        raise ValueError(f"the judge has to be shown {', '.join(f'{{{name}}}' for name in sorted(missing))} too")
    return template


@option
class Judge(Grader):
    """Asks a language model behind an endpoint whether an answer is right."""

    endpoint: Endpoint
    """Who is asked."""
    template: Annotated[str, AfterValidator(_shows_all)]
    """What the judge reads; `{question}`, `{target}` and `{answer}` are filled in. It has to ask for yes or no."""
    max_reply_tokens: PositiveInt
    """The judge's reply is cut at this length; its first word counts."""
    max_unknown: Annotated[float, Field(ge=0, le=1)]  # type: ignore[misc]  # a setting here, a constant elsewhere
    """The share of a phase's answers that may stay without a verdict; with more of them the run stops, resumably."""
    cache: Path | None
    """A folder of verdicts, shared between runs: the same judge is never asked the same twice; null keeps none."""

    def forecast(self, queries: Sequence[Query], *, n_answers: int) -> Usage:
        lengths = [len(self._prompt(query, "")) + _TYPICAL_ANSWER_CHARACTERS for query in queries]
        return self.endpoint.forecast(
            n_calls=n_answers,
            prompt_characters=n_answers * (mean(lengths) or 0.0),
            completion_tokens=n_answers * _REPLY_TOKENS,
        )

    def ready(self) -> None:
        self.endpoint.ready()

    def grade(self, queries: Sequence[Query], answers: Sequence[str], spend: Spend = free) -> list[Verdict]:
        """Each distinct pair of query and answer is asked once; an empty answer is wrong without being asked."""
        asked = [self._prompt(query, answer) for query, answer in zip(queries, answers, strict=True)]
        known = {"": self._verdict("no", "")}
        for prompt, answer in zip(asked, answers, strict=True):
            if prompt not in known and (cached := self._cached(prompt)) is not None:
                known[prompt] = self._verdict(cached, answer)
        keys = [prompt if answer.strip() else "" for prompt, answer in zip(asked, answers, strict=True)]
        known |= self._ask({key: answer for key, answer in zip(keys, answers, strict=True) if key not in known}, spend)
        return [known[key] if key else self._verdict("no", answer) for key, answer in zip(keys, answers, strict=True)]

    def _ask(self, answer_of: dict[str, str], spend: Spend) -> dict[str, Verdict]:
        """Verdicts by prompt. Each is in the cache as soon as it is known."""
        prompts = list(answer_of)

        def keep(number: int, reply: Reply) -> None:
            spend(reply.usage)
            if _grade(reply.text) is not None:
                self._keep(prompts[number], reply.text)

        sampling = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=self.max_reply_tokens)
        replies = self.endpoint.ask([Question(prompt=prompt) for prompt in prompts], sampling, keep) if prompts else []
        return {
            prompt: self._verdict(reply if isinstance(reply, Unavailable) else reply.text, answer_of[prompt])
            for prompt, reply in zip(prompts, replies, strict=True)
        }

    def _prompt(self, query: Query, answer: str) -> str:
        return fill(self.template, question=query.question, target=query.target, answer=answer.strip())

    def _verdict(self, said: str | Unavailable, answer: str) -> Verdict:
        if isinstance(said, Unavailable):
            return Verdict(grade=Grade.UNKNOWN, answer=answer, grader=self._name, reason=said.reason)
        grade = _grade(said)
        reason = "" if grade else f"the judge said neither yes nor no, but '{said.strip()[:80]}'"
        return Verdict(grade=grade or Grade.UNKNOWN, answer=answer, grader=self._name, reason=reason)

    @property
    def _name(self) -> str:
        return f"judge {self.endpoint.model}"

    def _file(self, prompt: str) -> Path | None:
        """Where the judge's reply lies: named by all that it depends on."""
        if self.cache is None:
            return None
        identity = (self.endpoint.base_url, self.endpoint.model, self.endpoint.api, str(self.max_reply_tokens), prompt)
        name = sha256("\x1f".join(identity).encode()).hexdigest()
        return self.cache / name[:2] / f"{name[2:]}.json"

    def _cached(self, prompt: str) -> str | None:
        file = self._file(prompt)
        try:
            return str(json.loads(file.read_text())["reply"]) if file else None
        except (OSError, ValueError, KeyError):  # not there, or cut short: it is asked again
            return None

    def _keep(self, prompt: str, reply: str) -> None:
        """One small file a verdict, put in place whole: safe between processes, also on network file systems."""
        file = self._file(prompt)
        if file is None:
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(f".{os.getpid()}.draft")
        draft.write_text(json.dumps({"reply": reply, "model": self.endpoint.model, "prompt": prompt}))
        draft.replace(file)


def _grade(said: str) -> Grade | None:
    """Yes or no, as the first word; None for anything else."""
    first = _WORD.search(said.lower())
    return _GRADES.get(first[0]) if first else None
