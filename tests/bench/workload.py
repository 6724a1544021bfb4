"""What the inner loop of the paper's first round works on, as lengths: drawn from distributions fitted to it."""

from dataclasses import dataclass
from math import log, sqrt
from random import Random

from seal.types import Plan, TrainingSequence

SEQUENCES_MEDIAN, SEQUENCES_MEAN, SEQUENCES_MOST = 7, 8.7, 67
TOKENS_MEDIAN, TOKENS_MEAN, TOKENS_MOST = 33, 51, 400
QUESTIONS = (4, 5)
"""A passage has 4.5 on average."""
ANSWER_TOKENS = 27
EPOCHS = 10
WORDS = "the mayor of a in is led by sells its harvest and was What Where It They has market trade".split()
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
    random = Random(seed)
    return [_job(random, number) for number in range(count)]


def _job(random: Random, number: int) -> Job:
    n_sequences = _lognormal(random, SEQUENCES_MEDIAN, SEQUENCES_MEAN, SEQUENCES_MOST)
    sequences = [_text(random, _lognormal(random, TOKENS_MEDIAN, TOKENS_MEAN, TOKENS_MOST)) for _ in range(n_sequences)]
    prompts = [_text(random, random.randint(10, 25)) + " Answer:" for _ in range(QUESTIONS[number % 2])]
    return Job(plan=Plan(sequences=tuple(TrainingSequence(text=text) for text in sequences)), prompts=tuple(prompts))


def _lognormal(random: Random, median: float, mean: float, most: int) -> int:
    drawn = random.lognormvariate(log(median), sqrt(2 * log(mean / median)))
    return max(1, min(most, round(drawn)))


def _text(random: Random, n_tokens: int) -> str:
    return " ".join(random.choices(WORDS, k=max(2, n_tokens)))
