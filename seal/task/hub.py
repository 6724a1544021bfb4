"""Rows of data sets on the hub, and of folders that `datasets` reads in the same way.

Files of text (CSV, JSON) are read as those of a user are, by `seal.task.rows`: `datasets` would guess their types.
"""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from seal.base.reading import ending
from seal.errors import DataError, first_line
from seal.task.rows import ENDINGS, Row, read_rows
from seal.task.tables import plain_rows

if TYPE_CHECKING:
    from datasets import DatasetBuilder

_NOT_PLAIN = re.compile(r"[^\w.-]", re.ASCII)


def read_split(path: str, split: str, revision: str | None, *, key: str) -> list[Row]:
    """The rows of a split of a data set: a name on the hub, or a folder. `key` is the setting of the path.

    Raises:
        DataError: there is no such data set or split, it has a faulty file, or the hub cannot be reached.
    """
    import datasets

    is_folder = Path(path).is_dir()
    with _named_plainly(path) as source, TemporaryDirectory() if is_folder else nullcontext() as cache:
        try:
            return _rows(source, split=split, revision=revision, cache=cache, key=key)
        except DataError as error:
            raise DataError(str(error).replace(source, path)) from error
        except (ValueError, OSError, datasets.exceptions.DatasetsError) as error:
            fault = f"{key}: split '{split}' of {path} cannot be read: {first_line(error).replace(source, path)}"
            way_out = f". Where the hub is out of reach, give a folder with a copy ({key}=…) or files"
            raise DataError(fault + ("" if is_folder else way_out)) from error


@contextmanager
def _named_plainly(path: str) -> Iterator[str]:
    """A folder with plain names only, its files as links: `datasets` takes `[`, `*` or `$HOME` in names for more than
    characters. A name on the hub stays as it is."""
    if not Path(path).is_dir():
        yield path
        return
    with TemporaryDirectory() as place:
        for folder, _, files in os.walk(path, followlinks=True):
            inside = Path(place, *(_NOT_PLAIN.sub("_", part) for part in Path(folder).relative_to(path).parts))
            inside.mkdir(exist_ok=True)
            for name in files:
                (inside / _NOT_PLAIN.sub("_", name)).symlink_to(Path(folder, name).resolve())
        yield place


def _rows(source: str, *, split: str, revision: str | None, cache: str | None, key: str) -> list[Row]:
    import datasets

    datasets.disable_progress_bars()
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)  # what it would log is in our error
    builder = datasets.load_dataset_builder(source, revision=revision, cache_dir=cache)
    if _guesses_types(builder):
        return _of_text_files(builder, split, key=key)
    try:
        builder.download_and_prepare()
    except datasets.exceptions.DatasetGenerationError as error:
        raise ValueError(first_line(error.__cause__ or error)) from error
    return plain_rows(builder.as_dataset(split=split, in_memory=True))


def _guesses_types(builder: "DatasetBuilder") -> bool:
    """Whether its files are text, and no card beside them says how to read them."""
    config = builder.config
    kind = type(builder).__module__.rpartition(".")[2]
    if kind == "csv":
        plain = _options_of_csv(config) == _options_of_csv(type(config)())
    else:
        plain = kind == "json" and config.field is None
    return plain and bool(config.data_files) and builder.info.features is None


def _options_of_csv(config: Any) -> dict[str, Any]:
    """All but the separator, which is seen in the header."""
    options = dict(config.pd_read_csv_kwargs)
    options.pop("sep")
    return options


def _of_text_files(builder: "DatasetBuilder", split: str, *, key: str) -> list[Row]:
    """The rows of a split, or of slices of splits (`train[:100]+test`)."""
    import datasets

    rows = {str(name): list(_of_files(files, key=key)) for name, files in builder.config.data_files.items()}
    slices = datasets.ReadInstruction.from_spec(split).to_absolute({name: len(found) for name, found in rows.items()})
    return [row for each in slices for row in rows[each.splitname][each.from_ : each.to]]


def _of_files(names: Sequence[str], *, key: str) -> Iterator[Row]:
    """The rows of files in their order; those of the hub are downloaded, and have no names of their own then."""
    import datasets

    for name, file in zip(names, datasets.DownloadManager().download(list(names)), strict=True):
        kind = ENDINGS.get(ending(Path(name)), "json")
        yield from read_rows(Path(file), kind, key=key)
