"""Replies that are kept: nobody is asked the same twice, and what cannot be kept or read again is no traceback."""

from pathlib import Path

import pytest

from seal.endpoint.replies import ReplyCache
from seal.errors import RunError
from seal.types import Sampling
from tests.servers import endpoint


def cache(folder: Path) -> ReplyCache:
    sampling = Sampling(temperature=0, top_p=1, max_new_tokens=8)
    return ReplyCache(folder=folder, endpoint=endpoint("http://127.0.0.1:1"), sampling=sampling)


def test_a_reply_is_found_again_by_its_prompt(tmp_path: Path) -> None:
    cache(tmp_path).keep("Right?", "yes")
    assert (cache(tmp_path).get("Right?"), cache(tmp_path).get("Wrong?")) == ("yes", None)


@pytest.mark.parametrize("content", ["", "[" * 100_000, "[]", '{"reply', "{}"])
def test_a_damaged_reply_is_none(tmp_path: Path, content: str) -> None:
    cache(tmp_path).keep("Right?", "yes")
    [file] = tmp_path.glob("*/*.json")
    file.write_text(content)
    assert cache(tmp_path).get("Right?") is None


def test_a_folder_that_takes_no_reply_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"cannot write .*file/.*All records so far are safe"):
        cache(tmp_path / "file").keep("Right?", "yes")
