"""A new folder is whole or not there."""

from pathlib import Path

import pytest

from seal.errors import RunError, UsageError
from seal.folder.new_folder import new_folder


def test_it_appears_when_the_block_ends(tmp_path: Path) -> None:
    with new_folder(tmp_path / "a/b") as draft:
        (draft / "file").write_text("x")
        assert not (tmp_path / "a/b").exists()
    assert [path.name for path in (tmp_path / "a").rglob("*")] == ["b", "file"]


def test_nothing_is_left_of_one_that_failed(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), new_folder(tmp_path / "b"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_what_exists_is_not_overwritten_even_if_it_came_meanwhile(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="b exists, and nothing is overwritten"), new_folder(tmp_path / "b"):
        (tmp_path / "b").mkdir()
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
    with pytest.raises(UsageError), new_folder(tmp_path / "b"):
        pass


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot write"), new_folder(tmp_path / "file/b"):
        pass
