"""`seal options`: a table made of the classes and the files that they are chosen by."""

import json
from collections.abc import Callable

import pytest

from tests.conftest import ROOT


def test_every_setting_of_every_option_has_a_type_a_default_and_a_meaning(
    seal: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert seal("options", "--json") == 0
    tables = json.loads(capsys.readouterr().out)
    assert {"inner=lora", "outer/reward=proxy", "grader=judge", "cluster=slurm"} <= tables.keys()
    lacking = [row["key"] for rows in tables.values() for row in rows if not (row["type"] and row["meaning"])]
    assert lacking == []


def test_a_setting_says_its_bounds_its_choices_and_what_is_required(
    seal: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert seal("options", "inner", "--json") == 0
    rows = {row["key"]: row for row in json.loads(capsys.readouterr().out)["inner=lora"]}
    assert rows["inner.schedule"]["type"].startswith("linear | cosine")
    assert (rows["inner.rank"]["type"], rows["inner.rank"]["default"]) == ("whole number, ≥ 1, ≤ 256", "32")
    assert rows["inner.micro_batch_size"]["type"].endswith("| null")


def test_a_room_that_is_none_is_refused_with_those_there_are(
    seal: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert seal("options", "inn") == 2
    assert "the rooms are asking, cluster" in capsys.readouterr().err


def test_the_page_of_options_is_up_to_date(seal: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert seal("options", "--markdown") == 0
    made = capsys.readouterr().out
    assert made == (ROOT / "docs/options.md").read_text(), "renew it: seal options --markdown > docs/options.md"
