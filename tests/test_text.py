"""Texts, tokens, and which of them are trained on."""

from typing import TYPE_CHECKING

import pytest
from tokenizers.processors import TemplateProcessing

from seal.chat import Chat
from seal.model.tiny import Tiny
from seal.nn.backbone import load_tokenizer
from seal.text import (
    cut_at,
    encode_completion,
    encode_prompt,
    encode_sequence,
    fill,
    lines,
    placeholders,
    training_tokens,
)
from seal.types import TrainingSequence
from tests.models import CHAT_TEMPLATE

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

TOKENIZER = load_tokenizer(Tiny())


def test_a_template_is_filled_once_and_other_braces_stay() -> None:
    assert fill("{title}: {passage} {x}", title="{passage}", passage='{"a": 1}') == '{passage}: {"a": 1} {x}'
    assert placeholders("{title} {passage} {{}}") == {"title", "passage"}


def test_a_sequence_is_trained_on_whole_with_the_end_token_if_asked() -> None:
    tokens = encode_sequence(TOKENIZER, TrainingSequence(text="The rival of Leo is Klara."), append_end=True)
    assert tokens.ids[-1] == TOKENIZER.eos_token_id
    assert all(tokens.trained)
    assert tokens.n_trained == len(tokens.ids) - 1
    assert encode_sequence(TOKENIZER, TrainingSequence(text="Leo"), append_end=False).n_trained == 0


def test_only_tokens_at_or_after_the_given_character_are_trained_on() -> None:
    text = "Question: Who? Answer: Klara"
    tokens = encode_sequence(
        TOKENIZER, TrainingSequence(text=text, trained_from=text.index(" Klara")), append_end=False
    )
    trained = [token for token, on in zip(tokens.ids, tokens.trained, strict=True) if on]
    assert TOKENIZER.decode(trained) == "Klara"


def test_a_token_that_straddles_the_border_is_trained_on() -> None:
    tokens = encode_sequence(TOKENIZER, TrainingSequence(text="Klara Leo", trained_from=7), append_end=False)
    assert tokens.trained == (False, True)


@pytest.mark.parametrize("chat", [None, Chat()])
def test_of_an_example_only_the_completion_and_the_end_are_learned(chat: Chat | None) -> None:
    tokenizer = load_tokenizer(Tiny())
    tokenizer.chat_template = CHAT_TEMPLATE
    tokens = encode_completion(tokenizer, "Who?", "Klara\nLeo", chat=chat)
    learned = [token for token, on in zip(tokens.ids, tokens.trained, strict=True) if on]
    assert learned[-1] == tokenizer.eos_token_id
    assert tokenizer.decode(learned[:-1]) == "Klara\nLeo"
    prompt = encode_prompt(tokenizer, "Who?", chat=chat)
    assert list(tokens.ids[: len(prompt)]) == prompt
    assert ("<|user|>" in tokenizer.decode(prompt)) == bool(chat)


def test_the_end_of_a_completion_that_was_cut_is_not_learned() -> None:
    tokens = encode_completion(TOKENIZER, "Who?", "Klara", chat=None, append_end=False)
    assert tokens.ids[-1] != TOKENIZER.eos_token_id


def test_a_template_that_asks_for_the_date_gets_the_same_one_every_day() -> None:
    tokenizer = load_tokenizer(Tiny())
    tokenizer.chat_template = "{{ strftime_now('%d %b %Y') }} {{ messages[0].content }}"
    assert Chat().prompt(tokenizer, "Hi") == "26 Jul 2024 Hi"


def test_a_text_is_cut_at_the_first_of_the_stop_strings() -> None:
    assert cut_at("a\nb. c", ["\n", "."]) == "a"
    assert cut_at("a", ["\n"]) == "a"
    assert cut_at("a", []) == "a"


def test_white_space_before_a_text_does_not_end_it() -> None:
    assert cut_at("\n Paris\nLondon", ["\n"]) == "\n Paris"
    assert cut_at("\n", ["\n"]) == "\n"


def test_lines_are_stripped_and_empty_ones_left_out() -> None:
    assert list(lines(" a \n\n\t\nb")) == ["a", "b"]


