"""Weights ↔ disk and device. The only place that loads models; everyone else is handed one."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import torch
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging as transformers_logging

from seal.errors import ModelError
from seal.model import Model, files
from seal.text import padding_id
from seal.types import Policy

transformers_logging.disable_progress_bar()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Backbone:
    """A model in memory, frozen, with its tokenizer."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    chat: bool
    """Whether prompts go through the tokenizer's chat template."""
    end_ids: frozenset[int]
    """Tokens that end a text."""
    published: GenerationConfig | None
    """The generation settings that came with the weights: not used here, and saved again with them."""

    @property
    def device(self) -> torch.device:
        return self.model.device

    @property
    def pad_id(self) -> int:
        return padding_id(self.tokenizer)


class Backbones:
    """The backbones of one process: the last one used stays in memory, because two may not fit the device."""

    def __init__(self, model: Model, run_folder: Path) -> None:
        self._model = model
        self._run_folder = run_folder
        self._policy: Policy | None = None
        self._backbone: Backbone | None = None

    def get(self, policy: Policy) -> Backbone:
        """The policy's weights in memory.

        Raises:
            ModelError: they cannot be loaded.
        """
        if self._backbone is None or policy != self._policy:
            self._backbone = None  # frees the old one before the new one is loaded
            self._backbone = load(self._model, self._run_folder / policy.weights if policy.weights else None)
            self._policy = policy
        return self._backbone

    def take(self, policy: Policy) -> Backbone:
        """As `get`, for whoever will change the weights: the next `get` loads them anew."""
        backbone = self.get(policy)
        self._backbone = None
        return backbone


def load(model: Model, weights: Path | None = None) -> Backbone:
    """Load a model, from `weights` if given, else from where the settings say.

    Raises:
        ModelError: no model, no tokenizer, or no chat template where one is asked for.
    """
    device = pick_device(model.device)
    source = weights or files.fetched(model)
    tokenizer = load_tokenizer(model, source)
    try:
        network = AutoModelForCausalLM.from_pretrained(
            source,
            dtype=getattr(torch, model.dtype),
            attn_implementation=model.attention,
            trust_remote_code=model.trust_remote_code,
        )
    except (OSError, ValueError, ImportError, SafetensorError) as error:
        if isinstance(error, ImportError) and "attention" in model.attention:
            raise ModelError(f"model.attention: {model.attention} cannot be used here: {_first_line(error)}") from error
        if "attn_implementation" in str(error):
            raise ModelError(
                f"model.attention: '{source}' does not support {model.attention}: set it to eager"
            ) from error
        raise ModelError(f"model.path: cannot load the model '{source}': {_first_line(error)}") from error
    network.requires_grad_(False).eval().to(device)
    end_ids = _end_ids(network, tokenizer)
    published = network.generation_config
    # Only what we ask for steers sampling, not what the publisher of the weights likes (a repetition penalty, say).
    network.generation_config = GenerationConfig(eos_token_id=sorted(end_ids) or None)
    return Backbone(model=network, tokenizer=tokenizer, chat=model.chat, end_ids=end_ids, published=published)


def _end_ids(network: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """Every token that ends a text: the tokenizer's, and those that the model's own generation settings add."""
    of_model = network.generation_config.eos_token_id if network.generation_config else None
    listed = of_model if isinstance(of_model, list) else [of_model]
    return frozenset(token for token in [tokenizer.eos_token_id, *listed] if token is not None)


def load_tokenizer(model: Model, source: Path | None = None) -> PreTrainedTokenizerBase:
    """The tokenizer of a model, without its weights.

    Raises:
        ModelError: there is none, or it has no chat template and `model.chat` asks for one.
    """
    source = source or files.fetched(model)
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=model.trust_remote_code)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise ModelError(f"model.path: cannot load a tokenizer from '{source}': {_first_line(error)}") from error
    if model.chat and not tokenizer.chat_template:
        raise ModelError(
            f"model.chat is true, but the tokenizer of '{source}' has no chat template: set model.chat=false"
        )
    return tokenizer


def pick_device(name: str) -> torch.device:
    """The device that `model.device` names.

    Raises:
        ModelError: torch does not know it, or this machine does not have it.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ModelError(f"model.device: {_first_line(error)}") from error
    n_gpus = torch.cuda.device_count()
    if device.type == "cuda" and (device.index or 0) >= n_gpus:
        raise ModelError(f"model.device is {name}, but torch sees {n_gpus or 'no'} GPUs here: set it to auto or cpu")
    return device


def save(
    network: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    folder: Path,
    *,
    published: GenerationConfig | None = None,
) -> str:
    """Write a model as an ordinary Hugging Face folder; the SHA-256 of its weight files.

    `published` are the generation settings to save with it; None takes the network's own.
    """
    ours, network.generation_config = network.generation_config, published or network.generation_config
    try:
        network.save_pretrained(folder)
    finally:
        network.generation_config = ours
    tokenizer.save_pretrained(folder)
    digest = sha256()
    for file in sorted(folder.glob("*.safetensors")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
