"""The command line. Heavy things are imported when a command needs them, so that help comes at once.

Exit codes: 0 done, 1 the run failed or nobody reads what is printed, 2 wrong usage, configuration or data, 130
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
    """Do what the command line says; returns the exit code."""
    taken = parser.parser()
    parsed, unknown = taken.parse_known_args(arguments)
    if any(argument.startswith("-") for argument in unknown) or (unknown and not hasattr(parsed, "overrides")):
        taken.error(f"unknown arguments: {' '.join(unknown)}{_as_settings(unknown)}")
    if unknown:
        parsed.overrides += unknown  # settings after options, which argparse leaves over
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
            "\ninterrupted: what is recorded is safe, and the same command goes on from there",
            _how_to_resume(parsed),
            sep="",
            file=sys.stderr,
        )
        return INTERRUPTED
    except BrokenPipeError:
        if not _is_unread(sys.stdout.fileno()):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what Python would still write at the end
        return 1


def _as_settings(arguments: Sequence[str]) -> str:
    """How to write settings that were written as options."""
    meant = [each.lstrip("-") for each in arguments if each.startswith("-") and "=" in each]
    return f"; settings are written without dashes: {' '.join(meant)}" if meant else ""


def _is_unread(file: int) -> bool:
    """Whether a file is a pipe whose reader has left, as `head` does."""
    poll = select.poll()
    poll.register(file, select.POLLOUT)
    return any(event & select.POLLERR for _, event in poll.poll(0))


def _how_to_resume(parsed: argparse.Namespace) -> str:
    """What to say to somebody whose command would not go on, but start anew or be refused."""
    unlike = any(each in ("if_exists=replace", "if_exists=fail") for each in getattr(parsed, "overrides", ()))
    return ", but only with if_exists=resume" if unlike else ""


def _hear_signals() -> None:
    """To be told to end, or to lose the terminal, is an interruption: what ends with us is ended."""
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a script's background has it
        signal.signal(signal.SIGINT, _pass_over)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup has it
        signal.signal(signal.SIGHUP, _interrupt)


class Terminated(KeyboardInterrupt):
    """An interruption by somebody who cannot be asked anything."""


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise Terminated


def _pass_over(_signal: int, _frame: FrameType | None) -> None:
    """Ignore a signal without having processes that are started here ignore it too: it is what ends them."""


if __name__ == "__main__":
    sys.exit(main())
