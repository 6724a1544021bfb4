"""Attempts put together from records: read as the loop read them, and what was set aside is no attempt."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from seal.config import loading
from seal.folder.record_lines import to_line
from seal.folder.store import Store, read_records
from seal.report.attempts import Story, count_invalid, read_stories
from seal.types import Context, Plan, SelfEdit, Update
from tests.self_edit.test_augmentations import text

NO_JSON = "I would rather not."


def stories(folder: Path, written: Mapping[str, list[str]], *overrides: str, held_out: bool = False) -> list[Story]:
    """What is read of a run in which each policy wrote these texts about the first context of its task."""
    run, settings = loading.load([*overrides, "task.n_train=1", "task.n_held_out=1"])
    [context] = run.task.load().held_out if held_out else run.task.load().train
    store = Store(folder)
    store.append("contexts", {context.id: context}, Context)
    edits = {
        f"{policy}/{context.id}/{index}": SelfEdit(context_id=context.id, index=index, text=each, finished=True)
        for policy, texts in written.items()
        for index, each in enumerate(texts)
    }
    store.append("self_edits", edits, SelfEdit)
    return read_stories(folder, {"settings": settings}, {context.id} if held_out else ())


def test_a_self_edit_that_another_was_written_for_is_no_attempt_and_has_no_reward(tmp_path: Path) -> None:
    written = [NO_JSON, text("basic"), text("size")]
    found = stories(tmp_path, {"round_0": written}, "experiment=grids", "recipe.edits_per_context=2")
    assert [story.chosen for story in found] == [False, True, True]
    assert found[0].reward is None
    assert found[0].accuracy is None


def test_one_that_had_to_do_is_an_attempt_with_a_reward_of_0(tmp_path: Path) -> None:
    written = [NO_JSON, text("basic"), json.dumps({})]
    found = stories(tmp_path, {"round_0": written}, "experiment=grids", "recipe.edits_per_context=2")
    assert [story.chosen for story in found] == [True, True, False]
    assert found[0].reward == 0


def test_held_out_contexts_have_their_own_number_of_self_edits(tmp_path: Path) -> None:
    overrides = ("experiment=grids", "recipe.edits_per_context=5", "recipe.held_out_edits=1")
    found = stories(tmp_path, {"round_0": [NO_JSON, text("basic")]}, *overrides, held_out=True)
    assert [story.chosen for story in found] == [False, True]


def test_what_the_policy_unlearned_is_not_said_to_be_kept(tmp_path: Path) -> None:
    run, _ = loading.load(["experiment=tiny", "task.n_train=1", "task.n_held_out=1"])
    name = run.task.load().train[0].id
    signed = {f"{name}/0": 0.5, f"{name}/1": -0.5}
    update = Update(round=1, kept=(f"{name}/0",), losses=(), weights=None, sha256=None, signed=signed)
    Store(tmp_path).append("updates", {"round_0": update}, Update)
    found = stories(tmp_path, {"round_0": ["One.", "Two.", "Three."]}, "experiment=tiny")
    assert [(story.kept, story.weight) for story in found] == [(True, 0.5), (False, -0.5), (False, 0.0)]


def test_an_older_update_without_weights_is_read(tmp_path: Path) -> None:
    run, _ = loading.load(["experiment=tiny", "task.n_train=1", "task.n_held_out=1"])
    name = run.task.load().train[0].id
    as_it_was = {"round": 1, "kept": [f"{name}/1"], "losses": [0.5], "weights": None, "sha256": None}
    (tmp_path / "updates.jsonl").write_text(to_line("round_0", as_it_was))
    found = stories(tmp_path, {"round_0": ["One.", "Two."]}, "experiment=tiny")
    assert [(story.kept, story.weight) for story in found] == [(False, 0.0), (True, 1.0)]
    known = read_records(tmp_path / "updates.jsonl", Update)["round_0"]
    assert "signed" not in TypeAdapter(Update).dump_python(known)


def n_sequences(story: Story) -> int:
    assert isinstance(story.plan, Plan)
    return len(story.plan.sequences)


def test_practice_is_read_as_its_round_read_it(tmp_path: Path) -> None:
    lines: dict[str, Any] = {"round_0": ["One.\nTwo."], "round_1": ["One.\nTwo."]}
    first, second = stories(tmp_path, lines, "experiment=tiny", "self_edit.unsplit_rounds=[2]")
    assert n_sequences(first) == n_sequences(second) + 1


def test_contexts_are_known_by_their_ids_whatever_stands_in_these(tmp_path: Path) -> None:
    _, settings = loading.load(["experiment=tiny"])
    store, ids = Store(tmp_path), ("a/b/7", "b/7", "7", "round_0/a")
    contexts = {each: Context(id=each, title=each, text="Pi is 3.", queries=()) for each in ids}
    store.append("contexts", contexts, Context)
    edits = {
        f"{policy}/{each}/{index}": SelfEdit(context_id=each, index=index, text="Pi is 3.", finished=True)
        for policy in ("round_0", "round_1/sequence_2/step_3")
        for each in ids
        for index in (0, 1)
    }
    store.append("self_edits", edits, SelfEdit)
    found = read_stories(tmp_path, {"settings": settings}, ids)
    assert {f"{one.policy}/{one.context.id}/{one.self_edit.index}" for one in found} == edits.keys()


def test_self_edits_that_nothing_could_be_trained_on_are_counted_by_setting(tmp_path: Path) -> None:
    written = {"round_0": [NO_JSON, NO_JSON, text("basic")], "round_1": [text("basic"), text("size")]}
    found = stories(tmp_path, written, "experiment=grids", "recipe.held_out_edits=3", held_out=True)
    assert count_invalid(found) == {found[0].context.id: {"self_edits_round_0": 2}}


def test_self_edits_that_served_to_tune_settings_alone_are_no_attempts(tmp_path: Path) -> None:
    run, settings = loading.load(
        ["experiment=tiny", "task.n_train=1", "task.n_held_out=1", "recipe.edits_per_context=2"]
    )
    loaded = run.task.load()
    [practised], [measured] = loaded.train, loaded.held_out
    store = Store(tmp_path)
    store.append("contexts", {practised.id: practised, measured.id: measured}, Context)
    keys = [("round_0", practised.id, 0), ("round_0", practised.id, 1), ("round_1", practised.id, 0)]
    keys.append(("round_1", measured.id, 0))
    edits = {
        f"{policy}/{name}/{index}": SelfEdit(context_id=name, index=index, text="A line.", finished=True)
        for policy, name, index in keys
    }
    store.append("self_edits", edits, SelfEdit)
    everything = read_stories(tmp_path, {"settings": settings}, {measured.id})
    assert len(everything) == 4
    attempts = read_stories(tmp_path, {"settings": settings}, {measured.id}, tuned=True)
    assert [(story.policy, story.practised) for story in attempts] == [
        ("round_0", True),
        ("round_0", True),
        ("round_1", False),
    ]
