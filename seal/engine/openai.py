"""Generation by a model behind an OpenAI-compatible endpoint: one that is asked as it is, and never adapted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from seal.endpoint import Endpoint, Question, Reply
from seal.engine import Engine, Generator, Request, Spend
from seal.settings import option
from seal.text import cut_at
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
        """One completion a request, in order.

        White space before a text ends nothing (`seal.text.cut_at`), but servers stop at any stop string. So what comes
        back blank is asked for once more, without stop strings.
        """
        assert all(request.adapter is None for request in requests), "the run was checked: no adapters here"
        found = self._asked(requests, sampling, sampling.stops)
        blank = [at for at, each in enumerate(found) if isinstance(each, Reply) and not each.text.strip()]
        if blank and sampling.stops:
            again = self._asked([requests[at] for at in blank], sampling, ())
            for at, reply in zip(blank, again, strict=True):
                found[at] = reply
        return [_completion(reply, sampling) if isinstance(reply, Reply) else reply for reply in found]

    def _asked(
        self, requests: Sequence[Request], sampling: Sampling, stops: tuple[str, ...]
    ) -> list[Reply | Unavailable]:
        questions = [Question(prompt=request.prompt, seed=request.seed, stops=stops) for request in requests]
        return self.endpoint.ask(questions, sampling, spend=self.spend)


def _completion(reply: Reply, sampling: Sampling) -> Completion:
    text = cut_at(reply.text, sampling.stops)
    return Completion(text=text, finished=reply.finished or len(text) < len(reply.text))
