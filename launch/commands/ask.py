"""`seal ask`: puts questions to a base model and to what it was adapted to, side by side."""

import json
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator
from pathlib import Path

from rich.table import Table
from rich.text import Text

from seal.base.reading import read_text
from seal.base.terminal import Terminal
from seal.errors import INTERRUPTED, SealError, UsageError
from seal.settings import at_home
from seal.using.asking import Answer, Answers, opened
from seal.using.prompting import Prompting

from ..finding import find_source

HINT = "Type a question and press Enter; Ctrl-D leaves."
_LOOKS_LIKE_A_FILE = (".txt", ".md", ".rst", ".html", ".json", ".jsonl")


def main(arguments: Namespace) -> int:
    try:
        return ask(
            arguments.source,
            " ".join(arguments.question) if arguments.question else None,
            passage=arguments.passage,
            title=arguments.title,
            adapter=arguments.adapter,
            max_tokens=arguments.max_tokens,
            as_json=arguments.json,
        )
    except KeyboardInterrupt:  # no records are at stake, so the common message about them is not printed
        print(file=sys.stderr)
        return INTERRUPTED


def ask(
    name: str,
    question: str | None,
    *,
    passage: str | None,
    title: str | None,
    adapter: str | None,
    max_tokens: int | None,
    as_json: bool,
) -> int:
    """Print the answers to one question, to the lines of stdin, or to what a user types.

    Raises:
        UsageError: there is nothing to ask, or no question.
        ModelError: a model cannot be loaded.
    """
    if max_tokens is not None and max_tokens < 1:
        raise UsageError(f"--max-tokens is {max_tokens}: an answer needs at least 1")
    source = find_source(name, adapter)
    shown, title = read_passage(passage, title, source.prompting)
    is_typed = question is None and sys.stdin.isatty()
    questions = typed() if is_typed else given(question)
    console = Terminal(stderr=True)
    console.print(f"loading {source.base}", style="dim", highlight=False, soft_wrap=True)
    respondent = opened(source, max_tokens=max_tokens)
    if is_typed:
        console.print(HINT, style="dim", highlight=False)
    for each in questions:
        try:
            _print(respondent.answers(each, passage=shown, title=title), as_json=as_json, repeats=not is_typed)
        except SealError as error:
            if not is_typed:
                raise
            console.print(str(error), style="red", highlight=False, soft_wrap=True)
    return 0


def given(question: str | None) -> Iterable[str]:
    """The question of the command line, or one on each line of stdin. The first is read at once.

    Raises:
        UsageError: there is none.
    """
    lines = iter([question] if question is not None else sys.stdin)
    stripped = (line.strip() for line in lines)
    questions = (line for line in stripped if line)
    first = next(questions, None)
    if first is None:
        where = "the question is empty" if question is not None else "stdin has no question: write one on each line"
        raise UsageError(where)
    return _chained(first, questions)


def _chained(first: str, others: Iterator[str]) -> Iterator[str]:
    yield first
    yield from others


def typed() -> Iterator[str]:
    """What a user types, with the history and the keys of readline, up to Ctrl-D."""
    import readline  # noqa: F401  # `input` uses it once it is imported

    while True:
        try:
            line = input("? ").strip()
        except EOFError:
            print()
            return
        if line:
            yield line


def read_passage(passage: str | None, title: str | None, prompting: Prompting) -> tuple[str | None, str | None]:
    """The text of `--passage` and the title of prompts: a file, the title of a passage of the run, or a text.

    Raises:
        UsageError: the file cannot be read, or the passage is empty.
    """
    if passage is None:
        return None, title
    if known := prompting.known_passage(passage):
        return known.text, known.title if title is None else title
    text = passage
    if _is_file(passage):
        try:
            text = read_text(at_home(Path(passage)))
        except (OSError, ValueError) as error:
            raise UsageError(f"--passage: {passage} cannot be read: {error}") from error
    elif passage.endswith(_LOOKS_LIKE_A_FILE) and len(passage.split()) == 1:
        raise UsageError(f"--passage: there is no file {passage}")
    if not text.strip():
        raise UsageError("--passage: the passage is empty")
    return text.strip(), title


def _is_file(name: str) -> bool:
    try:
        return at_home(Path(name)).is_file()
    except (OSError, ValueError):  # a text, too long for a name
        return False


def _print(answers: Answers, *, as_json: bool, repeats: bool) -> None:
    """Print the answers below one another; `repeats` the question too, which is not on the screen yet."""
    by_name = {"base": answers.base, "adapted": answers.adapted, "with_passage": answers.with_passage}
    if as_json:
        texts = {name: answer.text if answer else None for name, answer in by_name.items()}
        print(json.dumps({"question": answers.question, **texts}, ensure_ascii=False), flush=True)
        return
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column()
    for name, answer in by_name.items():
        if answer:
            table.add_row(Text(name.replace("_", " "), style="bold"), _shown(answer))
    console = Terminal()
    if repeats:
        console.print(Text(answers.question, style="dim"))
    console.print(table)


def _shown(answer: Answer) -> Text:
    note = f"({answer.note})" if answer.note else "" if answer.text else "(nothing)"
    return Text.assemble(answer.text, " " if answer.text and note else "", (note, "dim"))
