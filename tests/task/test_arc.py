"""Puzzles in ARC's format, from files and folders."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from seal.config import loading
from seal.errors import DataError
from seal.grids.grid import Grid
from seal.grids.notation import NOTATIONS
from seal.grids.views import symmetry
from seal.task import Contexts
from seal.types import Completion, Grade

Seal = Callable[..., int]
PAIR = {"input": [[1, 0], [0, 2]], "output": [[0, 1], [2, 0]]}


def file_of(path: Path, *names: str) -> Path:
    path.write_text(json.dumps({name: {"train": [PAIR, PAIR], "test": [PAIR]} for name in names}))
    return path


def load(*overrides: str) -> Contexts:
    return loading.load(["experiment=grids", "task=arc", *overrides])[0].task.load()


def names(contexts: Contexts) -> tuple[list[str], list[str]]:
    return [context.id for context in contexts.train], [context.id for context in contexts.held_out]


def test_puzzles_are_drawn_by_a_seed_and_no_puzzle_is_in_both_parts(tmp_path: Path) -> None:
    path = file_of(tmp_path / "tasks.json", *"abcdef")
    drawn = [f"task.train_path={path}", "task.n_train=3", "task.n_held_out=3"]
    train, held_out = names(load(*drawn))
    assert sorted(train + held_out) == list("abcdef")
    assert names(load(*drawn)) == (train, held_out)
    assert names(load(*drawn, "seed=1")) != (train, held_out)


def test_lists_of_ids_choose_and_a_name_that_is_not_there_is_refused(tmp_path: Path) -> None:
    path = file_of(tmp_path / "tasks.json", *"abc")
    assert names(load(f"task.train_path={path}", "task.train_ids=[b]", "task.held_out_ids=[c]")) == (["b"], ["c"])
    with pytest.raises(DataError, match=r"task\.held_out_ids: there is no such puzzle"):
        load(f"task.train_path={path}", "task.train_ids=[b]", "task.held_out_ids=[x]")


def test_only_puzzles_are_drawn_whose_grids_are_all_small_enough(tmp_path: Path) -> None:
    wide = {"input": [[1, 0]], "output": [[1, 0, 0, 0, 0]]}
    tasks = {"a": {"train": [PAIR], "test": [PAIR]}, "b": {"train": [wide], "test": [PAIR]}}
    tasks["c"] = {"train": [PAIR], "test": [wide]}
    (tmp_path / "tasks.json").write_text(json.dumps(tasks))
    source = (f"task.train_path={tmp_path / 'tasks.json'}", "task.n_held_out=0")
    assert names(load(*source, "task.max_cells=4"))[0] == ["a"]
    assert sorted(names(load(*source, "task.max_cells=5"))[0]) == ["a", "b", "c"]
    assert names(load(*source, "task.max_cells=4", "task.train_ids=[b]"))[0] == ["b"]


def test_a_puzzle_under_two_ids_is_noted_also_where_one_is_held_out(tmp_path: Path) -> None:
    tasks = {name: {"train": [PAIR, PAIR], "test": [PAIR]} for name in "ab"}
    tasks["c"] = {"train": [PAIR], "test": [PAIR]}
    (tmp_path / "tasks.json").write_text(json.dumps(tasks))
    contexts = load(f"task.train_path={tmp_path / 'tasks.json'}", "task.train_ids=[a,c]", "task.held_out_ids=[b]")
    assert contexts.notes == ("the same puzzle has several ids, all kept: a, b",)
    assert len(contexts.all) == 3


def test_the_target_is_what_the_solutions_say(tmp_path: Path) -> None:
    [context] = load(f"task.train_path={file_of(tmp_path / 'tasks.json', 'a')}", "task.n_held_out=0").train
    assert json.loads(context.queries[0].target) == [PAIR["output"]]
    assert json.loads(context.text)["test"] == [{"input": PAIR["input"]}]


def test_held_out_puzzles_that_nobody_has_solved_are_attempted_and_said_not_to_be_scored(
    tmp_path: Path, seal: Seal, capsys: pytest.CaptureFixture[str]
) -> None:
    hidden = tmp_path / "hidden.json"
    hidden.write_text(json.dumps({"h": {"train": [PAIR, PAIR], "test": [{"input": PAIR["input"]}]}}))
    source = (f"task.train_path={file_of(tmp_path / 'tasks.json', 'a')}", f"task.held_out_path={hidden}")
    with pytest.raises(DataError, match="task h: test 1 output: missing"):
        load(*source)
    contexts = load(*source, "task.held_out_solved=false")
    assert [each.n_gradable for each in contexts.all] == [1, 0]
    evaluate = ("recipe=evaluate", "task=arc", "task.held_out_solved=false", "model=tiny_grids")
    assert seal("check", *evaluate, *source, "task.max_answer_tokens=20") == 0
    assert "1 held-out puzzles are attempted and NOT scored" in capsys.readouterr().out


def test_faults_of_a_file_stop_the_run_before_it_starts(
    tmp_path: Path, seal: Seal, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps({"a": {"train": [{"input": [[1], [1, 2]], "output": [[11]]}], "test": [PAIR]}}))
    assert seal("check", "experiment=grids", "task=arc", f"task.train_path={path}") == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "task.train_path: " in said
    assert "row 2 has 2 cells" in said
    assert "11, no colour" in said
    sound = file_of(tmp_path / "sound.json", "a", "b")
    with pytest.raises(DataError, match=r"task\.held_out_path: .* has faults"):
        load(f"task.train_path={sound}", f"task.held_out_path={path}")


def hub_folder(folder: Path, **splits: str) -> Path:
    """A folder that `datasets` reads as it reads a data set on the hub: a puzzle a row, named in the first column."""
    import datasets

    for split, of_split in splits.items():
        rows = [{"task_id": name, "train": [PAIR, PAIR, PAIR], "test": [PAIR, PAIR]} for name in of_split]
        datasets.Dataset.from_list(rows).to_parquet(folder / "data" / f"{split}-00000-of-00001.parquet")
    return folder


def test_puzzles_of_the_hub_are_read_split_by_split(tmp_path: Path) -> None:
    hub = (f"task.train_path={hub_folder(tmp_path / 'hub', train='abc', test='xy')}", "task.train_split=train")
    train, held_out = names(load(*hub, "task.held_out_split=test"))
    assert (sorted(train), sorted(held_out)) == (["a", "b", "c"], ["x", "y"])
    train, held_out = names(load(*hub, "task.n_train=1", "task.n_held_out=2"))  # of one split
    assert sorted(train + held_out) == ["a", "b", "c"]
    everything = load(*hub, "task.held_out_ids=[b]")
    [context] = everything.held_out
    path = tmp_path / "b.json"
    path.write_text(json.dumps({"b": {"train": [PAIR] * 3, "test": [PAIR] * 2}}))
    assert context == load(f"task.train_path={path}", "task.n_train=0").held_out[0]
    assert everything.place(context) == "row 2, task b"
    with pytest.raises(DataError, match=r"task\.held_out_path: split 'evaluation' of .*hub cannot be read"):
        load(*hub, "task.held_out_split=evaluation")


def large(seed: int, side: int = 30) -> list[list[int]]:
    return [[(seed + row * 7 + column * 3) % 10 for column in range(side)] for row in range(side)]


def test_a_folder_like_arc_agi_2_has_large_puzzles_with_several_tests_each_of_which_must_be_right(
    tmp_path: Path,
) -> None:
    for number, (n_shown, n_tests) in enumerate([(2, 3), (5, 1)]):
        pairs = [{"input": large(number + place), "output": large(number + place)[::-1]} for place in range(8)]
        task = {"train": pairs[:n_shown], "test": pairs[n_shown : n_shown + n_tests]}
        (tmp_path / f"{number:08x}.json").write_text(json.dumps(task))
    turned = "task.viewing.symmetries=[identity,rotate_90]"
    run, _ = loading.load(["task=arc", f"task.train_path={tmp_path}", "task.held_out_ids=['00000000']", turned])
    [context] = run.task.load().held_out
    [query] = context.queries
    solutions = [Grid.of(rows) for rows in json.loads(query.target)]
    assert [(grid.height, grid.width) for grid in solutions] == [(30, 30)] * 3
    assert len(run.task.prompts(context, query)) == 3 * 2 * 2  # tests, demonstrations left out, symmetries
    texts = [
        NOTATIONS["numpy"].target_line(symmetry(turn)(solution))
        for solution in solutions
        for turn in ("identity", "rotate_90")
        for _ in range(2)
    ]

    def grade(texts: list[str]) -> Grade:
        written = [Completion(text=text, finished=True) for text in texts]
        return run.grader.grade([query], [run.task.answer_of(context, query, written)])[0].grade

    assert grade(texts) is Grade.CORRECT
    assert grade([*texts[:-4], *["no grid"] * 4]) is Grade.WRONG


def test_the_released_puzzles_of_the_paper_are_there(reference: Path) -> None:
    arc = reference / "arc"
    contexts = load(
        f"task.train_path={arc / 'arc-agi_training_challenges.json'}",
        f"task.train_solutions={arc / 'arc-agi_training_solutions.json'}",
        f"task.held_out_path={arc / 'arc-agi_evaluation_challenges.json'}",
        f"task.held_out_solutions={arc / 'arc-agi_evaluation_solutions.json'}",
        "task.train_ids=[44f52bb0,6150a2bd,5582e5ca]",
        "task.n_held_out=5",
    )
    assert [len(part) for part in names(contexts)] == [3, 5]


@pytest.mark.parametrize("n_held_out", ["null", "3"])
def test_what_is_listed_for_one_part_is_never_drawn_for_the_other(tmp_path: Path, n_held_out: str) -> None:
    path = file_of(tmp_path / "tasks.json", *"abcde")
    source = (f"task.train_path={path}", f"task.n_held_out={n_held_out}")
    train, held_out = names(load(*source, "task.train_ids=[a,b]"))
    assert (train, sorted(held_out)) == (["a", "b"], ["c", "d", "e"])
    train, held_out = names(load(*source, "task.held_out_ids=[a,b]"))
    assert (sorted(train), held_out) == (["c", "d", "e"], ["a", "b"])


def test_a_puzzle_that_is_listed_for_both_parts_is_refused_by_name(tmp_path: Path) -> None:
    path = file_of(tmp_path / "tasks.json", *"abc")
    with pytest.raises(DataError, match=r"share puzzles: leave them out of one:\s+b\s+c$"):
        load(f"task.train_path={path}", "task.train_ids=[a,b,c]", "task.held_out_ids=[c,b]")


def test_the_folder_that_a_puzzle_lies_in_is_its_kind(tmp_path: Path) -> None:
    for name in ("Above/Above1", "Count/Count1"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / f"{name}.json").write_text(json.dumps({"train": [PAIR], "test": [PAIR]}))
    contexts = load(f"task.train_path={tmp_path}", "task.n_train=0")
    assert {context.id: context.queries[0].kind for context in contexts.held_out} == {
        "Above1": "Above",
        "Count1": "Count",
    }


def test_puzzles_are_made_of_lists_of_pairs(tmp_path: Path) -> None:
    pairs = [{"input": [[number]], "output": [[number]]} for number in range(6)]
    (tmp_path / "a.json").write_text(json.dumps(pairs))
    [context] = load(f"task.train_path={tmp_path}", "task.n_train=0", "task.n_demonstrations=2").held_out
    puzzle = json.loads(context.text)
    assert (len(puzzle["train"]), len(puzzle["test"])) == (2, 1)
