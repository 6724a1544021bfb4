"""Settings of an earlier run or of a file."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from seal.config import loading
from seal.folder.store import read_records
from seal.self_edit.recorded_settings import RecordedSettings
from seal.types import Context, Evaluation, SelfEdit
from tests.self_edit.test_random_settings import drawn

Seal = Callable[..., int]
QUICK = ("experiment=grids", "recipe.rounds=0", "task.n_train=1", "task.n_held_out=2", "cluster.threads=1")
QUICK += ("self_edit.per_family=1", "self_edit.max_steps=20", "self_edit.oracle_epochs=1")


def tried(run: str) -> dict[tuple[str, str], str]:
    """What the adapted models answered, by puzzle and by the settings that they were trained with."""
    edits = read_records(Path(f"outputs/{run}/self_edits.jsonl"), SelfEdit).values()
    text_of = {(edit.context_id, f"edit_{edit.index}"): edit.text for edit in edits}
    answers = {}
    for key, evaluation in read_records(Path(f"outputs/{run}/evaluations.jsonl"), Evaluation).items():
        _, context, source, _ = key.split("/")
        if source.startswith("edit_"):
            answers[context, text_of[context, source]] = evaluation.verdicts[0].answer
    return answers


@pytest.mark.slow
def test_settings_of_a_run_are_tried_out_again_and_do_the_same(seal: Seal) -> None:
    assert seal("run", *QUICK, "name=first", "self_edit.tries=8") == 0
    read = ("self_edit=recorded_settings", "self_edit.path=outputs/first")
    assert seal("run", *QUICK, "name=again", *read) == 0
    assert tried("again").keys() == tried("first").keys()
    assert len(tried("again")) > 1


def test_settings_that_counted_come_before_those_that_did_not(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    first, second = drawn(2)
    texts = ["nothing", first, first, second]
    path.write_text(json.dumps([{"title": "t", "passage": "p", "self_edits": texts}]))
    context = Context(id="c", title="t", text="p", queries=())
    for distinct, wanted in (("true", [first, second, "nothing", first]), ("false", texts)):
        overrides = ["self_edit=recorded_settings", f"self_edit.path={path}", f"self_edit.distinct={distinct}"]
        run, _ = loading.load(["experiment=grids", "recipe.rounds=0", *overrides])
        assert isinstance(run.self_edit, RecordedSettings)
        assert list(run.self_edit.texts(context)) == wanted
