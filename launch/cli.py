"""The command line. Heavy things are imported when a command needs them, so that help comes at once.

Exit codes: 0 done, 1 the run failed, 2 wrong usage, configuration or data, 130 interrupted (the same command resumes).
"""

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

INTERRUPTED = 130

_HELP = """\
Self-adapting language models: a model writes its own training data, is trained on it, and learns to write better.

  seal run experiment=tiny                           the whole method in two minutes, on a laptop
  seal run task=passages task.path=my.jsonl ...      on your own passages
  seal run recipe=adapt task=passages task.path=...  passages in, one LoRA adapter out
  seal run -m inner.rank=8,16,32 ...                 one run for each value
  seal show self_edit experiment=tiny                one context's prompt, self-edit and training sequences
"""
_OVERRIDES = """\
settings as key=value, for example: model=local model.path=/models/my-model inner.rank=16 seed=1.
A room (model, task, self_edit, inner, engine, grader, outer, recipe, cluster, logger, experiment) takes the name of an
option; room.setting takes a value. `seal check` shows all of them and what they lead to.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; returns the exit code."""
    parser = _parser()
    parsed, unknown = parser.parse_known_args(arguments)
    if any(argument.startswith("-") for argument in unknown) or (unknown and not hasattr(parsed, "overrides")):
        parser.error(f"unknown arguments: {' '.join(unknown)}")
    if unknown:
        parsed.overrides += unknown  # settings after options, which argparse leaves over
    signal.signal(signal.SIGTERM, _interrupt)
    from seal.errors import SealError

    try:
        command: Callable[[argparse.Namespace], int] = parsed.command
        return command(parsed)
    except SealError as error:
        print(error, _how_to_resume(parsed) if error.exit_code == 1 else "", sep="", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(
            "\ninterrupted: what is recorded is safe, and the same command goes on from there",
            _how_to_resume(parsed),
            sep="",
            file=sys.stderr,
        )
        return INTERRUPTED


def _how_to_resume(parsed: argparse.Namespace) -> str:
    """What to say to somebody whose command would not go on, but start anew or be refused."""
    unlike = any(each in ("if_exists=replace", "if_exists=fail") for each in getattr(parsed, "overrides", ()))
    return ", but only with if_exists=resume" if unlike else ""


class Terminated(KeyboardInterrupt):
    """An interruption by somebody who cannot be asked anything."""


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise Terminated


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="seal", description=_HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = _command(commands, "run", _run, "run, or go on with, an experiment")
    run.add_argument(
        "-m", "--multirun", action="store_true", help="one run for each combination of comma-separated values"
    )
    run.add_argument(
        "--detach", action="store_true", help="make the run itself a job of the cluster too, and return at once"
    )
    run.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help=_OVERRIDES)

    check = _command(commands, "check", _check, "check a configuration and its data, and say what a run would do")
    check.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help=_OVERRIDES)
    _add_json(check)

    show = _command(commands, "show", _show, "show what becomes of one context: prompt, self-edit, training sequences")
    show.add_argument("what", choices=["self_edit"])
    show.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help=_OVERRIDES)
    show.add_argument("--context", metavar="WHICH", help="its number from 0, its title or its id; the first by default")
    show.add_argument("--text", metavar="FILE", help="a self-edit to be read instead of one to be written; - is stdin")
    _add_json(show)

    importer = _command(commands, "import", _import, "read published results into a run, for report and compare")
    importer.add_argument(
        "files", nargs="+", metavar="FILE", help="a results file; or several, or a folder, of matrices"
    )
    importer.add_argument("--name", help="of the run; the file's own by default")
    importer.add_argument("--contexts", metavar="FILE", help="the passages, where the results have none")
    _add_json(importer)

    comparison = _command(commands, "compare", _compare, "paired differences between two runs")
    for which in ("first", "second"):
        comparison.add_argument(
            which, metavar="RUN", help="the name of a run under outputs/, or the path of its folder"
        )
    comparison.add_argument(
        "--settings",
        action="append",
        default=[],
        metavar="A:B",
        help="a setting of the first and one of the second run",
    )
    _add_json(comparison)

    agreement = _command(commands, "agreement", _agreement, "how far a grader agrees with verdicts in files")
    agreement.add_argument("files", nargs="+", metavar="FILE", help="published results, or JSON Lines of verdicts")
    agreement.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="the grader, for example grader=lexical")
    _add_json(agreement)

    log = _command(commands, "log", _log, "tell another logger what a run's own files say")
    log.add_argument("run", metavar="RUN", help="the name of a run under outputs/, or the path of its folder")
    log.add_argument("--to", required=True, choices=["wandb", "tensorboard"])
    log.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="settings of the logger: logger.project=…")

    submission = _command(
        commands, "submission", _submission, "a run's attempts at puzzles, as the ARC Prize takes them"
    )
    submission.add_argument("run", metavar="RUN", help="the name of a run under outputs/, or the path of its folder")
    submission.add_argument("setting", metavar="SETTING", help="whose attempts, for example round_1 or oracle")
    submission.add_argument("--to", metavar="FILE", default="submission.json", help="submission.json by default")

    for name, function, summary in (
        ("status", _status, "how far a run is"),
        ("report", _report, "make the tables, plots and page of a run, or one table of a sweep"),
        ("attach", _attach, "follow a run that another process or a job works on; Ctrl-C only stops following"),
        ("cancel", _cancel, "end a run's jobs on the cluster, and no others"),
    ):
        reader = _command(commands, name, function, summary)
        reader.add_argument("run", metavar="RUN", help="the name of a run under outputs/, or the path of its folder")
        if name != "attach":
            _add_json(reader)
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    function: Callable[[argparse.Namespace], int],
    summary: str,
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=summary, description=summary)
    command.set_defaults(command=function)
    return command


