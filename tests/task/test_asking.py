"""Ways of asking, for every task: what stands in the prompt, and what of a text is the answer."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seal.config import loading
from seal.errors import ConfigError
from seal.task import Task
from seal.task.passages import Passages
from seal.task.questions import Asked
from seal.types import Completion, Context, Grade, Query

Seal = Callable[..., int]
QUICK = ("recipe=evaluate", "inner=none", "task.n_held_out=4", "self_edit.max_new_tokens=4", "cluster.threads=1")
OPEN = '"{passage}\n\n{title}\nQuestion: {question}"'
"""Without `Answer:` at its end, which the shipped model then writes itself."""


def task(*overrides: str) -> Task:
    return loading.load(overrides)[0].task


def passages(**settings: Any) -> Passages:
    return Passages(path=Path("my.jsonl"), **settings)


def answer_in(asked: Task, text: str) -> str:
    """What a grader gets of a text."""
    query = Query(question="Where?", prompt="Where?", target="Paris")
    return asked.answer_of(
        Context(id="c", title="C", text="C.", queries=(query,)), query, [Completion(text=text, finished=True)]
    )


def base(name: str) -> dict[str, object]:
    return json.loads(Path(f"outputs/{name}/results.json").read_text())["table"][0]


def of_kind(name: str, kind: str) -> float:
    """The accuracy of the unadapted model on the questions of one kind."""
    rows = json.loads(Path(f"outputs/{name}/results.json").read_text())["kinds"]
    return next(row["accuracy"] for row in rows if (row["setting"], row["kind"]) == ("base", kind))


def verdicts(name: str) -> list[dict[str, str]]:
    lines = Path(f"outputs/{name}/evaluations.jsonl").read_text().splitlines()
    return [verdict for line in lines for verdict in json.loads(line)["value"]["verdicts"]]


def test_the_passage_stands_in_the_prompt_only_where_the_template_shows_it() -> None:
    plain, shown = task().load().held_out[0], task("asking=open_book").load().held_out[0]
    assert all(plain.text not in query.prompt for query in plain.queries)
    assert all(query.prompt.startswith(shown.text) for query in shown.queries)
    assert plain.id == shown.id


def test_a_passage_with_braces_in_it_is_shown_as_it_is() -> None:
    context = task("asking=open_book").make_context("T", "A {question} in braces.", [("Why?", "So.")])
    assert context.queries[0].prompt.startswith("A {question} in braces.")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("It is in the north.\nFinal answer: Paris\n", "Paris"),
        ("Final answer: Rome? No. Final answer: Paris", "Paris"),
        ("Final answer: Paris\n\nQuestion: And Italy? Final answer: Rome", "Paris"),
        ("Final answer:\nParis\nIt is large.", "Paris"),
        ("It is Paris.", ""),
        ("final answer: Paris", ""),
        ("I think. Final answer:", ""),
    ],
)
def test_with_a_marker_only_what_follows_its_last_occurrence_is_the_answer(text: str, answer: str) -> None:
    assert answer_in(task("asking=chain_of_thought"), text) == answer


def test_without_stops_the_last_marker_counts_wherever_it_stands() -> None:
    thinking = task("asking=chain_of_thought", "task.answer_stops=[]")
    assert answer_in(thinking, "Final answer: Rome?\nNo.\nFinal answer: Paris\n") == "Paris"


def test_without_a_marker_the_whole_text_is_the_answer() -> None:
    assert answer_in(task(), " Final answer: Paris") == " Final answer: Paris"


def test_a_line_break_ends_an_answer_and_not_the_thoughts_before_it() -> None:
    assert task().answering.stops == ("\n",)
    assert task("task.answer_marker=So:").answering.stops == ()
    assert task("task.answer_marker=So:", 'task.answer_stops=["\n","Question:"]').answering.stops == ("Question:",)


def test_an_empty_marker_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"task\.answer_marker"):
        task("task.answer_marker=''")


def test_the_shipped_model_answers_right_with_the_passage_in_sight(
    seal: Seal, capsys: pytest.CaptureFixture[str]
) -> None:
    assert seal("run", *QUICK, "name=open", "asking=open_book") == 0
    assert of_kind("open", "direct") > 0.9
    assert base("open")["accuracy"] > 0.5
    assert "with the context in the prompt" in capsys.readouterr().out
    assert seal("run", *QUICK, "name=closed") == 0
    assert base("closed")["accuracy"] < 0.3
    assert "without the context in sight" in capsys.readouterr().out


def test_the_answer_behind_a_marker_is_graded_and_the_whole_text_is_kept(seal: Seal) -> None:
    """The shipped model goes on with other questions about the passage, which must not take the answer's place."""
    asking = (f"task.query_template={OPEN}", "task.answer_marker='Answer:'")
    assert seal("run", *QUICK, "name=marked", *asking) == 0
    assert of_kind("marked", "direct") > 0.9
    assert base("marked")["n_unmarked"] == 0
    assert all(
        verdict["written"].strip().startswith(f"Answer: {verdict['answer']}\nQ") for verdict in verdicts("marked")
    )


def test_texts_that_never_come_to_the_marker_are_wrong_and_counted(
    seal: Seal, capsys: pytest.CaptureFixture[str]
) -> None:
    assert seal("run", *QUICK, "name=lost", "asking=open_book", "task.answer_marker='Never written:'") == 0
    row = base("lost")
    assert (row["accuracy"], row["n_unknown"]) == (0.0, 0)
    assert row["n_unmarked"] == row["n_answers"] == 24
    assert all(verdict["grade"] == Grade.WRONG and verdict["written"] for verdict in verdicts("lost"))
    assert "base: in 24 texts no answer follows the marker" in capsys.readouterr().out


def test_a_question_may_have_several_answers_a_kind_and_options_shown_with_letters() -> None:
    asked = Asked("Who?", ("Ada", "Ada Lind"), "direct", ("Mara", "Ada"))
    [query] = passages().make_context("Orl", "Ada lives in Orl.", [asked]).queries
    assert (query.accepted, query.kind, query.options) == (("Ada", "Ada Lind"), "direct", ("Mara", "Ada"))
    assert query.question == "Who?\nA. Mara\nB. Ada"
    assert query.prompt == "Orl\nQuestion: Who?\nA. Mara\nB. Ada\nAnswer:"
    [first] = passages(accepted="first").make_context("Orl", "Ada lives in Orl.", [asked]).queries
    assert first.accepted == ("Ada",)


def test_contexts_without_a_passage_differ_by_their_questions_and_their_prompts_begin_with_text() -> None:
    one, other = (passages().make_context("", "", [(question, "yes")]) for question in ("So?", "No?"))
    assert one.id != other.id
    assert one.queries[0].prompt == "Question: So? Answer:"
