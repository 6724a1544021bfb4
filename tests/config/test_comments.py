"""The comments of YAML files are the words of their classes."""

from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from seal.base.suggesting import class_of
from seal.config.comments import WIDTH, commented, meaning, option_files
from tests.conftest import ROOT

CONF = ROOT / "conf"
FILES = [file.relative_to(CONF).as_posix() for file in option_files()]


@pytest.mark.parametrize("file", FILES)
def test_the_comments_of_a_yaml_are_up_to_date(file: str) -> None:
    text = (CONF / file).read_text()
    assert text == commented(text), "renew them: python -m seal.config.comments"


@pytest.mark.parametrize("file", FILES)
def test_every_setting_is_described_by_its_class(file: str) -> None:
    cls = class_of(yaml.safe_load((CONF / file).read_text())["_target_"])
    assert [field.name for field in fields(cls) if not meaning(cls, field.name)] == []


def test_every_file_with_an_option_is_written() -> None:
    no_options = ("experiment", "fidelity", "asking", "hydra", "accelerate", "metrics")
    others = {file.relative_to(CONF).as_posix() for file in CONF.rglob("*/*.yaml")} - set(FILES)
    assert others == {each for each in others if each.startswith(no_options)}


OWN = """
from typing import Literal

from seal.settings import option


@option
class Part:
    size: int = 1
    \"\"\"How large it is.\"\"\"


@option
class Own:
    \"\"\"What it is.

    And why.
    \"\"\"

    how: Literal["fast", "slow"] = "fast"
    \"\"\"How it goes.\"\"\"
    where: Literal["here", "there"] = "here"
    \"\"\"`here` is near, `there` is not.\"\"\"
    text: str = ""
    \"\"\"A text.\"\"\"
    long: str = ""
    \"\"\"Word word word word word word word word word word word word word word word word word word word
    word word word word word.\"\"\"
    first: Part = Part()
    \"\"\"One part.\"\"\"
    second: Part = Part(size=2)
    \"\"\"Another.\"\"\"
"""
BEFORE = """# By hand.

# Of old.
_target_: own_commented.Own
how: fast # old
where: "here"
text: |  # old
  # no comment
    kept

  as it is
# old
long: "a # b"
first: # old
  _target_: own_commented.Part
  size: 1
second:
  _target_: own_commented.Part
  size: ${..first.size}
"""
AFTER = """# By hand.

# What it is.
#
# And why.
_target_: own_commented.Own
how: fast                 # fast | slow. How it goes.
where: "here"             # `here` is near, `there` is not.
text: |                   # A text.
  # no comment
    kept

  as it is
# Word word word word word word word word word word word word word word word word word word word word word word word
# word.
long: "a # b"
first:                    # One part.
  _target_: own_commented.Part
  size: 1                 # How large it is.
second:                   # Another.
  _target_: own_commented.Part
  size: ${..first.size}
"""


def test_comments_are_written_anew_and_values_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own_commented.py").write_text(OWN)
    assert commented(BEFORE) == AFTER
    assert commented(AFTER) == AFTER
    assert yaml.safe_load(BEFORE) == yaml.safe_load(AFTER)


def test_comments_keep_to_the_width_where_values_do() -> None:
    lines = [line.strip() for file in option_files() for line in file.read_text().splitlines()]
    assert max(len(line) for line in lines if line.startswith("# ")) <= WIDTH
