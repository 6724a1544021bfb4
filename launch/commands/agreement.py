"""`seal agreement`: compares a grader with given verdicts."""

import json
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table

from seal.base.terminal import Terminal
from seal.config import loading
from seal.errors import DataError
from seal.released.verdicts import Agreement, agree, read_verdicts
from seal.report.wording import interval, share, signed
from seal.settings import at_home


def main(arguments: Namespace) -> int:
    given = [at_home(each) for each in (*arguments.files, *arguments.overrides)]
    overrides = [each for each in given if ("=" in each or each.startswith("~")) and not Path(each).exists()]
    files = [each for each in given if each not in overrides]
    return agreement(files, overrides, as_json=arguments.json)


def agreement(files: Sequence[str], overrides: Sequence[str], *, as_json: bool) -> int:
    """Print how far the grader that the overrides choose agrees with the verdicts in files.

    Raises:
        ConfigError: the grader's configuration has faults.
        DataError: a file has no verdicts.
    """
    run, _ = loading.load(overrides)
    missing = [file for file in files if not Path(file).is_file()]
    if missing or not files:
        raise DataError(f"there is no file {', '.join(missing)}" if missing else "name a file of verdicts")
    found = agree(run.grader, [graded for file in files for graded in read_verdicts(Path(file))])
    if as_json:
        print(json.dumps(asdict(found), indent=2))
    else:
        _print(found, type(run.grader).__name__)
    return 0


def _print(found: Agreement, grader: str) -> None:
    console = Terminal()
    console.print(
        f"{grader} agrees with {found.agreement:.1%} of {found.n_distinct:,} distinct answers ({found.n:,} verdicts); "
        f"Cohen's kappa {found.kappa:.3f}, 95 % interval {interval(found.kappa_ci95)}",
        highlight=False,
    )
    console.print(
        f"both say right {found.both_correct:,}, both say wrong {found.both_wrong:,}, only the files say right "
        f"{found.only_theirs:,}, only {grader} {found.only_ours:,}; without a verdict {found.n_unknown:,}; "
        f"contradictory in the files {found.n_contradicted:,}",
        highlight=False,
    )
    table = Table(title="effect on accuracies", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("setting")
    for heading in ("theirs", "ours", "bias", "95 % interval", "answers"):
        table.add_column(heading, justify="right", no_wrap=True)
    for bias in found.biases:
        table.add_row(
            bias.setting,
            share(bias.theirs),
            share(bias.ours),
            signed(bias.difference),
            interval(bias.ci95, of_difference=True),
            f"{bias.n:,}",
        )
    console.print(table)
