"""A GGUF file becomes an ordinary model folder of Hugging Face: weights are dequantized to float32, once."""

import json
import struct
from importlib.util import find_spec
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING

from seal.errors import ModelError, first_line

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_PROBE = "The quick brown fox jumps over the lazy dog."


def convert(file: Path, folder: Path) -> None:
    """Write the model of a GGUF file to a folder, which appears only when it is whole.

    The folder is loaded once more: its logits must be those of the file.

    Raises:
        ModelError: transformers cannot read the file, or the folder does not give the same model.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    draft = folder.with_name(f"{folder.name}.draft")
    rmtree(draft, ignore_errors=True)
    if not find_spec("gguf"):
        raise ModelError(f"{file}: to convert a GGUF file, install the package gguf: pip install gguf")
    try:
        tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
        read = AutoModelForCausalLM.from_pretrained(
            file.parent, gguf_file=file.name, dtype=torch.float32, use_safetensors=True
        )
    except (ImportError, OSError, ValueError, LookupError, struct.error) as error:
        raise ModelError(f"{file}: transformers cannot read this GGUF file: {first_line(error)}") from error
    _plain(read).save_pretrained(draft)
    tokenizer.save_pretrained(draft)
    ids = torch.tensor([tokenizer(_PROBE)["input_ids"]])
    again = AutoModelForCausalLM.from_pretrained(draft, dtype=torch.float32, use_safetensors=True)
    with torch.no_grad():
        if not torch.equal(read(ids).logits, again(ids).logits):
            raise ModelError(f"{file}: the converted folder {draft} gives other logits than the file")
    draft.rename(folder)


def _plain(read: "PreTrainedModel") -> "PreTrainedModel":
    """A model with the same weights that knows nothing of GGUF: transformers does not save the one that does."""
    from transformers import AutoConfig, AutoModelForCausalLM

    settings = {name: value for name, value in read.config.to_dict().items() if name != "quantization_config"}
    config = AutoConfig.for_model(**json.loads(json.dumps(settings, default=str)))
    plain: PreTrainedModel = AutoModelForCausalLM.from_config(config)
    plain.load_state_dict(read.state_dict())
    plain.generation_config = read.generation_config
    return plain
