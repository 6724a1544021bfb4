"""What the command line takes: each command and its arguments. Nothing heavy is imported for it."""

import argparse
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]

_HELP = """\
Self-adapting language models: a model writes its own training data, is trained on it, and learns to write better.

  seal run experiment=tiny                           the whole method in a minute or two, on a laptop
  seal run task=passages task.path=my.jsonl ...      on your own passages
  seal run recipe=adapt task=passages task.path=...  passages in, one LoRA adapter out
  seal run -m inner.rank=8,16,32 ...                 one run for each value
  seal show self_edit experiment=tiny                one context's prompt, self-edit and training sequences
"""
_OVERRIDES = """\
settings as key=value, for example: model=local model.path=/models/my-model inner.rank=16 seed=1.
A room (model, task, self_edit, inner, engine, grader, metrics, outer, recipe, cluster, logger, experiment, fidelity)
takes the name of an option; room.setting takes a value. `seal check` shows all of them and what they lead to.
"""
_RUN = "the name of a run under outputs/, or the path of its folder"


def parser() -> argparse.ArgumentParser:
    """Of the whole command line; `command` of what it parses is the name of the command."""
    made = argparse.ArgumentParser(prog="seal", description=_HELP, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = made.add_subparsers(required=True, metavar="COMMAND")
    for add in (
        _add_run,
        _add_check,
        _add_show,
        _add_options,
        _add_completion,
        _add_import,
        _add_compare,
        _add_agreement,
        _add_log,
        _add_submission,
        _add_readers,
    ):
        add(commands)
    commands.choices["completion"].set_defaults(commands=sorted(commands.choices))
    return made


def _add_run(commands: "Commands") -> None:
    run = _command(commands, "run", "run, or go on with, an experiment")
    run.add_argument(
        "-m", "--multirun", action="store_true", help="one run for each combination of comma-separated values"
    )
    run.add_argument(
        "--detach", action="store_true", help="make the run itself a job of the cluster too, and return at once"
    )
    run.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help=_OVERRIDES)


def _add_check(commands: "Commands") -> None:
    check = _command(commands, "check", "check a configuration and its data, and say what a run would do")
    check.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help=_OVERRIDES)
    _add_json(check)


def _add_show(commands: "Commands") -> None:
    show = _command(commands, "show", "show what becomes of one context: prompt, self-edit, training sequences")
    show.add_argument("what", choices=["self_edit"])
    show.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help=_OVERRIDES)
    show.add_argument("--context", metavar="WHICH", help="its number from 0, its title or its id; the first by default")
    show.add_argument("--text", metavar="FILE", help="a self-edit to be read instead of one to be written; - is stdin")
    _add_json(show)


def _add_options(commands: "Commands") -> None:
    table = _command(commands, "options", "every setting of every option: type, default, meaning")
    table.add_argument("room", nargs="?", metavar="ROOM", help="model, task, inner, outer/reward, …; all by default")
    table.add_argument("--markdown", action="store_true", help="print docs/options.md")
    _add_json(table)


def _add_completion(commands: "Commands") -> None:
    completion = _command(commands, "completion", 'tab completion: eval "$(seal completion bash)"')
    completion.add_argument("what", choices=["bash", "words"], help="the script; or what a line may become")
    completion.add_argument("line", nargs="?", default="", help="the line so far")


def _add_import(commands: "Commands") -> None:
    importer = _command(commands, "import", "read published results into a run, for report and compare")
    importer.add_argument(
        "files", nargs="+", metavar="FILE", help="a results file; or several, or a folder, of matrices"
    )
    importer.add_argument("--name", help="of the run; the file's own by default")
    importer.add_argument("--contexts", metavar="FILE", help="the passages, where the results have none")
    _add_json(importer)


def _add_compare(commands: "Commands") -> None:
    comparison = _command(commands, "compare", "paired differences between two runs")
    for which in ("first", "second"):
        comparison.add_argument(which, metavar="RUN", help=_RUN)
    comparison.add_argument(
        "--settings",
        action="append",
        default=[],
        metavar="A:B",
        help="a setting of the first and one of the second run",
    )
    _add_json(comparison)


def _add_agreement(commands: "Commands") -> None:
    agreement = _command(commands, "agreement", "how far a grader agrees with verdicts in files")
    agreement.add_argument("files", nargs="+", metavar="FILE", help="published results, or JSON Lines of verdicts")
    agreement.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="the grader, for example grader=lexical")
    _add_json(agreement)


def _add_log(commands: "Commands") -> None:
    log = _command(commands, "log", "tell another logger what a run's own files say")
    log.add_argument("run", metavar="RUN", help=_RUN)
    log.add_argument("--to", required=True, choices=["wandb", "tensorboard"])
    log.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="settings of the logger: logger.project=…")


def _add_submission(commands: "Commands") -> None:
    submission = _command(commands, "submission", "a run's attempts at puzzles, as the ARC Prize takes them")
    submission.add_argument("run", metavar="RUN", help=_RUN)
    submission.add_argument("setting", metavar="SETTING", help="whose attempts, for example round_1 or oracle")
    submission.add_argument("--to", metavar="FILE", default="submission.json", help="submission.json by default")


def _add_readers(commands: "Commands") -> None:
    """Commands that take a run, or runs, and nothing else."""
    for name, summary in (
        ("status", "how far a run is"),
        ("attach", "follow a run that another process or a job works on; Ctrl-C only stops following"),
        ("cancel", "end a run's jobs on the cluster, and no others"),
    ):
        reader = _command(commands, name, summary)
        if name == "status":
            reader.add_argument("run", nargs="?", metavar="RUN", help=f"{_RUN}; without it, a line for each run there")
        else:
            reader.add_argument("run", metavar="RUN", help=_RUN)
        if name != "attach":
            _add_json(reader)
    reports = _command(commands, "report", "make the tables, plots and page of runs, or one table of a sweep")
    reports.add_argument("runs", nargs="+", metavar="RUN", help=f"{_RUN}, or a sweep's; each gets its own report")
    _add_json(reports)


def _command(
    commands: "Commands",
    name: str,
    summary: str,
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=summary, description=summary)
    command.set_defaults(command=name)
    return command


def _add_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print JSON, for scripts")
