"""Batched generation on a backbone in memory. A text depends on its own seed and adapter only, not on its batch.

Letters of shapes: A adapters, Q rows an adapter, L prompt tokens, T new tokens, V vocabulary.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList, StoppingCriteria, StoppingCriteriaList

from seal.adaptation import Adaptation, Weights, attached
from seal.backbone import Backbone
from seal.engine import Request
from seal.text import cut_at, encode_prompt
from seal.types import Completion, Sampling


class BatchedGenerator:
    """Continues texts with one backbone."""

    def __init__(self, backbone: Backbone, *, prompts_per_batch: int = 64) -> None:
        self.backbone = backbone
        self.prompts_per_batch = prompts_per_batch

    @torch.no_grad()
    def generate(self, requests: Sequence[Request], sampling: Sampling) -> list[Completion]:
        """One completion a request, in order. Requests with adapters and without cannot stand in one call."""
        completions: dict[int, Completion] = {}
        for blocks in _batches(requests, self.prompts_per_batch):
            rows = [request for block in blocks for request in block]  # [A·Q]
            new_ids = self._continue(rows, [block[0].adapter for block in blocks], sampling)
            completions |= {
                id(request): self._completion(ids, sampling) for request, ids in zip(rows, new_ids, strict=True)
            }
        return [completions[id(request)] for request in requests]

    def _continue(self, rows: Sequence[Request], adapters: Sequence[Adaptation | None], sampling: Sampling) -> Tensor:
        """The new token ids [A·Q, T]; after its end a row is padding."""
        backbone = self.backbone
        ids, mask = self._left_padded([request.prompt for request in rows])
        config = GenerationConfig(
            max_new_tokens=sampling.max_new_tokens,
            do_sample=False,
            eos_token_id=sorted(backbone.end_ids) or None,
            pad_token_id=backbone.pad_id,
        )
        with self._attached(adapters):
            output = backbone.model.generate(  # type: ignore[operator]  # transformers' mixin hides its type
                input_ids=ids,
                attention_mask=mask,
                generation_config=config,
                logits_processor=LogitsProcessorList(self._sampler(rows, sampling, prompt_length=ids.shape[1])),
                stopping_criteria=StoppingCriteriaList(self._stopper(sampling, prompt_length=ids.shape[1])),
            )
        assert isinstance(output, Tensor)
        return output[:, ids.shape[1] :]

    def _attached(self, adapters: Sequence[Adaptation | None]) -> AbstractContextManager[None]:
        present = [adapter for adapter in adapters if adapter is not None]
        if not present:
            return nullcontext()
        assert len(present) == len(adapters), "requests with and without adapters in one call"
        return attached(self.backbone.model, present)

    def _left_padded(self, prompts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Ids and attention mask, each [A·Q, L]."""
        encoded = [encode_prompt(self.backbone.tokenizer, prompt, chat=self.backbone.chat) for prompt in prompts]
        length = max(len(ids) for ids in encoded)
        ids = torch.full((len(encoded), length), self.backbone.pad_id)
        mask = torch.zeros_like(ids)
        for row, prompt_ids in enumerate(encoded):
            ids[row, length - len(prompt_ids) :] = torch.tensor(prompt_ids)
            mask[row, length - len(prompt_ids) :] = 1
        return ids.to(self.backbone.device), mask.to(self.backbone.device)

    def _sampler(self, rows: Sequence[Request], sampling: Sampling, prompt_length: int) -> Iterable[LogitsProcessor]:
        if sampling.temperature > 0:
            yield SeededSampling([request.seed for request in rows], sampling, prompt_length)

    def _stopper(self, sampling: Sampling, prompt_length: int) -> Iterable[StoppingCriteria]:
        if sampling.stops:
            yield _StopStrings(self.backbone, sampling.stops, prompt_length)

    def _completion(self, ids: Tensor, sampling: Sampling) -> Completion:
        tokens = ids.tolist()
        length = next((place for place, token in enumerate(tokens) if token in self.backbone.end_ids), None)
        whole = str(self.backbone.tokenizer.decode(tokens[:length], skip_special_tokens=True))
        text = cut_at(whole, sampling.stops)
        return Completion(text=text, finished=length is not None or len(text) < len(whole))


def _batches(requests: Sequence[Request], size: int) -> Iterator[list[list[Request]]]:
    """Batches of at most `size` rows, each of blocks of equal length: a block has the requests of one adapter.

    A block that other weights answer is a batch of its own.
    """
    by_adapter: dict[int, list[Request]] = {}
    for request in requests:
        by_adapter.setdefault(id(request.adapter), []).append(request)
    batch: list[list[Request]] = []
    for of_adapter in by_adapter.values():
        for start in range(0, len(of_adapter), size):
            block = of_adapter[start : start + size]
            alone = isinstance(block[0].adapter, Weights)
            if batch and (alone or (len(batch) + 1) * max(map(len, [*batch, block])) > size):
                yield _equally_long(batch)
                batch = []
            batch.append(block)
    yield _equally_long(batch)


def _equally_long(blocks: Sequence[list[Request]]) -> list[list[Request]]:
    """Short blocks repeat their last request."""
    longest = max(map(len, blocks))
    return [block + [block[-1]] * (longest - len(block)) for block in blocks]


class SeededSampling(LogitsProcessor):
    """Temperature and nucleus sampling (top-p, arXiv 1904.09751) with one random number generator a row.

    It leaves exactly one token possible, so the search that follows may be greedy.
    """

    def __init__(self, seeds: Sequence[int], sampling: Sampling, prompt_length: int) -> None:
        self.temperature = sampling.temperature
        self.top_p = sampling.top_p
        self.prompt_length = prompt_length
        numbers = [torch.rand(sampling.max_new_tokens, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
        self.uniform = torch.stack(numbers)  # [A·Q, T]

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Scores [A·Q, V] → scores that are 0 for the drawn token and -inf for all others."""
        probabilities, tokens = (scores.float() / self.temperature).softmax(dim=-1).sort(dim=-1, descending=True)
        before = probabilities.cumsum(dim=-1) - probabilities
        kept = probabilities.where(before < self.top_p, 0)
        drawn = self.uniform[:, input_ids.shape[1] - self.prompt_length, None].to(scores.device)
        cumulative = kept.cumsum(dim=-1)
        position = torch.searchsorted(cumulative, drawn * cumulative[:, -1:]).clamp(max=scores.shape[1] - 1)
        return torch.full_like(scores, -torch.inf).scatter(1, tokens.gather(1, position), 0.0)


class _StopStrings(StoppingCriteria):
    """A row is done when its new text contains a stop string."""

    def __init__(self, backbone: Backbone, stops: Sequence[str], prompt_length: int) -> None:
        self.tokenizer = backbone.tokenizer
        self.stops = stops
        self.prompt_length = prompt_length

    def __call__(self, input_ids: Tensor, scores: object, **_: object) -> Tensor:
        texts = self.tokenizer.batch_decode(input_ids[:, self.prompt_length :], skip_special_tokens=True)
        done = [len(cut_at(text, self.stops)) < len(text) for text in texts]
        return torch.tensor(done, device=input_ids.device)
