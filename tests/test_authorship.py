"""Who wrote the self-edits of a run, and how every place says it."""

import pytest

from seal.authorship import UNTRAINED, Author
from seal.config import loading
from seal.types import Policy
from seal.work.writing import writing_by

EVALUATE = ("recipe=evaluate", "cluster.threads=1")
SETTINGS = ("task=grids", "model=tiny_grids", "grader=arc")


@pytest.mark.parametrize(
    ("overrides", "author", "phase"),
    [
        ([], UNTRAINED, "round_0: writing self-edits"),
        (["self_edit=none"], UNTRAINED, "round_0: writing self-edits"),
        (
            ["self_edit=recorded", "self_edit.path=kept/base.jsonl"],
            Author(by="recording", name="base.jsonl"),
            "taking recorded self-edits",
        ),
        (
            ["self_edit=recorded", "self_edit.path=outputs/demo", "self_edit.policy=round_2"],
            Author(by="recording", name="demo/round_2"),
            "taking recorded self-edits",
        ),
        (
            [*SETTINGS, "self_edit=recorded_settings", "self_edit.path=outputs/demo"],
            Author(by="recording", name="demo/round_0"),
            "taking recorded self-edits",
        ),
        (
            [*SETTINGS, "self_edit=random_settings"],
            Author(by="chance", name="settings"),
            "taking random settings",
        ),
        (
            ["engine@writer=openai", "writer.endpoint.model=org/model_7"],
            Author(by="model", name="org/model_7"),
            "org/model_7: writing self-edits",
        ),
        (
            ["engine=openai", "inner=none", "engine.endpoint.model=gpt"],
            Author(by="model", name="gpt"),
            "gpt: writing self-edits",
        ),
        (
            ["self_edit=entigraph", "engine@writer=openai", "writer.endpoint.model=gpt"],
            Author(by="model", name="gpt", method="EntiGraph"),
            "gpt: writing self-edits",
        ),
        (["self_edit=entigraph"], Author(method="EntiGraph"), "round_0: writing self-edits"),
        (
            ["model=local", "model.path=outputs/demo/policies/round_2"],
            Author(name="demo/round_2"),
            "round_0: writing self-edits",
        ),
    ],
)
def test_a_run_knows_who_writes_its_self_edits(overrides: list[str], author: Author, phase: str) -> None:
    run, _ = loading.load([*EVALUATE, *overrides])
    assert run.self_edit.author(run) == author
    assert writing_by(run, Policy(round=0)) == phase


@pytest.mark.parametrize(
    ("author", "self_edits", "wrote", "one"),
    [
        (
            UNTRAINED,
            "untrained self-edits",
            "what the untrained policy wrote",
            "self-edit of the untrained policy",
        ),
        (
            Author(by="recording", name="base.jsonl"),
            "recorded self-edits",
            "self-edits recorded in base.jsonl",
            "self-edit recorded in base.jsonl",
        ),
        (
            Author(by="chance", name="settings"),
            "random settings",
            "settings drawn by chance",
            "self-edit drawn by chance",
        ),
        (
            Author(by="model", name="org/model_7"),
            "self-edits of model_7",
            "what org/model_7 wrote",
            "self-edit of org/model_7",
        ),
        (
            Author(by="model", name="gpt", method="EntiGraph"),
            "EntiGraph texts of gpt",
            "what gpt wrote by EntiGraph",
            "EntiGraph of gpt",
        ),
        (
            Author(method="EntiGraph"),
            "EntiGraph texts",
            "what the untrained policy wrote by EntiGraph",
            "EntiGraph of the untrained policy",
        ),
        (
            Author(name="demo/round_2"),
            "self-edits of demo/round_2",
            "what the policy demo/round_2 wrote",
            "self-edit of the policy demo/round_2",
        ),
    ],
)
def test_an_author_is_named_in_words(author: Author, self_edits: str, wrote: str, one: str) -> None:
    assert (author.self_edits, author.wrote, author.one) == (self_edits, wrote, one)
