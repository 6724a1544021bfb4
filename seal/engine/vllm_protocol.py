"""What vLLM's server understands beyond completions: which models it has, loading an adapter, unloading it.

The protocol is that of vLLM's documentation ("Dynamically serving LoRA Adapters") with
`VLLM_ALLOW_RUNTIME_LORA_UPDATING=True` in the server's environment.
"""

import json
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from seal.base.redaction import without
from seal.endpoint import Endpoint, api_key


class Refused(Exception):  # noqa: N818  # not a fault of ours
    """The server did not do it, with the reason."""


class Silent(Refused):
    """The server did not answer at all."""


class Protocol:
    """Talks to one server. Every method raises `Refused` where the server does not do its part."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._opener = build_opener(ProxyHandler({}))

    def models(self) -> set[str]:
        """What it serves, adapters too."""
        listed = self._call("models")
        try:
            return {model["id"] for model in listed["data"]}
        except (TypeError, KeyError) as error:
            raise Refused("malformed list of models") from error

    def load(self, name: str, folder: Path) -> None:
        """Load an adapter in PEFT's format."""
        self._call("load_lora_adapter", lora_name=name, lora_path=str(folder))

    def unload(self, name: str) -> None:
        self._call("unload_lora_adapter", lora_name=name)

    def check(self, name: str) -> None:
        """A model of this name writes a token."""
        reply = self._call("completions", model=name, prompt="a", max_tokens=1, temperature=0)
        if not isinstance(reply, dict) or reply.get("model") != name or not reply.get("choices"):
            raise Refused(f"asked for {name}, the server answers as something else")

    def _call(self, path: str, **body: Any) -> Any:
        """Send JSON, or ask where there is none; the JSON or else the text that comes back."""
        headers = {"Content-Type": "application/json"}
        if key := api_key(self._endpoint.key_variable):
            headers["Authorization"] = f"Bearer {key}"
        content = json.dumps(body).encode() if body else None
        request = Request(f"{self._endpoint.base_url}/{path}", data=content, headers=headers)
        try:
            with self._opener.open(request, timeout=self._endpoint.timeout_s) as response:
                said = response.read().decode(errors="replace")
        except HTTPError as error:
            said = without(error.read().decode(errors="replace"), key)
            raise Refused(f"{path}: {error.code} {said[:300]}") from error
        except OSError as error:
            raise Silent(f"{path}: {error}") from error
        try:
            return json.loads(said)
        except ValueError:
            return said
