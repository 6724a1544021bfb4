"""An adapter that somebody else made, of whatever kind: PEFT attaches it."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from peft import PeftModel
from transformers import PreTrainedModel

from seal.errors import ModelError, first_line
from seal.nn.adaptation import Adaptation


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PeftAdapter(Adaptation):
    """It stays in the layers of its model, and is switched off while it is not attached."""

    layers: Any
    """PEFT's tuner, which switches the layers of the adapter. PEFT gives it no type."""

    @classmethod
    def beside(cls, model: PreTrainedModel, folder: Path) -> Self:
        """Let PEFT load an adapter into a model, and switch it off.

        Raises:
            ModelError: PEFT refuses it.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                warnings.filterwarnings("error", message=".*missing adapter keys")  # PEFT would leave them at random
                peft = PeftModel.from_pretrained(model, folder, torch_device="cpu")  # and from there to the layers
        except Exception as error:  # whatever PEFT makes of a folder
            raise ModelError(f"{folder}: PEFT refuses this adapter: {first_line(error)}") from error
        peft.eval()
        layers: Any = peft.base_model
        layers.disable_adapter_layers()
        return cls(layers=layers)

    @classmethod
    @contextmanager
    def attached(cls, model: PreTrainedModel, group: Sequence[Self]) -> Iterator[None]:
        [adapter] = group
        adapter.layers.enable_adapter_layers()
        try:
            yield
        finally:
            adapter.layers.disable_adapter_layers()
