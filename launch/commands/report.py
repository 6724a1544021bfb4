"""`seal report`: writes tables, plots and pages for runs, or one table for a sweep. No torch, no weights."""

import json
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from seal.errors import UsageError
from seal.folder.results_file import read_results
from seal.folder.store import RESULTS
from seal.report.console import print_summary
from seal.report.folder import write_report
from seal.stats.results import Results
from seal.sweep.reporting import fault_of_sweep, report_sweep

from ..finding import find_run, find_sweep


def main(arguments: Namespace) -> int:
    return report(arguments.runs, as_json=arguments.json)


def report(names: Sequence[str], *, as_json: bool) -> int:
    """Write and print the report of each run, and the table of each sweep.

    Raises:
        UsageError: a run or sweep does not exist, or has no results yet. Then nothing is written.
    """
    sweeps = {name: sweep for name in names if (sweep := find_sweep(name))}
    runs = {name: find_run(name) for name in names if name not in sweeps}
    waiting = [name for name, run in runs.items() if not (run / RESULTS).exists()]
    faults = [f"{runs[name]} has no results yet: `seal status {name}` shows its progress" for name in waiting]
    faults += [fault for sweep in sweeps.values() if (fault := fault_of_sweep(sweep))]
    if faults:
        raise UsageError("\n".join(faults))
    found = [
        report_sweep(sweeps[name], as_json=as_json) if name in sweeps else _report_run(runs[name], as_json=as_json)
        for name in dict.fromkeys(names)
    ]
    if as_json:
        print(json.dumps(found[0] if len(found) == 1 else found, indent=2, ensure_ascii=False))
    return 0


def _report_run(folder: Path, *, as_json: bool) -> dict[str, Any]:
    """Write the report of a run, and return its results. Print it too, unless `as_json`."""
    write_report(folder)
    if not as_json:
        print_summary(folder)
    found: dict[str, Any] = TypeAdapter(Results).dump_python(read_results(folder), mode="json")
    return found
