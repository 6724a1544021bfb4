"""Generation by a model behind an OpenAI-compatible endpoint: one that is asked as it is, and never adapted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from seal.endpoint import Endpoint, NoText, Question, Reply
from seal.engine import Engine, Generator, Request, Spend
from seal.engine.reading import completion_of
from seal.settings import option
from seal.thoughts import parted
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

    template_arguments: Mapping[str, Any] | None = None
    """Sent as `chat_template_kwargs`, for a server that renders chats itself (vLLM, SGLang), for example
    `{enable_thinking: false}`. null sends those of the model, `{}` none."""

    @property
    def other_model(self) -> str:
        return self.endpoint.model

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
        of_model = backbones.model.template_arguments
        told = of_model if self.template_arguments is None else self.template_arguments
        return _Served(endpoint=self.endpoint, spend=spend, template_arguments=told or {})


@dataclass(frozen=True, kw_only=True)
class _Served:
    """The served model, whichever policy it stands for."""

    endpoint: Endpoint
    spend: Spend
    template_arguments: Mapping[str, Any]

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> list[Completion | Unavailable]:
        """One completion a request, in order.

        White space before a text and stop strings within a thought end nothing, but servers stop at any stop string. So
        what comes back without an answer is asked for once more, without stop strings.
        """
        assert all(request.adapter is None for request in requests), "the run was checked: no adapters here"
        found = self._asked(requests, sampling, sampling.stops)
        early = [at for at, each in enumerate(found) if _stopped_too_soon(each)] if sampling.stops else []
        again = self._asked([requests[at] for at in early], sampling, ()) if early else []
        for at, reply in zip(early, again, strict=True):
            found[at] = reply
        return [
            completion_of(reply.text, sampling, has_ended=reply.finished) if isinstance(reply, Reply) else reply
            for reply in found
        ]

    def _asked(
        self, requests: Sequence[Request], sampling: Sampling, stops: tuple[str, ...]
    ) -> list[Reply | Unavailable]:
        is_told = self.template_arguments and self.endpoint.api == "chat"
        extra = {"chat_template_kwargs": dict(self.template_arguments)} if is_told else {}
        questions = [
            Question(prompt=request.prompt, seed=request.seed, stops=stops, extra=extra) for request in requests
        ]
        return self.endpoint.ask(questions, sampling, spend=self.spend)


def _stopped_too_soon(reply: Reply | Unavailable) -> bool:
    """Whether a stop string may have ended a text before it began, or within a thought."""
    if isinstance(reply, Reply):
        return not parted(reply.text).answer.strip()
    return isinstance(reply, NoText) and not reply.is_cut
