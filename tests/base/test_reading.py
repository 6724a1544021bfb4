"""Files that somebody else made: packed or not, under whatever name."""

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from seal.base.reading import ending, read_text

TEXT = "Zoë\r\nlies on the Rhee.\n"


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a[1]*?#$~ {x}.gz"])
def test_the_text_is_the_same_packed_or_not_whatever_the_file_is_called(
    tmp_path: Path, name: str, pack: Callable[[bytes], bytes]
) -> None:
    (tmp_path / name).write_bytes(pack(TEXT.encode("utf-8-sig")))
    assert read_text(tmp_path / name) == TEXT


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_packed_file_that_was_cut_or_damaged_is_a_value_error(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    packed = pack(TEXT.encode() * 100)
    for content in (packed[:20], packed[:-5], packed[:25] + b"nothing of the kind" + packed[44:]):
        (tmp_path / "a").write_bytes(content)
        with pytest.raises(ValueError, match="it is packed and cannot be unpacked"):
            read_text(tmp_path / "a")


@pytest.mark.parametrize(("begin", "packing"), [(b"\x28\xb5\x2f\xfd", "zstd"), (b"PK\x03\x04", "zip")])
def test_other_packings_are_named(tmp_path: Path, begin: bytes, packing: str) -> None:
    (tmp_path / "a.gz").write_bytes(begin + b"rest")
    with pytest.raises(ValueError, match=f"packed by {packing}: unpack it, or pack it by gzip"):
        read_text(tmp_path / "a.gz")


def test_what_is_no_utf_8_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one\ntwo \xff\n")
    with pytest.raises(ValueError, match=r"not UTF-8 \(line 2\)"):
        read_text(tmp_path / "a")


@pytest.mark.parametrize(
    ("name", "found"),
    [("a.jsonl", ".jsonl"), ("a.JSONL.GZ", ".jsonl"), ("a.csv.bz2", ".csv"), ("a.gz", ""), ("a.b.json", ".json")],
)
def test_the_ending_is_that_of_what_is_packed(name: str, found: str) -> None:
    assert ending(Path(name)) == found
