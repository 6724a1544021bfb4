"""The Modelfile of Ollama: its template is read off the model's own chat template, so that prompts are the same."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from seal.chat import Chat

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_MARK = "SEAL-PROMPT-STANDS-HERE"


def modelfile(tokenizer: "PreTrainedTokenizerBase", chat: Chat | None) -> str:
    """The text of a Modelfile in the folder of the model."""
    lines = ["FROM .", *_template(tokenizer, chat), "PARAMETER temperature 0"]
    lines += [f'PARAMETER stop "{stop}"' for stop in dict.fromkeys(_stops(tokenizer, chat))]
    return "\n".join(lines) + "\n"


def _template(tokenizer: "PreTrainedTokenizerBase", chat: Chat | None) -> Iterator[str]:
    """A chat without history, as Ollama writes it; nothing if the text would mean something else to Ollama."""
    if chat is None:
        yield 'TEMPLATE """{{ .Prompt }}"""'
        return
    before, _, after = chat.prompt(tokenizer, _MARK).partition(_MARK)
    if tokenizer("?")["input_ids"][0] == tokenizer.bos_token_id:
        before = before.removeprefix(str(tokenizer.bos_token))  # Ollama puts there what the tokenizer puts there
    end = chat.after_reply(tokenizer)
    if not any(sign in part for part in (before, after, end) for sign in ("{{", '"""')):
        yield f'TEMPLATE """{before}{{{{ .Prompt }}}}{after}{{{{ .Response }}}}{end}"""'


def _stops(tokenizer: "PreTrainedTokenizerBase", chat: Chat | None) -> Iterator[str]:
    stops = [chat.after_reply(tokenizer) if chat else "", tokenizer.eos_token]
    yield from (str(stop) for stop in stops if stop and '"' not in str(stop) and "\n" not in str(stop))
