"""Where an OpenAI-compatible server is, and in which dialect it is spoken to."""

import re
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import NonNegativeInt, PositiveFloat, PositiveInt, field_validator

from seal.base.redaction import redacted
from seal.endpoint.keys import api_key, is_near
from seal.settings import option

PARAMETERS = {name: name for name in ("max_tokens", "temperature", "top_p", "seed", "stop", "response_format")}
"""The parameters of a request, under OpenAI's names."""
_PATHS = ("/chat/completions", "/completions", "/responses", "/models", "/embeddings", "/chat")
_OF_KEYS = ("authorization", "api-key", "x-api-key", "x-goog-api-key", "cookie", "proxy-authorization")
KEY_HEADER = "Authorization"


@option
class Address:
    """A server that speaks OpenAI's protocol, as it is reached."""

    base_url: str = "https://api.openai.com/v1"
    """Up to and including `/v1`."""
    model: str = "gpt-4.1-2025-04-14"
    """As the server calls it."""
    api: Literal["chat", "completions"] = "chat"
    """`chat` sends a prompt as a user's message, `completions` as plain text to be continued."""
    key_variable: str = "OPENAI_API_KEY"
    """The environment variable that holds the API key, or its name in a file `.env`. The key is never stored."""
    key_header: str = KEY_HEADER
    """The header that carries the key: `Authorization` as `Bearer KEY`, any other as it is. Azure's is `api-key`."""
    query: Mapping[str, str] = field(default_factory=dict)
    """What follows `?` in the address of each request, for example Azure's `{api-version: "2024-10-21"}`."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers of each request. Never a key: they are recorded."""
    parameters: Mapping[str, str | None] = field(default_factory=lambda: dict(PARAMETERS))
    """What the server calls each parameter, for example `max_completion_tokens` for `max_tokens`; null leaves it out.
    What a server refuses is left out by itself, once it has said so."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Further parameters of each request, for example `{reasoning_effort: low}`; they win over SEAL's own."""
    concurrency: PositiveInt = 16
    """Requests under way at the same time."""
    timeout_s: PositiveFloat = 60.0
    """Of one request."""
    max_retries: NonNegativeInt = 5
    """Further tries after a failure to connect, a time-out, a rate limit (429) or an error of the server (5xx), with
    exponential backoff, or when the server says."""
    give_up_after: PositiveInt = 32
    """So many questions in a row without a reply, after all retries, and the rest of a batch is not asked."""

    @field_validator("base_url")
    @classmethod
    def _without_a_key(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("an address looks like https://HOST/v1")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError(
                "an address is recorded, so it must hold no user, password or parameters: the key belongs into the "
                "variable that key_variable names, and api-version=… and the like into query"
            )
        path = parts.path.rstrip("/")
        for end in _PATHS:
            if path.endswith(end):
                raise ValueError(f"{end} is added to the address: leave it out")
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

    @field_validator("key_header")
    @classmethod
    def _is_a_header(cls, name: str) -> str:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", name):
            raise ValueError("this is the name of a header, such as Authorization or api-key, and not the key")
        return name

    @field_validator("query", "headers")
    @classmethod
    def _hold_no_key(cls, given: Mapping[str, str]) -> Mapping[str, str]:
        for name, value in given.items():
            if name.lower() in _OF_KEYS or redacted(f"{name}={value}") != f"{name}={value}":
                raise ValueError(
                    f"{name}: this is recorded, so it must hold no key: the key belongs into the variable that "
                    "key_variable names, and key_header says which header carries it"
                )
        return given

    @field_validator("parameters")
    @classmethod
    def _are_known(cls, given: Mapping[str, str | None]) -> Mapping[str, str | None]:
        if unknown := sorted(given.keys() - PARAMETERS.keys()):
            raise ValueError(
                f"there is no {', '.join(unknown)} among {', '.join(PARAMETERS)}; others belong into extra"
            )
        return {**PARAMETERS, **given}

    @property
    def lacks_its_key(self) -> bool:
        """Whether it is on the internet, and there is no key for it."""
        return not is_near(urlsplit(self.base_url).hostname or "") and not api_key(self.key_variable)

    @property
    def identity(self) -> tuple[str, ...]:
        """All that a reply depends on, besides the question. Settings that are as usual are not among it."""
        unusual = (
            {name: value for name, value in self.parameters.items() if PARAMETERS[name] != value},
            self.extra,
            self.query,
            self.headers,
        )
        return (self.base_url, self.model, self.api, *(repr(dict(each)) for each in unusual if each))
