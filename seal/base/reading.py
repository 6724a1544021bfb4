"""Files that somebody else made: their bytes, unpacked where they are packed, and their text. No path is a pattern."""

import bz2
import gzip
import lzma
import re
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

PACKINGS = (".gz", ".bz2", ".xz", ".zst", ".zip")
"""Endings that a packed file has behind its own."""
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UNPACKED: Mapping[re.Pattern[bytes], Callable[[bytes], bytes]] = {
    re.compile(rb"\x1f\x8b"): gzip.decompress,
    re.compile(rb"BZh[1-9]1AY&SY"): bz2.decompress,
    re.compile(rb"\xfd7zXZ\x00"): lzma.decompress,
}
"""By how a packed file begins, whatever it is called."""
_ELSEWHERE: Mapping[re.Pattern[bytes], str] = {
    re.compile(rb"\x28\xb5\x2f\xfd"): "zstd",
    re.compile(rb"PK\x03\x04"): "zip",
}


def ending(path: Path) -> str:
    """What a file's name says that it is, in small letters: `.jsonl`, also of `a.jsonl.gz`."""
    own = path.suffix.lower()
    return Path(path.stem).suffix.lower() if own in PACKINGS else own


def stem(path: Path) -> str:
    """A file's name without its ending, also `a` of `a.json.gz`."""
    return Path(path.stem).stem if path.suffix.lower() in PACKINGS else path.stem


def read_bytes(path: Path) -> bytes:
    """What is in a file, unpacked where it is packed by gzip, bzip2 or xz.

    Raises:
        OSError: it cannot be read.
        ValueError: it cannot be unpacked.
    """
    content = path.read_bytes()
    for begin, packing in _ELSEWHERE.items():
        if begin.match(content):
            raise ValueError(f"it is packed by {packing}: unpack it, or pack it by gzip")
    for begin, unpacked in _UNPACKED.items():
        if begin.match(content):
            try:
                return unpacked(content)
            except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError) as error:
                raise ValueError(f"it is packed and cannot be unpacked, as if it were cut: {error}") from error
    return content


def read_text(path: Path) -> str:
    """The text of a file, unpacked, without its byte order mark; line breaks are as they stand there.

    Raises:
        OSError: it cannot be read.
        ValueError: it cannot be unpacked, or is not UTF-8; with the line.
    """
    return as_text(read_bytes(path))


def as_text(content: bytes) -> str:
    """The same of what was read already.

    Raises:
        ValueError: it is not UTF-8; with the line.
    """
    try:
        return content.removeprefix(_BYTE_ORDER_MARK).decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"it is not UTF-8 (line {line}): save it as UTF-8") from error
