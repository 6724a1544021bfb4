"""Small values for tests, written in one line."""

from dataclasses import replace

from seal.types import (
    Attempt,
    Context,
    Evaluation,
    Failure,
    Grade,
    Invalid,
    Plan,
    Query,
    SelfEdit,
    TrainingSequence,
    Verdict,
)

GRADES = {"c": Grade.CORRECT, "w": Grade.WRONG, "?": Grade.UNKNOWN}


def evaluation(grades: str) -> Evaluation:
    """One verdict a letter: c correct, w wrong, ? unknown."""
    verdicts = tuple(Verdict(grade=GRADES[letter], answer="", grader="test") for letter in grades)
    return Evaluation(seed=0, training=None, verdicts=verdicts)


def context(name: str, n_queries: int = 2) -> Context:
    query = Query(question="?", prompt="?", target="!")
    return Context(id=name, title=name, text=f"About {name}.", queries=(query,) * n_queries)


def attempt(
    name: str,
    index: int,
    reward: float | None,
    *,
    baseline: str = "ww",
    text: str = "text",
    evaluations: tuple[Evaluation | Failure, ...] = (),
    plan: Plan | Invalid | None = None,
) -> Attempt:
    return Attempt(
        context=context(name),
        self_edit=SelfEdit(context_id=name, index=index, text=text, finished=True),
        plan=plan or Plan(sequences=(TrainingSequence(text="x"),)),
        baseline=evaluation(baseline),
        evaluations=evaluations,
        reward=reward,
    )


FAILED = Failure(reason="nobody answered")


def tried(baseline: Evaluation | Failure, *evaluations: Evaluation | Failure) -> Attempt:
    """An attempt of whose context the unadapted model was asked with this result, and each repeat with one of those."""
    return replace(attempt("a", 0, None), baseline=baseline, evaluations=evaluations)
