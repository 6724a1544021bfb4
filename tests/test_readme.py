"""The documentation's own examples, as a reader would use them, and its links."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from tests.conftest import ROOT

Seal = Callable[..., int]

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
EXTENDING = (ROOT / "docs/extending.md").read_text()
MOST_WORDS = 1200
"""Of the README, code blocks included."""


def files_of(page: str) -> dict[str, str]:
    """Every code block of a page that names its file in its first line, by that name."""
    return dict(re.findall(r"^```(?:python|yaml)\n# (\S+)\n(.*?)^```", page, re.DOTALL | re.MULTILINE))


def commands_of(page: str) -> list[list[str]]:
    """The arguments of every command of a page that finds classes in the working folder."""
    return [shlex.split(line) for line in re.findall(r"^    PYTHONPATH=\. seal (.*)$", page, re.MULTILINE)]


@pytest.fixture
def in_a_folder_with_the_examples(seal: Seal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Seal:
    """The command line in a folder with all example files of docs/extending.md."""
    for name, content in files_of(EXTENDING).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    monkeypatch.syspath_prepend(tmp_path)
    return seal


def test_a_format_from_anywhere_is_read_as_the_page_on_extending_says(
    in_a_folder_with_the_examples: Seal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seal = in_a_folder_with_the_examples
    assert files_of(EXTENDING)["once.py"].count("\n") < 30
    [shown] = [command for command in commands_of(EXTENDING) if command[0] == "show"]
    assert seal(*shown) == 0
    assert "no line has at most" not in capsys.readouterr().out, "the shipped model writes such lines"
    (tmp_path / "example.txt").write_text("Kelham is old.\nKelham is old.\nIt is far.\n" + "and so on " * 5)
    assert seal(*shown, "--text", "example.txt") == 0
    said = capsys.readouterr().out
    assert "2 training sequences" in said
    assert "and so on" not in said.partition("2 training sequences")[2]


@pytest.mark.parametrize(
    "example",
    ["folder_of_notes", "once", "concise", "advantage", "better_of_two", "first_word", "program", "when_idle"],
)
def test_an_example_of_the_page_on_extending_is_accepted_by_each_of_its_commands(
    example: str, in_a_folder_with_the_examples: Seal, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    for number in range(4):
        (notes / f"{number}.txt").write_text(f"Mill {number} lies on the Rhee.")
        (notes / f"{number}.tsv").write_text("Which river?\tthe Rhee\n")
    chosen = re.compile(rf"\w=(?:{example}\.\w+|{example})$")
    commands = [each for each in commands_of(EXTENDING) if each[0] == "run" and any(map(chosen.search, each))]
    assert commands
    for command in commands:
        assert in_a_folder_with_the_examples("check", *command[1:]) == 0


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


def test_the_readme_stays_short() -> None:
    assert len((ROOT / "README.md").read_text().split()) <= MOST_WORDS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_to_a_file_and_a_heading(page: Path) -> None:
    lost = [link for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()) if not leads_somewhere(page, link)]
    assert lost == []


def leads_somewhere(page: Path, link: str) -> bool:
    """Whether a link inside the project has its file and heading; others are not looked at."""
    if "://" in link:
        return True
    file, _, anchor = link.partition("#")
    target = page.parent / file if file else page
    return target.exists() and (not anchor or anchor in anchors_of(target.read_text()))


def anchors_of(page: str) -> set[str]:
    """The names that headings are linked by."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", page, flags=re.DOTALL | re.MULTILINE), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
