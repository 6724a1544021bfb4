"""What models would read, before any is loaded: prompts in their chat template and in tokens. No torch, where a model
has its tokenizer in the fast format."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from seal.base.json_text import parsed
from seal.chat import Chat
from seal.config.run import Run
from seal.errors import ModelError, first_line
from seal.model import Model, files
from seal.task import Contexts
from seal.text import encode_prompt, encode_text, end_of_reply, prompt_text

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Lengths = Callable[[Sequence[str]], list[int]]
"""The numbers of tokens of some prompts."""
_BATCH = 1000
"""Texts that are tokenized at once: what the tokenizer makes of a whole data set need not fit in memory."""
_NAMED = 5
"""Tokens that a message names."""


def tokenizer_in(folder: Path, model: Model) -> "PreTrainedTokenizerBase | None":
    """The tokenizer that a run would have; None where only torch could tell, and no chat asks for it.

    Raises:
        ModelError: it cannot be loaded.
    """
    if (folder / files.TOKENIZER).is_file() and not (model.trust_remote_code and _has_code(folder)):
        from transformers import PreTrainedTokenizerFast

        try:
            tokenizer: PreTrainedTokenizerBase = PreTrainedTokenizerFast.from_pretrained(folder)
        except Exception as error:  # the library of tokenizers raises bare exceptions
            raise ModelError(f"model.path: cannot load a tokenizer from '{folder}': {first_line(error)}") from error
        return tokenizer
    if model.chat is not True:
        return None
    from seal.nn.backbone import load_tokenizer

    return load_tokenizer(model, folder)


def _has_code(folder: Path) -> bool:
    settings = folder / "tokenizer_config.json"
    return settings.is_file() and "auto_map" in parsed(settings.read_text(encoding="utf-8"))


def prompt_faults(run: Run, folder: Path, contexts: Contexts) -> Iterator[str]:
    """Why models could not read what they would be asked, of a model's folder that is in order."""
    asked = [
        (who, faults)
        for who, faults in ((run.writer or run.engine, _self_edit_faults), (run.engine, _question_faults))
        if who.serves_policies
    ]
    try:
        tokenizer = tokenizer_in(folder, run.model) if asked else None
        if tokenizer is None:
            return
        chat = run.model.messages(tokenizer)
        if chat and (faults_of_chat := list(chat.faults(tokenizer))):
            yield from faults_of_chat
            return
        facts = files.ModelFolder(folder)
        reader = _Reader(tokenizer=tokenizer, chat=chat, n_rows=_rows_too_few(tokenizer, facts.n_embeddings))
        for who, faults in asked:
            limits = [limit for limit in (facts.context_length, who.context_length) if limit]
            yield from faults(run, contexts, reader.lengths, min(limits, default=sys.maxsize))
        if reader.n_rows and run.inner.adapts:
            reader.lengths([context.text for context in contexts.all])
        yield from reader.faults(folder)
    except ModelError as error:
        yield str(error)


