"""The end of a text tells whether it is over, whatever its tokens are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seal.engine.stopping import stopped
from seal.model.tiny import Tiny
from seal.nn.backbone import load_tokenizer
from seal.text import cut_at

TOKENIZER = load_tokenizer(Tiny())
STOPS = ("\n", "Question:", "ß →")


@given(
    st.lists(st.sampled_from(["\n", " ", "Pi", " is 3", "Question:", "Quest", "ion:", "ß", " →", "日本"]), max_size=40)
)
def test_a_text_is_over_at_the_token_that_brings_a_stop_string(pieces: list[str]) -> None:
    ids = list(TOKENIZER("".join(pieces), add_special_tokens=False)["input_ids"])
    over = [cut_at(text, STOPS) != text for text in (TOKENIZER.decode(ids[:n]) for n in range(len(ids) + 1))]
    first = over.index(True) if True in over else len(ids)
    for n in range(1, first + 1):
        assert stopped(TOKENIZER, [ids[:n]], STOPS) == [over[n] if n < len(over) else False]


def test_white_space_before_a_text_does_not_end_it_however_near_it_is() -> None:
    ids = list(TOKENIZER("\n\n Pi", add_special_tokens=False)["input_ids"])
    assert stopped(TOKENIZER, [ids, [*ids, *ids]], ("\n",)) == [False, True]


@pytest.mark.parametrize("text", ["Pi is 3.\n", "\nPi is 3.\n"])
def test_texts_of_a_batch_are_told_apart(text: str) -> None:
    texts = [list(TOKENIZER(each, add_special_tokens=False)["input_ids"]) for each in (text, "Pi is 3. " * 20, "Pi")]
    assert stopped(TOKENIZER, texts, ("\n",)) == [True, False, False]
