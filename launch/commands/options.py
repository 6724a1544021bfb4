"""`seal options`: every setting of every option, from YAML files and classes. Completion uses the names of options."""

import json
import re
from argparse import Namespace
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from seal.errors import UsageError

TARGET = "_target_"
NO_OPTIONS = ("hydra", "accelerate", "__pycache__")
"""Folders of the configuration that are not rooms."""
PRESETS = ("experiment", "fidelity")
"""Rooms whose options have no settings of their own. They set those of other rooms."""
PARTS = "parts"
"""The folder of shared parts of presets. These are not options."""
_BOUNDS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<", "min_length": "length ≥", "max_length": "length ≤"}
_WORDS = {
    "str": "text",
    "int": "whole number",
    "float": "number",
    "bool": "true | false",
    "NoneType": "null",
    "Path": "file or folder",
}

_PACKAGE = re.compile(r"^# @package (\S+)$", re.MULTILINE)
_COMMENTED = re.compile(r"^ *(\w+):.*?\s# (.+)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One row of the table."""

    key: str
    """The key on the command line, for example `inner.rank`."""
    type: str
    default: str
    meaning: str


def main(arguments: Namespace) -> int:
    return print_options(arguments.room, as_json=arguments.json, as_markdown=arguments.markdown)


def conf() -> Path:
    """The folder of YAML files."""
    return Path(str(files("seal.conf")))


def options() -> dict[str, list[str]]:
    """The options of each room, from the names of their files. Nothing is imported or parsed."""
    found: dict[str, list[str]] = {}
    for file in sorted(conf().rglob("*.yaml")):
        path = file.relative_to(conf()).with_suffix("")
        room, _, option = path.as_posix().partition("/")
        if not option or room in NO_OPTIONS or PARTS in path.parts:
            continue
        nested, _, name = option.rpartition("/")
        is_room = nested and room != "experiment"
        found.setdefault(f"{room}/{nested}" if is_room else room, []).append(name if is_room else option)
    return found


def print_options(room: str | None, *, as_json: bool, as_markdown: bool = False) -> int:
    """Print the settings of a room, or of all rooms; return the exit code.

    Raises:
        UsageError: there is no such room.
    """
    rooms = {name: names for name, names in options().items() if name not in PRESETS}
    if room and room not in rooms:
        raise UsageError(f"there is no room '{room}': the rooms are {', '.join(rooms)}")
    tables = {
        f"{name}={option}": settings_of(name, option)
        for name, names in rooms.items()
        if room in (None, name)
        for option in names
    }
    if as_json:
        print(json.dumps({name: [asdict(row) for row in rows] for name, rows in tables.items()}, indent=2))
    elif as_markdown:
        print(*_markdown(tables), sep="\n")
    else:
        _print_tables(tables)
    return 0


def _markdown(tables: Mapping[str, list[Setting]]) -> Iterator[str]:
    """The documentation page, line by line."""
    yield "# Every setting of every option"
    yield ""
    yield "`seal options --markdown > docs/options.md` makes this page from classes and YAML files. A test checks it."
    for name, rows in tables.items():
        yield from ("", f"## {name}", "")
        if not rows:
            yield "No settings."
            continue
        yield from ("| setting | type | default | |", "|---|---|---|---|")
        for row in rows:
            cells = (f"`{row.key}`", row.type, f"`{row.default}`" if row.default else "", row.meaning)
            yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _print_tables(tables: Mapping[str, list[Setting]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    for name, rows in tables.items():
        table = Table(title=f"[bold]{name}[/]", title_justify="left", show_edge=False, pad_edge=False)
        for heading in ("setting", "type", "default"):
            table.add_column(heading, overflow="fold")
        table.add_column("", ratio=1)
        for row in rows:
            table.add_row(*map(escape, (row.key, row.type, row.default, row.meaning)))
        console.print(table if rows else f"[bold]{name}[/]: no settings")
        console.print()


def settings_of(room: str, option: str) -> list[Setting]:
    """The settings of an option: names and defaults from its file, types and meanings from its class."""
    import yaml

    text = (conf() / room / f"{option}.yaml").read_text(encoding="utf-8")
    node = yaml.safe_load(text)
    elsewhere = _PACKAGE.search(text)
    comments = dict(_COMMENTED.findall(text))
    path = elsewhere[1] if elsewhere else room.replace("/", ".")
    return [row if row.meaning else replace(row, meaning=_comment(row, comments)) for row in _settings(node, path)]


def _settings(node: Mapping[str, Any], path: str) -> Iterator[Setting]:
    from seal.base.suggesting import class_of
    from seal.config.comments import meaning

    cls = class_of(node[TARGET]) if TARGET in node else object
    for name, value in node.items():
        if name in (TARGET, "defaults"):
            continue
        if isinstance(value, Mapping) and TARGET in value:
            yield from _settings(value, f"{path}.{name}")
            continue
        field = getattr(cls, "__pydantic_fields__", {}).get(name)
        yield Setting(
            key=f"{path}.{name}",
            type=in_words(field.annotation, field.metadata) if field else _type_in_words(type(value)),
            default="required" if value == "???" else shortened(value),
            meaning=meaning(cls, name),
        )


def _comment(row: Setting, comments: Mapping[str, str]) -> str:
    """The comment in the file, for a setting without a docstring in the class."""
    return comments.get(row.key.rpartition(".")[2], "")


def shortened(value: Any) -> str:
    """A default as written on the command line, on one line."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    first, *more = text.strip().splitlines() or [""]
    return f"{first[:40]} …" if more or len(first) > 40 else first


def in_words(annotation: Any, metadata: Any = ()) -> str:
    """A type and its bounds in the words of a YAML author."""
    bounds = [
        f"{word} {value}" for each in metadata for name, word in _BOUNDS.items()
        if (value := getattr(each, name, None)) is not None
    ]  # fmt: skip
    return ", ".join([_type_in_words(annotation), *bounds])


def _type_in_words(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    name = getattr(annotation, "__name__", str(annotation))
    if origin is Literal:
        said = " | ".join(map(str, arguments))
    elif hasattr(annotation, "__metadata__"):
        said = in_words(arguments[0], annotation.__metadata__)
    elif origin in (tuple, list):
        said = f"list of {_type_in_words(arguments[0])}"
    elif origin in (dict, Mapping):
        said = "mapping"
    elif arguments:
        said = " | ".join(map(_type_in_words, arguments))
    else:
        said = _WORDS.get(name, name)
    return said
