"""`seal import`: turns published results into a run."""

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from seal.base.paths import fault_of_name
from seal.base.reading import ending, stem
from seal.base.terminal import Terminal
from seal.errors import ConfigError, DataError
from seal.folder.store import RESULTS
from seal.released.importing import Imported, of_forgetting, read_document, read_published, write_imported
from seal.report.console import print_summary
from seal.report.folder import write_report
from seal.settings import at_home

from ..finding import OUTPUTS


def main(arguments: Namespace) -> int:
    return import_results(
        arguments.files, name=arguments.name, contexts_file=arguments.contexts, as_json=arguments.json
    )


def import_results(paths: Sequence[str], *, name: str | None, contexts_file: str | None, as_json: bool) -> int:
    """Read published files, write them as a run, and print its summary.

    Raises:
        DataError: a file has another format, or contradicts itself.
        ConfigError: the run's folder is not empty, or its name leads out of `outputs/`.
    """
    if name:
        _folder(name)  # before anything is read
    files = [file for path in paths for file in _files(at_home(Path(path)))]
    imported, default_name = _read(files, at_home(Path(contexts_file)) if contexts_file else None)
    run_name = name or default_name
    folder = _folder(run_name)
    write_imported(folder, run_name, files, imported)
    write_report(folder)
    if as_json:
        print((folder / RESULTS).read_text(encoding="utf-8"), end="")
    else:
        Terminal().print("the published summary matches the file's own verdicts", style="green")
        print_summary(folder)
    return 0


def _folder(name: str) -> Path:
    if fault := fault_of_name(name):
        raise ConfigError(f"--name: {name!r} does not lead to a folder inside {OUTPUTS}: {fault}")
    return OUTPUTS / name


def _read(files: Sequence[Path], contexts_file: Path | None) -> tuple[Imported, str]:
    """The contents of the files, and a default name for the run."""
    documents = {file: read_document(file) for file in files}
    if all("mean_over_sequences" in document for document in documents.values()):
        return of_forgetting(documents), files[0].resolve().parent.name if len(files) > 1 else stem(files[0])
    if len(files) > 1:
        raise DataError("one results file makes one run: give one FILE (several only of forgetting matrices)")
    return read_published(files[0], contexts_file), stem(files[0])


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(file for file in path.iterdir() if ending(file) == ".json")
        if not found:
            raise DataError(f"{path} has no JSON file")
        return found
    if not path.is_file():
        raise DataError(f"there is no file {path}")
    return [path]
