"""What foreign text does to a terminal: nothing."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from seal.base.terminal import Terminal, visible

HOSTILE = "a\x1b[31mb\x1b]0;owned\x07\x00\x7f\x9b1mc"


def table_of(text: str) -> Table:
    table = Table()
    table.add_column("x", no_wrap=True)
    table.add_row(Text(text))
    return table


@pytest.mark.parametrize("wrapped", [str, Text, lambda text: Panel(Text(text)), table_of])
def test_control_characters_are_shown_and_not_sent(wrapped: Callable[[str], object]) -> None:
    file = StringIO()
    Terminal(file=file, width=60).print(wrapped(HOSTILE))
    assert not {*map(chr, (*range(10), *range(11, 32), *range(127, 160)))} & {*file.getvalue()}
    assert "a␛[31mb␛]0;owned" in file.getvalue()


@pytest.mark.parametrize("text", ["data[1]", "[x]", "[bold]a[/]", "a[/b]", "inner.targets=[q_proj]", "10:smile:30"])
def test_a_text_is_no_markup_alone_and_in_a_table(text: str) -> None:
    table = Table()
    table.add_column(text)
    table.add_row(text)
    file = StringIO()
    Terminal(file=file, width=60).print(text, table)
    assert file.getvalue().count(text) == 3


def test_its_own_colours_are_sent() -> None:
    file = StringIO()
    Terminal(file=file, force_terminal=True, color_system="standard").print("a", style="red")
    assert file.getvalue() == "\x1b[31ma\x1b[0m\n"


def test_lines_and_tabs_stay() -> None:
    assert visible("a\n\tb") == "a\n\tb"


def test_a_title_of_the_users_data_is_shown_in_errors_and_reports(
    seal: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("my.jsonl").write_text('{"title": "a\\u001b[31m", "passage": "p"}\n')
    assert seal("run", "task=passages", "task.path=my.jsonl", "recipe=adapt", "self_edit.max_new_tokens=9000") == 2
    said = capsys.readouterr().err
    assert "a␛[31m" in said
    assert "\x1b" not in said
