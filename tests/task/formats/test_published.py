"""Every published form, by rows of our own invention in its columns."""

import json
from pathlib import Path

import pytest

from seal.task.formats.published import FORMATS
from tests.task.formats import rows
from tests.task.formats.reading import asked, load, passages, read, written

DROP_PASSAGE = "Orl had 400 people in 1900 and 700 in 1950. Sund had 90."


@pytest.mark.parametrize("name", FORMATS)
def test_a_published_form_is_recognised_by_its_columns_and_it_is_said(tmp_path: Path, name: str) -> None:
    found = read(tmp_path, rows.ALL[name])
    assert found.notes[0] == f"rows.json is read as {name}, by its columns"
    assert read(tmp_path, rows.ALL[name], format=name).all == found.all
    assert read(tmp_path, rows.ALL[name], format=name).notes == found.notes[1:]
    assert all(context.queries for context in found.all)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("kind", ["jsonl", "parquet", "train"])
def test_a_published_form_may_be_any_kind_of_file(tmp_path: Path, name: str, kind: str) -> None:
    given = {"hotpot": rows.HOTPOT_OF_THE_HUB, "knowedit": rows.KNOWEDIT[:1]}.get(name, rows.ALL[name])
    found = read(tmp_path, given, f"rows.{kind}", format=name)
    assert found.all == read(tmp_path, given).all


def test_hotpot_has_the_paragraphs_that_the_answer_needs(tmp_path: Path) -> None:
    contexts = read(tmp_path, rows.HOTPOT)
    painting, painter = "The Ferry at Orl was painted by Mara Tills.", "Mara Tills was a painter."
    text = f"{painter} She was born in Kelham.\n{painting} It hangs in Sund."
    assert passages(contexts) == {("Mara Tills; The Ferry at Orl", text)}
    assert asked(contexts) == {("bridge", "In which town was the painter of The Ferry at Orl born?", ("Kelham",))}
    assert contexts.notes[1:] == (
        "1 questions, one of whose supporting paragraphs is not in the file, were left out: rows 2",
    )


def test_hotpot_s_order_of_paragraphs_makes_no_other_passage(tmp_path: Path) -> None:
    shuffled = {**rows.HOTPOT[0], "question": "Who painted it?", "context": rows.HOTPOT[0]["context"][::-1]}
    [context] = read(tmp_path, [rows.HOTPOT[0], shuffled]).all
    assert len(context.queries) == 2


def test_two_edits_of_one_statement_keep_their_different_questions(tmp_path: Path) -> None:
    other = {**rows.ZSRE[0], "rephrase": "Said otherwise?", "loc": "Where does it rain?", "loc_ans": "in Orl"}
    [context] = read(tmp_path, [rows.ZSRE[0], other]).all
    assert {"Said otherwise?", "Where does it rain?"} <= {query.question for query in context.queries}


def test_hotpot_of_the_hub_is_the_same(tmp_path: Path) -> None:
    assert read(tmp_path, rows.HOTPOT_OF_THE_HUB).all == read(tmp_path, rows.HOTPOT).all


def test_musique_accepts_aliases_and_leaves_out_what_is_unanswerable(tmp_path: Path) -> None:
    contexts = read(tmp_path, rows.MUSIQUE)
    assert passages(contexts) == {("Sund; Nale", "Sund lies on the Nale.\nThe Nale flows into Lake Erd.")}
    assert asked(contexts) == {("multi_hop", "Into which lake does the river of Sund flow?", ("Lake Erd", "Erd"))}
    assert contexts.notes[1:] == ("1 questions that their paragraphs do not answer were left out: rows 2",)


def test_drop_accepts_each_span_and_gathers_the_questions_of_a_passage(tmp_path: Path) -> None:
    contexts = read(tmp_path, rows.DROP)
    assert passages(contexts) == {("history_12", DROP_PASSAGE)}
    assert asked(contexts) == {
        ("number", "How many more people had Orl in 1950 than in 1900?", ("300",)),
        ("span", "Which town was smaller?", ("Sund", "the town of Sund")),
    }
    assert contexts.notes[1:] == ("1 questions without an answer were left out: rows 3",)


