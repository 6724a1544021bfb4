"""What models would read, for a user's own eyes: questions with their answers, the end of a prompt, and tokens."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from seal import thoughts
from seal.chat import template_of
from seal.config.run import Run
from seal.model import files
from seal.session.prompts import tokenizer_in
from seal.task import Contexts
from seal.text import encode_prompt, prompt_text
from seal.types import Context

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

CONTEXTS, QUESTIONS = 2, 3
"""How many are shown."""
PROMPT_END, TEXT = 80, 60
"""Characters that are shown of a prompt, from its end, and of other texts."""
FIRST_TOKENS, LAST_TOKENS = 12, 6
"""Tokens that are shown of a training sequence."""
_SWITCHES = ("enable_thinking", "thinking", "reasoning_effort")
"""What chat templates call that which turns thoughts off, or down."""


def reading(run: Run, contexts: Contexts) -> dict[str, Any]:
    """Two contexts as they were read, the end of the first prompt, and the first training sequence in tokens."""
    shown = contexts.all[:CONTEXTS]
    folder = files.here(run.model) if _is_local(run) else None
    tokenizer = tokenizer_in(folder, run.model) if folder else None
    prompt = next(_prompts(run, shown), None)
    if prompt and tokenizer:
        prompt = prompt_text(tokenizer, prompt, chat=run.model.messages(tokenizer))
    return {
        "contexts": [
            {
                "title": each.title,
                "place": contexts.place(each),
                "queries": [
                    {"question": one.question, "answers": list(one.accepted)} for one in each.queries[:QUESTIONS]
                ],
                "n_queries": len(each.queries),
            }
            for each in shown
        ],
        "prompt_end": prompt[-PROMPT_END:] if prompt else None,
        "training_tokens": _training_tokens(run, shown[0], tokenizer) if tokenizer and shown else None,
    }


def sentences(read: Mapping[str, Any], *, n_contexts: int) -> Iterator[str]:
    """The same in words."""
    yield f"As read, {len(read['contexts'])} of {n_contexts} contexts:"
    for context in read["contexts"]:
        title, place = context["title"], _short(context["place"])
        yield f"  {_short(title)} ({place})" if title else f"  {place}"
        for query in context["queries"]:
            answers = " | ".join(_short(answer) for answer in query["answers"] if answer) or "not known"
            yield f"    {_short(query['question'])} → {answers}"
        if (n_more := context["n_queries"] - len(context["queries"])) > 0:
            yield f"    and {n_more} questions more"
    if read["prompt_end"] is not None:
        yield f"A prompt ends in {read['prompt_end']!r}"
    if tokens := read["training_tokens"]:
        hidden = len(tokens) - FIRST_TOKENS - LAST_TOKENS
        kept = tokens if hidden <= 0 else [*tokens[:FIRST_TOKENS], "…", *tokens[-LAST_TOKENS:]]
        yield f"A training sequence, in {len(tokens)} tokens: {' '.join(kept)}"


def notes(run: Run) -> Iterator[str]:
    """What a user should know of the model's chat template before it is used, or left unused."""
    folder = files.here(run.model)
    if folder is None or not _is_local(run):
        return
    if not run.model.chat:
        if files.has_chat_template(folder):
            yield (
                f"model.chat: {folder} has a chat template, and it is ignored: prompts are plain text. Set "
                "model.chat=true for a model that is chatted with"
            )
        return
    tokenizer = tokenizer_in(folder, run.model)
    if tokenizer and run.model.messages(tokenizer):
        yield from _notes_on_prompts(run, tokenizer)


def _notes_on_prompts(run: Run, tokenizer: "PreTrainedTokenizerBase") -> Iterator[str]:
    chat, template = run.model.messages(tokenizer), template_of(tokenizer) or ""
    prompt = prompt_text(tokenizer, "Who?", chat=chat)
    if thoughts.mentions(template) and not thoughts.ends_closed(prompt):
        switch = next((name for name in _SWITCHES if name in template), None)
        off = f", or turn them off or down by model.template_arguments ({switch})" if switch else ""
        yield (
            "model.chat: the chat template knows thoughts. A thought is part of task.max_answer_tokens "
            f"({run.task.max_answer_tokens}) and of self_edit.max_new_tokens ({run.self_edit.max_new_tokens}); one "
            f"that does not end within them is a failure: raise them{off}"
        )
    if encode_prompt(tokenizer, "Who?", chat=chat)[-1:] == [tokenizer.eos_token_id]:
        yield f"model.chat: the chat template ends each prompt with the end token {tokenizer.eos_token!r}"


def _is_local(run: Run) -> bool:
    return any(who.serves_policies for who in (run.engine, run.writer or run.engine))


def _prompts(run: Run, contexts: Sequence[Context]) -> Iterator[str]:
    """Of questions, then of self-edits."""
    for context in contexts:
        for query in context.queries[:1]:
            yield run.task.prompts(context, query)[0]
    if run.self_edit.n_requests:
        yield from map(run.self_edit.prompt, contexts)


def _training_tokens(run: Run, context: Context, tokenizer: "PreTrainedTokenizerBase") -> list[str] | None:
    """The names of the tokens of what a context alone would be trained on first; None where nothing is trained."""
    for sequence in run.self_edit.unedited(context).sequences[:1]:
        tokens = run.inner.tokens(tokenizer, sequence, chat=run.model.messages(tokenizer))
        if tokens:
            real = len(tokens.ids) - tokens.n_padding
            names = tokenizer.convert_ids_to_tokens(list(tokens.ids[:real]))
            return [repr(str(name))[1:-1] for name in names]  # line breaks and the like, escaped
    return None


def _short(text: str) -> str:
    return repr(text if len(text) <= TEXT else text[:TEXT] + "…")
