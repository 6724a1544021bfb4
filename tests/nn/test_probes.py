"""What was found out about a model is kept, and holds for that very model."""

from pathlib import Path

import pytest

from seal.model.hugging_face import HuggingFace
from seal.nn.backbone import load
from seal.nn.probes import Probes
from tests.models import random_folder


def test_a_fact_is_found_out_once_and_known_in_later_runs(tmp_path: Path) -> None:
    asked: list[str] = []

    def find_out() -> bool:
        asked.append("once")
        return True

    file = tmp_path / "new" / "facts.json"
    probes = Probes(file)
    assert probes.holds("packs", find_out)
    assert probes.holds("packs", find_out)
    assert Probes(file).holds("packs", find_out)
    assert asked == ["once"]


def test_facts_that_several_processes_found_out_are_all_kept(tmp_path: Path) -> None:
    file = tmp_path / "facts.json"
    one, other = Probes(file), Probes(file)
    one.holds("a", lambda: True)
    other.holds("b", lambda: False)
    one.holds("c", lambda: True)
    kept = Probes(file)
    assert [kept.holds(fact, lambda: None) for fact in "abc"] == [True, False, True]


def test_what_could_not_be_found_out_is_tried_again_by_the_next_run(tmp_path: Path) -> None:
    file = tmp_path / "facts.json"
    assert not Probes(file).holds("packs", lambda: None)
    assert Probes(file).holds("packs", lambda: True)


@pytest.mark.parametrize("text", ["", "[1]", '{"packs": "no"}', "{", "[" * 1000])
def test_a_file_that_is_not_what_was_written_is_no_fact(tmp_path: Path, text: str) -> None:
    file = tmp_path / "facts.json"
    file.write_text(text)
    assert Probes(file).holds("packs", lambda: True)
    assert Probes(file).holds("packs", lambda: None)


def test_where_nothing_can_be_written_facts_are_found_out_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert Probes(tmp_path / "file" / "facts.json").holds("packs", lambda: True)


def test_a_note_is_said_once() -> None:
    said: list[str] = []
    probes = Probes(say=said.append)
    for note in ("slow", "slow", "other"):
        probes.say(note)
    assert said == ["slow", "other"]


def test_facts_belong_to_weights_precision_and_attention(tmp_path: Path) -> None:
    folder = str(random_folder(tmp_path / "llama", "llama"))
    copy = str(random_folder(tmp_path / "copy", "llama"))
    other = str(random_folder(tmp_path / "qwen2", "qwen2"))
    files = [
        load(HuggingFace(device="cpu", **settings)).probes.file  # type: ignore[arg-type]
        for settings in (
            {"path": folder},
            {"path": folder, "dtype": "bfloat16"},
            {"path": folder, "attention": "eager"},
            {"path": other},
            {"path": copy},
        )
    ]
    assert len(set(files)) == 4
    assert files[0] == files[-1]


def test_facts_lie_where_caches_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = str(random_folder(tmp_path, "llama"))
    monkeypatch.delenv("SEAL_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    file = load(HuggingFace(path=folder, device="cpu")).probes.file
    assert file is not None
    assert file.parent == tmp_path / "cache" / "seal" / "probes"
