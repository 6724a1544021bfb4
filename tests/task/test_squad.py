"""SQuAD: the same contexts from the hub's form and from files, drawn or listed, and never in both parts."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from seal.config import loading
from seal.errors import DataError
from seal.task import Contexts

Write = Callable[[Path, Sequence[int]], list[str]]


def passage(number: int) -> dict[str, Any]:
    """Paragraph `number`, in SQuAD's own form: two questions, the first with two answers."""
    first = {"id": f"{number}a", "question": "Which river?", "answers": [_span(f"river {number}"), _span("the river")]}
    second = {"id": f"{number}b", "question": "How old?", "answers": [_span("very")]}
    return {"context": f"City {number} lies at river {number}. It is very old.", "qas": [first, second]}


def _span(text: str) -> dict[str, Any]:
    return {"text": text, "answer_start": 0}


def title(number: int) -> str:
    return f"Old_City_{number // 2}"


def as_document(numbers: Sequence[int]) -> dict[str, Any]:
    """SQuAD's own JSON: two passages an article."""
    articles = {
        title(number): [passage(each) for each in numbers if title(each) == title(number)] for number in numbers
    }
    return {"version": "1.1", "data": [{"title": name, "paragraphs": found} for name, found in articles.items()]}


def as_hub_rows(numbers: Sequence[int]) -> list[dict[str, Any]]:
    """The hub's form: one row a question."""
    return [
        {
            "id": asked["id"],
            "title": title(number),
            "context": passage(number)["context"],
            "question": asked["question"],
            "answers": {"text": [each["text"] for each in asked["answers"]], "answer_start": [0, 0]},
        }
        for number in numbers
        for asked in passage(number)["qas"]
    ]


def as_nested_list(numbers: Sequence[int]) -> list[dict[str, Any]]:
    """The form of the released results: spaces in titles, and questions in a list."""
    return [
        {
            "title": title(number).replace("_", " "),
            "context": passage(number)["context"],
            "questions": [
                {"question": asked["question"], "answer": [each["text"] for each in asked["answers"]]}
                for asked in passage(number)["qas"]
            ],
        }
        for number in numbers
    ]


def hub_folder(folder: Path, *, train: Sequence[int], validation: Sequence[int]) -> Path:
    """A folder that `datasets` reads as it reads a data set on the hub."""
    import datasets

    for split, numbers in (("train", train), ("validation", validation)):
        datasets.Dataset.from_list(as_hub_rows(numbers)).to_parquet(folder / "data" / f"{split}-00000-of-00001.parquet")
    return folder


def file(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content))
    return path


def document(path: Path, numbers: Sequence[int]) -> Path:
    return file(path, as_document(numbers))


def load(**settings: object) -> Contexts:
    """All of both parts, unless the settings say something else."""
    wanted = {"n_train": "null", "n_held_out": "null"} | settings
    run, _ = loading.load(["task=squad", *(f"task.{key}={value}" for key, value in wanted.items())])
    return run.task.load()


def held_out(path: Path, **settings: object) -> Contexts:
    return load(held_out_file=path, n_train=0, **settings)


def fault(**settings: object) -> str:
    with pytest.raises(DataError) as raised:
        load(**settings)
    return str(raised.value)


def texts(contexts: Sequence[Any]) -> list[str]:
    return [context.text for context in contexts]


def test_a_data_set_of_the_hub_is_read_split_by_split(tmp_path: Path) -> None:
    contexts = load(hub=hub_folder(tmp_path, train=range(6), validation=range(6, 10)))
    assert sorted(texts(contexts.train)) == [passage(number)["context"] for number in range(6)]
    assert sorted(texts(contexts.held_out)) == [passage(number)["context"] for number in range(6, 10)]
    assert contexts.notes == ()


def test_every_form_gives_the_same_contexts(tmp_path: Path) -> None:
    of_document = held_out(document(tmp_path / "own.json", range(8)))
    of_list = held_out(file(tmp_path / "nested.json", as_nested_list(range(8))))
    of_hub = load(hub=hub_folder(tmp_path / "hub", train=[9], validation=range(8)), n_train=0)
    assert of_document.held_out == of_list.held_out == of_hub.held_out
    assert of_document.sha256 == of_list.sha256 == of_hub.sha256
    assert len(of_document.held_out) == 8


