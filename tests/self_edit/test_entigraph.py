"""Entities first, then texts about how they relate."""

import json
from collections.abc import Sequence

import pytest

from seal.config import loading
from seal.errors import ConfigError
from seal.self_edit import Assignment
from seal.self_edit.entigraph import EntiGraph, read_entities
from seal.types import Completion, Context, Invalid, Plan, Sampling, SelfEdit, Unavailable

FOREIGN = ("", "no JSON", "{}", '{"texts": 3}', '{"texts": [" "]}', '{"texts": [3]}', '["a"]', "[" * 100_000)
CONTEXT = Context(id="c", title="Pi", text="Pi is 3.", queries=())


def entigraph(*overrides: str) -> EntiGraph:
    run, _ = loading.load(["self_edit=entigraph", "recipe=evaluate", *(f"self_edit.{each}" for each in overrides)])
    assert isinstance(run.self_edit, EntiGraph)
    return run.self_edit


class Model:
    """Says what it is given, entity lists first, and remembers what it was asked."""

    def __init__(self, *entities: str | Unavailable) -> None:
        self.entities = list(entities)
        self.prompts: list[tuple[str, int]] = []

    def go_on(self, prompts: Sequence[tuple[str, int]], sampling: Sampling) -> list[Completion | Unavailable]:
        self.prompts += prompts
        return [self._one(prompt) for prompt, _ in prompts]

    def _one(self, prompt: str) -> Completion | Unavailable:
        if "JSON list" in prompt:
            said = self.entities.pop(0)
            return said if isinstance(said, Unavailable) else Completion(text=said, finished=True)
        return Completion(text=f"About {prompt.partition('connected: ')[2].partition('.')[0]}", finished=True)


def written(form: EntiGraph, model: Model, seed: int = 0) -> SelfEdit:
    [text] = form.write([Assignment(context=CONTEXT, index=0, seed=seed)], model.go_on)
    assert isinstance(text, Completion)
    return SelfEdit(context_id="c", index=0, text=text.text, finished=text.finished)


def sequences(form: EntiGraph, edit: SelfEdit) -> list[str]:
    plan = form.parse(CONTEXT, edit)
    assert isinstance(plan, Plan), plan
    return [sequence.text for sequence in plan.sequences]


@pytest.mark.parametrize(
    ("text", "entities"),
    [
        ('["a", "b"]', ["a", "b"]),
        ('Sure!\n```json\n["a", " b ", "a", ""]\n```', ["a", "b"]),
        ('[1, 2] and then ["a", "b"]', ["a", "b"]),
        ('{"entities": ["a", "b"]}', ["a", "b"]),
        ('["Battle [1066]", "William"]', ["Battle [1066]", "William"]),
        ('[see: ["a", "b"]]', ["a", "b"]),
        ('["a"]', []),
        ("a, b", []),
        ('["a", "b"', []),
    ],
)
def test_entities_are_read_from_the_first_list_of_strings(text: str, entities: list[str]) -> None:
    assert read_entities(text) == entities


def test_texts_about_pairs_and_triples_are_trained_on_with_the_passage_last() -> None:
    form, model = entigraph("pairs=2", "triples=1"), Model('["a", "b", "c"]')
    found = sequences(form, written(form, model))
    assert len(found) == 2 + 1 + 1
    assert found[-1] == "Pi\nPi is 3."
    about = [set(text.removeprefix("Pi\nAbout ").split(", ")) for text in found[:-1]]
    assert [len(each) for each in about] == [2, 2, 3]
    assert about[0] != about[1]


def test_no_more_pairs_are_asked_about_than_there_are() -> None:
    form, model = entigraph("pairs=10"), Model('["a", "b", "c"]')
    assert len(sequences(form, written(form, model))) == 3 + 1


def test_the_pairs_depend_on_the_seed_alone() -> None:
    form = entigraph("pairs=2")
    many = json.dumps([str(number) for number in range(20)])
    texts = [written(form, Model(many), seed=seed).text for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


def test_entities_that_are_no_list_are_asked_for_again_with_another_seed_but_not_for_ever() -> None:
    form = entigraph("entities_retries=2", "pairs=1")
    model = Model("Well.", "Hm.", '["a", "b"]')
    assert len(sequences(form, written(form, model))) == 2
    assert len({seed for _, seed in model.prompts}) == 4
    plan = form.parse(CONTEXT, written(form, Model("Well.", "Hm.", "No.")))
    assert plan == Invalid(reason="no list of entities in 3 tries, but 'No.'")


@pytest.mark.parametrize("text", FOREIGN)
def test_foreign_text_is_invalid(text: str) -> None:
    plan = entigraph().parse(CONTEXT, SelfEdit(context_id="c", index=0, text=text, finished=True))
    assert isinstance(plan, Invalid)


def test_a_text_in_the_place_of_a_list_of_texts_is_not_read_letter_by_letter() -> None:
    edit = SelfEdit(context_id="c", index=0, text='{"texts": "Pi is 3."}', finished=True)
    assert isinstance(entigraph().parse(CONTEXT, edit), Invalid)


def test_a_silent_writer_makes_no_self_edit() -> None:
    [text] = entigraph().write([Assignment(context=CONTEXT, index=0, seed=0)], Model(Unavailable(reason="gone")).go_on)
    assert text == Unavailable(reason="gone")


def test_nobody_can_learn_to_write_them() -> None:
    with pytest.raises(ConfigError, match="self_edit: a policy cannot learn to write these self-edits"):
        loading.load(["self_edit=entigraph"])


def test_relations_need_the_entities() -> None:
    with pytest.raises(ConfigError, match=r"relations_template: a template has to show the {entities}"):
        entigraph("relations_template=Write.")


FAILED = Completion(text="", finished=False, failure="within a thought")


def test_turns_that_failed_are_left_out_and_where_none_is_left_the_whole_is_a_failure() -> None:
    form = entigraph("pairs=2", "triples=0")
    assignment = Assignment(context=CONTEXT, index=0, seed=0)
    entities = Completion(text='["a", "b", "c"]', finished=True)
    for turns, n_texts in (
        ([[FAILED], [entities], [FAILED, Completion(text="About it", finished=True)]], 1),
        ([[entities], [FAILED, FAILED]], None),
        ([[FAILED], [FAILED], [FAILED]], None),
    ):
        said = iter(turns)
        [found] = form.write([assignment], lambda prompts, sampling, said=said: next(said))
        assert isinstance(found, Completion)
        assert found.failure == ("" if n_texts else "within a thought")
        assert n_texts is None or len(json.loads(found.text)["texts"]) == n_texts