def test_narrativeqa_has_the_summary_and_both_answers(tmp_path: Path) -> None:
    contexts = read(tmp_path, rows.NARRATIVEQA)
    assert passages(contexts) == {("The Bell of Erd", "Ada sails to Erd and finds a bell.")}
    assert asked(contexts) == {
        ("", "What does Ada find?", ("A bell", "the bell of Erd")),
        ("", "Where does Ada sail to?", ("To Erd", "Erd")),
    }


def test_quality_counts_its_options_from_one_and_shows_them_with_letters(tmp_path: Path) -> None:
    contexts = read(tmp_path, rows.QUALITY)
    [context] = contexts.all
    assert [(query.kind, query.target, query.options) for query in context.queries] == [
        ("easy", "Mara", ("Ada", "Mara", "Nobody", "The ferryman")),
        ("hard", "At dawn", ("At dawn", "At noon", "At dusk", "Never")),
    ]
    assert context.queries[0].prompt == (
        "The Long Ferry\nQuestion: Who had the ticket?\nA. Ada\nB. Mara\nC. Nobody\nD. The ferryman\nAnswer:"
    )
    assert context.queries[0].question.endswith("\nD. The ferryman")
    assert contexts.notes[1:] == ("1 questions without gold_label, as of the test set, were left out: rows 1",)


def test_zsre_is_a_statement_with_its_new_answer_and_questions_of_three_kinds(tmp_path: Path) -> None:
    contexts = read(tmp_path, rows.ZSRE)
    assert passages(contexts) == {("Ada Lind", "At which school did Ada Lind teach? the School of Orl.")}
    assert asked(contexts) == {
        ("direct", "At which school did Ada Lind teach?", ("the School of Orl",)),
        ("rephrase", "Where did Ada Lind teach?", ("the School of Orl",)),
        ("locality", "who wrote the bell of erd", ("Mara Tills",)),
    }


def test_zsre_without_alt_takes_the_first_answer(tmp_path: Path) -> None:
    contexts = read(tmp_path, [{**rows.ZSRE[0], "alt": None}])
    assert [text for _, text in passages(contexts)] == ["At which school did Ada Lind teach? Kelham School."]


def test_counterfact_s_neighbours_keep_the_old_answer(tmp_path: Path) -> None:
    contexts = read(tmp_path, rows.COUNTERFACT)
    assert passages(contexts) == {("Ada Lind", "The mother tongue of Ada Lind is Erdish.")}
    assert asked(contexts) == {
        ("direct", "The mother tongue of Ada Lind is", ("Erdish",)),
        ("rephrase", "It rained. Ada Lind spoke the language", ("Erdish",)),
        ("locality", "The mother tongue of Mara Tills is", ("Orlish",)),
        ("locality", "Jon Sund is a native speaker of", ("Orlish",)),
    }


def test_wikibigedit_asks_what_a_row_has(tmp_path: Path) -> None:
    contexts = {context.title: context for context in read(tmp_path, rows.WIKIBIGEDIT).all}
    assert [(query.kind, query.target) for query in contexts["Sund"].queries] == [
        ("direct", "Kelham"),
        ("rephrase", "Kelham"),
        ("persona", "Kelham"),
        ("multi_hop", "the Rhee"),
        ("locality", "Erd"),
    ]
    assert [query.kind for query in contexts["Erd"].queries] == ["direct", "rephrase", "locality"]


def test_knowedit_s_probes_have_the_kind_that_they_stand_under(tmp_path: Path) -> None:
    contexts = {context.title: context for context in read(tmp_path, rows.KNOWEDIT).all}
    assert contexts["Mara Tills"].text == "The employer of Mara Tills is the mill of Orl."
    assert [(query.kind, query.question, query.accepted) for query in contexts["Mara Tills"].queries] == [
        ("direct", "The employer of Mara Tills is", ("the mill of Orl",)),
        ("rephrase", "Mara Tills works for", ("the mill of Orl",)),
        ("portability", "The town where Mara Tills works is", ("Orl", "the town of Orl")),
        ("portability", "The employer of M. Tills is", ("the mill of Orl",)),
        ("locality", "Mara Tills was born in", ("Kelham",)),
    ]
    assert [query.kind for query in contexts["Orl"].queries] == ["direct"]


