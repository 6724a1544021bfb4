"""From a self-edit to training sequences: the published rules, on the published self-edits."""

import hashlib
import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from seal.config import loading
from seal.errors import ConfigError
from seal.self_edit.prose import Prose
from seal.types import Context, Invalid, Plan, SelfEdit
from tests.conftest import ROOT

CONTEXT = Context(id="c", title="Pi", text=" Pi is 3. \n", queries=())
GOLDEN_FILES = ("rewards_val_base.json", "rewards_val_base_self_qa.json", "rewards_train_iter0.json")


def form(**settings: object) -> Prose:
    defaults = yaml.safe_load((ROOT / "conf/self_edit/implications.yaml").read_text())
    defaults.pop("_target_")
    return Prose(**(defaults | settings))


def sequences(text: str, **settings: object) -> list[str]:
    plan = form(**settings).parse(CONTEXT, SelfEdit(context_id="c", index=0, text=text, finished=True))
    assert isinstance(plan, Plan), plan
    return [sequence.text for sequence in plan.sequences]


@pytest.mark.parametrize("mode", ["split_newlines", "whole"])
@pytest.mark.parametrize("file", GOLDEN_FILES)
def test_published_self_edits_give_the_published_training_sequences(reference: Path, file: str, mode: str) -> None:
    golden = json.loads((reference / "knowledge" / "golden_train_sequences.json").read_text())[file][mode]
    articles = json.loads((reference / "knowledge" / file).read_text())["articles"]
    texts = [(article, completion["text"]) for article in articles for completion in article["completions"]]
    published = form(splitting=mode.removeprefix("split_"), marker=None, max_sequences=None)
    for (article, text), row in zip(texts, golden, strict=True):
        context = Context(id="c", title=article["title"], text=article["context"], queries=())
        plan = published.parse(context, SelfEdit(context_id="c", index=0, text=text, finished=True))
        assert isinstance(plan, Plan)
        joined = "\0".join(sequence.text for sequence in plan.sequences)
        assert (len(plan.sequences), hashlib.sha256(joined.encode()).hexdigest()[:16]) == (row["n"], row["sha"])


def test_each_line_is_a_sequence_under_the_title_and_the_passage_comes_last() -> None:
    assert sequences("One.\n\n  Two.  \n") == ["Pi\nOne.", "Pi\nTwo.", "Pi\nPi is 3."]


def test_whole_segments_are_separated_by_dashes() -> None:
    assert sequences("One.\nTwo.\n---\nThree.", splitting="whole", append_passage=False) == [
        "Pi\nOne.\nTwo.",
        "Pi\nThree.",
    ]


def test_a_preamble_before_a_numbered_list_is_dropped() -> None:
    assert sequences("Sure:\n1. One.\n2. Two.", append_passage=False) == ["Pi\n1. One.", "Pi\n2. Two."]


def test_numbered_questions_stay_with_their_answers_and_the_first_gets_its_number() -> None:
    text = "What?\nAnswer: That.\nQuestion 2: Who?\nAnswer: She."
    expected = ["Pi\nQuestion 1: What?\nAnswer: That.", "Pi\nQuestion 2: Who?\nAnswer: She."]
    assert sequences(text, append_passage=False) == expected


def test_only_what_follows_the_marker_is_used_where_there_is_one() -> None:
    marked = {"marker": "Implications:", "append_passage": False}
    assert sequences("Let me think.\nImplications:\nOne.", **marked) == ["Pi\nOne."]
    assert sequences("Implications: One.", append_passage=False) == ["Pi\nImplications: One."]


def test_sequences_beyond_the_cap_are_dropped_and_the_passage_is_not() -> None:
    assert sequences("a\nb\nc", max_sequences=2) == ["Pi\na", "Pi\nb", "Pi\nPi is 3."]


