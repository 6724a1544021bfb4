"""OpenAI-compatible endpoints: the only place that talks to them. It asks, waits, retries and counts."""

import asyncio
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from ssl import SSLCertVerificationError
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, field_validator

from seal.base.redaction import redacted, variable, without
from seal.errors import ConfigError, RunError
from seal.settings import option
from seal.types import Sampling, Unavailable, Usage

if TYPE_CHECKING:
    from openai import AsyncOpenAI, DefaultAsyncHttpxClient

_NO_KEY = "none"
"""What servers are given that ask for no key."""
_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")
_MILLION = 1_000_000
_CHARACTERS_PER_TOKEN = 4
"""Of English, about; for forecasts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One text to be continued or answered."""

    prompt: str | tuple[int, ...]
    """The text; or its token ids, for a server that takes them where it continues plain text."""
    seed: int | None = None
    model: str | None = None
    """Who is asked, where it is not the endpoint's model: one that may come and go, so its absence ends nothing."""
    stops: tuple[str, ...] | None = None
    """Where they are not those of the sampling."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """What the server understands beyond OpenAI's protocol."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back, with the endpoint's own count of tokens and their price."""

    text: str
    finished: bool
    """False if it was cut at the token limit."""
    usage: Usage


OnReply = Callable[[int, Reply], None]
"""Told of each reply as it comes, with the number of its question."""


@option
class Endpoint:
    """A server that speaks OpenAI's protocol: OpenAI itself, vLLM, `transformers serve`, …"""

    base_url: str = "https://api.openai.com/v1"
    """Up to and including `/v1`."""
    model: str = "gpt-4.1-2025-04-14"
    """As the server calls it."""
    api: Literal["chat", "completions"] = "chat"
    """`chat` sends a prompt as a user's message, `completions` as plain text to be continued."""
    key_variable: str = "OPENAI_API_KEY"
    """The environment variable that holds the API key, or its name in a file `.env`. The key is never stored."""
    concurrency: PositiveInt = 16
    """Requests under way at the same time."""
    timeout_s: PositiveFloat = 60.0
    """Of one request."""
    max_retries: NonNegativeInt = 5
    """Further tries after a failure to connect, a time-out, a rate limit (429) or an error of the server (5xx), with
    exponential backoff, or when the server says."""
    give_up_after: PositiveInt = 32
    """So many questions in a row without a reply, after all retries, and the rest of a batch is not asked."""
    usd_per_million_prompt_tokens: NonNegativeFloat = 2.0
    """Price of what is sent. Prices change: look it up."""
    usd_per_million_completion_tokens: NonNegativeFloat = 8.0
    """Price of what comes back."""

    @field_validator("base_url")
    @classmethod
    def _without_a_key(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("an address looks like https://HOST/v1")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError(
                "an address is recorded, so it must hold no user, password or parameters: "
                "the key belongs into the variable that key_variable names"
            )
        return url

    @field_validator("key_variable")
    @classmethod
    def _is_a_name(cls, name: str) -> str:
        if not re.fullmatch(r"[A-Z_][A-Z0-9_]*", name):
            raise ValueError(
                "this is the name of a variable in capitals, such as OPENAI_API_KEY: the key itself stands in the "
                "environment or in a file .env, never in the configuration"
            )
        return name

    @property
    def lacks_its_key(self) -> bool:
        """Whether it is on the internet, and there is no key for it."""
        return not _is_near(urlsplit(self.base_url).hostname or "") and not api_key(self.key_variable)

    def ask(
        self, questions: Sequence[Question], sampling: Sampling, on_reply: OnReply = lambda number, reply: None
    ) -> list[Reply | Unavailable]:
        """One reply a question, in order.

        Raises:
            RunError: the server refuses the key, the model or the address, or is not trusted, so that no question will
            ever be answered.
        ConfigError: the key is none, or would be sent to the internet without TLS.
        """
        return asyncio.run(_Conversation(endpoint=self, sampling=sampling, on_reply=on_reply).hold(questions))

    def ready(self) -> None:
        """Ask for one token.

        Raises:
            RunError: none comes.
        """
        sampling = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=1)
        [reply] = self.ask([Question(prompt="Say yes.")], sampling)
        if isinstance(reply, Unavailable):
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


