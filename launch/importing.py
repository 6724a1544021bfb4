"""`seal import`: published results become a run, or, of forgetting matrices, a summary."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from seal.errors import DataError
from seal.released.forgetting import Forgetting, pool, read_forgetting
from seal.released.importing import read_document, read_published, write_imported
from seal.report.console import print_summary
from seal.report.folder import write_report
from seal.store import RESULTS

from .reading import OUTPUTS

ROUNDING = 1e-4
"""How far recomputed cells may be from published ones of four digits."""


def import_results(paths: Sequence[str], *, name: str | None, contexts_file: str | None, as_json: bool) -> int:
    """Read published files and say what they say.

    Raises:
        DataError: they are not what they should be, or contradict themselves.
        ConfigError: the run's folder is not empty.
    """
    files = [file for path in paths for file in _files(Path(path))]
    documents = {file: read_document(file) for file in files}
    if all("mean_over_sequences" in document for document in documents.values()):
        return _forgetting({file: read_forgetting(file, document) for file, document in documents.items()}, as_json)
    if len(files) > 1:
        raise DataError("one results file makes one run: give one FILE (several only of forgetting matrices)")
    [file] = files
    run_name = name or file.stem
    imported = read_published(file, Path(contexts_file) if contexts_file else None)
    folder = OUTPUTS / run_name
    write_imported(folder, run_name, file, imported)
    write_report(folder)
    if as_json:
        print((folder / RESULTS).read_text(), end="")
    else:
        Console().print("the published summary is that of the file's own verdicts", style="green")
        print_summary(folder)
    return 0


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(path.glob("*.json"))
        if not found:
            raise DataError(f"{path} has no JSON file")
        return found
    if not path.is_file():
        raise DataError(f"there is no file {path}")
    return [path]


def _forgetting(runs: dict[Path, Forgetting], as_json: bool) -> int:
    """Several runs pooled; a file over as many sequences as the others together is their published summary."""
    most = max(run.n_sequences for run in runs.values())
    whole = {file: run for file, run in runs.items() if len(runs) > 1 and run.n_sequences == most}
    parts = {file: run for file, run in runs.items() if file not in whole}
    if not parts or (whole and sum(run.n_sequences for run in parts.values()) != most):
        whole, parts = {}, runs
    pooled = pool(list(parts.values()))
    for file, run in whole.items():
        _check_summary(file, "mean_over_sequences", run.mean_over_sequences, pooled.mean)
        _check_summary(file, "std_over_sequences", run.std_over_sequences, pooled.published_deviation)
    facts = {
        "n_sequences": pooled.n_sequences,
        "mean": pooled.mean,
        "deviation": pooled.deviation,
        "published_deviation": pooled.published_deviation,
        "summaries_checked": [file.name for file in whole],
    }
    if as_json:
        print(json.dumps(facts, indent=2))
    else:
        _print_forgetting(facts)
    return 0


def _check_summary(
    file: Path, name: str, published: Sequence[Sequence[float]], found: Sequence[Sequence[float]]
) -> None:
    for row, (there, here) in enumerate(zip(published, found, strict=True)):
        for column, (value, ours) in enumerate(zip(there, here, strict=True)):
            if abs(value - ours) > ROUNDING:
                raise DataError(
                    f"{file} contradicts the runs: {name}[{row}][{column}] is {value}, they give {ours:.4f}"
                )


def _print_forgetting(facts: dict[str, Any]) -> None:
    console = Console()
    console.print(f"accuracy after each step, mean ± deviation over {facts['n_sequences']} sequences")
    for number, (means, deviations) in enumerate(zip(facts["mean"], facts["deviation"], strict=True)):
        filled = means if number == 0 else means[:number]
        cells = "  ".join(f"{mean:.2f}±{sd:.2f}" for mean, sd in zip(filled, deviations, strict=False))
        console.print(f"{'base' if number == 0 else f'step {number}':>7}  {cells}", highlight=False)
    for file in facts["summaries_checked"]:
        console.print(
            f"{file}: its means are those of the runs; its deviations are means of theirs, which are too small: the "
            "ones above are over all sequences",
            style="yellow",
        )
