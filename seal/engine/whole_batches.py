"""Continuing a batch until its last row is done, by transformers' own search: for models whose rows cannot come and go.

Letters of shapes: B rows, L prompt tokens, T new tokens, V vocabulary.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList, StoppingCriteria, StoppingCriteriaList

from seal.engine.reading import StopWatch
from seal.engine.sampling import are_finite, drawn_tokens, random_numbers
from seal.nn.backbone import Backbone
from seal.types import Sampling


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Continued:
    """What a batch became."""

    ids: Tensor
    """New tokens [B, T]; after its end a row is padding."""
    is_finite: Tensor
    """[B]: False of rows whose logits were not; they end there."""


def continue_together(
    backbone: Backbone,
    prompts: Sequence[Sequence[int]],
    seeds: Sequence[int],
    sampling: Sampling,
    watches: Sequence[StopWatch],
) -> Continued:
    """The new tokens of each prompt; a row ends where its watch says so, or at an end token."""
    ids, mask = left_padded(prompts, backbone)
    rows = _Rows(backbone, watches, prompt_length=ids.shape[1])
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
        logits_processor=LogitsProcessorList([_Finite(rows), *_sampler(seeds, sampling, prompt_length=ids.shape[1])]),
        stopping_criteria=StoppingCriteriaList([_Ends(rows)]),
    )
    assert isinstance(output, Tensor)
    return Continued(ids=output[:, ids.shape[1] :], is_finite=rows.is_finite)


def left_padded(prompts: Sequence[Sequence[int]], backbone: Backbone) -> tuple[Tensor, Tensor]:
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


class _Rows:
    """Which rows are done, and which of them broke before they were."""

    def __init__(self, backbone: Backbone, watches: Sequence[StopWatch], *, prompt_length: int) -> None:
        self.end_ids, self.watches, self.prompt_length = backbone.end_ids, watches, prompt_length
        self.is_done = torch.zeros(len(watches), dtype=torch.bool, device=backbone.device)  # [B]
        self.is_finite = torch.ones_like(self.is_done)

    def note(self, scores: Tensor) -> Tensor:
        """Scores of the next tokens [B, V], with none that is not finite; those of a row that is done mean nothing."""
        finite = are_finite(scores)
        self.is_finite &= finite | self.is_done
        return scores.masked_fill(~finite[:, None], 0)

    def done(self, ids: Tensor) -> Tensor:
        """[B] after the newest of these tokens [B, ·]."""
        rows = zip(ids[:, self.prompt_length :].tolist(), self.watches, self.is_done.tolist(), strict=True)
        over = [is_done or row[-1] in self.end_ids or watch.is_over(row) for row, watch, is_done in rows]
        self.is_done = torch.tensor(over, device=ids.device) | ~self.is_finite
        return self.is_done


class _Finite(LogitsProcessor):
    """Notes scores that are none, before anything is drawn by them."""

    def __init__(self, rows: _Rows) -> None:
        self.rows = rows

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        return self.rows.note(scores)


class _Ends(StoppingCriteria):
    """A row is done where it has ended, or broke."""

    def __init__(self, rows: _Rows) -> None:
        self.rows = rows

    def __call__(self, input_ids: Tensor, scores: object, **_: object) -> Tensor:
        return self.rows.done(input_ids)