def test_the_title_is_written_with_spaces_and_every_answer_is_accepted_the_first_as_the_target(tmp_path: Path) -> None:
    [context] = held_out(document(tmp_path / "own.json", [5])).held_out
    assert context.title == "Old City 2"
    assert [(query.question, query.target, query.accepted) for query in context.queries] == [
        ("Which river?", "river 5", ("river 5", "the river")),
        ("How old?", "very", ("very",)),
    ]
    assert context.queries[0].prompt.startswith("Old City 2\n")


def test_a_part_of_which_nothing_is_wanted_is_not_read(tmp_path: Path) -> None:
    contexts = load(
        held_out_file=document(tmp_path / "own.json", [1]), n_train=0, train_file=tmp_path / "there-is-no-such-file"
    )
    assert (len(contexts.train), len(contexts.held_out)) == (0, 1)


def test_the_draw_depends_on_the_seed_and_not_on_the_order_of_the_file(tmp_path: Path) -> None:
    forwards = document(tmp_path / "forwards.json", range(40))
    backwards = document(tmp_path / "backwards.json", range(39, -1, -1))
    first, again, other = (
        texts(held_out(path, n_held_out=10, seed=seed).held_out)
        for path, seed in ((forwards, 0), (backwards, 0), (forwards, 1))
    )
    assert first == again
    assert set(first) != set(other)


def test_a_larger_draw_begins_with_the_smaller_one_in_both_parts(tmp_path: Path) -> None:
    folder = hub_folder(tmp_path, train=range(30), validation=range(30, 60))
    small, large = load(hub=folder, n_train=5, n_held_out=7), load(hub=folder, n_train=20, n_held_out=30)
    assert (len(small.train), len(small.held_out)) == (5, 7)
    assert large.train[:5] == small.train
    assert large.held_out[:7] == small.held_out


def test_more_passages_than_there_are_is_refused(tmp_path: Path) -> None:
    path = document(tmp_path / "own.json", range(3))
    message = fault(held_out_file=path, n_train=0, n_held_out=4)
    assert message == (
        "task.n_held_out is 4, but own.json has 3 passages to draw from: lower it, or task.n_held_out=null for all"
    )


def test_contexts_are_taken_by_id_or_title_in_the_order_of_the_list(tmp_path: Path) -> None:
    path = document(tmp_path / "own.json", range(8))
    everything = held_out(path).held_out
    by_text = {context.text: context for context in everything}
    wanted = by_text[passage(3)["context"]]
    (tmp_path / "ids.txt").write_text(f"{wanted.id}\n\nOld_City_3\nOld City 3\n")
    chosen = held_out(path, held_out_ids=tmp_path / "ids.txt", n_held_out=1).held_out
    assert chosen[0] == wanted
    assert {context.text for context in chosen[1:]} == {passage(number)["context"] for number in (6, 7)}
    assert len(chosen) == 3


def test_unknown_ids_are_refused_by_name(tmp_path: Path) -> None:
    path = document(tmp_path / "own.json", range(4))
    (tmp_path / "ids.txt").write_text("Old City 1\nNew_City\n0123456789ab\n")
    message = fault(held_out_file=path, n_train=0, held_out_ids=tmp_path / "ids.txt")
    assert "task.held_out_ids" in message
    assert "line 2: 'New_City'" in message
    assert "line 3: '0123456789ab'" in message
    assert "Old City 1" not in message


@pytest.mark.parametrize(("content", "said"), [(None, "No such file"), (b" \n", "is empty"), (b"\xff\xfe", "UTF-8")])
def test_a_list_of_ids_that_lists_nothing_is_refused(tmp_path: Path, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / "ids.txt").write_bytes(content)
    path = document(tmp_path / "own.json", range(4))
    assert said in fault(held_out_file=path, n_train=0, held_out_ids=tmp_path / "ids.txt")


def test_a_passage_of_both_parts_is_dropped_from_training_and_counted(tmp_path: Path) -> None:
    path = document(tmp_path / "own.json", range(10))
    contexts = load(train_file=path, held_out_file=path, n_held_out=4, n_train=6)
    assert not set(texts(contexts.train)) & set(texts(contexts.held_out))
    assert (len(contexts.train), len(contexts.held_out)) == (6, 4)
    assert contexts.notes == ("own.json: 4 passages are held out too and were dropped from training",)


