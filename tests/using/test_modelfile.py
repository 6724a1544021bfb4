"""Ollama's template gives the prompts that the model's own chat template gives."""

import pytest
from tokenizers.processors import TemplateProcessing
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from seal.chat import Chat
from seal.model.tiny import Tiny
from seal.using.modelfile import modelfile
from tests.models import CHAT_TEMPLATE


def tokenizer(template: str | None) -> PreTrainedTokenizerBase:
    made = AutoTokenizer.from_pretrained(Tiny().path)
    made.chat_template = template
    return made


def test_a_plain_prompt_is_taken_as_it_is() -> None:
    assert modelfile(tokenizer(None), None) == (
        'FROM .\nTEMPLATE """{{ .Prompt }}"""\nPARAMETER temperature 0\nPARAMETER stop "<end>"\n'
    )


def test_a_chat_has_what_the_template_puts_around_a_message_and_behind_a_reply() -> None:
    ends = CHAT_TEMPLATE.replace("\n{% endfor", "<done>{% endfor")
    text = modelfile(tokenizer(ends), Chat())
    assert 'TEMPLATE """<|user|>{{ .Prompt }}<done><|assistant|>{{ .Response }}<done>"""' in text
    assert text.endswith('PARAMETER stop "<done>"\nPARAMETER stop "<end>"\n')


@pytest.mark.parametrize(("adds_it", "begins"), [(True, "<|user|>"), (False, "<begin><|user|>")])
def test_a_first_token_that_the_tokenizer_adds_is_left_to_ollama(adds_it: bool, begins: str) -> None:
    made = tokenizer("<begin>" + CHAT_TEMPLATE)
    made.add_special_tokens({"bos_token": "<begin>"})
    if adds_it:
        pair = ("<begin>", made.bos_token_id)
        made.backend_tokenizer.post_processor = TemplateProcessing(single="<begin> $A", special_tokens=[pair])
    assert f'TEMPLATE """{begins}{{{{ .Prompt }}}}' in modelfile(made, Chat())


def test_a_template_that_would_mean_something_else_to_ollama_is_left_out() -> None:
    assert "TEMPLATE" not in modelfile(tokenizer("{{ '{{' }}" + CHAT_TEMPLATE), Chat())
