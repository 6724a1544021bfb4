"""Which contexts are taken of all that there are: by a seed, or by a list of names."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from seal.base.reading import read_text
from seal.base.seeds import derive
from seal.errors import DataError, listed
from seal.types import Context


def in_drawn_order(contexts: Iterable[Context], seed: int, purpose: str) -> list[Context]:
    """The contexts as a seed shuffles them, whatever order they come in: the first n are a draw of n, and each larger
    draw begins with the smaller ones."""
    return sorted(contexts, key=lambda context: derive(seed, purpose, context.id))


def drawn(contexts: Sequence[Context], n: int | None, *, key: str, source: str) -> Sequence[Context]:
    """The first n; None takes all. `key` is the setting of n.

    Raises:
        DataError: there are not so many.
    """
    if n is not None and n > len(contexts):
        raise DataError(
            f"{key} is {n}, but {source} has {len(contexts)} passages to draw from: lower it, or {key}=null for all"
        )
    return contexts[:n]


def named_in(path: Path, contexts: Sequence[Context], *, key: str, source: str) -> list[Context]:
    """The contexts that a file names, in its order: a line is an id, or a title, which means all with this title.

    Raises:
        DataError: there is no such file, it names nothing, or something that is not there.
    """
    names = _names(path, key)
    known: dict[str, list[Context]] = {}
    for context in contexts:
        known.setdefault(context.id, []).append(context)
        known.setdefault(in_words(context.title), []).append(context)
    unknown = [f"line {number}: '{name}'" for number, name in names if in_words(name) not in known]
    if unknown:
        raise DataError(listed(f"{key}: {path} names what is no id and no title of a context in {source}:", unknown))
    return list(dict.fromkeys(context for _, name in names for context in known[in_words(name)]))


def in_words(title: str) -> str:
    """The name of a page of Wikipedia as people write it: data sets have an underscore for each space."""
    return title.replace("_", " ")


def _names(path: Path, key: str) -> list[tuple[int, str]]:
    """The lines that say something, with their numbers."""
    try:
        lines = read_text(path).splitlines()
    except (OSError, ValueError) as error:
        raise DataError(f"{key}: cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    names = [(number, name) for number, line in enumerate(lines, start=1) if (name := line.strip())]
    if not names:
        raise DataError(f"{key}: {path} is empty: it should have an id or a title of a context a line")
    return names
