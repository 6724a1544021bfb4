"""Contexts from the embedded world."""

from seal import config
from seal.task.facts import Facts


def facts(**settings: object) -> Facts:
    _, resolved = config.load([f"task.{key}={value}" for key, value in settings.items()])
    task = dict(resolved["task"])
    del task["_target_"]
    return Facts(**task)


def test_each_fact_of_a_passage_has_a_question_and_its_answer_stands_in_the_passage() -> None:
    for context in facts().load().all:
        assert len(context.queries) == 6
        assert all(query.target in context.text and query.target not in query.prompt for query in context.queries)


def test_training_and_held_out_titles_differ() -> None:
    contexts = facts(n_train=300, n_held_out=300).load()
    assert len({context.title for context in contexts.all}) == 600


def test_equal_seeds_give_equal_passages_and_other_seeds_others() -> None:
    assert facts(seed=1).load() == facts(seed=1).load()
    assert not {c.text for c in facts(seed=1).load().all} & {c.text for c in facts(seed=2).load().all}


def test_a_line_of_a_self_edit_is_labelled_by_its_style() -> None:
    context = facts().load().held_out[0]
    first_sentence = context.text.split(". ")[0] + "."
    query = context.queries[0]
    labels = [
        facts().style_of(context, line)
        for line in (
            first_sentence,
            f"Question: {query.question} Answer: {query.target}",
            f"{context.title} has a cat.",
            "?",
        )
    ]
    assert labels == ["copy", "qa", "vague", "other"]
