"""The user's own files: read in every format, and every fault named by its row before anything starts."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from seal.config import loading
from seal.errors import DataError
from seal.task import Contexts

ROWS = [
    {"title": "A", "passage": "About a.", "questions": [{"question": "Which?", "answer": "a"}]},
    {
        "title": "B",
        "passage": "About b.",
        "questions": [{"question": "Which?", "answer": "b"}, {"question": "So?", "answer": "no"}],
    },
]


def load(path: Path, **settings: object) -> Contexts:
    overrides = [f"task.{key}={value}" for key, value in settings.items()]
    run, _ = loading.load(["task=passages", f"task.path={path}", *overrides])
    return run.task.load()


def jsonl(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    return path


def fault(path: Path, **settings: object) -> str:
    with pytest.raises(DataError) as raised:
        load(path, **settings)
    return str(raised.value)


def as_jsonl(folder: Path) -> Path:
    return jsonl(folder / "rows.jsonl", ROWS)


def as_json(folder: Path) -> Path:
    (folder / "rows.json").write_text(json.dumps(ROWS))
    return folder / "rows.json"


def as_parquet(folder: Path) -> Path:
    import datasets

    datasets.Dataset.from_list(ROWS).to_parquet(folder / "rows.parquet")
    return folder / "rows.parquet"


def as_csv(folder: Path) -> Path:
    flat = [(row["title"], row["passage"], q["question"], q["answer"]) for row in ROWS for q in row["questions"]]
    with (folder / "rows.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("title", "passage", "question", "answer"), *flat])
    return folder / "rows.csv"


@pytest.mark.parametrize("write", [as_jsonl, as_json, as_parquet, as_csv])
def test_the_same_passages_come_from_every_format(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    contexts = load(write(tmp_path))
    found = {context.title: [(q.question, q.target) for q in context.queries] for context in contexts.all}
    assert found == {"A": [("Which?", "a")], "B": [("Which?", "b"), ("So?", "no")]}
    assert contexts.notes == ()


@pytest.mark.parametrize("answer", ["1990-05-01", "007", "1.50", "NA", "None", "null", "nan", "true", "1e5", "+3"])
@pytest.mark.parametrize("write", ["jsonl", "json", "csv", "parquet"])
def test_an_answer_is_the_text_that_stands_in_the_file(tmp_path: Path, write: str, answer: str) -> None:
    row = {"title": "A", "passage": "Text.", "question": "Which?", "answer": answer}
    path = tmp_path / f"a.{write}"
    if write == "parquet":
        import datasets

        datasets.Dataset.from_list([row]).to_parquet(path)
    elif write == "csv":
        path.write_text(",".join(row) + "\n" + ",".join(row.values()) + "\n")
    else:
        path.write_text(json.dumps(row if write == "jsonl" else [row]) + "\n")
    assert load(path).all[0].queries[0].target == answer


def test_numbers_in_json_are_taken_as_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"title": "A", "passage": "T.", "question": "How many?", "answer": 1.50}\n')
    assert load(tmp_path / "a.jsonl").all[0].queries[0].target == "1.50"


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("title,passage,question,answer\nA,Text.,Which?,this\n", encoding="utf-8-sig")
    assert load(tmp_path / "a.csv").all[0].title == "A"


@pytest.mark.parametrize(("name", "separator"), [("a.csv", ";"), ("a.csv", "\t"), ("a.tsv", "\t"), ("a.csv", ", ")])
def test_what_separates_the_columns_of_a_csv_file_is_seen_in_its_header(
    tmp_path: Path, name: str, separator: str
) -> None:
    lines = [("title", " passage", "question ", "answer"), ("A", '"One, two; three."', "Which?", "this")]
    (tmp_path / name).write_text("".join(separator.join(line) + "\n" for line in lines))
    [context] = load(tmp_path / name).all
    assert (context.title, context.text) == ("A", "One, two; three.")
    assert [(query.question, query.target) for query in context.queries] == [("Which?", "this")]


def test_quoted_line_breaks_and_very_long_fields_of_a_csv_file_are_kept_and_lines_that_say_nothing_skipped(
    tmp_path: Path,
) -> None:
    text = "One\n\n" + "two " * 50_000 + "end."
    (tmp_path / "a.csv").write_text(f'title,passage,question,answer\n\nA,"{text}",Which?,this\n,,,\n')
    assert [context.text for context in load(tmp_path / "a.csv").all] == [text]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["title,passage", "A,One.", "B,Two, three."], "line 3 has 3 fields, the header 2: a field with a separator"),
        (["title,passage", "A,One.", "B"], "line 3 has 1 fields, the header 2"),
        (["title,passage,title", "A,One.,B"], "its header has title more than once"),
        (["title,passage", 'A,"One "two" three."'], "line 2: ',' expected after"),
        (["title,passage", 'A,"One.', "B,Two."], "line 3: unexpected end of data"),
    ],
)
def test_a_csv_file_whose_lines_do_not_fit_its_header_is_refused_with_the_line(
    tmp_path: Path, lines: list[str], said: str
) -> None:
    (tmp_path / "a.csv").write_text("".join(line + "\n" for line in lines))
    message = fault(tmp_path / "a.csv")
    assert f"cannot be read as csv: {said}" in message
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize(("encoding", "line"), [("latin-1", 2), ("utf-16", 1)])
@pytest.mark.parametrize("ending", ["csv", "jsonl", "json"])
def test_a_file_that_is_not_utf_8_is_refused_with_its_line(
    tmp_path: Path, ending: str, encoding: str, line: int
) -> None:
    (tmp_path / f"a.{ending}").write_bytes("\nÜber alles\n".encode(encoding))
    assert f"it is not UTF-8 (line {line}): save it as UTF-8" in fault(tmp_path / f"a.{ending}")


def test_a_json_file_with_an_object_a_line_is_read_as_lines(tmp_path: Path) -> None:
    assert load(jsonl(tmp_path / "rows.json", ROWS)).all == load(jsonl(tmp_path / "rows.jsonl", ROWS)).all


def test_published_squad_file_loads(reference: Path) -> None:
    contexts = load(reference / "knowledge" / "squad_val.json", limit=20)
    assert len(contexts.all) == 20
    assert len(contexts.train) == 10
    assert all(context.queries for context in contexts.all)


def test_answers_in_squads_own_form_are_taken(tmp_path: Path) -> None:
    rows = [
        {
            "title": "A",
            "context": "Text.",
            "qas": [{"question": "Q?", "answers": {"text": ["x", "y"], "answer_start": [0, 1]}}],
        }
    ]
    assert load(jsonl(tmp_path / "a.jsonl", rows)).all[0].queries[0].target == "x"


def test_squads_own_document_is_read_and_unanswerable_questions_are_left_out_and_counted(tmp_path: Path) -> None:
    asked = {"question": "Q?", "answers": [{"text": "x", "answer_start": 0}, {"text": "y", "answer_start": 0}]}
    impossible = {"question": "R?", "answers": [], "is_impossible": True}
    paragraph = {"context": "Text.", "qas": [asked, impossible]}
    (tmp_path / "own.json").write_text(json.dumps({"data": [{"title": "A", "paragraphs": [paragraph]}]}))
    contexts = load(tmp_path / "own.json")
    assert [(context.title, len(context.queries)) for context in contexts.all] == [("A", 1)]
    assert contexts.all[0].queries[0].target == "x"
    assert contexts.notes == ("1 questions that their passage does not answer were left out",)


def test_passages_without_questions_load(tmp_path: Path) -> None:
    contexts = load(jsonl(tmp_path / "a.jsonl", [{"title": "A", "passage": "Text."}]))
    assert contexts.all[0].queries == ()


def test_repeated_passages_are_one_with_all_questions_counted_and_reported(tmp_path: Path) -> None:
    more = {**ROWS[0], "questions": [*ROWS[0]["questions"], {"question": "Further?", "answer": "yes"}]}
    contexts = load(jsonl(tmp_path / "a.jsonl", [*ROWS, more]))
    assert contexts.notes == ("1 rows repeat an earlier passage, which has their questions now: rows 3",)
    assert len(contexts.all) == 2
    [repeated] = [context for context in contexts.all if context.title == ROWS[0]["title"]]
    assert [query.question for query in repeated.queries] == [each["question"] for each in more["questions"]]


def test_a_question_that_flat_rows_repeat_counts_once_and_one_with_several_answers_is_kept_and_both_are_noted(
    tmp_path: Path,
) -> None:
    asked = [("Which?", "the Rhee"), ("So?", "no"), ("Which?", "the Rhee"), ("Which?", "the Nene")]
    rows = [{"title": "A", "passage": "Text.", "question": which, "answer": answer} for which, answer in asked]
    contexts = load(jsonl(tmp_path / "a.jsonl", [*rows, {**rows[0], "passage": "Another text."}]))
    questions = [[(query.question, query.target) for query in context.queries] for context in contexts.all]
    assert sorted(questions, key=len) == [asked[:1], [*asked[:2], asked[3]]]
    assert contexts.notes == (
        "1 rows repeat a question with its answer, which counts once: rows 3",
        "1 questions of a passage have several answers, all kept: rows 1, 4 ('the Rhee', 'the Nene')",
    )


def test_one_passage_under_two_titles_keeps_the_first_and_says_so(tmp_path: Path) -> None:
    rows = [{"title": title, "passage": "Text.", "question": f"{n}?", "answer": "x"} for n, title in enumerate("ABA")]
    contexts = load(jsonl(tmp_path / "a.jsonl", rows))
    assert [(context.title, len(context.queries)) for context in contexts.all] == [("A", 3)]
    assert contexts.notes == ("1 rows have an earlier passage under another title; the first title is kept: rows 2",)


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (2, "task.limit takes the first 2 of 3 passages"),
        (9, "task.limit is 9, but a.jsonl has 3 passages: all of them are taken"),
    ],
)
def test_what_a_limit_leaves_out_is_said_and_also_where_it_is_too_high(tmp_path: Path, limit: int, said: str) -> None:
    rows = [{"title": title, "passage": f"About {title}."} for title in "ABC"]
    assert load(jsonl(tmp_path / "a.jsonl", rows), limit=limit).notes == (said,)
    assert load(jsonl(tmp_path / "a.jsonl", rows), limit=3).notes == ()


def test_of_many_repeated_rows_the_note_names_three(tmp_path: Path) -> None:
    rows = [{"title": "A", "passage": "Text."} for _ in range(31)]
    [note] = load(jsonl(tmp_path / "a.jsonl", rows)).notes
    assert note == ("30 rows repeat an earlier passage, which has their questions now: rows 2, 3, 4 and 27 more")


def test_the_split_depends_on_the_seed_and_not_on_the_order_of_the_file(tmp_path: Path) -> None:
    rows = [{"title": f"T{number}", "passage": f"Text {number}."} for number in range(20)]
    here, there = jsonl(tmp_path / "a.jsonl", rows), jsonl(tmp_path / "b.jsonl", rows[::-1])
    parts = [
        {context.id for context in load(path, seed=seed).held_out} for path, seed in ((here, 0), (there, 0), (here, 1))
    ]
    assert parts[0] == parts[1]
    assert parts[0] != parts[2]


def test_every_faulty_row_is_named(tmp_path: Path) -> None:
    rows = [
        ROWS[0],
        {"title": "", "passage": "x", "questions": []},
        {"title": "C", "passage": " ", "questions": []},
        {"title": "D", "passage": "d", "questions": [{"question": "Why?", "answer": ""}]},
        {"title": "E", "passage": "e", "questions": [{"question": None, "answer": "x"}]},
    ]
    message = fault(jsonl(tmp_path / "a.jsonl", rows))
    assert "row 2: no title (column title)" in message
    assert "row 3: no passage (column passage or context or text)" in message
    assert "row 4: question 1 ('Why?') has an empty answer" in message
    assert "row 5: question 1 has no text (it is called question)" in message
    assert "row 1" not in message


def test_up_to_twenty_faults_are_listed_and_the_rest_counted(tmp_path: Path) -> None:
    message = fault(jsonl(tmp_path / "a.jsonl", [{"title": "", "passage": f"{n}"} for n in range(50)]))
    assert message.count("no title") == 20
    assert "and 30 more" in message


def test_a_column_that_no_row_has_is_named_once_with_those_that_are_there(tmp_path: Path) -> None:
    rows = [{"heading": f"T{n}", "passage": f"{n}", "question": "?", "reply": "x"} for n in range(30)]
    assert fault(jsonl(tmp_path / "a.jsonl", rows)).splitlines()[1:] == [
        "  no title: nothing is called title in any row; there is heading, passage, question, reply: say task.title=…",
        "  no answer: nothing is called answer or answers in any row; there is heading, passage, question, reply: "
        "say task.answer=[…]",
    ]


def test_questions_and_answers_may_be_called_otherwise_in_flat_files_and_in_lists(tmp_path: Path) -> None:
    asked = {"query": "Which?", "reply": "a"}
    flat = jsonl(tmp_path / "flat.jsonl", [{"title": "A", "passage": "About a.", **asked}])
    lists = jsonl(tmp_path / "lists.jsonl", [{"title": "A", "passage": "About a.", "questions": [asked]}])
    named = {"question": "query", "answer": "[answer,reply]", "held_out": 0}
    plain = load(as_jsonl(tmp_path), limit=1, held_out=0)
    assert load(flat, **named).train == load(lists, **named).train == plain.train
    assert "no question: nothing is called question in any row; there is query, reply" in fault(lists)


def test_rows_without_questions_say_what_these_would_be_called(tmp_path: Path) -> None:
    rows = [{"title": f"T{n}", "passage": f"{n}", "q": "?", "a": "x"} for n in range(3)]
    assert load(jsonl(tmp_path / "a.jsonl", rows)).unasked == (
        "no row has any, neither a list (questions or qas) nor one in each row (question); there is title, "
        "passage, q, a: task.questions=[…] and task.question=… say what they are called"
    )
    assert load(jsonl(tmp_path / "b.jsonl", [*rows, ROWS[0]])).unasked is None


def test_questions_that_are_empty_in_every_row_are_called_so(tmp_path: Path) -> None:
    rows = [{"title": f"T{n}", "passage": f"{n}", "questions": []} for n in range(3)]
    unasked = load(jsonl(tmp_path / "a.jsonl", rows)).unasked
    assert unasked == "no row has any: questions is there, and empty in every row"


def test_what_is_of_the_wrong_kind_is_called_what_it_is_in_a_line_each(tmp_path: Path) -> None:
    rows = [
        ROWS[0],
        {"title": "B", "passage": "b", "questions": "What does it sell? salt"},
        {"title": "C", "passage": ["c", "d"], "questions": {"question": "Which?", "answer": "c"}},
        {"title": {"of": "D"}, "passage": "d", "questions": ["What?", None, {"q": "Which?", "a": "d"}]},
        {"title": "E", "passage": "e", "questions": [{"question": "Which?", "reply": "e"}]},
        {"title": 6, "passage": 7, "questions": []},
    ]
    assert fault(jsonl(tmp_path / "a.jsonl", rows)).splitlines()[1:] == [
        '  row 2: questions is a text, not a list of {"question", "answer"}',
        "  row 3: passage is a list, not a text (column passage)",
        '  row 3: questions is an object, not a list of {"question", "answer"}',
        "  row 4: title is an object, not a text (column title)",
        "  row 4: question 1 is a text, not an object",
        "  row 4: question 2 is None, not an object",
        "  row 4: question 3 has no text (it is called question; there is q, a)",
        "  row 5: question 1 ('Which?') has no answer (it is called answer or answers; there is question, reply)",
    ]


def test_a_missing_file_is_named_with_its_neighbours(tmp_path: Path) -> None:
    as_jsonl(tmp_path)
    assert f"there is no file {tmp_path / 'row.jsonl'}; that folder has rows.jsonl" in fault(tmp_path / "row.jsonl")


def test_of_a_missing_file_s_neighbours_the_nearest_are_named_first(tmp_path: Path) -> None:
    for name in ("a", "b", "c", "d", "e", "good"):
        (tmp_path / f"{name}.jsonl").touch()
    assert "that folder has good.jsonl, " in fault(tmp_path / "godo.jsonl")


def test_a_folder_in_a_file_s_place_is_called_one_with_what_it_has(tmp_path: Path) -> None:
    as_csv(tmp_path), as_jsonl(tmp_path)
    (tmp_path / "README").touch()
    assert fault(tmp_path) == f"task.path: {tmp_path} is a folder; it has rows.csv, rows.jsonl"


@pytest.mark.parametrize("content", ["", "\n \n"])
def test_an_empty_file_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.jsonl").write_text(content)
    assert "is empty" in fault(tmp_path / "a.jsonl")


def test_a_file_that_is_not_what_its_name_says_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"title": "A", "passage": "x"}\ntitle,passage\n')
    message = fault(tmp_path / "a.jsonl")
    assert "cannot be read as jsonl: line 2" in message
    assert "task.format=" in message


@pytest.mark.parametrize("name", ["a.parquet", "a.json"])
def test_rubbish_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\x00\xffnothing of the kind\x9c")
    assert "cannot be read as" in fault(tmp_path / name)


def test_an_unknown_ending_needs_a_format(tmp_path: Path) -> None:
    as_jsonl(tmp_path).rename(tmp_path / "rows.txt")
    assert "say task.format=" in fault(tmp_path / "rows.txt")
    assert len(load(tmp_path / "rows.txt", format="jsonl").all) == 2
