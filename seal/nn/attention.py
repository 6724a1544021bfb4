"""Which of the attention functions that are registered with transformers a model takes."""

from collections.abc import Iterator
from contextlib import contextmanager

from transformers import PreTrainedModel


@contextmanager
def attending_by(model: PreTrainedModel, implementation: str) -> Iterator[None]:
    """While open, the model attends by the function that is registered under this name."""
    before = model.config._attn_implementation
    model.set_attn_implementation(implementation)
    try:
        yield
    finally:
        model.set_attn_implementation(before)
