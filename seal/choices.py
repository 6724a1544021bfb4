"""The choices of a run without its recipe: one field per room."""

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt

from seal.cluster import Cluster
from seal.engine import Engine
from seal.grader import Grader
from seal.inner import Inner
from seal.logger import Logger
from seal.metric import Metric
from seal.model import Model
from seal.outer import Outer
from seal.self_edit import SelfEditFormat
from seal.settings import FileOrFolder, option
from seal.stats.published import Published
from seal.task import Task


@option
class Choices:
    """The chosen option in every room except recipes: everything that a recipe may use."""

    name: Annotated[str, Field(min_length=1)]
    """The run's folder is `outputs`/`name`."""
    outputs: FileOrFolder = Path("outputs")
    """The folder that holds the folders of runs."""
    seed: NonNegativeInt = 0
    """The seed of all randomness in the run."""
    if_exists: Literal["resume", "fail", "replace"] = "resume"
    """What to do if the folder already holds a run: `resume` it, `fail`, or `replace` it. A run of another
    configuration is never resumed."""
    published: Published | None = None
    """Published results of the same settings, shown beside the run's own; null shows none."""
    model: Model
    task: Task
    self_edit: SelfEditFormat
    inner: Inner
    engine: Engine
    writer: Engine | None = None
    """The engine that writes self-edits, if it is not the engine that answers."""
    grader: Grader
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    """Metrics reported beside the accuracy, by name."""
    outer: Outer
    cluster: Cluster
    logger: Logger

    @property
    def folder(self) -> Path:
        return self.outputs / self.name
