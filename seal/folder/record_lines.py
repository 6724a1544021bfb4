"""One line of records with its checksum. This module knows no files.

    {"key": "…", "value": …, "crc32": "0a1b2c3d"}

The checksum covers the bytes of the line before it. It depends only on key and value, so a record gives the same line
on every machine. Lines without a checksum, written by earlier versions, are read without a check.
"""

import json
import re
from typing import Any
from zlib import crc32

_KEY = re.compile(rb'\{"key": ("(?:[^"\\]|\\.)*")')
_CHECKSUM = re.compile(rb', "crc32": "([0-9a-f]{8})"\}\Z')


class DamagedLineError(ValueError):
    """A line is damaged: it is not JSON, or does not match its checksum."""


def to_line(key: str, value: Any) -> str:
    """A record as a line with checksum and newline. A character that UTF-8 cannot encode becomes `?`."""
    whole = json.dumps({"key": key, "value": value}, ensure_ascii=False)
    body = whole.encode(errors="replace")[:-1]
    return f'{body.decode()}, "crc32": "{crc32(body):08x}"}}\n'


def key_of(line: bytes) -> str | None:
    """The key at the start of a line; None if there is none. It ignores the rest, which makes counting fast."""
    found = _KEY.match(line)
    if not found:
        return None
    quoted = found[1]
    try:
        return str(json.loads(quoted)) if b"\\" in quoted else quoted[1:-1].decode()
    except ValueError:
        return None


def from_line(line: bytes) -> dict[str, Any]:
    """The key and the value of a line without its newline.

    Raises:
        DamagedLineError: the line is damaged.
        ValueError: the line is undamaged, but not a record.
    """
    found = _CHECKSUM.search(line[-24:])
    body = line[: len(line[:-24]) + found.start()] if found else line
    if found and crc32(body) != int(found[1], 16):
        raise DamagedLineError("its checksum does not match")
    try:
        entry = json.loads(body + b"}" if found else body)
    except (ValueError, RecursionError) as error:
        raise DamagedLineError("it is not JSON") from error
    if not isinstance(entry, dict) or entry.keys() != {"key", "value"} or not isinstance(entry["key"], str):
        if isinstance(entry, dict) and {"key", "value"} <= entry.keys():
            raise DamagedLineError("its checksum cannot be read")
        raise ValueError("it has no key and value")
    return entry
