"""Everything that one process has open for a run: settings, store, contexts, the model in memory, the monitor."""

import json
import logging
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from seal.base.monitor import Metrics, Monitor, Silent
from seal.choices import Choices
from seal.engine import Generator
from seal.folder.run_files import read_metrics
from seal.folder.store import METRICS, SPENDING, Store
from seal.logger import Log, timed_line
from seal.task import Contexts
from seal.types import Policy, Usage

if TYPE_CHECKING:
    from seal.nn.backbone import Backbone, Backbones

_LOG = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Lab:
    """Gives work access to all rooms of a run. Everything expensive is opened on first use."""

    run: Choices
    store: Store
    contexts: Contexts
    monitor: Monitor = field(default_factory=Silent)
    log: Log

    @cached_property
    def backbones(self) -> "Backbones":
        from seal.nn.backbone import Backbones

        return Backbones(self.run.model, self.store.folder, say=self.note)

    def loaded_again(self, policy: Policy) -> "Backbone":
        """A policy that was just written, from its folder. It stays in memory for its first use, unless an engine wants
        the device."""
        engines = (self.run.engine, self.run.writer)
        keeps = not any(engine.hosts_policies for engine in engines if engine)
        return self.backbones.get(policy) if keeps else self.backbones.take(policy)

    def close(self) -> None:
        """Stop the processes of the engines. A later use starts them again."""
        if "backbones" in self.__dict__:
            self.backbones.close()

    def generator(self, policy: Policy) -> Generator:
        """The generator of answers."""
        return self.run.engine.generator(policy, self.backbones, partial(self.spend, "answers"))

    def writer(self, policy: Policy) -> Generator:
        """The generator of self-edits."""
        writer = self.run.writer or self.run.engine
        return writer.generator(policy, self.backbones, partial(self.spend, "self-edits"))

    def spend(self, purpose: str, usage: Usage) -> None:
        """Book the cost of a paid call at once, so that a stopped run has it in its books too."""
        booking = {"purpose": purpose, **asdict(usage)}
        self.store.add_lines(SPENDING, [json.dumps(booking) + "\n"])

    def announce(self, event: str, metrics: Metrics) -> None:
        """Log an event once per run, however often the run is resumed."""
        if event not in self._announced:
            self._announced.add(event)
            self.log({"event": event, **metrics})

    def note(self, text: str) -> None:
        """Say something that readers of the results have to know: at once, and in the report."""
        _LOG.warning(text)
        self.log({"note": text})

    def seconds_per_unit(self, phase: str) -> float | None:
        """Mean seconds per unit of a phase, over all sessions of the run; None if the phase has no units."""
        lines = [line for line in read_metrics(self.store.folder) if line.get("work") == phase]
        n_units = sum(line["units"] for line in lines)
        return round(sum(line["time/work_s"] for line in lines) / n_units, 3) if n_units else None

    @cached_property
    def _announced(self) -> set[str]:
        return {line["event"] for line in read_metrics(self.store.folder) if "event" in line}

    def packed(self) -> "Lab":
        """This lab as a plain value for another process: without open resources and without a monitor."""
        return replace(self, store=Store(self.store.folder), monitor=Silent(), log=_unheard)

    def elsewhere(self, store: Store) -> "Lab":
        """This lab in another process, which writes its metrics and spending into its own store."""
        return replace(self, store=store, log=partial(_note, store))

    def skip_trials(self, title: str, n_trials: int) -> None:
        """Count planned trials as not needed. Each is two units: one adapts and asks a model, one grades."""
        self.skip(title, 2 * n_trials)

    def skip(self, title: str, n_units: int) -> None:
        """Count planned units as not needed."""
        if n_units:
            self.monitor.began(title, n_units)
            self.monitor.recalled(n_units)
            self.monitor.ended()


def _unheard(metrics: Metrics) -> None:
    """The log of a lab on its way to another process: it drops all metrics."""


def _note(store: Store, metrics: Metrics) -> None:
    store.add_lines(METRICS, [timed_line(metrics)])