def test_simpleqa_has_no_passages_and_a_context_a_question(tmp_path: Path) -> None:
    contexts = load(written(tmp_path, rows.SIMPLEQA, "rows.csv"))
    assert passages(contexts) == {("", "")}
    assert asked(contexts) == {
        ("Geography", "On which river does Kelham lie?", ("the Rhee",)),
        ("Art", "Who painted The Ferry at Orl?", ("Mara Tills",)),
    }
    assert len({context.id for context in contexts.all}) == 2
    assert {query.prompt for context in contexts.all for query in context.queries} == {
        "Question: On which river does Kelham lie? Answer:",
        "Question: Who painted The Ferry at Orl? Answer:",
    }


def test_loogle_s_printed_questions_are_read_back_and_blanks_left_out(tmp_path: Path) -> None:
    contexts = read(tmp_path, rows.LOOGLE)
    assert passages(contexts) == {("History of Orl", "The history of Orl, in 40 chapters …")}
    assert asked(contexts) == {("retrieval", "Who founded Orl?", ("Mara Tills' aunt",))}
    assert contexts.notes[1:] == (
        "1 questions with blanks to fill in were left out: rows 1",
        "1 documents that only a summary is asked of were left out: rows 2",
    )


def test_longbench_v2_s_letter_is_an_option(tmp_path: Path) -> None:
    [context] = read(tmp_path, rows.LONGBENCH_V2).all
    [query] = context.queries
    assert (context.title, query.kind, query.target) == ("66f", "Single-Document QA", "Mara")
    assert query.options == ("Ada", "Jon", "Mara", "The wind")


def test_multihop_rag_has_the_evidence_and_leaves_out_questions_without(tmp_path: Path) -> None:
    contexts = read(tmp_path, rows.MULTIHOP_RAG)
    text = "Floods (The Rhee Post): Orl was flooded.\nMills (The Nale Times): Orl has a mill."
    assert passages(contexts) == {("Floods; Mills", text)}
    assert asked(contexts) == {("inference", "Which town do both reports name?", ("Orl",))}
    assert contexts.notes[1:] == ("1 questions without evidence were left out: rows 2",)


def test_bbh_s_own_document_is_read_and_its_options_are_options(tmp_path: Path) -> None:
    (tmp_path / "task.json").write_text(json.dumps({"canary": "…", "examples": rows.BBH}))
    found = {query.target: query for context in load(tmp_path / "task.json").all for query in context.queries}
    assert {target: query.options for target, query in found.items()} == {
        "2 May": ("2 May", "4 May"),
        "No": ("Yes", "No"),
        "erd orl sund": (),
    }
    assert found["No"].question == "Does Ada return to the mill?\nA. Yes\nB. No"


def test_bbh_s_questions_of_one_wording_stay_apart_by_their_options(tmp_path: Path) -> None:
    asks = [
        {"input": f"Which order is right?\nOptions:\n(A) {first}\n(B) {second}", "target": "(A)"}
        for first, second in (("old red mill", "red old mill"), ("big new bell", "new big bell"))
    ]
    contexts = read(tmp_path, asks)
    assert len(contexts.all) == len({context.id for context in contexts.all}) == 2
    assert contexts.notes == ("rows.json is read as bbh, by its columns",)


def test_bbh_s_broken_questions_are_left_out(tmp_path: Path) -> None:
    cut = {"input": "A film like it?\nOptions:\n(A) Bells\n(B) Inc\n(C) Mills", "target": "Bells, Inc"}
    lone = {"input": "Which?\nOptions:\n(A) This", "target": "(A)"}
    contexts = read(tmp_path, [rows.BBH[0], cut, lone])
    assert len(contexts.all) == 1
    assert contexts.notes[1:] == ("2 questions whose target is not among two or more options were left out: rows 2, 3",)


def test_squad_s_rows_are_read_as_they_are_named_too(tmp_path: Path) -> None:
    row = {"id": "1", "title": "Orl", "context": "Orl lies on the Nale.", "question": "Which river?"}
    row |= {"answers": {"text": ["the Nale", "Nale"], "answer_start": [12, 16]}}
    contexts = read(tmp_path, [row], format="squad")
    assert asked(contexts) == {("", "Which river?", ("the Nale", "Nale"))}
    assert read(tmp_path, [row]).all == contexts.all
