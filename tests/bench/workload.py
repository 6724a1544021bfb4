"""What the inner loop of the paper's first round works on, as lengths: of its own self-edits where they are at hand
(`SEAL_REFERENCE`), else drawn from distributions fitted to them."""

import json
import os
from dataclasses import dataclass
from math import log, sqrt
from pathlib import Path
from random import Random

from seal.self_edit.prose import split
from seal.types import Plan, TrainingSequence

SEQUENCES_MEDIAN, SEQUENCES_MEAN, SEQUENCES_MOST = 7, 8.7, 67
TOKENS_MEDIAN, TOKENS_MEAN, TOKENS_MOST = 33, 51, 400
CHARACTERS_A_TOKEN = 4.39
"""Of those self-edits: with it their mean is the one above."""
QUESTIONS = (4, 5)
"""A passage has 4.5 on average."""
ANSWER_TOKENS = 27
EPOCHS = 10
WORDS = "the mayor of a in is led by owes its best idea and was Who When It They has flood charter".split()
"""Each is one token for the shipped tokenizer."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One self-edit to train on, and the prompts of its questions."""

    plan: Plan
    prompts: tuple[str, ...]

    @property
    def n_updates(self) -> int:
        """At batch 1."""
        return EPOCHS * len(self.plan.sequences)


def jobs(count: int, seed: int = 0) -> list[Job]:
    """So many self-edits."""
    random, published = Random(seed), published_lengths()
    random.shuffle(published)
    drawn = [published[number % len(published)] if published else _drawn_lengths(random) for number in range(count)]
    return [_job(random, lengths, QUESTIONS[number % 2]) for number, lengths in enumerate(drawn)]


def source() -> str:
    """Where the lengths come from."""
    return "published self-edits" if published_lengths() else "fitted distributions"


def published_lengths() -> list[list[int]]:
    """Tokens, about, of each training sequence of each published self-edit; nothing where those are not at hand."""
    file = Path(os.environ.get("SEAL_REFERENCE", "nowhere")) / "knowledge/rewards_train_iter0.json"
    articles = json.loads(file.read_text())["articles"] if file.is_file() else []
    return [
        [
            max(2, round((len(article["title"]) + 1 + len(text)) / CHARACTERS_A_TOKEN))
            for text in (*split(completion["text"], by_lines=True), article["context"].strip())
        ]
        for article in articles
        for completion in article["completions"]
    ]


def _drawn_lengths(random: Random) -> list[int]:
    n_sequences = _lognormal(random, SEQUENCES_MEDIAN, SEQUENCES_MEAN, SEQUENCES_MOST)
    return [_lognormal(random, TOKENS_MEDIAN, TOKENS_MEAN, TOKENS_MOST) for _ in range(n_sequences)]


def _job(random: Random, lengths: list[int], n_questions: int) -> Job:
    sequences = tuple(TrainingSequence(text=_text(random, length)) for length in lengths)
    prompts = tuple(_text(random, random.randint(10, 25)) + " Answer:" for _ in range(n_questions))
    return Job(plan=Plan(sequences=sequences), prompts=prompts)


def _lognormal(random: Random, median: float, mean: float, most: int) -> int:
    drawn = random.lognormvariate(log(median), sqrt(2 * log(mean / median)))
    return max(1, min(most, round(drawn)))


def _text(random: Random, n_tokens: int) -> str:
    return " ".join(random.choices(WORDS, k=max(2, n_tokens)))
