"""What was chosen for a run, but the recipe that uses it: a field a room."""

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
from seal.settings import option
from seal.stats.published import Published
from seal.task import Task


@option
class Choices:
    """The choice of an option in every room but that of recipes: all that a recipe may work with."""

    name: Annotated[str, Field(min_length=1)]
    """The run's folder is `outputs`/`name`."""
    outputs: Path = Path("outputs")
    """Where the folders of runs lie."""
    seed: NonNegativeInt = 0
    """All randomness of the run is derived from it."""
    if_exists: Literal["resume", "fail", "replace"] = "resume"
    """What to do where the folder has a run already. A run of another configuration is never resumed."""
    published: Published | None = None
    """What others found in the same settings, to be shown beside the results; null where there is nothing."""
    model: Model
    task: Task
    self_edit: SelfEditFormat
    inner: Inner
    engine: Engine
    writer: Engine | None = None
    """Who writes the self-edits, where that is somebody else than who answers."""
    grader: Grader
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    """What is reported beside the accuracy, by name."""
    outer: Outer
    cluster: Cluster
    logger: Logger

    @property
    def folder(self) -> Path:
        return self.outputs / self.name
