"""Weights ↔ disk and device. The only place that loads models; everyone else is handed one."""

import gc
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from safetensors import SafetensorError
from tokenizers import Tokenizer
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)

from seal.base.paths import inside
from seal.chat import Chat
from seal.errors import ModelError, first_line
from seal.model import Model, files
from seal.nn.checkpoint import Differences, explained
from seal.nn.probes import Probes, file_of
from seal.nn.tying import say_what_is_tied
from seal.text import end_of_reply, padding_id
from seal.types import Policy

_LOG = logging.getLogger(__name__)

PROBE = "In 2023,\n\n650841823 people — Kelham's mill'LL  say\t{\"x\": 1.5}:  東京, Ž 🙂 "
"""A text with what tokenizers split in different ways: numbers, line ends, spaces, contractions, marks."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Backbone:
    """A model in memory, frozen, with its tokenizer."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    chat: Chat | None
    """How prompts become messages; None where they are plain text."""
    end_ids: frozenset[int]
    """Tokens that end a text."""
    published: GenerationConfig | None
    """The generation settings that came with the weights: not used here, and saved again with them."""
    probes: Probes = field(default_factory=Probes)
    """What was found out about the model by trying."""

    @property
    def device(self) -> torch.device:
        return self.model.device

    @property
    def n_embeddings(self) -> int:
        """Tokens that the model has a row for."""
        return _n_rows(self.model)

    @property
    def pad_id(self) -> int:
        return padding_id(self.tokenizer)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stored:
    """A policy on disk, with what its prompts need: for whoever loads the weights elsewhere."""

    folder: Path
    tokenizer: PreTrainedTokenizerBase
    chat: Chat | None
    """As in `Backbone`."""
    end_ids: frozenset[int]
    """As in `Backbone`."""


class Guest(Protocol):
    """Something that holds a policy's weights outside of a backbone, such as a server."""

    def close(self) -> None:
        """Let go of them."""


SomeGuest = TypeVar("SomeGuest", bound=Guest)


class Backbones:
    """The backbones of one process: the last one used stays in memory, because two may not fit the device.

    Guests too: each host (an engine that keeps the weights elsewhere) has one, of the last policy that it was used for.
    """

    def __init__(self, model: Model, run_folder: Path, say: Callable[[str], None] = _LOG.warning) -> None:
        self.model = model
        self.run_folder = run_folder
        self._say = say
        self._guests: list[tuple[object, str | None, Guest]] = []
        self._weights: str | None = None
        self._backbone: Backbone | None = None

    def get(self, policy: Policy) -> Backbone:
        """The policy's weights in memory.

        Raises:
            ModelError: they cannot be loaded.
        """
        if self._backbone is None or policy.weights != self._weights:
            self._backbone = None  # frees the old one before the new one is loaded
            weights = inside(self.run_folder, policy.weights) if policy.weights else None
            self._backbone = load(self.model, weights, say=self._say)
            self._weights = policy.weights
        return self._backbone

    def take(self, policy: Policy) -> Backbone:
        """As `get`, for whoever will change the weights: the next `get` loads them anew, and guests are gone."""
        self.close()
        backbone = self.get(policy)
        self._backbone = None
        return backbone

    def stored(self, policy: Policy) -> Stored:
        """The policy on disk.

        Raises:
            ModelError: its files cannot be read.
        """
        folder = inside(self.run_folder, policy.weights) if policy.weights else files.fetched(self.model)
        tokenizer = load_tokenizer(self.model, folder)
        chat = self.model.messages(tokenizer)
        end_ids = _end_ids(_generation_config(folder, self.model), tokenizer, chat=chat)
        return Stored(folder=folder.resolve(), tokenizer=tokenizer, chat=chat, end_ids=end_ids)

    def guest(self, host: object, policy: Policy, invite: Callable[[], SomeGuest]) -> SomeGuest:
        """What a host has opened for this policy's weights, and opens now if it has not. That of others is closed."""
        for known, weights, guest in self._guests:
            if known == host and weights == policy.weights:
                return guest  # type: ignore[return-value]  # a host invites one kind of guest
        for entry in [entry for entry in self._guests if entry[0] == host]:
            self._guests.remove(entry)
            entry[2].close()
        guest = invite()
        self._guests.append((host, policy.weights, guest))
        return guest

    def close(self) -> None:
        """Send all guests away."""
        while self._guests:
            self._guests.pop()[2].close()


def empty_cache() -> None:
    """Give GPU memory that torch only keeps for later back, for another process to take."""
    gc.collect()
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()


