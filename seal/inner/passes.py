"""How the sequences of some trainings go through the model, told by the longest of them."""

from collections.abc import Collection

from seal.inner.job import Job
from seal.nn.backbone import Backbone
from seal.nn.company import Way, way_of_training


def way_of(jobs: Collection[Job], backbone: Backbone) -> Way:
    """The widest company that none of them notices.

    Raises:
        ModelError: in no way.
    """
    longest = max(job.longest for job in jobs)
    return way_of_training(backbone, longest, learns_padding=any(job.learns_padding for job in jobs))
