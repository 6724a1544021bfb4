"""The room of models: which weights, in which precision, where. `seal.nn.backbone` does the loading."""

import re
from abc import ABC
from typing import Annotated, Literal

from pydantic import AfterValidator

from seal.settings import option

_DEVICE = re.compile(r"auto|cpu|mps|cuda(:(0|[1-9]\d?))?")


def _of_torch(name: str) -> str:
    if not _DEVICE.fullmatch(name):
        raise ValueError("a device is auto, cpu, mps, cuda or cuda:N")
    return name


@option
class Model(ABC):
    """A causal language model with its tokenizer, in the layout of Hugging Face."""

    path: str
    """A folder with config.json, weights as safetensors and a tokenizer; or a name on the hub."""
    revision: str | None = None
    """Branch, tag or commit on the hub; null is the newest."""
    dtype: Literal["float32", "float64", "bfloat16", "float16"] = "float32"
    """Of the base weights; adapters are always trained in at least float32."""
    attention: Literal["sdpa", "eager", "flash_attention_2"] = "sdpa"
    """Which attention kernel of transformers is used."""
    device: Annotated[str, AfterValidator(_of_torch)] = "auto"
    """`auto` takes the first GPU if there is one, else the CPU; or as torch names it, for example `cuda:1`."""
    chat: bool = False
    """Whether prompts are wrapped as a user's message in the tokenizer's chat template."""
    trust_remote_code: bool = False
    """Whether code that comes with the weights may run. Only for sources you trust."""
