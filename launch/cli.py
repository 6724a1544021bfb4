"""The command line. Heavy modules are imported only when a command needs them, so that help appears at once.

Exit codes: 0 done; 1 the run failed, or the reader of the output has left; 2 wrong usage, configuration or data; 130
interrupted (the same command resumes).
"""

import argparse
import os
import select
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from keyword import iskeyword
from types import FrameType

from seal.errors import INTERRUPTED

from . import parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command on the command line; return the exit code."""
    taken = parser.parser()
    parsed, unknown = taken.parse_known_args(arguments)
    listed = next((name for name in ("overrides", "question") if hasattr(parsed, name)), None)
    if any(argument.startswith("-") for argument in unknown) or (unknown and not listed):
        taken.error(f"unknown arguments: {' '.join(unknown)}{_as_settings(unknown)}")
    if listed:
        getattr(parsed, listed).extend(unknown)  # argparse does not assign words that follow options
    _hear_signals()
    from seal.base.redaction import redacted, show_exceptions_without_secrets
    from seal.errors import SealError

    show_exceptions_without_secrets()

    try:
        module = f"{parsed.command}_" if iskeyword(parsed.command) else parsed.command
        exit_code: int = import_module(f".commands.{module}", __package__).main(parsed)
        sys.stdout.flush()
        return exit_code
    except SealError as error:
        from seal.base.terminal import visible

        said = visible(redacted(str(error)).encode(errors="backslashreplace").decode())
        print(said, _how_to_resume(parsed) if error.exit_code == 1 else "", sep="", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(
            "\ninterrupted: all records are safe, and the same command goes on from there",
            _how_to_resume(parsed),
            sep="",
            file=sys.stderr,
        )
        return INTERRUPTED
    except BrokenPipeError:
        if not _is_unread(sys.stdout.fileno()):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python still flushes at exit
        return 1


def _as_settings(arguments: Sequence[str]) -> str:
    """A hint for settings that were written like options."""
    meant = [each.lstrip("-") for each in arguments if each.startswith("-") and "=" in each]
    return f"; write settings without dashes: {' '.join(meant)}" if meant else ""


def _is_unread(file: int) -> bool:
    """True if the file is a pipe whose reader has left, for example `head`."""
    poll = select.poll()
    poll.register(file, select.POLLOUT)
    return any(event & select.POLLERR for _, event in poll.poll(0))


def _how_to_resume(parsed: argparse.Namespace) -> str:
    """A hint for a command that would start again or be refused, instead of resuming."""
    unlike = any(each in ("if_exists=replace", "if_exists=fail") for each in getattr(parsed, "overrides", ()))
    return ", but only with if_exists=resume" if unlike else ""


def _hear_signals() -> None:
    """Treat SIGTERM and the loss of the terminal as interruptions, so that child processes are ended too."""
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # in the background of a script
        signal.signal(signal.SIGINT, _pass_over)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # not under nohup
        signal.signal(signal.SIGHUP, _interrupt)


class Terminated(KeyboardInterrupt):
    """An interruption without a user to answer questions."""


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise Terminated


def _pass_over(_signal: int, _frame: FrameType | None) -> None:
    """Ignore a signal, but let child processes receive it, because it ends them."""


if __name__ == "__main__":
    sys.exit(main())