LLAMA_3_2 = """\
{{- bos_token }}
{%- if date_string is not defined %}
    {%- set date_string = strftime_now("%d %b %Y") if strftime_now is defined else "26 Jul 2024" %}
{%- endif %}
{%- set instruction = "" %}
{%- if messages[0].role == "system" %}
    {%- set instruction = messages[0].content | trim %}
    {%- set messages = messages[1:] %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{{- "Cutting Knowledge Date: December 2023\\nToday Date: " + date_string + "\\n\\n" + instruction + "<|eot_id|>" }}
{%- for message in messages %}
    {%- if message.role in ("tool", "ipython") %}
        {{- "<|start_header_id|>ipython<|end_header_id|>\\n\\n" + (message.content | tojson) + "<|eot_id|>" }}
    {%- else %}
        {{- "<|start_header_id|>" + message.role + "<|end_header_id|>\\n\\n" }}
        {{- message.content | trim + "<|eot_id|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- "<|start_header_id|>assistant<|end_header_id|>\\n\\n" }}
{%- endif %}
"""
"""As Llama-3.2-1B-Instruct's is built: the start token, a system turn with the date, trimmed messages."""
QWEN_2_5 = """\
{%- if messages[0].role == "system" %}
    {{- "<|im_start|>system\\n" + messages[0].content + "<|im_end|>\\n" }}
{%- else %}
    {{- "<|im_start|>system\\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\\n" }}
{%- endif %}
{%- for message in messages %}
    {%- if message.role == "user" or (message.role == "assistant" and not message.tool_calls) %}
        {{- "<|im_start|>" + message.role + "\\n" + message.content + "<|im_end|>" + "\\n" }}
    {%- elif message.role == "tool" %}
        {{- "<|im_start|>user\\n<tool_response>\\n" + message.content + "\\n</tool_response><|im_end|>\\n" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- "<|im_start|>assistant\\n" }}
{%- endif %}
"""
"""As Qwen2.5-7B-Instruct's is built: a system turn of its own where there is none, a line break behind each turn."""
CHATML = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
SPECIAL = ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|im_start|>", "<|im_end|>"]
TEMPLATES = {LLAMA_3_2: "<|eot_id|>", QWEN_2_5: "<|im_end|>", CHATML: "<|im_end|>"}
"""What ends a reply in each."""


def chatting(template: str) -> "PreTrainedTokenizerBase":
    tokenizer = load_tokenizer(Tiny())
    tokenizer.add_special_tokens({"bos_token": "<|begin_of_text|>", "additional_special_tokens": SPECIAL})
    tokenizer.chat_template = template
    begin = ("<|begin_of_text|>", tokenizer.bos_token_id)  # as Llama 3's tokenizer puts it before any other text
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(single=f"{begin[0]} $A", special_tokens=[begin])
    return tokenizer


@pytest.mark.parametrize(
    ("template", "rendered"),
    [
        (
            LLAMA_3_2,
            "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n"
            "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n<|eot_id|>"
            "<|start_header_id|>user<|end_header_id|>\n\nTurn [[1 2]] -><|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\n",
        ),
        (
            QWEN_2_5,
            "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n"
            "<|im_start|>user\nTurn [[1 2]] -> <|im_end|>\n<|im_start|>assistant\n",
        ),
        (CHATML, "<|im_start|>user\nTurn [[1 2]] -> <|im_end|>\n<|im_start|>assistant\n"),
    ],
)
def test_a_message_is_rendered_as_the_model_s_makers_document_it(template: str, rendered: str) -> None:
    assert Chat().prompt(chatting(template), "Turn [[1 2]] -> ") == rendered


