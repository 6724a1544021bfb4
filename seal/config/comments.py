"""Writes the comments in an option's YAML from the docstrings of its class. So each setting is described once.

    python -m seal.config.comments      updates every file; run it after a docstring or a YAML has changed

The file keeps its values, their order and their spelling. A comment at the top, followed by a blank line, is written
by hand and stays. It says what the class cannot say, for example where several files fill in one class.
"""

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from textwrap import dedent, wrap
from typing import Any, Literal, get_args, get_origin

import yaml

from seal.base.suggesting import TARGET, class_of

WIDTH = 120
_COLUMN = 24
"""A comment beside a value begins two characters after this column, or after a longer value."""
_IS_OPTION = re.compile(rf"^{TARGET}: seal\.", re.MULTILINE)


def option_files() -> list[Path]:
    """The YAML file of every option."""
    conf = Path(str(files("seal.conf")))
    found = sorted(file for file in conf.rglob("*.yaml") if _IS_OPTION.search(file.read_text(encoding="utf-8")))
    return [file for file in found if "hydra" not in file.relative_to(conf).parts]


def commented(text: str) -> str:
    """The YAML of an option, with comments from the docstrings of its class."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    assert isinstance(node, yaml.MappingNode), "an option is a mapping"
    by_hand, blank, _ = text[: node.start_mark.index].rpartition("\n\n")
    header = _paragraphs(inspect.getdoc(_class_of(node)) or "")
    return by_hand + blank + "\n".join([*header, *_mapping(text, node, described=set()), ""])


def meaning(cls: type, name: str) -> str:
    """The docstring of a setting, from the class or its nearest ancestor that has one; empty if none has."""
    said = (_described(each).get(name, "") for each in cls.__mro__ if is_dataclass(each))
    return " ".join(next(filter(None, said), "").split())


@cache
def _described(cls: type) -> Mapping[str, str]:
    """The docstrings of the settings of a class itself. Pydantic would read them at each start, which takes long."""
    body = ast.parse(dedent(inspect.getsource(cls))).body[0]
    assert isinstance(body, ast.ClassDef)
    return {
        field.target.id: words.value.value
        for field, words in pairwise(body.body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(words, ast.Expr) and isinstance(words.value, ast.Constant) and isinstance(words.value.value, str)
    }


def _class_of(node: yaml.MappingNode) -> Any:
    """The class of an option; None for a part that is not an option."""
    targets = [value.value for key, value in node.value if key.value == TARGET]
    return class_of(targets[0]) if targets else None


def _paragraphs(text: str) -> Iterator[str]:
    """A docstring as lines of comments."""
    for number, paragraph in enumerate(text.split("\n\n")):
        yield from ["#"] if number else []
        yield from _comment(paragraph, indent="")


def _mapping(text: str, node: yaml.MappingNode, described: set[type]) -> Iterator[str]:
    """The lines of an option. If several parts have the same class, only the first gets comments."""
    indent, cls = " " * node.start_mark.column, _class_of(node)
    says = cls not in described
    described.add(cls)
    for key, value in node.value:
        said = _said(cls, key.value) if says else ""
        if isinstance(value, yaml.MappingNode) and _class_of(value):
            yield from _setting(f"{indent}{key.value}:", said)
            yield from _mapping(text, value, described)
        else:
            first, *more = _source(text, key, value)
            yield from _setting(indent + first, said)
            yield from more


def _source(text: str, key: yaml.ScalarNode, value: yaml.Node) -> list[str]:
    """A setting as it stands in the file, without the comment on its first line."""
    if isinstance(value, yaml.CollectionNode) and not value.flow_style:
        return text[key.start_mark.index : value.end_mark.index].rstrip("\n").split("\n")
    first, *more = text[value.start_mark.index : value.end_mark.index].rstrip("\n").split("\n")
    is_text_block = isinstance(value, yaml.ScalarNode) and value.style in ("|", ">")
    return [f"{key.value}: {first.partition('#')[0].rstrip() if is_text_block else first}", *more]


def _setting(line: str, said: str) -> list[str]:
    """A setting with its comment: on the same line if it fits, else above it."""
    if not said:
        return [line]
    behind = f"{line:<{_COLUMN}}  # {said}"
    if len(behind) <= WIDTH:
        return [behind]
    return [*_comment(said, indent=line[: -len(line.lstrip())]), line]


def _comment(text: str, indent: str) -> list[str]:
    start = f"{indent}# "
    words = " ".join(text.split())
    return wrap(
        words, WIDTH, initial_indent=start, subsequent_indent=start, break_long_words=False, break_on_hyphens=False
    )


def _said(cls: Any, name: str) -> str:
    """The description of a setting. The allowed words come first, unless the description names them all."""
    said = meaning(cls, name)
    field = getattr(cls, "__pydantic_fields__", {}).get(name)
    choices = get_args(field.annotation) if field and get_origin(field.annotation) is Literal else ()
    if all(f"`{choice}`" in said for choice in choices):
        return said
    return f"{' | '.join(choices)}. {said}"


if __name__ == "__main__":
    for file in option_files():
        file.write_text(commented(file.read_text(encoding="utf-8")), encoding="utf-8")
