"""Tokens become texts: where they end, and without what was thought before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seal.engine.reading import Reader, StopWatch, without_thoughts
from seal.model.tiny import Tiny
from seal.nn.backbone import load_tokenizer
from seal.text import cut_at
from seal.types import Completion, Sampling

TOKENIZER = load_tokenizer(Tiny())
STOPS = ("\n", "Question:", "ß →")
READER = Reader(tokenizer=TOKENIZER, end_ids=frozenset({TOKENIZER.eos_token_id}))
GREEDY = Sampling(temperature=0.0, top_p=1.0, max_new_tokens=50, stops=("\n",))


def ids_of(text: str) -> list[int]:
    return list(TOKENIZER(text, add_special_tokens=False)["input_ids"])


def first_end(text: str, stops: tuple[str, ...], *, opened: bool = False, reader: Reader = READER) -> str | None:
    """What is written when a stop string first ends a text; None where none does."""
    ids = list(reader.tokenizer(text, add_special_tokens=False)["input_ids"])
    watch = StopWatch(reader, stops, opened=opened)
    return next((reader.text(ids[:n]) for n in range(1, len(ids) + 1) if watch.is_over(ids[:n])), None)


@given(
    st.lists(st.sampled_from(["\n", " ", "Pi", " is 3", "Question:", "Quest", "ion:", "ß", " →", "日本"]), max_size=40)
)
def test_a_text_is_over_at_the_token_that_brings_a_stop_string(pieces: list[str]) -> None:
    ids = ids_of("".join(pieces))
    over = [cut_at(text, STOPS) != text for text in (TOKENIZER.decode(ids[:n]) for n in range(len(ids) + 1))]
    first = over.index(True) if True in over else len(ids)
    watch = StopWatch(READER, STOPS)
    for n in range(1, first + 1):
        assert watch.is_over(ids[:n]) is (over[n] if n < len(over) else False)


def test_white_space_before_a_text_does_not_end_it_however_near_it_is() -> None:
    assert first_end("\n\n Pi", ("\n",)) is None
    assert first_end("\n\n Pi\n Pi", ("\n",)) == "\n\n Pi\n"


@pytest.mark.parametrize("thought", ["<think>\nIs it 3?\n\nIt is 3.\n</think>", "[THINK] 3?\n" * 40 + "[/THINK]"])
def test_a_stop_string_within_a_thought_ends_nothing_and_the_first_behind_it_ends_the_text(thought: str) -> None:
    text = f"{thought}\n\nPi is 3.\nOld Marley\n"
    over = first_end(text, ("\n",))
    assert over is not None
    assert over.endswith("Pi is 3.\n")
    assert READER.completion(ids_of(text), GREEDY, opened=False).text == "Pi is 3."
    unopened = text.partition("]" if text.startswith("[") else ">")[2]
    over = first_end(unopened, ("\n",), opened=True)
    assert over is not None
    assert over.endswith("Pi is 3.\n")
    assert READER.completion(ids_of(unopened), GREEDY, opened=True).text == "Pi is 3."


def test_a_second_thought_is_one_too() -> None:
    over = first_end("<think>a\n</think> <think>b\nc\n" + "d " * 60 + "</think>Pi\n", ("\n",))
    assert over is not None
    assert over.endswith("Pi\n")


@pytest.mark.parametrize("ended", [True, False])
def test_a_thought_that_does_not_end_is_a_failure_with_its_reason(ended: bool) -> None:
    ids = ids_of("<think>\nIs it 3?\n") + [TOKENIZER.eos_token_id] * ended
    found = READER.completion(ids, GREEDY, opened=False)
    assert (found.text, found.finished, found.thought) == ("", False, "<think>\nIs it 3?\n")
    assert ("its end" if ended else "its limit of 50 tokens") in found.failure


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("[THINK]", "[/THINK]"),
        ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    ],
)
def test_markers_that_are_special_tokens_are_seen_though_texts_are_read_without_such(
    opening: str, closing: str
) -> None:
    tokenizer = load_tokenizer(Tiny())
    special = ["[THINK]", "[/THINK]", "<|channel|>", "<|message|>", "<|end|>", "<|start|>", "<|other|>"]
    tokenizer.add_special_tokens({"additional_special_tokens": special})
    reader = Reader(tokenizer=tokenizer, end_ids=READER.end_ids)
    text = f"{opening}Is it 3?\nIt is 3.{closing}Pi is 3.<|other|>\nOld Marley"
    ids = list(tokenizer(text, add_special_tokens=False)["input_ids"])
    assert reader.completion(ids, GREEDY, opened=False).text == "Pi is 3."
    over = first_end(text, ("\n",), reader=reader)
    assert over is not None
    assert over.endswith("Pi is 3.\n")
    assert reader.text(ids_of("Pi is 3.")) == READER.text(ids_of("Pi is 3."))


def test_who_knows_nothing_of_thoughts_is_read_without_them() -> None:
    told = without_thoughts(Completion(text="<think>3?</think>\n3", finished=True))
    assert told == Completion(text="3", finished=True, thought="<think>3?</think>")
    assert without_thoughts(told) == told
    assert without_thoughts(Completion(text="<think>3?", finished=True)).failure
    plain = Completion(text=" 3\n", finished=False)
    assert without_thoughts(plain) is plain


def test_a_stop_string_is_found_behind_characters_that_a_tokenizer_writes_as_bytes() -> None:
    assert first_end("ßßß日本ß → and on", STOPS) == "ßßß日本ß →"