def load(model: Model, weights: Path | None = None, *, say: Callable[[str], None] = _LOG.warning) -> Backbone:
    """Load a model, from `weights` if given, else from where the settings say. `say` is told what it turns out not to
    be fit for.

    Raises:
        ModelError: no model, one that lacks weights or is not as its configuration says, no tokenizer, or no chat
            template where one is asked for.
    """
    device = pick_device(model.device)
    source = weights or files.fetched(model)
    tokenizer = load_tokenizer(model, source)
    network = _network(model, source)
    _pad_with_a_known_token(tokenizer, n_rows=_n_rows(network))
    network.requires_grad_(False).eval().to(device)
    chat = model.messages(tokenizer)
    end_ids = _end_ids(network.generation_config, tokenizer, chat=chat)
    published = network.generation_config
    # Only what we ask for steers sampling, not what the publisher of the weights likes (a repetition penalty, say).
    network.generation_config = GenerationConfig(eos_token_id=sorted(end_ids) or None)
    probes = Probes(file_of(files.fingerprint(source), network), say)
    return Backbone(
        model=network,
        tokenizer=tokenizer,
        chat=chat,
        end_ids=end_ids,
        published=published,
        probes=probes,
    )


def _network(model: Model, source: Path) -> PreTrainedModel:
    """The weights of a folder, every one of them: transformers would fill those that are missing at random."""
    try:
        with explained(source):
            loaded: Any = AutoModelForCausalLM.from_pretrained(  # its type depends on what it is asked for
                source,
                dtype=getattr(torch, model.dtype),
                attn_implementation=model.attention,
                trust_remote_code=model.trust_remote_code,
                use_safetensors=True,
                ignore_mismatched_sizes=True,
                output_loading_info=True,
            )
    except (OSError, ValueError, ImportError, SafetensorError) as error:
        if isinstance(error, ImportError) and "attention" in model.attention:
            raise ModelError(f"model.attention: {model.attention} cannot be used here: {first_line(error)}") from error
        if "attn_implementation" in str(error):
            raise ModelError(
                f"model.attention: '{source}' does not support {model.attention}: set it to eager"
            ) from error
        raise ModelError(f"model.path: cannot load the model '{source}': {first_line(error)}") from error
    network: PreTrainedModel = loaded[0]
    if faults := list(Differences.of(loaded[1]).faults(source)):
        raise ModelError("; ".join(faults))
    return network


def _n_rows(network: PreTrainedModel) -> int:
    weight = network.get_input_embeddings().weight
    assert isinstance(weight, torch.Tensor)
    return weight.shape[0]


def _pad_with_a_known_token(tokenizer: PreTrainedTokenizerBase, *, n_rows: int) -> None:
    """A padding token that was added to the tokenizer alone has no embedding. Any other will do."""
    if padding_id(tokenizer) >= n_rows:
        end = tokenizer.eos_token_id
        tokenizer.pad_token = tokenizer.convert_ids_to_tokens(end if end is not None and end < n_rows else 0)


def _generation_config(folder: Path, model: Model) -> GenerationConfig:
    """The generation settings of a model that is not loaded, found as transformers finds them."""
    try:
        return GenerationConfig.from_pretrained(folder)
    except OSError:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=model.trust_remote_code)
        return GenerationConfig.from_model_config(config)


def _end_ids(
    settings: GenerationConfig | None, tokenizer: PreTrainedTokenizerBase, *, chat: Chat | None
) -> frozenset[int]:
    """Every token that ends a text: the tokenizer's, those that the model's own generation settings add, and in a chat
    the one that its template ends a reply with."""
    of_model = settings.eos_token_id if settings else None
    listed = of_model if isinstance(of_model, list) else [of_model]
    behind = end_of_reply(tokenizer, chat=chat)
    of_chat = behind if len(behind) == 1 else []
    return frozenset(token for token in [tokenizer.eos_token_id, *listed, *of_chat] if token is not None)


def load_tokenizer(model: Model, source: Path | None = None) -> PreTrainedTokenizerBase:
    """The tokenizer of a model, without its weights: that of its file `tokenizer.json`, if it has one.

    For some architectures transformers 5 takes a class of its own, which has only the vocabulary from that file and
    splits text in its own way: tokens that the model was not trained on (transformers' issue 45920).

    Raises:
        ModelError: there is none, or it has no chat template and `model.chat` asks for one.
    """
    source = source or files.fetched(model)
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=model.trust_remote_code)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise ModelError(f"model.path: cannot load a tokenizer from '{source}': {first_line(error)}") from error
    if not _reads_as(tokenizer, source / files.TOKENIZER):
        tokenizer = PreTrainedTokenizerFast.from_pretrained(source)
    if model.chat is True and not tokenizer.chat_template:
        raise ModelError(
            f"model.chat is true, but the tokenizer of '{source}' has no chat template: set model.chat=false"
        )
    return tokenizer


def _reads_as(tokenizer: PreTrainedTokenizerBase, file: Path) -> bool:
    """Whether a tokenizer of transformers' own splits text as the one in a file does, if there is one."""
    of_transformers = type(tokenizer).__module__.startswith("transformers.")
    if not of_transformers or not isinstance(tokenizer, PreTrainedTokenizerFast) or not file.is_file():
        return True
    both = (Tokenizer.from_file(str(file)), tokenizer.backend_tokenizer)
    for each in both:
        each.no_truncation()
        each.no_padding()
    of_file, of_class = (each.encode(PROBE, add_special_tokens=False).ids for each in both)
    return bool(of_file == of_class)


def pick_device(name: str) -> torch.device:
    """The device that `model.device` names.

    Raises:
        ModelError: this machine does not have it.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(name)
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
    say_what_is_tied(network)
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
