"""What one server calls the parameters of a request, and what it was found not to take.

Known for as long as this process lives: a server refuses a parameter once, and each is said once.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from seal.endpoint.address import Address
from seal.endpoint.refusals import not_taken

_LOG = logging.getLogger(__name__)
_OTHER_NAMES = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
"""The two names of one limit; a server that refuses one may take the other."""


@dataclass(kw_only=True)
class Dialect:
    """One server's words."""

    who: str
    names: dict[str, str | None]
    """What the server calls a parameter; None leaves it out."""
    refused: set[str] = field(default_factory=set)
    """Names that it does not take."""
    noted: set[str] = field(default_factory=set)

    def worded(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters as this server is sent them, by its names."""
        named = ((self.names[name], value) for name, value in values.items() if value is not None)
        return {name: value for name, value in named if name}

    def learns_from(self, body: str, sent: Mapping[str, Any]) -> bool:
        """Whether an error's body names parameters among those `sent` that the server does not take.

        They are left out from now on, or have their other name, so the same question is worth asking again.
        """
        wrong = not_taken(body, sent)
        for name in wrong:
            if name not in self.refused:
                self.refused.add(name)
                self._give_up(name)
        return bool(wrong)

    def _give_up(self, name: str) -> None:
        ours = next(key for key, wire in self.names.items() if wire == name)
        other = _OTHER_NAMES.get(name)
        self.names[ours] = other if other not in self.refused else None
        if self.names[ours]:
            instead, told = f"is told {self.names[ours]} instead", self.names[ours]
        else:
            instead, told = "is asked without it from now on, so its own default holds", "null"
        self.note(f"does not take {name}, and {instead}. To say so yourself: endpoint.parameters.{ours}={told}")

    def note(self, what: str) -> None:
        """Say something about this server, once."""
        if what not in self.noted:
            self.noted.add(what)
            _LOG.warning("%s %s", self.who, what)


def dialect_of(address: Address) -> Dialect:
    """What is known of the server at an address."""
    names = dict(address.parameters)
    if address.api == "completions" and names["response_format"] == "response_format":
        names["response_format"] = "structured_outputs"  # vLLM's; OpenAI's own completions know nothing like it
    return _dialect(f"{address.base_url}: {address.model}", address.api, tuple(names.items()))


@cache
def _dialect(who: str, api: str, names: tuple[tuple[str, str | None], ...]) -> Dialect:
    return Dialect(who=who, names=dict(names))