def test_a_listed_training_passage_that_is_held_out_is_dropped_and_counted(tmp_path: Path) -> None:
    path = document(tmp_path / "own.json", range(10))
    (tmp_path / "ids.txt").write_text("Old City 0\nOld City 1\n")
    (tmp_path / "measured.txt").write_text("Old City 1\n")
    contexts = load(
        train_file=path, held_out_file=path, train_ids=tmp_path / "ids.txt", held_out_ids=tmp_path / "measured.txt"
    )
    assert {context.title for context in contexts.train} == {"Old City 0"}
    assert "2 passages are held out too" in contexts.notes[0]


def test_questions_that_squad_2_calls_impossible_are_left_out_and_counted(tmp_path: Path) -> None:
    own = as_document(range(4))
    first, second = own["data"][0]["paragraphs"]
    first["qas"][0] |= {"is_impossible": True, "answers": [], "plausible_answers": [_span("river 9")]}
    for asked in second["qas"]:
        asked |= {"is_impossible": True, "answers": []}
    contexts = held_out(file(tmp_path / "own.json", own))
    assert sorted(len(context.queries) for context in contexts.held_out) == [1, 2, 2]
    assert contexts.notes == (
        "own.json: 3 questions that their passage does not answer were left out",
        "own.json: 1 passages without a question that they answer were left out",
    )


def test_questions_without_answers_on_the_hub_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = as_hub_rows(range(3))
    rows[0]["answers"] = {"text": [], "answer_start": []}
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    contexts = held_out(tmp_path / "rows.jsonl")
    assert sorted(len(context.queries) for context in contexts.held_out) == [1, 2, 2]
    assert contexts.notes == ("rows.jsonl: 1 questions that their passage does not answer were left out",)


def test_a_question_with_an_empty_answer_is_a_fault_and_not_left_out(tmp_path: Path) -> None:
    own = as_document(range(2))
    own["data"][0]["paragraphs"][1]["qas"][0]["answers"] = [_span(" ")]
    message = fault(held_out_file=file(tmp_path / "own.json", own), n_train=0)
    assert "task.held_out_file: own.json has faults" in message
    assert "row 2: question 1 ('Which river?') has an empty answer" in message


def test_a_document_without_paragraphs_is_refused_with_its_article(tmp_path: Path) -> None:
    path = file(tmp_path / "own.json", {"data": [as_document([0])["data"][0], {"title": "B"}]})
    assert "article 2 of its data has no list of paragraphs" in fault(held_out_file=path, n_train=0)


def test_a_missing_file_is_named_with_its_setting(tmp_path: Path) -> None:
    message = fault(train_file=tmp_path / "train.json", held_out_file=document(tmp_path / "dev.json", [1]))
    assert f"task.train_file: there is no file {tmp_path / 'train.json'}; that folder has dev.json" in message


def test_a_split_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    message = fault(hub=hub_folder(tmp_path, train=[1], validation=[2]), held_out_split="test")
    assert "task.hub: split 'test'" in message
    assert "validation" in message


def test_a_data_set_that_cannot_be_had_is_refused_with_the_way_out() -> None:
    message = fault(hub="nobody-of-this-name/no-such-data-set")
    assert "task.hub: split 'validation' of nobody-of-this-name/no-such-data-set cannot be read" in message
    assert "give a folder with a copy (task.hub=…) or files" in message


def test_columns_that_are_not_squads_are_refused(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"a": 1}\n')
    message = fault(held_out_file=tmp_path / "rows.jsonl", n_train=0)
    assert "task.passage" not in message
    assert "no passage: nothing is called context or passage or text in any row; there is a" in message


def test_the_released_evaluation_has_its_200_passages_and_974_questions(reference: Path) -> None:
    contexts = held_out(reference / "knowledge" / "self_edits_val_base.json")
    assert len(contexts.held_out) == 200
    assert sum(len(context.queries) for context in contexts.held_out) == 974


def test_the_released_passages_can_be_picked_from_all_by_their_ids(reference: Path, tmp_path: Path) -> None:
    released = held_out(reference / "knowledge" / "self_edits_val_base.json").held_out
    (tmp_path / "ids.txt").write_text("".join(f"{context.id}\n" for context in released))
    picked = held_out(reference / "knowledge" / "squad_val.json", held_out_ids=tmp_path / "ids.txt").held_out
    assert picked == released