@given(st.text(st.sampled_from("Question 12:Answer\n\r-\u2028 Implications.{}"), max_size=200), st.booleans())
def test_any_text_is_a_plan_or_invalid_and_no_sequence_is_empty(text: str, whole: bool) -> None:
    edit = SelfEdit(context_id="c", index=0, text=text, finished=True)
    plan = form(splitting="whole" if whole else "newlines").parse(CONTEXT, edit)
    if isinstance(plan, Plan):
        assert all(sequence.text.removeprefix("Pi\n").strip() for sequence in plan.sequences)


@pytest.mark.parametrize("text", ["", " \n\t\n", "Thoughts.\nImplications:\n"])
def test_an_empty_self_edit_is_invalid(text: str) -> None:
    edit = SelfEdit(context_id="c", index=0, text=text, finished=True)
    assert form(marker="Implications:").parse(CONTEXT, edit) == Invalid(reason="the self-edit is empty")


def test_the_prompt_is_this_one() -> None:
    assert form().prompt(CONTEXT) == (
        "Below is a passage. List, one per line, the facts and conclusions that follow from it.\n\n"
        "Passage:\nPi\n Pi is 3. \n\n\nImplications:\n"
    )


def test_braces_in_a_passage_stay_as_they_are() -> None:
    context = Context(id="c", title="{passage}", text="{title} {x}", queries=())
    assert "{passage}\n{title} {x}" in form().prompt(context)


def test_a_template_that_does_not_show_the_passage_is_refused() -> None:
    with pytest.raises(ValueError, match=r"has to show the \{passage\}"):
        form(template="Say something about {title}.")


FORMATS = sorted(file.stem for file in (ROOT / "conf/self_edit").glob("*.yaml") if "Prose" in file.read_text())


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_shows_the_passage_and_has_a_template_of_its_own(name: str) -> None:
    run, _ = loading.load([f"self_edit={name}", "model.chat=true"])
    prompt = run.self_edit.prompt(CONTEXT)
    assert "Pi is 3." in prompt
    others = [loading.load([f"self_edit={other}", "model.chat=true"])[0] for other in FORMATS if other != name]
    assert all(prompt != other.self_edit.prompt(CONTEXT) for other in others)


def test_only_after_a_chain_of_thought_the_marker_counts() -> None:
    marked = {name for name in FORMATS if loading.load([f"self_edit={name}", "model.chat=true"])[0].self_edit.marker}
    assert marked == {"chain_of_thought"}


def test_a_chat_format_needs_a_chat_model() -> None:
    with pytest.raises(ConfigError, match=r"self_edit: .* set model\.chat=true"):
        loading.load(["self_edit=chat"])


def test_a_template_may_stand_in_a_file_whose_text_then_belongs_to_the_run(tmp_path: Path) -> None:
    file = tmp_path / "mine.txt"
    file.write_text("Read {title}: {passage}\nNow you:")
    run, settings = loading.load([f"self_edit.template=@{file}"])
    assert settings["self_edit"]["template"] == "Read {title}: {passage}\nNow you:"
    assert run.self_edit.prompt(CONTEXT).startswith("Read Pi:  Pi is 3.")


def test_a_template_s_file_that_is_missing_or_shows_no_passage_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"self_edit\.template: cannot read the file nothing\.txt"):
        loading.load(["self_edit.template=@nothing.txt"])
    (tmp_path / "mine.txt").write_text("Write something.")
    with pytest.raises(ConfigError, match=r"self_edit\.template: a template has to show the {passage}"):
        loading.load([f"self_edit.template=@{tmp_path / 'mine.txt'}"])


def test_a_placeholder_that_is_misspelt_is_named_and_other_braces_are_text() -> None:
    with pytest.raises(ConfigError, match=r"nothing is filled in for {titel}; did you mean {title}\?"):
        loading.load(["self_edit.template='{passage} {titel}'"])
    loading.load(["self_edit.template='{passage} as JSON {fact}'"])
