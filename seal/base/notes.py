"""Notes that name things one by one: people read the first few, and how many more there are."""

from collections.abc import Iterable, Sequence

SHOWN = 3
"""How many things a note names before it only counts the rest."""


class Note(str):
    """What a reader should know. As text it is short; `items` has everything that it is about."""

    said: str
    items: tuple[str, ...]
    of: str
    """What stands before the items, for example `rows `."""

    def __new__(cls, said: str, items: Iterable[object], of: str = "") -> "Note":
        named = tuple(map(str, items))
        more = f" and {len(named) - SHOWN:,} more" if len(named) > SHOWN else ""
        apart = "; " if any("," in item for item in named) else ", "
        note = super().__new__(cls, f"{said}: {of}{apart.join(named[:SHOWN])}{more}")
        note.said, note.items, note.of = said, named, of
        return note

    def __getnewargs__(self) -> tuple[str, tuple[str, ...], str]:  # type: ignore[override]
        return self.said, self.items, self.of

    def behind(self, words: str) -> "Note":
        """The same with these words in front."""
        return Note(f"{words}{self.said}", self.items, self.of)


def behind(words: str, note: str) -> str:
    """A note of either kind with these words in front."""
    return note.behind(words) if isinstance(note, Note) else f"{words}{note}"


def is_cut(note: str) -> bool:
    """Whether it does not name everything."""
    return isinstance(note, Note) and len(note.items) > SHOWN


def in_full(notes: Sequence[str]) -> str:
    """What cut notes are about, a thing a line."""
    return "\n".join(
        "\n".join([f"{note.said} ({len(note.items):,}):", *(f"  {note.of}{item}" for item in note.items), ""])
        for note in notes
        if isinstance(note, Note) and is_cut(note)
    )