@dataclass(kw_only=True)
class _Conversation:
    """Questions under way at the same time, and how many in a row stayed without a reply."""

    endpoint: Endpoint
    sampling: Sampling
    on_reply: OnReply
    n_silent: int = 0
    last_reason: str = ""
    gate: asyncio.Semaphore = field(init=False)

    async def hold(self, questions: Sequence[Question]) -> list[Reply | Unavailable]:
        from openai import AsyncOpenAI

        refuse_to_tell_everybody(self.endpoint.base_url, self.endpoint.key_variable)
        self.gate = asyncio.Semaphore(self.endpoint.concurrency)
        async with AsyncOpenAI(
            base_url=self.endpoint.base_url,
            api_key=api_key(self.endpoint.key_variable) or _NO_KEY,
            timeout=self.endpoint.timeout_s,
            max_retries=self.endpoint.max_retries,
            http_client=_transport(self.endpoint.base_url),
        ) as client:
            tasks = [asyncio.create_task(self._ask(client, number, each)) for number, each in enumerate(questions)]
            try:
                return list(await asyncio.gather(*tasks))
            finally:
                for task in tasks:
                    task.cancel()

    async def _ask(self, client: "AsyncOpenAI", number: int, question: Question) -> Reply | Unavailable:
        async with self.gate:
            if self.n_silent >= self.endpoint.give_up_after:
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
            return await self._request(client, question)
        except (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError) as error:
            if question.model and isinstance(error, openai.NotFoundError):
                return Unavailable(reason=f"{self.endpoint.base_url}: {self._reason(error)}")
            raise RunError(
                f"{self.endpoint.base_url} refuses the model '{self.endpoint.model}' or the key in "
                f"{self.endpoint.key_variable}: {self._reason(error)}"
            ) from None  # the original may quote the key
        except openai.OpenAIError as error:
            if distrust := _distrust(error):
                raise RunError(
                    f"{self.endpoint.base_url}: its TLS certificate is not trusted ({distrust}): give the file with "
                    "its authority's as SSL_CERT_FILE in the environment, or use the name that it was issued for"
                ) from None
            return Unavailable(reason=f"{self.endpoint.base_url}: {self._reason(error)}")
        except (ValueError, TypeError, AttributeError, IndexError) as error:
            return Unavailable(reason=f"{self.endpoint.base_url}: malformed reply ({type(error).__name__})")

    async def _request(self, client: "AsyncOpenAI", question: Question) -> Reply | Unavailable:
        settings = self._settings(question)
        if self.endpoint.api == "chat":
            assert isinstance(question.prompt, str), "a message is text"
            reply: Any = await client.chat.completions.create(
                messages=[{"role": "user", "content": question.prompt}], **settings
            )
            text = reply.choices[0].message.content or ""
        else:
            reply = await client.completions.create(prompt=question.prompt, **settings)
            text = reply.choices[0].text
        if not isinstance(text, str):
            raise TypeError(f"the text is a {type(text).__name__}")
        if reply.choices[0].finish_reason == "content_filter":
            return Unavailable(reason=f"{self.endpoint.base_url}: a content filter held the reply back")
        text = text.encode(errors="replace").decode()  # half characters, which no tokenizer takes
        text = without(text, api_key(self.endpoint.key_variable))  # of a server that quotes what it was sent
        return Reply(text=text, finished=reply.choices[0].finish_reason != "length", usage=self._usage(reply.usage))

    def _settings(self, question: Question) -> dict[str, Any]:
        settings: dict[str, Any] = {
            "model": question.model or self.endpoint.model,
            "temperature": self.sampling.temperature,
            "top_p": self.sampling.top_p,
            "max_tokens": self.sampling.max_new_tokens,
        }
        if stops := self.sampling.stops if question.stops is None else question.stops:
            settings["stop"] = list(stops)
        if question.seed is not None:
            settings["seed"] = question.seed % 2**31
        extra = dict(question.extra)
        if self.sampling.json_schema:
            schema = json.loads(self.sampling.json_schema)
            if self.endpoint.api == "chat":
                named = {"name": "reply", "schema": schema, "strict": True}
                settings["response_format"] = {"type": "json_schema", "json_schema": named}
            else:
                extra["structured_outputs"] = {"json": schema}  # vLLM's; OpenAI's own completions know nothing like it
        if extra:
            settings["extra_body"] = extra
        return settings

    def _usage(self, counted: Any) -> Usage:
        """The server's own count; nothing where it does not count."""
        sent, came = (counted.prompt_tokens, counted.completion_tokens) if counted else (0, 0)
        usd = self.endpoint.usd(prompt_tokens=sent, completion_tokens=came)
        return Usage(prompt_tokens=sent, completion_tokens=came, usd=usd)

    def _reason(self, error: Exception) -> str:
        """The error in a line, without the key."""
        said = redacted(str(error), also=[self.endpoint.key_variable])
        line = (said.strip().splitlines() or [""])[0]
        return f"{type(error).__name__}: {line}"[:300]


def _transport(base_url: str) -> "DefaultAsyncHttpxClient | None":
    """A server on this machine is asked directly, whatever proxy stands between the machine and the world."""
    from httpx import create_ssl_context
    from openai import DefaultAsyncHttpxClient

    if urlsplit(base_url).hostname not in _THIS_MACHINE:
        return None
    return DefaultAsyncHttpxClient(trust_env=False, verify=create_ssl_context(trust_env=True))  # and SSL_CERT_FILE


def _distrust(error: BaseException | None) -> str | None:
    """Why a certificate is not trusted, if that is what an error comes from."""
    while error:
        if isinstance(error, SSLCertVerificationError):
            return error.verify_message
        error = error.__cause__ or error.__context__
    return None


def refuse_to_tell_everybody(base_url: str, key_variable: str) -> None:
    """Without TLS a key is read by everybody on the way, which must not be the internet.

    Raises:
        ConfigError: it would be.
    """
    parts = urlsplit(base_url)
    if parts.scheme == "http" and not _is_near(parts.hostname or "") and api_key(key_variable):
        raise ConfigError(
            f"{base_url} is asked without TLS, and the key in {key_variable} would travel unencrypted: use https://, or"
            " where the server needs no key name a variable that is not set with key_variable"
        )


def _is_near(host: str) -> bool:
    """On this machine or in the own network, by address or by a name that the internet does not know."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".lan", ".cluster"))


def api_key(name: str) -> str | None:
    """The key from the environment, or from a file `.env` in the current folder.

    Raises:
        ConfigError: the file cannot be read, or what it holds can be no key.
    """
    try:
        key = variable(name)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f".env cannot be read: {error}") from error
    if key and not (key.isascii() and key.isprintable()):
        raise ConfigError(f"{name}: what it holds is no key: it has characters that no header of HTTP can carry")
    return key
