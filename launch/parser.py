"""The parser of the command line: each command and its arguments. It imports nothing heavy."""

import argparse
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]

_HELP = """\
Self-adapting language models: a model writes its own training data, trains on it, and learns to write better data.

  seal run experiment=tiny                           the whole method in a minute or two, on a laptop
  seal run task=passages task.path=my.jsonl ...      on your own passages
  seal run recipe=adapt task=passages task.path=...  passages in, one LoRA adapter out
  seal run -m inner.rank=8,16,32 ...                 one run per value
  seal show self_edit experiment=tiny                prompt, self-edit and training sequences of one context
  seal ask RUN "Which river?"                        the base model and the adapted one, side by side
"""
_OVERRIDES = """\
settings as key=value, for example: model=local model.path=/models/my-model inner.rank=16 seed=1.
A room (model, task, self_edit, inner, engine, grader, metrics, outer, recipe, cluster, logger, experiment, fidelity)
takes the name of an option; room.setting takes a value. `seal check` shows all settings and what a run would do.
"""
_RUN = "the name of a run under outputs/, or the path of its folder"


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line. `command` in its result is the name of the command."""
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
        _add_ask,
        _add_export,
        _add_readers,
    ):
        add(commands)
    commands.choices["completion"].set_defaults(commands=sorted(commands.choices))
    return made


def _add_run(commands: "Commands") -> None:
    run = _command(commands, "run", "start or resume an experiment")
    run.add_argument(
        "-m", "--multirun", action="store_true", help="one run for each combination of comma-separated values"
    )
    run.add_argument(
        "--detach", action="store_true", help="submit the run itself as a job of the cluster, and return at once"
    )
    run.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help=_OVERRIDES)


def _add_check(commands: "Commands") -> None:
    check = _command(commands, "check", "check a configuration and its data, and show what a run would do")
    check.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help=_OVERRIDES)
    _add_json(check)


def _add_show(commands: "Commands") -> None:
    show = _command(commands, "show", "show the prompt, self-edit and training sequences of one context")
    show.add_argument("what", choices=["self_edit"])
    show.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help=_OVERRIDES)
    show.add_argument("--context", metavar="WHICH", help="its number from 0, its title or its id; default: the first")
    show.add_argument("--text", metavar="FILE", help="read the self-edit from a file, - for stdin; default: write one")
    _add_json(show)


def _add_options(commands: "Commands") -> None:
    table = _command(commands, "options", "every setting of every option: type, default, meaning")
    table.add_argument("room", nargs="?", metavar="ROOM", help="model, task, inner, outer/reward, …; default: all")
    table.add_argument("--markdown", action="store_true", help="print docs/options.md")
    _add_json(table)


def _add_completion(commands: "Commands") -> None:
    completion = _command(commands, "completion", 'tab completion: eval "$(seal completion bash)"')
    completion.add_argument("what", choices=["bash", "words"], help="the script; or the possible next words of a line")
    completion.add_argument("line", nargs="?", default="", help="the line so far")


def _add_import(commands: "Commands") -> None:
    importer = _command(commands, "import", "read published results into a run, for report and compare")
    importer.add_argument(
        "files", nargs="+", metavar="FILE", help="a results file; or several forgetting matrices, or a folder of them"
    )
    importer.add_argument("--name", help="name of the run; default: the name of the file")
    importer.add_argument("--contexts", metavar="FILE", help="the passages, if the results do not contain them")
    _add_json(importer)


def _add_compare(commands: "Commands") -> None:
    comparison = _command(commands, "compare", "paired differences between two runs, or over seeds")
    comparison.add_argument("first", metavar="RUN", help=f"{_RUN}; or a sweep over seeds")
    comparison.add_argument("second", metavar="RUN", nargs="?", help="the same; not needed for one sweep over seeds")
    comparison.add_argument(
        "--settings",
        action="append",
        default=[],
        metavar="A:B",
        help="compare a setting of the first run with a setting of the second",
    )
    _add_json(comparison)


def _add_agreement(commands: "Commands") -> None:
    agreement = _command(commands, "agreement", "how far a grader agrees with verdicts in files")
    agreement.add_argument("files", nargs="+", metavar="FILE", help="published results, or JSON Lines of verdicts")
    agreement.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="the grader, for example grader=lexical")
    _add_json(agreement)


def _add_log(commands: "Commands") -> None:
    log = _command(commands, "log", "send a run's metrics to another logger, from its own files")
    log.add_argument("run", metavar="RUN", help=_RUN)
    log.add_argument("--to", required=True, choices=["wandb", "tensorboard"])
    log.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="settings of the logger: logger.project=…")


def _add_submission(commands: "Commands") -> None:
    submission = _command(commands, "submission", "write a run's attempts at puzzles in the format of the ARC Prize")
    submission.add_argument("run", metavar="RUN", help=_RUN)
    submission.add_argument("setting", metavar="SETTING", help="the row with the attempts, e.g. round_1 or oracle")
    submission.add_argument("--to", metavar="FILE", default="submission.json", help="default: submission.json")


def _add_ask(commands: "Commands") -> None:
    ask = _command(commands, "ask", "put questions to the base model and to the adapted one, side by side")
    ask.add_argument(
        "source",
        metavar="RUN|FOLDER",
        help=f"a run of recipe=adapt ({_RUN}); or the folder of a PEFT adapter, or of a model, which answers alone",
    )
    ask.add_argument(
        "question",
        nargs="*",
        metavar="QUESTION",
        help="default: what you type, or one question on each line of stdin",
    )
    ask.add_argument(
        "--passage",
        metavar="FILE|TEXT",
        help="a third answer: the base model with this passage in the prompt. Also the title of a passage of the run",
    )
    ask.add_argument(
        "--title",
        metavar="TITLE",
        help="the title in the prompt; default: that of the run's passage that the question names, or of its only one",
    )
    ask.add_argument("--max-tokens", type=int, metavar="N", help="maximum length of an answer; default: as in the run")
    ask.add_argument("--adapter", metavar="NAME", help="one of several adapters of a folder, or one that a run kept")
    _add_json(ask)


def _add_export(commands: "Commands") -> None:
    export = _command(commands, "export", "write what a run learned for other programs, with the commands to serve it")
    export.add_argument("run", metavar="RUN", help=f"a run of recipe=adapt: {_RUN}")
    export.add_argument(
        "--to",
        required=True,
        choices=["peft", "merged", "gguf", "ollama"],
        help="the adapter; the whole model; the whole model with the commands of llama.cpp, or with a Modelfile",
    )
    export.add_argument("--out", metavar="FOLDER", help="a new folder; default: export/TO in the folder of the run")


def _add_readers(commands: "Commands") -> None:
    """Commands that take only runs."""
    for name, summary in (
        ("status", "show the progress of a run"),
        ("attach", "follow a run that another process or job works on; Ctrl-C only stops following"),
        ("cancel", "cancel a run's jobs on the cluster, and no others"),
    ):
        reader = _command(commands, name, summary)
        if name == "status":
            reader.add_argument("run", nargs="?", metavar="RUN", help=f"{_RUN}; default: a line for each run there")
        else:
            reader.add_argument("run", metavar="RUN", help=_RUN)
        if name != "attach":
            _add_json(reader)
    reports = _command(commands, "report", "write tables, plots and a page for each run, or one table for a sweep")
    reports.add_argument("runs", nargs="+", metavar="RUN", help=f"{_RUN}, or of a sweep; each gets its own report")
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