@dataclass(kw_only=True)
class _Reader:
    """Reads prompts as the model would, and remembers which tokens it would not know."""

    tokenizer: "PreTrainedTokenizerBase"
    chat: Chat | None
    n_rows: int | None
    """Of the embedding, where the tokenizer has tokens beyond it."""
    unknown: set[int] = field(default_factory=set)

    def lengths(self, prompts: Sequence[str]) -> list[int]:
        """How many tokens each has."""
        found = []
        for ids in self._ids([prompt_text(self.tokenizer, prompt, chat=self.chat) for prompt in prompts]):
            found.append(len(ids) - self._n_ends)
            if self.n_rows:
                self.unknown.update(token for token in ids if token >= self.n_rows)
        return found

    def _ids(self, texts: Sequence[str]) -> Iterator[list[int]]:
        if not self.tokenizer.is_fast:
            yield from (encode_text(self.tokenizer, text, chat=self.chat) for text in texts)
            return
        backend, is_plain = self.tokenizer.backend_tokenizer, self.chat is None
        backend.no_truncation()
        backend.no_padding()
        for start in range(0, len(texts), _BATCH):
            for encoding in backend.encode_batch_fast(texts[start : start + _BATCH], add_special_tokens=is_plain):
                yield encoding.ids

    @property
    def _n_ends(self) -> int:
        """Tokens that the tokenizer puts behind a text, and that no prompt has."""
        if self.chat or not self.tokenizer.is_fast:
            return 0
        return len(self.tokenizer("a")["input_ids"]) - len(encode_prompt(self.tokenizer, "a", chat=None))

    def faults(self, folder: Path) -> Iterator[str]:
        """Tokens of what was read, of what ends it, and of words, that the model has no embedding for."""
        if not self.n_rows:
            return
        words = self.tokenizer.backend_tokenizer.get_vocab(with_added_tokens=False) if self.tokenizer.is_fast else {}
        known = [*end_of_reply(self.tokenizer, chat=self.chat), *words.values()]
        unknown = sorted(self.unknown.union(token for token in known if token >= self.n_rows))
        named = [f"{token} ({self.tokenizer.convert_ids_to_tokens(token)!r})" for token in unknown[:_NAMED]]
        if unknown:
            more = f" and {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else ""
            yield (
                f"model.path: {folder}: its texts may have the tokens {', '.join(named)}{more}, but its embedding has "
                f"only {self.n_rows} rows: save the tokenizer there that belongs to these weights"
            )


def _rows_too_few(tokenizer: "PreTrainedTokenizerBase", n_embeddings: int | None) -> int | None:
    """The rows of the embedding, where the tokenizer has more tokens. Some may serve for padding alone."""
    last = max([len(tokenizer) - 1, *tokenizer.added_tokens_decoder])
    return n_embeddings if n_embeddings and last >= n_embeddings else None


def _self_edit_faults(run: Run, contexts: Contexts, lengths: Lengths, limit: int) -> Iterator[str]:
    if not run.self_edit.n_requests:
        return
    room = run.self_edit.max_new_tokens
    wanted = dict.fromkeys(context for context, n_edits in run.recipe.wanted(contexts, run) if n_edits)
    prompts = [run.self_edit.prompt(context) for context in wanted]
    for context, n_tokens in zip(wanted, lengths(prompts), strict=True):
        if n_tokens + room > limit:
            yield (
                f"{contexts.place(context)} ('{context.title}'): its prompt has {n_tokens} tokens and the self-edit "
                f"may have {room}, but the context length is {limit}: shorten the passage or lower "
                f"self_edit.max_new_tokens{_to(limit - n_tokens)}"
            )


def _question_faults(run: Run, contexts: Contexts, lengths: Lengths, limit: int) -> Iterator[str]:
    """At most one fault per context, for its question with the longest prompt."""
    room = run.task.max_answer_tokens
    wanted = dict.fromkeys(context for context, _ in run.recipe.wanted(contexts, run))
    asked_of = {
        context: [(query, prompt) for query in context.queries for prompt in run.task.prompts(context, query)]
        for context in wanted
    }
    n_tokens = iter(lengths([prompt for pairs in asked_of.values() for _, prompt in pairs]))
    for context, pairs in asked_of.items():
        asked = [(next(n_tokens), query) for query, _ in pairs]
        longest, query = max(asked, key=lambda pair: pair[0], default=(0, None))
        if query and longest + room > limit:
            what = "the passage or the question" if run.task.shows_the_passage else "the question"
            yield (
                f"{contexts.place(context)} ('{context.title}'): the prompt of '{query.question[:40]}' has {longest} "
                f"tokens and the answer may have {room}, but the context length is {limit}: shorten {what} or lower "
                f"task.max_answer_tokens{_to(limit - longest)}"
            )


def _to(room: int) -> str:
    return f" to {room} at most" if room > 0 else ""