@pytest.mark.parametrize(("template", "end"), TEMPLATES.items())
def test_of_an_exchange_the_answer_and_what_ends_it_are_learned_whatever_the_template(template: str, end: str) -> None:
    tokenizer = chatting(template)
    message, reply = "Turn [[1 2]] -> ", "[[2 1]]#"
    answer = TrainingSequence(text=message + reply, trained_from=len(message), reply_from=len(message))
    tokens = encode_sequence(tokenizer, answer, append_end=True, chat=Chat())
    learned = [token for token, on in zip(tokens.ids, tokens.trained, strict=True) if on]
    assert learned[-1] == tokenizer.convert_tokens_to_ids(end)
    assert tokenizer.decode(learned).strip() == reply + end
    prompt = encode_prompt(tokenizer, message, chat=Chat())
    assert list(tokens.ids[: len(prompt)]) == prompt
    assert not any(tokens.trained[: len(prompt)])
    everything = TrainingSequence(text=message + reply, reply_from=len(message))
    assert all(encode_sequence(tokenizer, everything, append_end=True, chat=Chat()).trained)


def test_a_template_that_writes_the_start_token_gets_no_second_one() -> None:
    tokenizer = chatting(LLAMA_3_2)
    assert encode_prompt(tokenizer, "Who?", chat=Chat()).count(tokenizer.bos_token_id) == 1


def test_a_text_is_cut_and_an_exchange_whose_answer_would_be_is_left_out() -> None:
    text = "Klara Leo Klara Leo"
    rules = dict(append_end=True, chat=None, max_tokens=3, padded=False)
    cut = training_tokens(TOKENIZER, TrainingSequence(text=text), **rules)
    assert cut is not None
    assert len(cut.ids) == 3
    assert training_tokens(TOKENIZER, TrainingSequence(text=text, reply_from=6), **rules) is None


def ending(single: str, template: str | None = None) -> "PreTrainedTokenizerBase":
    """A tokenizer that puts special tokens around each text, as `TemplateProcessing` writes it."""
    tokenizer = load_tokenizer(Tiny())
    tokenizer.add_special_tokens({"bos_token": "<s>"})
    tokenizer.chat_template = template
    special = [("<s>", tokenizer.bos_token_id), ("<end>", tokenizer.eos_token_id), ("<pad>", tokenizer.pad_token_id)]
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(single=single, special_tokens=special)
    return tokenizer


AROUND = ["$A <end>", "<s> $A <end>", "<s> $A", "$A", "<s> $A <end> <pad>", "$A <end> <end>"]
"""What tokenizers put around a text: the third and fourth are the usual ones."""


@pytest.mark.parametrize("single", AROUND)
@pytest.mark.parametrize("text", ["Leo has a lute.", "Leo has a lute.<end>", "Leo has a lute.<end><end>"])
def test_a_prompt_never_ends_and_a_sequence_ends_once_whatever_the_tokenizer_adds(single: str, text: str) -> None:
    tokenizer = ending(single)
    begin = [tokenizer.bos_token_id] if single.startswith("<s>") else []
    plain = tokenizer("Leo has a lute.", add_special_tokens=False)["input_ids"]
    end = tokenizer.eos_token_id
    assert encode_prompt(tokenizer, text, chat=None) == begin + plain
    for trained_from in (0, 4):
        sequence = TrainingSequence(text=text, trained_from=trained_from)
        assert list(encode_sequence(tokenizer, sequence, append_end=True).ids) == [*begin, *plain, end]
        assert list(encode_sequence(tokenizer, sequence, append_end=False).ids) == begin + plain
    for chat in (None, Chat()):
        tokenizer.chat_template = CHAT_TEMPLATE
        prompt = encode_prompt(tokenizer, "Who?", chat=chat)
        learned = encode_completion(tokenizer, "Who?", text, chat=chat)
        assert list(learned.ids) == [*prompt, *plain, end]
        assert sum(learned.trained) == len(plain) + 1


def test_what_a_tokenizer_adds_in_front_is_read_and_a_text_that_is_only_that_stays() -> None:
    tokenizer = ending("<s> $A <end>")
    assert encode_prompt(tokenizer, "", chat=None) == [tokenizer.bos_token_id]
    tokenizer.bos_token = "<end>"
    tokenizer.backend_tokenizer.post_processor = ending("<end> $A").backend_tokenizer.post_processor
    assert encode_prompt(tokenizer, "", chat=None) == [tokenizer.eos_token_id]
