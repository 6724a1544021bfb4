"""Continuing a batch until its last row is done, by transformers' own search: for models whose rows cannot come and go.

Letters of shapes: B rows, L prompt tokens, T new tokens, V vocabulary.
"""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList, StoppingCriteria, StoppingCriteriaList

from seal.engine.sampling import drawn_tokens, random_numbers
from seal.engine.stopping import stopped
from seal.nn.backbone import Backbone
from seal.types import Sampling


def continue_together(
    backbone: Backbone, prompts: Sequence[Sequence[int]], seeds: Sequence[int], sampling: Sampling
) -> Tensor:
    """The new token ids [B, T]; after its end a row is padding."""
    ids, mask = _left_padded(prompts, backbone)
    config = GenerationConfig(
        max_new_tokens=sampling.max_new_tokens,
        do_sample=False,
        eos_token_id=sorted(backbone.end_ids) or None,
        pad_token_id=backbone.pad_id,
    )
    output = backbone.model.generate(  # type: ignore[operator]  # transformers' mixin hides its type
        input_ids=ids,
        attention_mask=mask,
        generation_config=config,
        logits_processor=LogitsProcessorList(_sampler(seeds, sampling, prompt_length=ids.shape[1])),
        stopping_criteria=StoppingCriteriaList(_stopper(backbone, sampling, prompt_length=ids.shape[1])),
    )
    assert isinstance(output, Tensor)
    return output[:, ids.shape[1] :]


def _left_padded(prompts: Sequence[Sequence[int]], backbone: Backbone) -> tuple[Tensor, Tensor]:
    """Ids and attention mask, each [B, L]."""
    length = max(map(len, prompts))
    ids = torch.full((len(prompts), length), backbone.pad_id)
    mask = torch.zeros_like(ids)
    for row, prompt in enumerate(prompts):
        ids[row, length - len(prompt) :] = torch.tensor(prompt)
        mask[row, length - len(prompt) :] = 1
    return ids.to(backbone.device), mask.to(backbone.device)


def _sampler(seeds: Sequence[int], sampling: Sampling, prompt_length: int) -> Iterable[LogitsProcessor]:
    if sampling.temperature > 0:
        yield SeededSampling(seeds, sampling, prompt_length)


def _stopper(backbone: Backbone, sampling: Sampling, prompt_length: int) -> Iterable[StoppingCriteria]:
    if sampling.stops:
        yield _StopStrings(backbone, sampling.stops, prompt_length)


class SeededSampling(LogitsProcessor):
    """Sampling with one random number generator a row.

    It leaves exactly one token possible, so the search that follows may be greedy.
    """

    def __init__(self, seeds: Sequence[int], sampling: Sampling, prompt_length: int) -> None:
        self.sampling = sampling
        self.prompt_length = prompt_length
        self.numbers = random_numbers(seeds, sampling)  # [B, T]

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Scores [B, V] → scores that are 0 for the drawn token and -inf for all others."""
        tokens = drawn_tokens(scores, self.numbers[:, input_ids.shape[1] - self.prompt_length], self.sampling)
        return torch.full_like(scores, -torch.inf).scatter(1, tokens[:, None], 0.0)


class _StopStrings(StoppingCriteria):
    """A row is done when its new text contains a stop string."""

    def __init__(self, backbone: Backbone, stops: Sequence[str], prompt_length: int) -> None:
        self.tokenizer = backbone.tokenizer
        self.stops = stops
        self.prompt_length = prompt_length

    def __call__(self, input_ids: Tensor, scores: object, **_: object) -> Tensor:
        written = input_ids[:, self.prompt_length :].tolist()
        return torch.tensor(stopped(self.tokenizer, written, self.stops), device=input_ids.device)
