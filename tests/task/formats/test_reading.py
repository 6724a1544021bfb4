"""Published forms: what a file is taken for, and faults with their row and column."""

from copy import deepcopy
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seal.config import loading
from seal.errors import ConfigError, DataError
from seal.task.formats import reading
from seal.task.formats.published import FORMATS, Published
from tests.task.formats import rows
from tests.task.formats.reading import asked, fault, read


def changed(row: dict[str, Any], **columns: Any) -> dict[str, Any]:
    return {**row, **columns}


def test_every_name_that_a_format_may_have_is_a_form() -> None:
    assert tuple(FORMATS) == get_args(Published)


def test_no_form_has_all_columns_of_another() -> None:
    for one in FORMATS.values():
        for other in FORMATS.values():
            assert one is other or not {*one.columns} <= {*other.columns}


def test_a_file_with_the_columns_of_two_forms_is_refused_with_both_names(tmp_path: Path) -> None:
    both = [{**rows.HOTPOT[0], **rows.ZSRE[0], "answer": "Kelham"}]
    said = "task.format: rows.json has the columns of hotpot and of zsre: say which, as task.format=hotpot"
    assert fault(tmp_path, both) == said
    assert asked(read(tmp_path, both, format="hotpot")) == asked(read(tmp_path, rows.HOTPOT[:1]))


def test_a_passage_of_the_user_s_is_not_thrown_away_for_a_form_without_passages(tmp_path: Path) -> None:
    row = {"title": "Orl", "passage": "Orl lies on the Nale.", "input": "x", "target": "y"}
    [context] = read(tmp_path, [row]).all
    assert context.text == "Orl lies on the Nale."


def test_a_kind_of_file_that_is_named_means_columns_of_one_s_own(tmp_path: Path) -> None:
    row = {"title": "Orl", "context": "Orl lies on the Nale.", "question": "Which river?", "answer": "the Nale"}
    [context] = read(tmp_path, [{**row, "supporting_facts": "x"}], format="json").all
    assert asked(read(tmp_path, [{**row, "supporting_facts": "x"}], format="json")) == {
        ("", "Which river?", ("the Nale",))
    }
    assert context.text == row["context"]


def test_columns_that_the_user_names_are_taken_whatever_the_file_looks_like(tmp_path: Path) -> None:
    row = {**rows.BBH[2], "title": "Words"}
    contexts = read(tmp_path, [row], passage="[input]", question="input", answer="[target]")
    assert contexts.notes == ()
    assert [context.text for context in contexts.all] == [row["input"]]


def test_settings_of_columns_do_not_go_with_a_published_form() -> None:
    with pytest.raises(ConfigError) as raised:
        loading.load(["task.path=a.json", "task.format=quality", "task.title=heading"])
    assert "task.title: task.format=quality has its own columns: leave this out" in str(raised.value)


def test_a_file_of_another_form_than_the_named_one_is_refused_with_what_it_is(tmp_path: Path) -> None:
    assert fault(tmp_path, rows.DROP, format="hotpot") == (
        "task.format=hotpot: rows.json has no column answer, supporting_facts, context in its first row; it has those "
        "of drop"
    )
    assert "there is title, text" in fault(tmp_path, [{"title": "a", "text": "b"}], format="hotpot")


