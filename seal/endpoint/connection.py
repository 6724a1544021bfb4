"""The connection to a server: with its key, past proxies on this machine, over TLS that is trusted."""

from ssl import SSLCertVerificationError
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from seal.endpoint.address import KEY_HEADER, Address
from seal.endpoint.keys import api_key
from seal.endpoint.status import REFUSES_KEY

if TYPE_CHECKING:
    from openai import AsyncOpenAI, DefaultAsyncHttpxClient, Omit

_NO_KEY = "none"
"""What servers are given that ask for no key."""
_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")


def connected(address: Address) -> "AsyncOpenAI":
    """A client that sends to this address, with whatever belongs to every request."""
    from openai import AsyncOpenAI

    return AsyncOpenAI(
        base_url=address.base_url,
        api_key=api_key(address.key_variable) or _NO_KEY,
        timeout=address.timeout_s,
        max_retries=address.max_retries,
        default_headers=dict(address.headers),
        default_query=dict(address.query),
        http_client=_transport(address.base_url),
    )


def key_headers(address: Address) -> "dict[str, str | Omit]":
    """The headers of a request that carry the key, where it is not the usual one that does."""
    from openai import Omit

    if address.key_header == KEY_HEADER:
        return {}
    return {KEY_HEADER: Omit(), address.key_header: api_key(address.key_variable) or _NO_KEY}


async def answers(client: "AsyncOpenAI", address: Address, path: str) -> bool:
    """Whether there is something at a path below the address, be it only a question for the key."""
    import openai

    try:
        reply = await client.with_options(max_retries=0).get(
            path, cast_to=object, options={"headers": key_headers(address)}
        )
    except openai.APIStatusError as error:
        return error.status_code in REFUSES_KEY
    except openai.OpenAIError:
        return False
    return isinstance(reply, dict)


def _transport(base_url: str) -> "DefaultAsyncHttpxClient | None":
    """A server on this machine is asked directly, whatever proxy stands between the machine and the world."""
    from httpx import create_ssl_context
    from openai import DefaultAsyncHttpxClient

    if urlsplit(base_url).hostname not in _THIS_MACHINE:
        return None
    return DefaultAsyncHttpxClient(trust_env=False, verify=create_ssl_context(trust_env=True))  # and SSL_CERT_FILE


def distrust(error: BaseException | None) -> str | None:
    """Why a certificate is not trusted, if that is what an error comes from."""
    while error:
        if isinstance(error, SSLCertVerificationError):
            return error.verify_message
        error = error.__cause__ or error.__context__
    return None
