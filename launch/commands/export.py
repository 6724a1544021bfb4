"""`seal export`: writes what a run learned for other programs, and prints the commands to serve it."""

from argparse import Namespace
from pathlib import Path

from seal.base.terminal import Terminal
from seal.settings import at_home
from seal.using.exports import export
from seal.using.sources import of_run

from ..finding import find_run


def main(arguments: Namespace) -> int:
    return export_run(arguments.run, arguments.to, at_home(Path(arguments.out)) if arguments.out else None)


def export_run(name: str, to: str, out: Path | None) -> int:
    """Write a new folder, by default in the run's own folder, and print how to serve it.

    Raises:
        UsageError: there is no such run, the folder exists, or the run cannot be exported so.
        RunError: what was read back is not what the run trained.
    """
    run = find_run(name)
    made = export(of_run(run), to, out or run / "export" / to)
    console = Terminal()

    def say(text: str, *, style: str = "") -> None:
        console.print(text, style=style, highlight=False, soft_wrap=True)

    say(f"export:  {made.folder}")
    if made.agreement:
        say(f"read back: its logits are those of the run, but for rounding: {made.agreement}")
    for program, lines in made.commands.items():
        say(f"\n{program}", style="bold")
        for line in lines:
            say(f"  {line}", style="dim" if line.startswith("#") else "")
    return 0