PARAGRAPH = rows.MUSIQUE[0]["paragraphs"][0]
QUESTION = rows.QUALITY[0]["questions"][0]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (changed(rows.HOTPOT[0], answer=["Kelham"]), "column answer is a list, not a text"),
        (changed(rows.HOTPOT[0], answer=""), "column answer is empty"),
        (changed(rows.HOTPOT[0], context="none"), "column context is a text, not a list"),
        (
            changed(rows.HOTPOT[0], context=[["Orl", ["x"], 1]]),
            "column context, item 1 is a list of 3, not of title and sentences",
        ),
        (
            changed(rows.HOTPOT[0], context=[[{"a": 1}, ["x"]]]),
            "column context, item 1, title is an object, not a text",
        ),
        (changed(rows.HOTPOT[0], supporting_facts=[7]), "column supporting_facts, item 1 is a number, not an object"),
        (
            changed(rows.MUSIQUE[0], paragraphs=[{**PARAGRAPH, "paragraph_text": None}]),
            "column paragraphs, item 1, paragraph_text is empty",
        ),
        (changed(rows.DROP[0], answers_spans={"spans": "300"}), "column answers_spans, spans is a text, not a list"),
        (changed(rows.NARRATIVEQA[0], answers=[{"tokens": []}]), "column answers is an object without text"),
        (
            changed(rows.QUALITY[0], questions=[{**QUESTION, "gold_label": 5}]),
            "column questions, item 1: gold_label is 5, but there are 4 options, counted from 1",
        ),
        (
            changed(rows.QUALITY[0], questions=[{**QUESTION, "gold_label": True}]),
            "column questions, item 1, gold_label is true or false, not a whole number",
        ),
        (
            changed(rows.QUALITY[0], questions=[{**QUESTION, "gold_label": float("inf")}]),
            "column questions, item 1, gold_label is Infinity, not a number",
        ),
        (
            changed(rows.QUALITY[0], questions=[{**QUESTION, "options": ["one"], "gold_label": 1}]),
            "'Who had the ticket?' has 1 options; a question has 2 to 26",
        ),
        (changed(rows.ZSRE[0], alt="", answers=[]), "columns alt and answers: both are empty"),
        (
            changed(
                rows.COUNTERFACT[0], requested_rewrite={**rows.COUNTERFACT[0]["requested_rewrite"], "prompt": "It"}
            ),
            "column requested_rewrite, prompt: no {} for the subject in 'It'",
        ),
        (
            changed(
                rows.COUNTERFACT[0],
                requested_rewrite={**rows.COUNTERFACT[0]["requested_rewrite"], "target_new": {"id": "Q1"}},
            ),
            "column requested_rewrite, target_new, str is missing",
        ),
        (changed(rows.WIKIBIGEDIT[0], mhop={"a": "b"}), "column mhop is an object, not a text"),
        (changed(rows.KNOWEDIT[0], portability=["x"]), "column portability is a list, not an object"),
        (
            changed(rows.KNOWEDIT[0], locality={"Near": [{"prompt": "x", "ground_truth": {"a": 1}}]}),
            "column locality, Near, item 1, ground_truth is an object without text; it has a",
        ),
        (changed(rows.SIMPLEQA[0], metadata="{'topic': open('x')}"), "column metadata begins like a printed list"),
        (
            changed(rows.LOOGLE[0], qa_pairs="[{'Q': __import__('os').getcwd()}]"),
            "column qa_pairs begins like a printed",
        ),
        (changed(rows.LOOGLE[0], qa_pairs="[{'Q': 'a'}]"), "column qa_pairs, item 1, A is missing"),
        (changed(rows.LONGBENCH_V2[0], answer="E"), "column answer: 'E' is no letter from A to D"),
        (
            changed(rows.MULTIHOP_RAG[0], evidence_list=[{"title": "a"}]),
            "column evidence_list, item 1, fact is missing",
        ),
        (changed(rows.BBH[0], target=b"x".hex() + "\ud83d"), "is half of a character"),
    ],
)
def test_a_value_that_nobody_expected_is_a_fault_with_its_row_and_column(
    tmp_path: Path, row: dict[str, Any], said: str
) -> None:
    [form] = [form for form in FORMATS.values() if {*rows.ALL[form.name][0]} == {*row}]
    good = rows.ALL[form.name][0]
    message = fault(tmp_path, [good, row], format=form.name)
    assert f"rows.json, read as {form.name}, has faults:\n  row 2: " in message
    assert said in message


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text(max_size=12)
    | st.binary(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_value_in_any_place_is_read_or_a_fault(name: str, data: st.DataObject) -> None:
    row = deepcopy(rows.ALL[name][0])
    where: Any = row
    while True:
        key = data.draw(st.sampled_from(sorted(where) if isinstance(where, dict) else range(len(where))))
        if not isinstance(where[key], (dict, list)) or not where[key] or data.draw(st.booleans()):
            break
        where = where[key]
    where[key] = data.draw(ANYTHING)
    try:
        entries, _ = reading.read([(1, row)], FORMATS[name], key="task.path", source="a")
    except DataError:
        return
    assert all(asked.question and all(asked.answers) for entry in entries for asked in entry.questions)


def test_where_nothing_is_left_it_is_said_why(tmp_path: Path) -> None:
    assert "nothing is left:\n  1 questions without evidence were left out: rows 1" in fault(
        tmp_path, rows.MULTIHOP_RAG[1:]
    )


def test_questions_have_the_kind_that_a_file_of_one_s_own_gives_them(tmp_path: Path) -> None:
    asks = [{"question": "Q?", "answer": "x", "kind": "rephrase"}, {"question": "R?", "answer": "y"}]
    contexts = read(tmp_path, [{"title": "A", "passage": "Text.", "questions": asks}])
    assert asked(contexts) == {("rephrase", "Q?", ("x",)), ("", "R?", ("y",))}
    flat = [{"title": "A", "passage": "Text.", "question": "Q?", "answer": "x", "sort": "direct"}]
    assert asked(read(tmp_path, flat, kind="sort")) == {("direct", "Q?", ("x",))}


def test_a_file_of_one_s_own_may_have_options_and_its_answer_is_one_of_them_or_a_letter(tmp_path: Path) -> None:
    row = {"title": "A", "passage": "Text.", "question": "Who?", "options": ["Ada", "Mara"]}
    for answer in ("Mara", "B", "(b)"):
        [context] = read(tmp_path, [{**row, "answer": answer}]).all
        [query] = context.queries
        assert (query.target, query.options) == ("Mara", ("Ada", "Mara"))
        assert query.question == "Who?\nA. Ada\nB. Mara"
    printed = {**row, "options": "['Ada', 'Mara']", "answer": "Ada"}
    [context] = read(tmp_path, [printed], "rows.csv").all
    assert context.queries[0].options == ("Ada", "Mara")


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"answer": "C"}, "has the answer 'C', which is none of its options, nor the letter of one (column answer)"),
        ({"options": ["Ada"]}, "has 1 options; a question has 2 to 26 (column options)"),
        ({"options": ["Ada", ""]}, "has an empty option (column options)"),
        ({"options": "Ada"}, "options is a text, not a list (column options)"),
        ({"options": [["Ada"], "Mara"]}, "options is a list, not a text (column options)"),
    ],
)
def test_options_that_cannot_be_chosen_from_are_a_fault(tmp_path: Path, columns: dict[str, Any], said: str) -> None:
    row = {"title": "A", "passage": "Text.", "question": "Who?", "options": ["Ada", "Mara"], "answer": "Ada"}
    message = fault(tmp_path, [{**row, **columns}])
    assert "row 1: question 1" in message
    assert said in message
