"""The report of a run: complete, safe to open, and true to the results."""

import csv
import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from seal.authorship import Author
from seal.folder.record_lines import to_line
from seal.folder.results_file import read_results, write_results
from seal.folder.run_files import read_manifest
from seal.folder.store import Store
from seal.report.closing import headline
from seal.report.console import print_summary
from seal.report.findings import read_findings
from seal.report.folder import write_report
from seal.stats.results import Results
from seal.stats.transfer import LearnedSequence, matrix
from seal.types import SelfEdit
from tests.report.values import CURVE, ROUNDS, TUNED, results, row


@pytest.fixture
def run(finished_matched: Path, tmp_path: Path) -> Path:
    """A run that may be changed."""
    return Path(shutil.copytree(finished_matched, tmp_path / "run"))


def test_the_table_is_written_as_csv_with_every_number(run: Path) -> None:
    write_report(run)
    rows = list(csv.DictReader((run / "report/table.csv").open()))
    table = json.loads((run / "results.json").read_text())["table"]
    assert [each["setting"] for each in rows] == [each["setting"] for each in table]
    assert [float(each["accuracy"]) for each in rows] == [each["accuracy"] for each in table]


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
    assert {setting: number for setting, number in beside.items() if number} == {"base": "0.327", "round_1": "0.437"}
    page, said = (run / "report/index.html").read_text(), capsys.readouterr().out
    for shown in (page, said):
        assert "0.437" in shown
        assert "published: a paper [1]" in shown


def test_without_published_numbers_there_is_no_column_for_them(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_report(run)
    print_summary(run)
    assert "published" not in (run / "report/table.csv").read_text()
    assert "<th>published</th>" not in (run / "report/index.html").read_text()
    headings = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("setting"))
    assert headings.split()[-1] == "seconds"


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


def test_no_place_calls_the_self_edits_of_others_those_of_the_untrained_policy(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = read_results(run)
    page = with_results(run, replace(found, author=Author(by="recording", name="base.jsonl")))
    print_summary(run)
    said = capsys.readouterr().out
    shown = re.sub(r"<script.*?</script>|round_0: [^<]*", "", page, flags=re.DOTALL).partition("Where the time went")[0]
    for text in (said, shown):
        assert "untrained" not in text
        assert "recorded self-edits" in text
    assert "trained on self-edits recorded in base.jsonl" in shown
    assert "what the model wrote" not in shown


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
    assert f'<p class="headline">{headline(read_findings(run).results, read_manifest(run)["settings"])}</p>' in page
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
    for each in results["table"]:
        each |= {"accuracy": None, "ci95": None, "n_contexts": 0, "n_unknown": each["n_queries"], "n_failed": 3}
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
    for each in rows:
        rewards.setdefault(each["context"], []).append(float(each["reward"]))
    found = json.loads((run / "results.json").read_text())["rounds"][0]
    assert len(rows) == found["n_attempts"]
    assert sum(each["kept"] == "True" for each in rows) == found["n_kept"]
    means = [sum(those) / len(those) for those in rewards.values()]
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


def with_results(run: Path, found: Results) -> str:
    """The page of a run that found something else."""
    write_results(Store(run), found)
    write_report(run)
    return (run / "report/index.html").read_text()


def section(page: str, heading: str) -> str:
    """From its heading to the next one; empty where there is none."""
    return page.partition(f"<h2>{heading}</h2>")[2].partition("<h2>")[0]


def test_the_page_subordinates_matched_rows_and_says_what_they_are(run: Path) -> None:
    table = section(with_results(run, results()), "Accuracy")
    assert table.count('<tr class="matched">') == 3
    assert "<th>tokens</th><th>updates</th><th>seconds</th>" in table
    assert "<td>10,107</td><td>40</td><td>10.1</td>" in table
    assert "An indented row is trained for as many tokens as the setting above it." in table
    assert "These were not tuned for each setting." in table
    assert "no row is matched" not in table


def test_without_matched_rows_the_page_and_the_console_warn(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = Results(table=tuple(row for row in ROUNDS if not row.matched_to))
    assert "A difference may be due to more training." in section(with_results(run, own), "Accuracy")
    print_summary(run)
    said = " ".join(capsys.readouterr().out.split())
    assert "note: The settings were not trained on equally many tokens, and no row is matched." in said


def test_kinds_curves_and_tuned_settings_have_their_sections(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = with_results(run, replace(results(), curves=(CURVE,), tuned=(TUNED,)))
    kinds = section(page, "By kind of question")
    assert "<th>multi hop<br><small>48 questions</small></th>" in kinds
    assert kinds.count("<td>0.250<br><small>0.200 to 0.300</small></td>") == 2 * len(ROUNDS)
    curves = section(page, "Accuracy against training")
    assert 'alt="curves"' in curves
    assert "<td>passage only</td><td>10</td><td>400</td>" in curves
    assert "<td>passage only</td><td>0.002</td><td>40</td><td>12</td>" in section(page, "Tuned settings")
    assert "not tuned for each setting" not in page
    assert page.count('alt="curves"') == 1
    print_summary(run)
    said = " ".join(capsys.readouterr().out.split())
    assert "tuned for passage only: learning rate 0.002, 40 epochs, the best of 12 on 24 training contexts" in said
    assert "accuracy by kind of question (means)" in said


def test_results_that_know_no_tokens_have_none_of_these(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = with_results(run, Results(table=(row("base", 0.1), row("self_edits_round_0", 0.3))))
    assert "<th>tokens</th>" not in page
    for heading in ("By kind of question", "Accuracy against training", "Tuned settings"):
        assert section(page, heading) == ""
    print_summary(run)
    assert "tokens" not in capsys.readouterr().out.partition("setting  ")[2]


def test_unknown_answers_are_a_note_and_failures_have_columns(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = with_results(run, replace(results(), table=(*ROUNDS[:-1], replace(ROUNDS[-1], n_unknown=3))))
    assert "<th>unknown</th>" in page
    assert "<th>failed</th>" not in page
    print_summary(run)
    assert "note: unknown answers, left out of the accuracy: round 1 3" in capsys.readouterr().out


def test_what_is_kept_of_the_passages_alone_has_a_table_of_its_own(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept, alone = (
        matrix([LearnedSequence(base=(0.0, 0.0), after=((high,), (high, high)))] * 2) for high in (0.5, 0.25)
    )
    page = with_results(run, Results(table=(), continual=kept, continual_matched=alone))
    shown = section(page, "One passage after another")
    assert "The same with the passages alone, each trained for as long as its self-edits:" in shown
    assert "<td>0.250</td>" in shown
    print_summary(run)
    said = capsys.readouterr().out
    title = "what is kept of the passages alone, trained for as long as the self-edits"
    assert said.index("what is kept") < said.index(title)
    assert "0.250" in said[said.index(title) :]


def test_examples_are_about_measured_contexts(run: Path) -> None:
    """Where settings are tuned, all policies write about training contexts too."""
    last = read_findings(run).examples[-1].context.id
    found = replace(read_findings(run).results, scores={"base": {last: 1.0}})
    with_results(run, found)
    assert read_findings(run).examples[0].context.id == last
