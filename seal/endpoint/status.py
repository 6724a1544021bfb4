"""What an error's status and words mean for the user: which of address, key, model and parameters to suspect. Pure."""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from seal.endpoint.address import Address
from seal.endpoint.keys import api_key

REFUSES_KEY = (401, 403)
NOT_THERE = (404, 405)
_NAMES_MODEL = re.compile(r"\b(?:model|deployment)s?\b", re.IGNORECASE)
_SPENT = re.compile(r"(?:max_\w*tokens|output limit|token limit)[^.]*\breached", re.IGNORECASE)
_VERSION = re.compile(r"/v\d+\w*(?:/|$)")


def key_refused(address: Address, said: str) -> str:
    """Of a server that does not let us in."""
    held = "" if api_key(address.key_variable) else ", which is not set"
    return (
        f"{address.base_url} refuses the key in {address.key_variable}{held}, or this key the model "
        f"'{address.model}': {said}"
    )


def names_model(said: str, model: str) -> bool:
    """Whether an error speaks of the model, so that the address is right."""
    return model in said or _NAMES_MODEL.search(said) is not None


def model_refused(address: Address, said: str) -> str:
    """Of a server that does not have the model, or not for this protocol."""
    other = "completions" if address.api == "chat" else "chat"
    return (
        f"{address.base_url} refuses the model '{address.model}': {said}. endpoint.model is its name on the server, "
        f"endpoint.api={other} the other protocol"
    )


def nothing_there(address: Address, said: str, found: str) -> str:
    """Of a server that has nothing at the address; `found` is what was learned about another."""
    return f"{address.base_url} is the wrong address, the server knows nothing there ({said}). {found}"


def advice_on(address: Address) -> str:
    """What may be wrong with an address where nothing answers."""
    parts = urlsplit(address.base_url)
    if ".azure." in f"{parts.hostname}" and "api-version" not in address.query and "/v1" not in parts.path:
        return (
            "Azure wants endpoint.query={api-version: …} and an address that ends in /openai/deployments/NAME, or one "
            "that ends in /openai/v1"
        )
    if not _VERSION.search(parts.path):
        return "Most addresses end in /v1: set endpoint.base_url"
    return "Set endpoint.base_url to what the server's documentation calls the base URL"


def lacks_version(base_url: str) -> bool:
    """Whether an address has no part like /v1."""
    return not _VERSION.search(urlsplit(base_url).path)


def is_spent_on_thoughts(said: str) -> bool:
    """Whether a server makes an error of a reply that came to its token limit before any text (OpenAI's o-series)."""
    return _SPENT.search(said) is not None


def advice_on_parameters(said: str, sent: Collection[str]) -> str:
    """How to leave out a parameter that an error names; nothing where it names none, or the limit of the length."""
    named = [name for name in sent if "tokens" not in name and re.search(rf"(?<![\w.-]){name}(?![\w-])", said)]
    return f" (to leave one out: endpoint.parameters.{named[0]}=null)" if named else ""
