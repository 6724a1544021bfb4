"""The report of a run: complete, safe to open, and true to the results."""

import csv
import json
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from seal.record_lines import to_line
from seal.report.closing import headline
from seal.report.console import print_summary
from seal.report.findings import read_findings
from seal.report.folder import write_report
from seal.store import Store
from seal.types import SelfEdit


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """A run that may be changed."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


def test_the_table_is_written_as_csv_with_every_number(run: Path) -> None:
    write_report(run)
    rows = list(csv.DictReader((run / "report/table.csv").open()))
    results = json.loads((run / "results.json").read_text())["table"]
    assert [row["setting"] for row in rows] == [row["setting"] for row in results]
    assert [float(row["accuracy"]) for row in rows] == [row["accuracy"] for row in results]


def test_published_numbers_stand_beside_the_measured_ones(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = json.loads((run / "results.json").read_text())
    results["published"] = {
        "source": "a paper [1]",
        "accuracy": {"base": 0.327, "round_1": 0.437, "passage_only": None},
    }
    (run / "results.json").write_text(json.dumps(results))
    write_report(run)
    print_summary(run)
    beside = {row["setting"]: row["published"] for row in csv.DictReader((run / "report/table.csv").open())}
    assert beside == {"base": "0.327", "passage_only": "", "self_edits_round_0": "", "round_1": "0.437"}
    page, said = (run / "report/index.html").read_text(), capsys.readouterr().out
    for shown in (page, said):
        assert "0.437" in shown
        assert "published: a paper [1]" in shown


def test_without_published_numbers_there_is_no_column_for_them(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_report(run)
    print_summary(run)
    assert "published" not in (run / "report/table.csv").read_text()
    assert "<th>published</th>" not in (run / "report/index.html").read_text()
    headings = next(line for line in capsys.readouterr().out.splitlines() if "accuracy " in line and "answers" in line)
    assert headings.split()[-1] == "unknown"


def test_the_report_says_where_the_passage_was_shown(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = json.loads((run / "results.json").read_text())
    (run / "results.json").write_text(json.dumps(results | {"passage_shown": True}))
    write_report(run)
    print_summary(run)
    assert "accuracy is measured with the context in the prompt" in (run / "report/index.html").read_text()
    said = capsys.readouterr().out
    assert "accuracy with the context in the prompt" in said
    assert "without the context" not in said


def test_the_page_of_a_run_without_an_inner_loop_says_nothing_of_training(run: Path) -> None:
    write_report(run)
    assert "untrained self-edits: trained on what" in (run / "report/index.html").read_text()
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["settings"]["inner"] = {"_target_": "seal.inner.none.NoAdaptation"}
    (run / "manifest.json").write_text(json.dumps(manifest))
    write_report(run)
    assert "untrained self-edits: trained on what" not in (run / "report/index.html").read_text()


def test_plots_are_pictures_of_a_size_one_can_read(run: Path) -> None:
    write_report(run)
    for name in ("accuracy", "styles"):
        with Image.open(run / f"report/{name}.png") as picture:
            assert min(picture.size) > 400


def addresses(page: str) -> list[str]:
    """Everything that the page would fetch or lead to."""
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            found.extend(value or "" for name, value in attributes if name in ("src", "href"))

    Reader().feed(page)
    return found


def test_the_page_stands_alone_and_shows_table_plots_and_examples(run: Path) -> None:
    write_report(run)
    page = (run / "report/index.html").read_text()
    n_pictures = len(list((run / "report").glob("*.png")))
    assert n_pictures >= 2
    assert sum(address.startswith("data:image/png;base64,") for address in addresses(page)) == n_pictures
    assert all(address.startswith("data:") for address in addresses(page))
    assert "untrained self-edits − passage only" in page
    assert f'<p class="headline">{headline(read_findings(run).results)}</p>' in page
    assert "recipe train, task facts, model tiny" in page
    assert "default-src 'none'" in page


def test_what_a_model_wrote_is_text_and_never_markup(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evil = "<script>alert(1)</script>\n[bold]no[/] [/x]"
    context = read_findings(run).examples[0].context.id
    key = f"round_0/{context}/0"
    lines = (run / "self_edits.jsonl").read_text().splitlines(keepends=True)
    (run / "self_edits.jsonl").write_text("".join(line for line in lines if f'"{key}"' not in line))
    edit = SelfEdit(context_id=context, index=0, text=evil, finished=True)
    Store(run).append("self_edits", {key: edit}, SelfEdit)
    write_report(run)
    page = (run / "report/index.html").read_text()
    assert "<script>" not in page
    assert r"\u003cscript\u003e" in page
    print_summary(run)
    assert "[bold]no[/] [/x]" in capsys.readouterr().out


def test_a_table_without_a_known_accuracy_still_makes_a_report(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = json.loads((run / "results.json").read_text())
    for row in results["table"]:
        row |= {"accuracy": None, "ci95": None, "n_contexts": 0, "n_unknown": row["n_queries"], "n_failed": 3}
    results["comparisons"] = []
    (run / "results.json").write_text(json.dumps(results))
    write_report(run)
    print_summary(run)
    said = capsys.readouterr().out
    assert "unknown" in said
    assert "round 1: 3 trainings or answers failed" in said


def test_examples_show_the_same_contexts_before_and_after(finished: Path) -> None:
    findings = read_findings(finished)
    assert len(findings.examples) == 3
    assert all(example.before and example.after for example in findings.examples)


def test_every_self_edit_is_in_the_attempts_and_rewards_are_those_of_the_results(run: Path) -> None:
    write_report(run)
    attempts = list(csv.DictReader((run / "report/attempts.csv").open()))
    recorded = [json.loads(line) for line in (run / "self_edits.jsonl").read_text().splitlines()]
    assert [row["text"] for row in attempts] == [record["value"]["text"] for record in recorded]
    rewards: dict[str, list[float]] = {}
    rows = list(csv.DictReader((run / "report/rewards.csv").open()))
    for row in rows:
        rewards.setdefault(row["context"], []).append(float(row["reward"]))
    found = json.loads((run / "results.json").read_text())["rounds"][0]
    assert len(rows) == found["n_attempts"]
    assert sum(row["kept"] == "True" for row in rows) == found["n_kept"]
    means = [sum(each) / len(each) for each in rewards.values()]
    assert sum(means) / len(means) == pytest.approx(found["mean_reward"])


def test_a_folder_of_somebody_else_makes_no_class_but_seals_own(run: Path) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["settings"]["self_edit"] = {"_target_": "subprocess.Popen", "args": ["touch", str(run / "harmed")]}
    (run / "manifest.json").write_text(json.dumps(manifest))
    write_report(run)
    assert not (run / "harmed").exists()
    assert '"n_sequences":0' in (run / "report/index.html").read_text()


def test_the_console_names_a_puzzle_instead_of_printing_its_grids(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records = [json.loads(line) for line in (run / "contexts.jsonl").read_text().splitlines()]
    pair = {"input": [[1, 2]], "output": [[2, 1]]}
    for record in records:
        record["value"]["text"] = json.dumps({"train": [pair, pair], "test": [{"input": [[3, 4]]}]})
    lines = [to_line(record["key"], record["value"]) for record in records]
    (run / "contexts.jsonl").write_text("".join(lines))
    print_summary(run)
    said = capsys.readouterr().out
    assert "a puzzle with 2 demonstrations and 1 to be solved" in said
    assert "[[" not in said
