"""The README's own example of a format, as a reader would use it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT


def test_a_format_from_anywhere_is_read_as_the_readme_says(
    seal: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    [code] = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert code.count("\n") < 30
    (tmp_path / "numbered.py").write_text(code)
    (tmp_path / "example.txt").write_text("1. Kelham is old.\nand so on\n2) It is far.\n")
    monkeypatch.syspath_prepend(tmp_path)
    target = "self_edit._target_=numbered.Numbered"
    assert seal("show", "self_edit", "experiment=tiny", target, "--text", "example.txt") == 0
    said = capsys.readouterr().out
    assert "2 training sequences" in said
    assert "and so on" not in said.partition("2 training sequences")[2]
