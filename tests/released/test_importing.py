"""`seal import` and `seal compare`: released results, read as runs, beside each other."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.released.test_articles import document, question

Seal = Callable[..., int]


MATRIX = {"std_over_sequences": [[0], [0]], "n_sequences": 3, "n_datapoints": 1}


def write(name: str, content: object) -> str:
    Path(name).write_text(json.dumps(content))
    return name


def passages(*rights: bool, setting: str = "A fact.") -> dict[str, Any]:
    """One passage for each, with one question, answered right or not."""
    articles = [
        {
            "title": f"T{number // 2}",
            "context": f"C{number}.",
            "completions": [{"text": setting, "questions": [question(0, False, right, number)]}],
        }
        for number, right in enumerate(rights)
    ]
    return {"overall": {"adapter_mean_accuracy": round(sum(rights) / len(rights), 4)}, "articles": articles}


def test_an_imported_file_is_a_run_that_status_and_report_read(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    assert seal("import", write("mine.json", passages(True, False)), "--name", "theirs") == 0
    said = capsys.readouterr().out
    assert "the published summary matches the file's own verdicts" in said
    assert "recorded self-edits" in said
    assert "untrained" not in said
    run = Path("outputs/theirs")
    table = {row["setting"]: row["accuracy"] for row in json.loads((run / "results.json").read_text())["table"]}
    assert table == {"base": 0.0, "self_edits_round_0": 0.5}
    assert list(json.loads((run / "manifest.json").read_text())["imported"]) == ["mine.json"]
    for command in ("status", "report"):
        assert seal(command, "theirs") == 0
    assert (run / "report/index.html").exists()


def test_a_round_with_several_self_edits_shows_what_there_was_to_choose_from(seal: Seal) -> None:
    several = document()
    completion = several["articles"][0]["completions"][0]
    several["articles"][0]["completions"] = [completion, completion]
    assert seal("import", write("round.json", several)) == 0
    [turn] = json.loads(Path("outputs/round/results.json").read_text())["rounds"]
    assert turn["selection"]["n_tied_at_top"] == 1


def test_of_an_imported_round_nobody_says_that_nothing_was_learned(
    seal: Seal, capsys: pytest.CaptureFixture[str]
) -> None:
    several = document()
    several["articles"][0]["completions"] *= 2
    assert seal("import", write("round.json", several)) == 0
    [turn] = json.loads(Path("outputs/round/results.json").read_text())["rounds"]
    assert turn["n_kept"] is None
    page = Path("outputs/round/report/index.html").read_text()
    assert "<td>1</td><td>2</td><td>unknown</td><td>0</td>" in page
    assert "nothing was learned" not in capsys.readouterr().out + page


def test_two_runs_are_compared_on_what_both_were_asked(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    seal("import", write("a.json", passages(False, False, True, False)))
    seal("import", write("b.json", passages(True, True, True, False, True)))
    capsys.readouterr()
    assert seal("compare", "a", "b", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    by_setting = {one["second"]: one for one in found["comparisons"]}
    assert by_setting["self_edits_round_0"]["difference"] == 0.5
    assert by_setting["self_edits_round_0"]["ci95_titles"] is not None
    assert by_setting["base"]["difference"] == 0.0
    assert (found["n_shared"], found["n_only_first"], found["n_only_second"]) == (4, 0, 1)
    assert Path(found["plot"]).stat().st_size > 5_000
    assert seal("compare", "a", "b", "--settings", "base:self_edits_round_0") == 0
    said = capsys.readouterr().out
    assert "b − a" in said
    assert "+0.750" in said


def test_real_runs_are_compared_too(seal: Seal, finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert seal("compare", str(finished), str(finished), "--json") == 0
    assert {one["difference"] for one in json.loads(capsys.readouterr().out)["comparisons"]} == {0.0}


def test_what_cannot_be_compared_is_said(seal: Seal, finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seal("import", write("a.json", passages(True, False)))
    assert seal("compare", "a", str(finished)) == 2
    assert "were asked about no common context with the same questions" in capsys.readouterr().err
    assert seal("compare", "a", "a", "--settings", "base:nothing") == 2
    assert "has no setting 'nothing'; it has base, self_edits_round_0" in capsys.readouterr().err
    assert seal("compare", "a", "a", "--settings", "base") == 2
    assert seal("compare", "a", "nothing") == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([1, 2], "it holds a list, not an object"),
        ({"rows": []}, "is not a results file that SEAL knows"),
        ({"server_reply": {}}, "name the file of its passages with --contexts FILE"),
        ({"articles": 3, "overall": {}}, "is not a published evaluation"),
        ({"articles": [], "overall": {}}, "is not a published evaluation"),
        ({"articles": [{"title": "T", "context": "C", "completions": []}], "overall": {}}, "articles.0.completions"),
        ({"mean_over_sequences": [[2]], **MATRIX}, "mean_over_sequences.0.0: Input should be less than or equal to 1"),
        ({"mean_over_sequences": [[float("nan")], [0]], **MATRIX}, "mean_over_sequences.0.0"),
    ],
)
def test_a_file_that_is_nothing_of_the_kind_is_refused(
    seal: Seal, capsys: pytest.CaptureFixture[str], content: object, said: str
) -> None:
    assert seal("import", write("x.json", content)) == 2
    assert said in capsys.readouterr().err
    assert not Path("outputs/x").exists()


def test_what_is_nested_without_end_is_refused(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    deep = Path("deep.json")
    deep.write_text("[" * 100_000)
    assert seal("import", "deep.json") == 2
    assert "cannot read deep.json" in capsys.readouterr().err
    assert seal("import", write("x.json", {"server_reply": {}}), "--contexts", "deep.json") == 2
    assert "--contexts: deep.json is not a list of rows" in capsys.readouterr().err


def test_nothing_is_overwritten(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    for expected in (0, 2):
        assert seal("import", write("a.json", passages(True, False))) == expected
    assert "outputs/a is not empty: choose another name" in capsys.readouterr().err


def test_published_matrices_are_pooled_and_their_summary_checked(
    seal: Seal, reference: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert seal("import", str(reference / "knowledge/continual"), "--json") == 0
    found = json.loads(capsys.readouterr().out)["continual"]
    assert found["n_sequences"] == 64
    assert found["after"][0][0]["mean"] == pytest.approx(0.3825, abs=1e-4)


def forgetting(*, n_sequences: int, first: float = 0.2, deviation: float = 0.1) -> dict[str, Any]:
    """Two passages; what was not asked is published as 0."""
    means = [[first, 0.1], [0.5, 0.0], [0.4, 0.6]]
    deviations = [[deviation, 0.1], [0.1, 0.0], [0.1, 0.1]]
    numbers = {"n_sequences": n_sequences, "n_datapoints": 2}
    return {"mean_over_sequences": means, "std_over_sequences": deviations, **numbers}


def test_forgetting_matrices_become_one_run_over_all_their_sequences(seal: Seal) -> None:
    write("a.json", forgetting(n_sequences=4))
    write("b.json", forgetting(n_sequences=4, first=0.4))
    write("both.json", forgetting(n_sequences=8, first=0.3))
    assert seal("import", "a.json", "b.json", "both.json", "--name", "pooled") == 0
    found = json.loads(Path("outputs/pooled/results.json").read_text())
    matrix = found["continual"]
    assert matrix["n_sequences"] == 8
    base, other = matrix["base"]
    assert base["mean"] == pytest.approx(0.3)
    assert base["deviation"] == pytest.approx(((0.1**2 + 0.1**2) * 8 / 7) ** 0.5)  # within runs and between them
    assert other["deviation"] == pytest.approx(0.1 * (8 / 7) ** 0.5)
    assert matrix["after"][0][1] is None
    assert matrix["measures"]["backward_transfer"]["mean"] == pytest.approx(-0.1)
    assert "both.json" in found["notes"][1]
    assert Path("outputs/pooled/report/matrix.png").exists()


def test_runs_over_sequences_of_other_lengths_are_not_pooled(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    Path("runs").mkdir()
    two = {"std_over_sequences": [[0, 0]] * 3, "n_sequences": 3, "n_datapoints": 2}
    write("runs/a.json", {"mean_over_sequences": [[0], [1]], **MATRIX})
    write("runs/b.json", {"mean_over_sequences": [[0, 0]] * 3, **two})
    assert seal("import", "runs") == 2
    assert "cannot be pooled: a.json 1, b.json 2" in capsys.readouterr().err


def test_a_summary_of_forgetting_that_the_runs_do_not_give_is_refused(
    seal: Seal, capsys: pytest.CaptureFixture[str]
) -> None:
    write("a.json", forgetting(n_sequences=4))
    write("b.json", forgetting(n_sequences=4))
    write("both.json", forgetting(n_sequences=8, deviation=0.3))
    assert seal("import", "a.json", "b.json", "both.json") == 2
    assert (
        "both.json contradicts the runs: std_over_sequences[0][0] is 0.3, but they give 0.1000"
        in capsys.readouterr().err
    )
