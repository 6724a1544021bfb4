"""Shell completion of commands, `room=option` and `room.setting=`. It parses no YAML and imports no option.

eval "$(seal completion bash)"
"""

import re
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path

from .options import PRESETS, conf, options

BASH = r"""
_seal_complete() {
    local line="${COMP_LINE:0:COMP_POINT}"
    local word="${line##*[[:space:]]}"
    local IFS=$'\n'
    COMPREPLY=($(seal completion words "$line" 2>/dev/null))
    # readline takes = and : for the ends of words: what stands before the last of them is there already
    local there="${word%"${word##*[=:]}"}"
    [[ "$COMP_WORDBREAKS" == *=* ]] && COMPREPLY=("${COMPREPLY[@]#"$there"}")
    [[ "${COMPREPLY[0]}" == *[=.] ]] && compopt -o nospace
}
complete -o default -F _seal_complete seal
""".lstrip()
TAKE_OVERRIDES = ("run", "check", "show", "agreement", "log")
TAKE_RUNS = ("status", "report", "attach", "cancel", "log", "compare", "submission", "ask", "export")
OUTPUTS = Path("outputs")
_KEY = re.compile(r"^([a-z_]\w*):(.*)$", re.MULTILINE)


def main(arguments: Namespace) -> int:
    if arguments.what == "bash":
        print(BASH, end="")
    else:
        print(*words(arguments.line, arguments.commands), sep="\n")
    return 0


def words(line: str, commands: Sequence[str]) -> list[str]:
    """The possible completions of the last word of a command line."""
    given = line.split()
    last = "" if not given or line[-1:].isspace() else given.pop()
    if len(given) < 2:
        return [command for command in commands if given and command.startswith(last)]
    chosen = dict(word.split("=", 1) for word in given if "=" in word)
    found: set[str] = set()
    if given[1] in TAKE_OVERRIDES:
        found |= set(_overrides(last, chosen))
    if given[1] in TAKE_RUNS:
        found |= {file.parent.relative_to(OUTPUTS).as_posix() for file in OUTPUTS.glob("*/manifest.json")}
    if given[1] == "options":
        found |= options().keys() - {*PRESETS}
    return sorted(word for word in found if word.startswith(last))


def _overrides(last: str, chosen: dict[str, str]) -> Iterator[str]:
    rooms = options()
    room, equals, _ = last.partition("=")
    if equals:
        yield from (f"{room}={option}" for option in rooms.get(room, ()))
        return
    yield from (f"{name}=" for name in rooms)
    yield from (f"{key}=" for key in _keys(conf() / "config.yaml") if key not in ("defaults", "hydra"))
    path, dot, _ = last.rpartition(".")
    if not dot:
        yield from (f"{name.replace('/', '.')}." for name in rooms if name not in PRESETS)
        return
    if path in PRESETS:
        return
    name = path.replace(".", "/")
    taken = [chosen[name]] if chosen.get(name) in rooms.get(name, ()) else rooms.get(name, ())
    for option in taken:
        yield from (f"{path}.{key}=" for key in _keys(conf() / name / f"{option}.yaml") if key != "_target_")


def _keys(file: Path) -> list[str]:
    """The settings in a file: the keys of lines without indentation."""
    return [found[1] for found in _KEY.finditer(file.read_text(encoding="utf-8"))]
