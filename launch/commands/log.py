"""`seal log RUN --to wandb|tensorboard`: sends a run's metrics to another logger, from its own files."""

from argparse import Namespace
from collections.abc import Sequence

from seal.base.paths import refuse_links_out
from seal.config import loading
from seal.errors import UsageError

from ..finding import find_run
from .status import metrics_of


def main(arguments: Namespace) -> int:
    return replay(arguments.run, arguments.to, arguments.overrides)


def replay(name: str, logger: str, overrides: Sequence[str]) -> int:
    """Log a run again, from its beginning.

    Raises:
        UsageError: there is no such run, or the logger's settings have faults.
        RunError: the logger cannot be used here.
    """
    folder = find_run(name)
    strange = [each for each in overrides if not each.startswith("logger.")]
    if strange:
        raise UsageError(f"only settings of the logger are allowed, such as logger.project=…: not {', '.join(strange)}")
    refuse_links_out(folder)
    run, _ = loading.load([f"logger={logger}", *overrides])
    print(f"{folder} is logged to {logger}: {run.logger.replay(folder, metrics_of(folder))}")
    return 0
