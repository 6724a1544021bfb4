"""Whatever names, ids, records and links say, nothing is written outside of a run's folder."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seal.base.paths import LONGEST_BYTES, fault_of_name, inside, refuse_links_out, shortened
from seal.errors import UsageError
from seal.folder.store import Store
from seal.report.folder import picture_name
from seal.work.keeping import folder_name
from tests.conftest import SMALL

Seal = Callable[..., int]
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=400) | st.sampled_from(
    [
        *(
            "",
            ".",
            "..",
            "/",
            "../../x",
            "/etc/passwd",
            "a/../../b",
            "\0",
            "a\0b",
            "\ud800",
            "~",
            "con",
            "-rf",
            "..\\x",
        ),
        *(".hidden", "a\nb", "%2e%2e%2f", "名/前", "x" * 5000, "字" * 300, "😀" * 300),
    ]
)


def is_one_part(name: str) -> bool:
    return (
        name not in ("", ".", "..") and "/" not in name and "\0" not in name and len(os.fsencode(name)) <= LONGEST_BYTES
    )


@given(ANY_TEXT, st.integers(0, 10**6))
def test_an_id_of_whatever_characters_becomes_one_part_of_a_path(text: str, index: int) -> None:
    for name in (f"{folder_name(text, index)}.draft", picture_name(text)):
        assert is_one_part(name)


@given(ANY_TEXT, ANY_TEXT)
def test_different_ids_never_become_the_same(one: str, other: str) -> None:
    assert (folder_name(one, 0) == folder_name(other, 0)) == (one == other)
    assert (picture_name(one) == picture_name(other)) == (one == other)
    assert (shortened(one) == shortened(other)) == (one == other)


@given(ANY_TEXT)
def test_a_name_that_is_accepted_lies_inside(name: str) -> None:
    outputs = Path("/some/outputs")
    if fault_of_name(name) is None:
        assert outputs in Path(os.path.normpath(outputs / name)).parents
        assert all(is_one_part(part) for part in Path(name).parts)


@pytest.mark.parametrize("name", ["run", "a/b", "größe=1,x=[2]", "sweep/inner.rank=8"])
def test_ordinary_names_are_accepted(name: str) -> None:
    assert fault_of_name(name) is None


@pytest.mark.parametrize("name", ["../x", "/tmp/x", "..", ".", "a/../../x", "x" * 300, "a\tb"])
@pytest.mark.parametrize("command", ["run", "import"])
def test_a_run_lies_inside_the_folder_of_runs(
    seal: Seal, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, name: str
) -> None:
    os.chdir(_deep(tmp_path))
    if command == "run":
        assert seal("run", *SMALL, f"name='{name}'") == 2
    else:
        Path("theirs.json").write_text("{}")
        assert seal("import", "theirs.json", "--name", name) == 2
    assert "does not lead to a folder inside outputs" in capsys.readouterr().err
    assert [path.name for path in tmp_path.rglob("*") if path.name not in ("a", "b", "theirs.json")] == []


def _deep(folder: Path) -> Path:
    """So that what escapes by two steps is seen."""
    deep = folder / "a" / "b"
    deep.mkdir(parents=True)
    return deep


@pytest.mark.parametrize("name", ["../kept", "/kept", "policies/../../kept", "linked/kept", ".", ""])
def test_a_record_cannot_have_anything_deleted_or_written_outside(tmp_path: Path, name: str) -> None:
    run, elsewhere = tmp_path / "run", tmp_path / "elsewhere"
    for folder in (run, elsewhere / "kept", tmp_path / "kept"):
        folder.mkdir(parents=True)
    (run / "linked").symlink_to(elsewhere)
    (run / "records.jsonl").touch()
    store = Store(run)
    for do in (lambda: store.discard(name), lambda: store.write(name, "x"), lambda: store.draft_of(name).__enter__()):
        with pytest.raises(UsageError, match="as a part of itself, but that is outside"):
            do()
    assert (elsewhere / "kept").is_dir()
    assert (tmp_path / "kept").is_dir()
    assert (run / "records.jsonl").exists()
    assert inside(run, "policies/round_1") == run / "policies" / "round_1"


@pytest.mark.parametrize(
    "link", ["report", "report/index.html", "report/accuracy.png", "run.lock", "metrics.jsonl", "tensorboard"]
)
def test_nothing_is_written_through_a_link_that_leads_out(
    seal: Seal, finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], link: str
) -> None:
    run, precious = tmp_path / "outputs" / "tiny", tmp_path / "precious"
    shutil.copytree(finished, run)
    precious.mkdir()
    (precious / "file").write_text("mine")
    path = run / link
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.symlink_to(precious if link in ("report", "tensorboard") else precious / "file")
    for command in (("report", "tiny"), ("log", "tiny", "--to", "tensorboard"), ("run", *SMALL)):
        assert seal(*command) == 2
        assert f"{link} is a link that leads out of the run's folder, to {precious}" in capsys.readouterr().err
    assert seal("status", "tiny") == 0
    assert [file.name for file in precious.iterdir()] == ["file"]
    assert (precious / "file").read_text() == "mine"


def test_links_inside_a_run_and_to_a_run_are_fine(tmp_path: Path) -> None:
    (tmp_path / "scratch" / "run" / "report").mkdir(parents=True)
    (tmp_path / "scratch" / "run" / "report" / "latest").symlink_to("index.html")
    (tmp_path / "run").symlink_to(tmp_path / "scratch" / "run")
    refuse_links_out(tmp_path / "run")
    assert Store(tmp_path / "run").write("results.json", "{}").read_text() == "{}"


def test_a_file_whose_own_name_leads_elsewhere_is_not_imported_under_it(
    seal: Seal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    matrix = {"mean_over_sequences": [[0.1], [0.2]], "std_over_sequences": [[0.1], [0.1]]}
    (tmp_path / "...json").write_text(json.dumps(matrix | {"n_sequences": 2, "n_datapoints": 1}))
    assert seal("import", "...json") == 2
    assert "--name: '..' does not lead to a folder inside outputs" in capsys.readouterr().err
    assert seal("import", "...json", "--name", "fine") == 0
