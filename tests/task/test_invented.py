"""The passages that come with SEAL: each answer stands in its passage, and no question is asked twice."""

from seal.task.invented import Invented


def test_every_answer_can_be_found_in_its_passage_or_is_said_of_it() -> None:
    contexts = Invented().load()
    assert len(contexts.all) == 16
    assert not contexts.notes
    queries = [query for context in contexts.all for query in context.queries]
    assert len({query.question for query in queries}) == len(queries) == 80
    for context in contexts.all:
        for query in context.queries:
            said = [word for word in query.target.split() if word.lower() in context.text.lower()]
            assert len(said) >= len(query.target.split()) / 2, query.question
