"""Replies of endpoints, kept on disk and shared between runs: nobody is asked the same twice."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from seal.base.json_text import parsed
from seal.endpoint import Endpoint, Question, Reply
from seal.folder.store import cannot_write
from seal.types import Sampling, Unavailable, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyCache:
    """One small file a reply, put in place whole: safe between processes, also on network file systems."""

    folder: Path | None
    """None keeps nothing."""
    endpoint: Endpoint
    sampling: Sampling

    def get(self, prompt: str) -> str | None:
        """The reply to this prompt by the same model at the same address; None if it is not known, or was cut short."""
        file = self._file(prompt)
        try:
            return str(parsed(file.read_text(encoding="utf-8"))["reply"]) if file else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, prompt: str, reply: str) -> None:
        """Put a reply in its place.

        Raises:
            RunError: the disk is full or the folder not writable.
        """
        file = self._file(prompt)
        if file is None:
            return
        draft = file.with_suffix(f".{os.getpid()}.draft")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            kept = json.dumps({"reply": reply, "model": self.endpoint.model, "prompt": prompt})
            draft.write_text(kept, encoding="utf-8")
            draft.replace(file)
        except OSError as error:
            raise cannot_write(file, error) from error

    def _file(self, prompt: str) -> Path | None:
        """Named by all that the reply depends on."""
        if self.folder is None:
            return None
        who = (*self.endpoint.identity, repr(self.sampling))
        name = sha256("\x1f".join((*who, prompt)).encode()).hexdigest()
        return self.folder / name[:2] / f"{name[2:]}.json"


def asked_once(
    cache: ReplyCache, prompts: Sequence[str], is_clear: Callable[[str], bool], spend: Callable[[Usage], None]
) -> dict[str, str | Unavailable]:
    """The reply to each distinct prompt, from the cache or the endpoint; clear ones are kept as soon as they come."""
    replies: dict[str, str | Unavailable] = {prompt: kept for prompt in prompts if (kept := cache.get(prompt))}
    asked = [prompt for prompt in dict.fromkeys(prompts) if prompt not in replies]

    def keep(number: int, reply: Reply) -> None:
        if is_clear(reply.text):
            cache.keep(asked[number], reply.text)

    questions = [Question(prompt=prompt) for prompt in asked]
    found = cache.endpoint.ask(questions, cache.sampling, keep, spend) if asked else []
    return replies | {
        prompt: reply.text if isinstance(reply, Reply) else reply for prompt, reply in zip(asked, found, strict=True)
    }