def _add_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print JSON, for scripts")


def _run(parsed: argparse.Namespace) -> int:
    if parsed.detach:
        from .detaching import detach

        return detach(parsed.overrides)
    from .running import run_one, sweep

    return sweep(parsed.overrides) if parsed.multirun else run_one(parsed.overrides)


def _check(parsed: argparse.Namespace) -> int:
    from .checking import check

    return check(parsed.overrides, as_json=parsed.json)


def _show(parsed: argparse.Namespace) -> int:
    from .showing import show_self_edit

    return show_self_edit(parsed.overrides, chosen=parsed.context, text_file=parsed.text, as_json=parsed.json)


def _compare(parsed: argparse.Namespace) -> int:
    from .comparing import compare

    return compare(parsed.first, parsed.second, settings=parsed.settings, as_json=parsed.json)


def _agreement(parsed: argparse.Namespace) -> int:
    from .agreeing import agreement

    given = [*parsed.files, *parsed.overrides]
    overrides = [each for each in given if "=" in each and not Path(each).exists()]
    files = [each for each in given if each not in overrides]
    return agreement(files, overrides, as_json=parsed.json)


def _import(parsed: argparse.Namespace) -> int:
    from .importing import import_results

    return import_results(parsed.files, name=parsed.name, contexts_file=parsed.contexts, as_json=parsed.json)


def _status(parsed: argparse.Namespace) -> int:
    from .reading import status

    return status(parsed.run, as_json=parsed.json)


def _attach(parsed: argparse.Namespace) -> int:
    from .attaching import attach

    return attach(parsed.run)


def _cancel(parsed: argparse.Namespace) -> int:
    from .jobs import cancel_run

    return cancel_run(parsed.run, as_json=parsed.json)


def _log(parsed: argparse.Namespace) -> int:
    from .replaying import replay

    return replay(parsed.run, parsed.to, parsed.overrides)


def _submission(parsed: argparse.Namespace) -> int:
    from .submitting import submit

    return submit(parsed.run, parsed.setting, Path(parsed.to))


def _report(parsed: argparse.Namespace) -> int:
    from .reading import report

    return report(parsed.run, as_json=parsed.json)


if __name__ == "__main__":
    sys.exit(main())
