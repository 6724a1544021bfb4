"""Generation by a model behind an OpenAI-compatible endpoint: one that is asked as it is, and never adapted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from seal.endpoint import Endpoint, Question, Reply
from seal.engine import Engine, Generator, Request, Spend
from seal.settings import option
from seal.types import Completion, Policy, Sampling, Unavailable, Usage

if TYPE_CHECKING:
    from seal.nn.backbone import Backbones


@option
class OpenAI(Engine):
    """A model behind any OpenAI-compatible endpoint, for example GPT-4.1 as the writer of self-edits (arXiv 2506.10943
    §4.1). As the writer beside a local model: engine@writer=openai"""

    serves_policies: ClassVar[bool] = False
    serves_adapters: ClassVar[bool] = False
    serves_weights: ClassVar[bool] = False
    constrains: ClassVar[bool] = True
    repeats_batches: ClassVar[bool] = False

    endpoint: Endpoint = Endpoint(timeout_s=300.0, give_up_after=8)
    """Who writes. As many texts are recorded together as there are requests under way."""

    @property
    def batch_size(self) -> int:
        return self.endpoint.concurrency

    def forecast(self, *, n_requests: int, prompt_characters: float, sampling: Sampling) -> Usage:
        return self.endpoint.forecast(
            n_calls=n_requests,
            prompt_characters=prompt_characters,
            completion_tokens=n_requests * sampling.max_new_tokens,
        )

    def ready(self) -> None:
        self.endpoint.ready()

    def generator(self, policy: Policy, backbones: "Backbones", spend: Spend) -> Generator:
        assert policy.weights is None, "the run was checked: nothing is learned where an endpoint writes"
        return _Served(endpoint=self.endpoint, spend=spend)


@dataclass(frozen=True, kw_only=True)
class _Served:
    """The served model, whichever policy it stands for."""

    endpoint: Endpoint
    spend: Spend

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> list[Completion | Unavailable]:
        assert all(request.adapter is None for request in requests), "the run was checked: no adapters here"
        questions = [Question(prompt=request.prompt, seed=request.seed) for request in requests]
        replies = self.endpoint.ask(questions, sampling, lambda number, reply: self.spend(reply.usage))
        return [
            Completion(text=reply.text, finished=reply.finished) if isinstance(reply, Reply) else reply
            for reply in replies
        ]
