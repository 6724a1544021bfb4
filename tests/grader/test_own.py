"""A grader of somebody's own: what it returns is checked where it is called, whatever calls it."""

from collections.abc import Callable
from typing import Any

import pytest

from seal.errors import RunError
from seal.grader import Grader, verdicts_of
from seal.settings import option
from seal.types import Grade, Query, Verdict
from tests.conftest import SMALL

QUERY = Query(question="?", prompt="?", target="a")
RIGHT = Verdict(grade=Grade.CORRECT, answer="a", grader="own")


@option
class Returning(Grader):
    """Returns the same, whatever it is asked."""

    what: Any

    def grade(self, *_: object) -> Any:
        return self.what


@option
class Doubting(Grader):
    """Answers yes or no."""

    normalize: bool

    def grade(self, queries: Any, *_: object) -> Any:
        return [False for _ in queries]


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ([], r"Returning\.grade returned 0 verdicts for 2 answers; it must return a list, one Verdict for each"),
        ([RIGHT] * 3, r"returned 3 verdicts for 2 answers"),
        (None, r"returned a NoneType for 2 answers"),
        ([RIGHT, True], r"returned True; it must return a Verdict\(grade=…, answer=…, grader=…\) for each"),
        (
            [RIGHT, Verdict(grade="wrong", answer="a", grader="own")],
            "gave the grade 'wrong'; it must be Grade.CORRECT, Grade",
        ),  # type: ignore[arg-type]
    ],
)
def test_what_is_not_one_verdict_an_answer_is_refused(returned: object, said: str) -> None:
    with pytest.raises(RunError, match=said):
        verdicts_of(Returning(what=returned), [QUERY, QUERY], ["a", "b"])
    assert verdicts_of(Returning(what=[RIGHT]), [QUERY], ["a"]) == [RIGHT]


def test_a_run_with_a_grader_that_gives_no_verdicts_ends_with_one_line(
    seal: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert seal("run", *SMALL, f"grader._target_={__name__}.Doubting") == 1
    assert "Doubting.grade returned False; it must return a Verdict" in capsys.readouterr().err
