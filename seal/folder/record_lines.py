"""One line of records and the checksum that it carries. This module has never heard of files.

    {"key": "…", "value": …, "crc32": "0a1b2c3d"}

The checksum is that of the line's bytes before it: a pure function of key and value, so that one record is one
line wherever it was written. Lines without one, written by earlier versions, are read as they are.
"""

import json
import re
from typing import Any
from zlib import crc32

_KEY = re.compile(rb'\{"key": ("(?:[^"\\]|\\.)*")')
_CHECKSUM = re.compile(rb', "crc32": "([0-9a-f]{8})"\}\Z')


class DamagedLineError(ValueError):
    """A line is not what was written: no JSON, or not that of its checksum."""


def to_line(key: str, value: Any) -> str:
    """A record, with its checksum and the line's end. A character that UTF-8 has no bytes for becomes a `?`."""
    whole = json.dumps({"key": key, "value": value}, ensure_ascii=False)
    body = whole.encode(errors="replace")[:-1]
    return f'{body.decode()}, "crc32": "{crc32(body):08x}"}}\n'


def key_of(line: bytes) -> str | None:
    """The key with which a line begins, whatever follows: quick, for whoever only counts. None if it has none."""
    found = _KEY.match(line)
    if not found:
        return None
    quoted = found[1]
    try:
        return str(json.loads(quoted)) if b"\\" in quoted else quoted[1:-1].decode()
    except ValueError:
        return None


def from_line(line: bytes) -> dict[str, Any]:
    """The key and the value of a line without its end.

    Raises:
        DamagedLineError: it is not what was written.
        ValueError: it is whole, but no record.
    """
    found = _CHECKSUM.search(line[-24:])
    body = line[: len(line[:-24]) + found.start()] if found else line
    if found and crc32(body) != int(found[1], 16):
        raise DamagedLineError("its checksum is another one")
    try:
        entry = json.loads(body + b"}" if found else body)
    except (ValueError, RecursionError) as error:
        raise DamagedLineError("it is no JSON") from error
    if not isinstance(entry, dict) or entry.keys() != {"key", "value"} or not isinstance(entry["key"], str):
        if isinstance(entry, dict) and {"key", "value"} <= entry.keys():
            raise DamagedLineError("its checksum cannot be read")
        raise ValueError("it has no key and value")
    return entry
