"""Contexts from the embedded world."""

from collections import Counter

from seal.config import loading
from seal.task.facts import QUESTIONS, Facts
from seal.tiny.facts.world import QuestionKind


def facts(**settings: object) -> Facts:
    _, resolved = loading.load([f"task.{key}={value}" for key, value in settings.items()])
    task = dict(resolved["task"])
    del task["_target_"]
    return Facts(**task)


def test_each_passage_has_questions_of_all_kinds_whose_answers_are_not_in_their_prompts() -> None:
    for context in facts().load().all:
        kinds = Counter(query.kind for query in context.queries)
        assert kinds == {kind: QUESTIONS[kind] for kind in QuestionKind}
        assert all(query.target not in query.prompt.removeprefix(context.title).split() for query in context.queries)


def test_only_answers_to_direct_questions_stand_in_the_passage() -> None:
    for context in facts().load().all:
        words = context.text.replace(".", "").split()
        for query in context.queries:
            assert (query.target in words) == (query.kind == QuestionKind.DIRECT)


def test_training_and_held_out_titles_differ() -> None:
    contexts = facts(n_train=300, n_held_out=300).load()
    assert len({context.title for context in contexts.all}) == 600


def test_equal_seeds_give_equal_passages_and_other_seeds_others() -> None:
    assert facts(seed=1).load() == facts(seed=1).load()
    assert not {c.text for c in facts(seed=1).load().all} & {c.text for c in facts(seed=2).load().all}


def test_a_line_of_a_self_edit_is_labelled_by_what_it_says() -> None:
    context = facts().load().held_out[0]
    first_sentence = context.text.split(". ")[0] + "."
    lines = [f"Question: {query.question} Answer: {query.target}" for query in context.queries]
    labels = [facts().style_of(context, line) for line in (first_sentence, *lines, f"{context.title} has a cat.", "?")]
    assert labels == ["copy", *(query.kind for query in context.queries), "vague", "other"]
