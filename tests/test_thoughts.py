"""What a model thinks before it answers is no answer, however it marks it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seal.thoughts import closed, mentions, opens, parted

MARKERS = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<Thought>", "</Thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<seed:think>", "</seed:think>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|inner_prefix|>", "<|inner_suffix|>"),
    ("<|channel|>analysis<|message|>", "<|channel|>final<|message|>"),
    ("<|channel>thought", "<channel|>"),
]
LINE = ("\n",)


@pytest.mark.parametrize(("opening", "closing"), MARKERS)
def test_an_answer_is_what_follows_the_thought(opening: str, closing: str) -> None:
    thought = f"{opening}\nIs it Rome?\nNo, it is Paris.\n{closing}"
    found = parted(f"{thought}\n\nParis\nLondon", stops=LINE)
    assert (found.answer, found.stopped, found.unfinished) == ("Paris", True, False)
    assert found.thought.strip() == thought
    assert parted(f"Is it Rome?\nNo.{closing}Paris").answer == "Paris", "the prompt may have opened it elsewhere"
    assert parted(f"{thought}{opening}Again.{closing} Paris").answer == "Paris"


@pytest.mark.parametrize(("opening", "closing"), MARKERS)
def test_a_thought_that_does_not_end_leaves_no_answer(opening: str, closing: str) -> None:
    for text in (
        f"{opening}\nIs it Rome?\n",
        f"  {opening}",
        f"Well. {opening}Rome?",
        f"{opening}a{closing}{opening}b",
    ):
        found = parted(text, stops=LINE)
        assert found.unfinished
        assert found.answer == ""
        assert not found.stopped


def test_a_prompt_that_opens_a_thought_makes_everything_up_to_its_end_thought() -> None:
    assert parted("Rome?\nParis?", opened=True).unfinished
    assert parted("Rome?\nNo.\n</think>\n\nParis", stops=LINE, opened=True).answer == "Paris"
    assert parted("Rome? <think> no </think>Paris", opened=True).answer == "Paris"


def test_stop_strings_end_answers_and_no_thoughts() -> None:
    assert parted("Paris\n<think>Rome?</think>London", stops=LINE).answer == "Paris"
    assert parted("<think>Rome.</think>\n \nParis. It is.", stops=(".",)).answer == "Paris"
    assert parted("<think>", stops=("<",)).unfinished, "a marker is more than its first character"


@pytest.mark.parametrize(
    "answer", ["<answer>\nParis\n</answer>", "<|begin_of_solution|>Paris<|end_of_solution|>", "<response>Paris\nRome"]
)
def test_marks_around_an_answer_behind_a_thought_are_none_of_it(answer: str) -> None:
    assert parted(f"<think>Rome?</think>\n{answer}", stops=LINE).answer == "Paris"


@given(st.text(alphabet="ab <>/\n[]|"), st.lists(st.sampled_from(["\n", "a", "]"]), max_size=2))
def test_a_text_without_markers_is_as_it_was(text: str, stops: list[str]) -> None:
    found = parted(text, stops=stops)
    assert text.startswith(found.answer)
    assert found.thought == ""
    assert found.stopped is (found.answer != text)


@pytest.mark.parametrize(("opening", "closing"), MARKERS)
def test_a_prompt_is_closed_where_it_ends_within_a_thought(opening: str, closing: str) -> None:
    for prompt in (f"<|assistant|>{opening}\n", f"<|assistant|>{opening}"):
        assert opens(prompt)
        assert not opens(closed(prompt))
        assert parted(closed(prompt).removeprefix("<|assistant|>") + "Paris").answer == "Paris"
        assert closing in closed(prompt)
    for prompt in ("Who?", f"{opening}\n\n{closing}\n\n", f"What does {opening} mean?"):
        assert not opens(prompt)
        assert closed(prompt) == prompt


def test_a_template_that_knows_thoughts_is_known_by_its_markers() -> None:
    assert mentions("{% if enable_thinking is false %}…{% endif %}")
    assert mentions("{{ content.split('</think>')[-1] }}")
    assert not mentions("{{ messages[0].content }}")
