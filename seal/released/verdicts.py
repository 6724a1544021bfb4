"""Reads files of verdicts, and measures how far a grader agrees with them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from seal.base.json_text import parsed, without_repeats
from seal.base.reading import ending, read_text, stem
from seal.base.values import is_missing, text_of
from seal.errors import DataError
from seal.grader import Grader, verdicts_of
from seal.released.articles import read_articles
from seal.released.importing import read_document
from seal.stats.statistics import Estimate, paired_difference
from seal.types import Evaluation, Grade, Query

RESAMPLES = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """A given verdict on an answer."""

    question: str
    target: str
    answer: str
    correct: bool
    setting: str
    """The setting that the answer comes from, to compute the bias on its accuracy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bias:
    """A grader's effect on the accuracy of a setting."""

    setting: str
    theirs: float
    ours: float
    difference: float
    ci95: tuple[float, float] | None
    """Bootstrap over answers."""
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Agreement between a grader and given verdicts, on distinct answers."""

    n: int
    """Number of verdicts in the files."""
    n_distinct: int
    n_contradicted: int
    """Distinct answers with contradictory verdicts. The majority counts; a tie counts as wrong."""
    n_unknown: int
    """Distinct answers without a verdict of the grader. They are left out."""
    agreement: float
    kappa: float
    """Cohen's kappa: the agreement beyond chance, given both graders' shares of right answers."""
    kappa_ci95: tuple[float, float]
    """Bootstrap over distinct answers."""
    both_correct: int
    both_wrong: int
    only_theirs: int
    """Right in the files, wrong for the grader."""
    only_ours: int
    biases: tuple[Bias, ...]


def read_verdicts(path: Path) -> list[Graded]:
    """The verdicts in a published results file, or in JSON Lines with question, target, answer and correct.

    Raises:
        DataError: the file has neither format; the error names the line.
    """
    if ending(path) in (".jsonl", ".ndjson"):
        return list(_of_lines(path))
    document = read_document(path)
    if "articles" not in document:
        raise DataError(
            f"{path} has no articles: give a file of single-passage results, which has questions and answers together, "
            "or JSON Lines with question, target, answer and correct"
        )
    articles = read_articles(path, document)
    graded = []
    for attempt in articles.attempts:
        own = {"adapted": attempt.evaluations}
        if attempt.self_edit.index == 0:
            own["base"] = articles.unadapted[attempt.context.id]
        for setting, evaluations in own.items():
            for evaluation in evaluations:
                assert isinstance(evaluation, Evaluation)
                graded += [
                    Graded(
                        question=query.question,
                        target=query.target,
                        answer=verdict.answer,
                        correct=verdict.grade is Grade.CORRECT,
                        setting=f"{stem(path)} {setting}",
                    )
                    for query, verdict in zip(attempt.context.queries, evaluation.verdicts, strict=True)
                ]
    return graded


def _of_lines(path: Path) -> Iterator[Graded]:
    try:
        lines = read_text(path).split("\n")
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {path}: {error}") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _graded(path, number, line)


def _graded(path: Path, number: int, line: str) -> Graded:
    try:
        row: Mapping[str, Any] = parsed(line, parse_float=Decimal, object_pairs_hook=without_repeats)
        correct = row["correct"]
        if not isinstance(correct, bool):
            raise TypeError(f"correct is {correct!r}, not true or false")
        return Graded(
            question=_text(row, "question"),
            target=_text(row, "target" if "target" in row else "gold"),
            answer=_text(row, "answer" if "answer" in row else "prediction"),
            correct=correct,
            setting=stem(path),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path}: line {number} needs question, target, answer and correct: {type(error).__name__} {error}"
        ) from error


def _text(row: Mapping[str, Any], key: str) -> str:
    """A text of a row, as it stands there; an empty answer is one too.

    Raises:
        ValueError: it is missing, or no text.
    """
    value = row[key]
    if is_missing(value):
        raise ValueError(f"{key} is {value}")
    try:
        return value if isinstance(value, str) else text_of(value)
    except ValueError as error:
        raise ValueError(f"{key} {error}") from error


def agree(grader: Grader, verdicts: Sequence[Graded]) -> Agreement:
    """Grade every distinct answer, and compare with the given verdicts.

    Raises:
        DataError: there is nothing to compare.
    """
    votes: dict[tuple[str, str, str], list[bool]] = {}
    for each in verdicts:
        votes.setdefault((each.question, each.target, each.answer), []).append(each.correct)
    queries = [Query(question=question, prompt=question, target=target) for question, target, _ in votes]
    grades = [verdict.grade for verdict in verdicts_of(grader, queries, [answer for _, _, answer in votes])]
    ours = {key: grade is Grade.CORRECT for key, grade in zip(votes, grades, strict=True) if grade is not Grade.UNKNOWN}
    theirs = {key: 2 * sum(votes[key]) > len(votes[key]) for key in ours}
    pairs = [(theirs[key], ours[key]) for key in ours]
    if not pairs:
        raise DataError("no answer has a verdict in the files and from the grader")
    kappa, interval = _kappa(pairs)
    return Agreement(
        n=len(verdicts),
        n_distinct=len(votes),
        n_contradicted=sum(0 < sum(each) < len(each) for each in votes.values()),
        n_unknown=len(votes) - len(ours),
        agreement=sum(there == here for there, here in pairs) / len(pairs),
        kappa=kappa,
        kappa_ci95=interval,
        both_correct=pairs.count((True, True)),
        both_wrong=pairs.count((False, False)),
        only_theirs=pairs.count((True, False)),
        only_ours=pairs.count((False, True)),
        biases=tuple(_biases(verdicts, ours)),
    )


def _kappa(pairs: Sequence[tuple[bool, bool]]) -> tuple[float, tuple[float, float]]:
    import numpy as np

    counts = [pairs.count(kind) for kind in ((True, True), (True, False), (False, True), (False, False))]
    drawn = np.random.default_rng(0).multinomial(len(pairs), np.array(counts) / len(pairs), size=RESAMPLES)
    low, high = np.quantile([cohen(*row) for row in drawn.tolist()], [0.025, 0.975])
    return cohen(*counts), (float(low), float(high))


def cohen(both: int, first: int, second: int, neither: int) -> float:
    """Cohen's kappa of a two-by-two table; 1 if agreement by chance would be certain."""
    n = both + first + second + neither
    agreed = (both + neither) / n
    chance = ((both + first) * (both + second) + (neither + first) * (neither + second)) / n**2
    return 1.0 if chance == 1 else (agreed - chance) / (1 - chance)


def _biases(verdicts: Sequence[Graded], ours: Mapping[tuple[str, str, str], bool]) -> Iterator[Bias]:
    for setting in dict.fromkeys(each.setting for each in verdicts):
        pairs = [
            (float(each.correct), float(ours[key]))
            for each in verdicts
            if each.setting == setting and (key := (each.question, each.target, each.answer)) in ours
        ]
        theirs, own = [there for there, _ in pairs], [here for _, here in pairs]
        found: Estimate | None = paired_difference(theirs, own)
        if found:
            yield Bias(
                setting=setting,
                theirs=sum(theirs) / len(theirs),
                ours=sum(own) / len(own),
                difference=found.mean,
                ci95=found.ci95,
                n=found.n,
            )
