"""Removes secrets from texts. A secret is found by its value or by its shape.

By value: variables of the environment or of a file `.env` whose names suggest a secret. By shape: secrets that only
appear in a file or on a command line. Shapes are issuers' prefixes, private keys, users in addresses, and long values
that are called a key. This module does not know where texts go.
"""

import json
import os
import re
import sys
import traceback
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote, quote_plus

HIDDEN = "***"
DOTENV = Path(".env")
"""A file in the current folder with variables, as an alternative to the environment."""
_LEAST = 8
"""Minimum length of a secret. Shorter values would hide ordinary words."""
_SECRET_VARIABLE = re.compile(
    r"(?:^|_)(?:\w*KEY|TOKENS?|SECRETS?|PASS|PASSW(?:OR)?D|PASSPHRASE|CREDENTIALS?|PAT)(?:_|\d|$)", re.IGNORECASE
)
_OPTION = re.compile(r"--[\w-]*(?:key|token|secret|password)", re.IGNORECASE)
_SHAPES = (
    re.compile(r"\b()(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}"),
    re.compile(r"\b()(?:hf_|gh[opusr]_|github_pat_|glpat-|xox[a-z]-|wandb_v1_|AKIA|AIza)[A-Za-z0-9_-]{16,}"),
    re.compile(r"\b()eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}"),  # a JSON Web Token
    re.compile(r"()-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(r"(://)[^/\s:@'\"]*:[^/\s@'\"]+(?=@)"),
    re.compile(  # named as a secret, and too long and mixed to be a word: api_key="…", PASSWORD=…, [--api-key,…]
        r"((?:[_-]key|[_-]token|secret|password|authorization)['\"]?\s*[:=,]\s*(?:bearer\s+|basic\s+)?['\"]?)"
        r"(?=[A-Za-z_+/.=-]*\d)[A-Za-z0-9_+/.=-]{16,}",
        re.IGNORECASE,
    ),
)
"""Patterns of secrets. The text in parentheses is kept."""


def variable(name: str) -> str | None:
    """The value of a variable from the environment, or else from `.env`, without surrounding white space.

    Raises:
        OSError, UnicodeDecodeError: the file cannot be read.
    """
    return (os.environ.get(name) or _in_file().get(name) or "").strip() or None


def _in_file() -> Mapping[str, str | None]:
    from dotenv import dotenv_values

    return dotenv_values(DOTENV) if DOTENV.is_file() else {}


def key_variables(settings: Any) -> frozenset[str]:
    """The values of all `key_variable` settings, at any depth of settings, options or lists of them."""
    if is_dataclass(settings):
        settings = {field.name: getattr(settings, field.name) for field in fields(settings)}
    if isinstance(settings, list | tuple):
        settings = dict(enumerate(settings))
    if not isinstance(settings, Mapping):
        return frozenset()
    own = frozenset(str(value) for name, value in settings.items() if name == "key_variable")
    return own.union(*map(key_variables, settings.values()))


def secrets(also: Collection[str] = ()) -> list[str]:
    """The values of all variables named like a secret, and of the variables in `also`. Longest first."""
    try:
        in_file = _in_file()
    except (OSError, UnicodeDecodeError):
        in_file = {}
    named = [(name, value) for source in (in_file, os.environ) for name, value in source.items() if value]
    found = {value.strip() for name, value in named if _SECRET_VARIABLE.search(name) or name in also}
    plausible = [value for value in found if len(value) >= _LEAST and not os.path.exists(value)]
    return sorted(plausible, key=len, reverse=True)


def redacted(text: str, also: Collection[str] = ()) -> str:
    """The text without secrets. `also` names variables with secrets, whatever they are called."""
    return redacted_tree(text, also)  # type: ignore[no-any-return]  # a text stays one


def redacted_tree(node: Any, also: Collection[str] = ()) -> Any:
    """The same for all texts in nested plain values, including keys of mappings."""
    forms = [form for secret in secrets(also) for form in _forms(secret)]
    return _cleaned(node, forms)


def without(text: str, secret: str | None) -> str:
    """The text without one secret. For replies of endpoints, in which nothing else may change."""
    for form in _forms(secret) if secret and len(secret) >= _LEAST else ():
        text = text.replace(form, HIDDEN)
    return text


def _cleaned(node: Any, forms: list[str]) -> Any:
    if isinstance(node, Mapping):
        return {_cleaned(key, forms): _cleaned(value, forms) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return type(node)(
            HIDDEN if isinstance(last, str) and _OPTION.fullmatch(last) else _cleaned(part, forms)
            for last, part in zip([None, *node], node, strict=False)
        )
    if not isinstance(node, str):
        return node
    for form in forms:
        node = node.replace(form, HIDDEN)
    for shape in _SHAPES:
        node = shape.sub(rf"\1{HIDDEN}", node)
    return node


def _forms(secret: str) -> Iterator[str]:
    """A secret as it is, and in its usual encodings. Longer forms come first, because they may contain shorter ones."""
    raw = secret.encode("utf-8", errors="surrogateescape")
    forms = [
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
        secret,
    ]
    for encode in (b64encode, urlsafe_b64encode):
        forms += [encode(raw).decode(), encode(raw).decode().rstrip("=")]
    yield from sorted(set(forms), key=len, reverse=True)


def show_exceptions_without_secrets() -> None:
    """Remove secrets from the tracebacks of unexpected errors."""
    sys.excepthook = _show


def _show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    print(redacted("".join(traceback.format_exception(kind, error, trace))), end="", file=sys.stderr)
