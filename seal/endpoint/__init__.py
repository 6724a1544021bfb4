"""OpenAI-compatible endpoints: the only place that talks to them. It asks, waits, retries and counts."""

import asyncio
from collections.abc import Sequence

from pydantic import NonNegativeFloat

from seal.endpoint.address import Address
from seal.endpoint.conversation import Conversation
from seal.endpoint.keys import api_key
from seal.endpoint.messages import NoText, OnReply, Question, Reply, Spend, free, ignored
from seal.errors import RunError
from seal.settings import option
from seal.types import Sampling, Unavailable, Usage

__all__ = ["Endpoint", "NoText", "Question", "Reply", "api_key"]
_FEW_TOKENS = 16
"""Some servers take no lower limit."""
_MILLION = 1_000_000
_CHARACTERS_PER_TOKEN = 4
"""Of English, about; for forecasts."""


@option
class Endpoint(Address):
    """A server that speaks OpenAI's protocol: OpenAI itself, vLLM, `transformers serve`, …"""

    usd_per_million_prompt_tokens: NonNegativeFloat = 2.0
    """Price of what is sent. Prices change: look it up."""
    usd_per_million_completion_tokens: NonNegativeFloat = 8.0
    """Price of what comes back."""

    def ask(
        self, questions: Sequence[Question], sampling: Sampling, on_reply: OnReply = ignored, spend: Spend = free
    ) -> list[Reply | Unavailable]:
        """One reply a question, in order. `spend` is told of replies without a text too, which are paid for as well.

        Raises:
            RunError: the server refuses the key, the model or the address, or is not trusted, so that no question will
            ever be answered.
        ConfigError: the key is none, or would be sent to the internet without TLS.
        """
        conversation = Conversation(address=self, sampling=sampling, price=self.usd, on_reply=on_reply, spend=spend)
        return asyncio.run(conversation.hold(questions))

    def ready(self, *, reply_tokens: int | None = None) -> None:
        """Ask for a reply of so many tokens; by default it is enough that the model is there, whatever it says.

        Raises:
            RunError: none comes, or the model thinks for longer than that.
        """
        sampling = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=reply_tokens or _FEW_TOKENS)
        [reply] = self.ask([Question(prompt="Say yes.")], sampling)
        if not isinstance(reply, Unavailable) or (isinstance(reply, NoText) and reply.is_cut and not reply_tokens):
            return
        if isinstance(reply, NoText) and reply.is_cut:
            raise RunError(
                f"nothing was started, because max_reply_tokens is {reply_tokens}, which this model does not keep to: "
                f"{reply.reason}"
            )
        raise RunError(f"nothing was started, because the endpoint does not answer: {reply.reason}")

    def usd(self, *, prompt_tokens: float, completion_tokens: float) -> float:
        """What so many tokens cost."""
        sent = prompt_tokens * self.usd_per_million_prompt_tokens
        return (sent + completion_tokens * self.usd_per_million_completion_tokens) / _MILLION

    def forecast(self, *, n_calls: int, prompt_characters: float, completion_tokens: float) -> Usage:
        """About what calls with so many characters in all their prompts, and so many tokens back, will take."""
        prompt_tokens = round(prompt_characters / _CHARACTERS_PER_TOKEN)
        return Usage(
            n_calls=n_calls,
            prompt_tokens=prompt_tokens,
            completion_tokens=round(completion_tokens),
            usd=self.usd(prompt_tokens=prompt_tokens, completion_tokens=completion_tokens),
        )
