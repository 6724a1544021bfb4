"""How far a grader agrees with others."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from seal.errors import DataError
from seal.grader.exact import Exact
from seal.grader.lexical import Lexical
from seal.released.verdicts import Graded, agree, cohen, read_verdicts


def graded(target: str, answer: str, correct: bool, setting: str = "s") -> Graded:
    return Graded(question="?", target=target, answer=answer, correct=correct, setting=setting)


def test_kappa_is_cohen_s() -> None:
    assert cohen(20, 5, 10, 15) == pytest.approx(0.4)  # the textbook's example
    assert cohen(10, 0, 0, 10) == 1.0
    assert cohen(5, 5, 5, 5) == 0.0
    assert cohen(10, 0, 0, 0) == 1.0


def test_agreement_is_counted_on_distinct_answers_and_bias_on_all() -> None:
    verdicts = [
        graded("a", "a", True),
        graded("a", "a", True),
        graded("b", "b", False),
        graded("c", "x", True),
        graded("d", "y", False, "t"),
    ]
    found = agree(Exact(normalize=True), verdicts)
    assert (found.n, found.n_distinct) == (5, 4)
    assert (found.both_correct, found.both_wrong, found.only_theirs, found.only_ours) == (1, 1, 1, 1)
    assert (found.agreement, found.kappa) == (0.5, 0.0)
    assert {bias.setting: (bias.n, bias.difference) for bias in found.biases} == {"s": (4, 0.0), "t": (1, 0.0)}


def test_an_answer_judged_both_ways_is_counted_and_the_majority_holds() -> None:
    verdicts = [graded("a", "a", True), graded("a", "a", True), graded("a", "a", False)]
    found = agree(Exact(normalize=True), verdicts)
    assert (found.n_contradicted, found.both_correct) == (1, 1)


def test_lexical_agrees_with_the_published_verdicts_as_its_documentation_says(reference: Path) -> None:
    files = sorted((reference / "knowledge").glob("rewards_*.json"))
    found = agree(Lexical(min_recall=0.75), [one for file in files for one in read_verdicts(file)])
    assert found.agreement == pytest.approx(0.87, abs=0.002)
    assert found.kappa == pytest.approx(0.71, abs=0.005)
    assert found.kappa_ci95[0] < found.kappa < found.kappa_ci95[1]
    assert all(-0.10 < bias.difference < -0.03 for bias in found.biases)


def test_verdicts_may_be_lines_with_either_name(tmp_path: Path) -> None:
    rows = [
        {"question": "?", "target": "a", "answer": "a", "correct": True},
        {"question": "?", "gold": "b", "prediction": "x", "correct": False},
    ]
    (tmp_path / "v.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert [(one.target, one.correct) for one in read_verdicts(tmp_path / "v.jsonl")] == [("a", True), ("b", False)]


@pytest.mark.parametrize(
    "line",
    ["{", '{"question": "?"}', '{"question": "?", "target": "a", "answer": "a", "correct": 1}', "[" * 100_000, "[3]"],
)
def test_a_faulty_line_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "v.jsonl").write_text(line + "\n")
    with pytest.raises(DataError, match="line 1 needs question, target, answer and correct"):
        read_verdicts(tmp_path / "v.jsonl")


@pytest.mark.parametrize("value", ["null", "NaN", '["a"]', '{"text": "a"}', "Infinity"])
@pytest.mark.parametrize("key", ["question", "target", "answer"])
def test_a_value_that_is_no_text_is_a_fault_with_its_line_and_key(tmp_path: Path, key: str, value: str) -> None:
    row = {"question": '"?"', "target": '"a"', "answer": '"a"', "correct": "true", key: value}
    (tmp_path / "v.jsonl").write_text("{" + ", ".join(f'"{name}": {each}' for name, each in row.items()) + "}\n")
    with pytest.raises(DataError, match=f"line 1 needs .*{key} is "):
        read_verdicts(tmp_path / "v.jsonl")


def test_numbers_are_taken_as_texts(tmp_path: Path) -> None:
    (tmp_path / "v.jsonl").write_text('{"question": "?", "target": 1990.0, "answer": 1.50, "correct": false}\n')
    [graded] = read_verdicts(tmp_path / "v.jsonl")
    assert (graded.target, graded.answer) == ("1990", "1.50")


def test_the_command_measures_any_grader(seal: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    row = {"question": "?", "target": "New York", "answer": "in New York", "correct": True}
    Path("v.jsonl").write_text(json.dumps(row) + "\n")
    for grader, expected in (("exact", 0.0), ("lexical", 1.0)):
        assert seal("agreement", "v.jsonl", f"grader={grader}", "--json") == 0
        assert json.loads(capsys.readouterr().out)["agreement"] == expected
    assert seal("agreement", "v.jsonl") == 0
    assert "Cohen's kappa" in capsys.readouterr().out
    assert seal("agreement", "nothing.jsonl") == 2
    assert seal("agreement", "v.jsonl", "grader=lexicl") == 2
    assert "did you mean 'lexical'?" in capsys.readouterr().err


def test_a_file_without_questions_beside_the_answers_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "corpus.json"
    path.write_text('{"server_reply": {}}')
    with pytest.raises(DataError, match=r"corpus\.json has no articles"):
        read_verdicts(path)
