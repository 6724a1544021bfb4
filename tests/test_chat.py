"""What comes out of a chat template is read back, whatever the template makes of it."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from seal.chat import Chat
from seal.errors import ModelError
from seal.model.tiny import Tiny
from seal.nn.backbone import load_tokenizer
from seal.text import encode_completion, encode_prompt
from tests.models import CHAT_TEMPLATE

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PARTS = (
    "{% for m in messages %}<|{{ m.role }}|>"
    "{% for part in m.content %}{% if part.type == 'text' %}{{ part.text }}{% endif %}{% endfor %}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
"""Wants the content of a message as a list of parts; a text has no parts of type text."""
QWEN_3 = (
    "{% for m in messages %}<|{{ m.role }}|>"
    "{% if m.role == 'assistant' %}<think>\n\n</think>\n\n{% endif %}{{ m.content }}<end>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>"
    "{% if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}{% endif %}"
)
"""As Qwen3's: thinks, unless it is told not to; a reply without a thought is shown with an empty one."""
DEEPSEEK_R1 = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content.split('</think>')[-1] }}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|><think>\n{% endif %}"
)
"""As DeepSeek-R1's: always begins a thought, and shows replies without any."""
GPT_OSS = (
    "{% for m in messages %}<|start|>{{ m.role }}{% if m.role == 'assistant' %}<|channel|>final{% endif %}<|message|>"
    "{{ m.content }}{% if m.role == 'assistant' %}<end>{% else %}<|end|>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant{% endif %}"
)
"""As gpt-oss's: channels."""


def with_template(template: Any) -> "PreTrainedTokenizerBase":
    tokenizer = load_tokenizer(Tiny())
    tokenizer.chat_template = template
    return tokenizer


def faults(template: Any, arguments: Mapping[str, Any] | None = None) -> list[str]:
    return list(Chat(arguments=arguments or {}).faults(with_template(template)))


@pytest.mark.parametrize("template", [CHAT_TEMPLATE, PARTS, QWEN_3, DEEPSEEK_R1, GPT_OSS, {"default": CHAT_TEMPLATE}])
def test_a_prompt_holds_its_message_also_where_the_template_wants_parts(template: Any) -> None:
    assert "\nWho is <b>it</b>?\n" in Chat().prompt(with_template(template), "\nWho is <b>it</b>?\n")
    assert faults(template) == []


def test_white_space_around_a_message_is_the_template_s() -> None:
    assert Chat().prompt(with_template("{{ messages[0].content | trim }}:"), " Who?\n") == "Who?:"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("<|user|>{% if add_generation_prompt %}<|assistant|>{% endif %}", "loses the message"),
        ("{{ messages[0].content | replace('What', '') }}", "loses the message"),
        ("{{ messages[0]['text'] }}", "loses the message"),
        ("{% if add_generation_prompt %}{{ messages[0].content }}{% endif %}", "loses the message"),
        ("{{ raise_exception('System role is needed') }}", "TemplateError: System role is needed"),
        ("{% for m in messages %}{{ m.content }", "TemplateSyntaxError"),
        ("{% endif %}", "TemplateSyntaxError"),
        ("{{ system.prompt.text }}{{ messages[0].content }}", "UndefinedError: 'system' is undefined"),
        ("{{ make_prompt(messages) }}", "UndefinedError: 'make_prompt' is undefined"),
        ("{{ messages[0].content + 1 }}", "TypeError"),
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
        ("{{ messages.__class__.mro() }}", "SecurityError"),
        ({"tool_use": CHAT_TEMPLATE}, "ValueError: This model has multiple chat templates"),
    ],
)
def test_a_template_that_fails_or_loses_the_message_is_a_fault(template: Any, said: str) -> None:
    [fault] = faults(template)
    assert fault.startswith("model.chat: the chat template ")
    assert said in fault
    with pytest.raises(ModelError, match=r"model\.chat: the chat template"):
        Chat().before_reply(with_template(template), "What?")


def test_arguments_reach_the_template_and_one_that_it_does_not_know_is_a_fault() -> None:
    off, tokenizer = Chat(arguments={"enable_thinking": False}), with_template(QWEN_3)
    assert off.prompt(tokenizer, "Who?") == "<|user|>Who?<end>\n<|assistant|><think>\n\n</think>\n\n"
    assert Chat().prompt(tokenizer, "Who?") == "<|user|>Who?<end>\n<|assistant|>"
    assert faults(QWEN_3, {"enable_thinking": False}) == []
    for unknown in ("enable_thinkin", "thinking"):
        [fault] = faults(QWEN_3, {unknown: False, "enable_thinking": True})
        assert fault.startswith(f"model.template_arguments.{unknown}: the chat template does not know it")


@pytest.mark.parametrize(
    ("template", "arguments", "before"),
    [
        (CHAT_TEMPLATE, {}, "<|user|>Who?\n<|assistant|>"),
        (QWEN_3, {}, "<|user|>Who?<end>\n<|assistant|><think>\n\n</think>\n\n"),
        (QWEN_3, {"enable_thinking": False}, "<|user|>Who?<end>\n<|assistant|><think>\n\n</think>\n\n"),
        (DEEPSEEK_R1, {}, "<|user|>Who?<|assistant|><think>\n\n</think>\n\n"),
        (GPT_OSS, {}, "<|start|>user<|message|>Who?<|end|><|start|>assistant<|channel|>final<|message|>"),
    ],
)
def test_what_is_learned_as_a_reply_stands_outside_of_thoughts(
    template: str, arguments: dict[str, Any], before: str
) -> None:
    tokenizer, chat = with_template(template), Chat(arguments=arguments)
    tokens = encode_completion(tokenizer, "Who?", "Klara", chat=chat)
    n_read = tokens.trained.index(True)
    assert list(tokens.ids[:n_read]) == tokenizer(before, add_special_tokens=False)["input_ids"]
    assert tokenizer.decode(tokens.ids[n_read:]).startswith("Klara")


def test_a_plain_prompt_that_opens_a_thought_is_closed_before_what_is_learned() -> None:
    tokenizer = with_template(None)
    tokens = encode_completion(tokenizer, "Who?\n<think>\n", "Klara", chat=None)
    closed = encode_prompt(tokenizer, "Who?\n<think>\n\n</think>\n\n", chat=None)
    assert list(tokens.ids[: len(closed)]) == closed
    assert not any(tokens.trained[: len(closed)])


def test_a_message_in_json_or_of_many_lines_comes_back() -> None:
    message = json.dumps({"a": ["{{ 1 }}", "{% raw %}", "<|user|>"]}, indent=2)
    assert message in Chat().prompt(with_template(CHAT_TEMPLATE), message)
