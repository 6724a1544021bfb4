"""Questions under way at the same time, on one connection: sent, retried, read, and given up where nobody answers."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from seal.base.redaction import redacted, without
from seal.endpoint import status
from seal.endpoint.address import Address
from seal.endpoint.connection import answers, connected, distrust, key_headers
from seal.endpoint.dialect import Dialect, dialect_of
from seal.endpoint.errors import said_in
from seal.endpoint.keys import api_key, refuse_to_tell_everybody
from seal.endpoint.messages import NoText, OnReply, Question, Reply, Spend
from seal.endpoint.reading import STREAMS, Fault, Text, Withheld, read, wants_streaming
from seal.endpoint.usage import Counted
from seal.errors import RunError
from seal.text import cut_at
from seal.types import Sampling, Unavailable, Usage

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncOpenAI

MOST_STOPS = 4
"""So many stop strings are sent, as OpenAI and vLLM allow; the text is cut at the others when it is there."""
_MOST_CHARACTERS = 500


def _is_about_the_request(status_code: int) -> bool:
    """Some servers break down over a parameter that they do not know."""
    return status_code in (400, 422) or status_code >= 500


class Price(Protocol):
    """What so many tokens cost, in US dollars."""

    def __call__(self, *, prompt_tokens: float, completion_tokens: float) -> float: ...


@dataclass(kw_only=True)
class Conversation:
    """Questions to one server, and how many in a row stayed without a reply."""

    address: Address
    sampling: Sampling
    price: Price
    on_reply: OnReply
    spend: Spend
    n_silent: int = 0
    last_reason: str = ""
    dialect: Dialect = field(init=False)
    gate: asyncio.Semaphore = field(init=False)
    elsewhere: str | None = None
    """What was found out about a wrong address."""

    async def hold(self, questions: Sequence[Question]) -> list[Reply | Unavailable]:
        """One reply a question, in order."""
        refuse_to_tell_everybody(self.address.base_url, self.address.key_variable)
        self.dialect = dialect_of(self.address)
        self.gate = asyncio.Semaphore(self.address.concurrency)
        async with connected(self.address) as client:
            tasks = [asyncio.create_task(self._ask(client, number, each)) for number, each in enumerate(questions)]
            try:
                return list(await asyncio.gather(*tasks))
            finally:
                for task in tasks:
                    task.cancel()

    async def _ask(self, client: "AsyncOpenAI", number: int, question: Question) -> Reply | Unavailable:
        async with self.gate:
            if self.n_silent >= self.address.give_up_after:
                return Unavailable(reason=self.last_reason)
            reply = await self._reply(client, question)
        if isinstance(reply, Unavailable):
            self.n_silent, self.last_reason = self.n_silent + 1, reply.reason
        else:
            self.n_silent = 0
            self.on_reply(number, reply)
        return reply

    async def _reply(self, client: "AsyncOpenAI", question: Question) -> Reply | Unavailable:
        import openai

        try:
            return await self._outcome(client, question)
        except openai.OpenAIError as error:
            if why := distrust(error):
                raise RunError(
                    f"{self.address.base_url}: its TLS certificate is not trusted ({why}): give the file with "
                    "its authority's as SSL_CERT_FILE in the environment, or use the name that it was issued for"
                ) from None
            return self._unavailable(f"{type(error).__name__}: {error}")

    async def _outcome(self, client: "AsyncOpenAI", question: Question) -> Reply | Unavailable:
        """What comes of a question, which is sent anew as long as the server names parameters that it does not take."""
        import openai

        while True:
            sent = self.dialect.worded(self._values(question))
            try:
                body, content_type = await self._send(client, question, sent)
            except openai.APIStatusError as error:
                if _is_about_the_request(error.status_code) and self.dialect.learns_from(error.response.text, sent):
                    continue
                return await self._refused(client, question, error, sent)
            outcome = read(body, content_type=content_type, has_stops="stop" in sent)
            if isinstance(outcome, Fault) and self.dialect.learns_from(body, sent):
                continue
            return await self._read(client, outcome, question)

    async def _send(self, client: "AsyncOpenAI", question: Question, sent: Mapping[str, Any]) -> tuple[str, str]:
        """The body of the reply as it is, and its kind."""
        model, extra = question.model or self.address.model, {**sent, **question.extra, **self.address.extra}
        create: Any
        prompt: dict[str, Any]
        if self.address.api == "chat":
            assert isinstance(question.prompt, str), "a message is text"
            message = {"role": "user", "content": question.prompt}
            create, prompt = client.chat.completions, {"messages": [message]}
        else:
            create, prompt = client.completions, {"prompt": question.prompt}
        headers = key_headers(self.address)
        raw = await create.with_raw_response.create(model=model, **prompt, extra_body=extra, extra_headers=headers)
        return raw.text, raw.headers.get("content-type", "")

    def _values(self, question: Question) -> dict[str, Any]:
        """The parameters under our names; None is none."""
        stops = self._stops(question)[:MOST_STOPS]
        return {
            "max_tokens": self.sampling.max_new_tokens,
            "temperature": self.sampling.temperature,
            "top_p": self.sampling.top_p,
            "seed": None if question.seed is None else question.seed % 2**31,
            "stop": list(stops) or None,
            "response_format": self._schema(),
        }

    def _stops(self, question: Question) -> tuple[str, ...]:
        return self.sampling.stops if question.stops is None else question.stops

    def _schema(self) -> dict[str, Any] | None:
        if not self.sampling.json_schema:
            return None
        schema = json.loads(self.sampling.json_schema)
        if self.address.api == "completions":
            return {"json": schema}
        return {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema, "strict": True}}

    async def _read(
        self, client: "AsyncOpenAI", outcome: Text | Withheld | Fault, question: Question
    ) -> Reply | Unavailable:
        if isinstance(outcome, Fault):
            where = f". {await self._elsewhere(client)}" if outcome.is_page else ""
            return self._unavailable(outcome.reason + where)
        usage = self._usage(outcome.counted)
        self.spend(usage)
        if isinstance(outcome, Withheld):
            return NoText(reason=self._unavailable(outcome.reason).reason, is_cut=outcome.is_cut)
        whole = outcome.text.encode(errors="replace").decode()  # half characters, which no tokenizer takes
        whole = without(whole, api_key(self.address.key_variable))  # of a server that quotes what it was sent
        text = cut_at(whole, self._stops(question))  # of a server that knows no stop strings, or not so many
        finished = outcome.finished or len(text) < len(whole)
        return Reply(text=text, finished=finished, usage=usage, token_ids=outcome.token_ids)

    def _usage(self, counted: Counted) -> Usage:
        """The server's own count; nothing where it does not count, which is said."""
        if counted.missing:
            self.dialect.note(f"does not tell {' and '.join(counted.missing)}: they are booked as 0, too few")
        usd = self.price(prompt_tokens=counted.prompt_tokens, completion_tokens=counted.completion_tokens)
        return Usage(prompt_tokens=counted.prompt_tokens, completion_tokens=counted.completion_tokens, usd=usd)

    async def _refused(
        self, client: "AsyncOpenAI", question: Question, error: "APIStatusError", sent: Mapping[str, Any]
    ) -> Unavailable:
        """A reply whose status is an error.

        Raises:
            RunError: it will be one for every question.
        """
        said = self._clean(f"HTTP {error.status_code}: {said_in(error.response.text)}")
        if error.status_code in status.REFUSES_KEY:
            raise RunError(status.key_refused(self.address, said)) from None  # the original may quote the key
        if error.status_code in status.NOT_THERE and not question.model:
            if status.names_model(said, self.address.model):
                raise RunError(status.model_refused(self.address, said)) from None
            raise RunError(status.nothing_there(self.address, said, await self._elsewhere(client))) from None
        if status.is_spent_on_thoughts(said):
            return NoText(reason=self._unavailable(said).reason, is_cut=True)
        if wants_streaming(said):
            return self._unavailable(f"{STREAMS} ({said})")
        advice = status.advice_on_parameters(said, sent) if _is_about_the_request(error.status_code) else ""
        return self._unavailable(said + advice)

    async def _elsewhere(self, client: "AsyncOpenAI") -> str:
        """What to do about an address where nothing is, after a look at the one with `/v1`; looked for once."""
        if self.elsewhere is None:
            self.elsewhere = status.advice_on(self.address)
            if status.lacks_version(self.address.base_url) and await answers(client, self.address, "/v1/models"):
                self.elsewhere = f"It answers at {self.address.base_url.rstrip('/')}/v1: set endpoint.base_url to that"
        return self.elsewhere

    def _unavailable(self, reason: str) -> Unavailable:
        return Unavailable(reason=f"{self.address.base_url}: {self._clean(reason)}")

    def _clean(self, said: str) -> str:
        """In a line, without the key."""
        return " ".join(redacted(said, also=[self.address.key_variable]).split())[:_MOST_CHARACTERS]
