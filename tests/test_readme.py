"""The README's own example of a format and CONTRIBUTING's of a grader, as a reader would use them."""

import re
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from tests.conftest import ROOT

Seal = Callable[..., int]


def test_a_format_from_anywhere_is_read_as_the_readme_says(
    seal: Seal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = (ROOT / "README.md").read_text()
    [code] = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    assert code.count("\n") < 30
    (tmp_path / "once.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    [shown, run] = re.findall(r"^    PYTHONPATH=\. seal (.*)$", readme, re.MULTILINE)
    assert seal(*shown.split()) == 0
    assert "no line has at most" not in capsys.readouterr().out, "the shipped model writes such lines"
    assert seal("check", *run.split()[1:]) == 0
    (tmp_path / "example.txt").write_text("Kelham is old.\nKelham is old.\nIt is far.\n" + "and so on " * 5)
    assert seal(*shown.split(), "--text", "example.txt") == 0
    said = capsys.readouterr().out
    assert "2 training sequences" in said
    assert "and so on" not in said.partition("2 training sequences")[2]


def test_a_grader_from_anywhere_is_made_as_contributing_says(
    seal: Seal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    [code] = re.findall(r"\n\n( {7}from .*?)\n2\.", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)
    (tmp_path / "mine.py").write_text(dedent(code))
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "conf/grader").mkdir(parents=True)
    (tmp_path / "conf/grader/caseless.yaml").write_text("_target_: mine.Caseless\n")
    votes = "".join(
        f'{{"question": "?", "target": "Mill", "answer": "{answer}", "correct": {correct}}}\n'
        for answer, correct in (("mill", "true"), ("mills", "false"))
    )
    (tmp_path / "votes.jsonl").write_text(votes)
    for chosen in (
        ["grader=caseless", "hydra.searchpath=[file://conf]"],
        ["grader._target_=mine.Caseless", "~grader.normalize"],
    ):
        assert seal("agreement", "votes.jsonl", *chosen, "--json") == 0
        assert '"agreement": 1.0' in capsys.readouterr().out
