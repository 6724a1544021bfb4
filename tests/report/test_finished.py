"""The results of finished runs, with who wrote their self-edits."""

import json
from pathlib import Path

import pytest

from seal.authorship import UNTRAINED, Author
from seal.config import loading
from seal.folder.results_file import write_results
from seal.folder.store import Store
from seal.report.finished import read_finished
from seal.stats.results import Results

RECORDED = ("self_edit=recorded", "self_edit.path=kept/base.jsonl")
SERVED = ("engine@writer=openai", "writer.endpoint.model=gpt")


def run_without_author(folder: Path, *overrides: str, **facts: object) -> Path:
    """As a version left it that did not note who wrote."""
    _, settings = loading.load(["recipe=evaluate", *overrides])
    manifest = {"seal": "0.1", "started": "", "settings": settings, "git": None, "data": {}} | facts
    (folder / "manifest.json").write_text(json.dumps(manifest, default=str))
    write_results(Store(folder), Results(table=()))
    return folder


@pytest.mark.parametrize(
    ("overrides", "author"),
    [
        ((), UNTRAINED),
        (RECORDED, Author(by="recording", name="base.jsonl")),
        (SERVED, Author(by="model", name="gpt")),
        (("model=local", "model.path=outputs/demo/policies/round_1"), Author(name="demo/round_1")),
    ],
)
def test_the_author_of_an_older_run_is_read_from_its_settings(
    tmp_path: Path, overrides: tuple[str, ...], author: Author
) -> None:
    assert read_finished(run_without_author(tmp_path, *overrides)).author == author


def test_an_older_import_is_a_recording(tmp_path: Path) -> None:
    run = run_without_author(tmp_path, imported={"rewards.json": "0" * 64})
    assert read_finished(run).author == Author(by="recording", name="rewards.json")


@pytest.mark.parametrize("manifest", ["{}", None])
def test_results_without_a_readable_manifest_are_read_all_the_same(tmp_path: Path, manifest: str | None) -> None:
    write_results(Store(tmp_path), Results(table=()))
    if manifest:
        (tmp_path / "manifest.json").write_text(manifest)
    assert read_finished(tmp_path).author == UNTRAINED


def test_results_that_name_an_author_are_believed_and_others_do_not_mention_one(tmp_path: Path) -> None:
    run = run_without_author(tmp_path, *RECORDED)
    assert "author" not in (run / "results.json").read_text()
    noted = Author(by="model", name="gpt")
    write_results(Store(run), Results(table=(), author=noted))
    assert read_finished(run).author == noted
