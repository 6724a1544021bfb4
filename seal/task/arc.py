"""ARC (arXiv 1911.01547) and whatever has its format: files of challenges and solutions, folders, or the hub.

Which puzzles are for training and which are held out is said by lists of ids, or drawn by a seed; none is ever both.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import NonNegativeInt, PositiveInt

from seal.base.notes import Note
from seal.base.seeds import derive
from seal.errors import DataError, listed
from seal.grids.files import Solved, of_rows, read_challenges
from seal.grids.folders import PairDraw
from seal.grids.views import Viewing
from seal.settings import FileOrFolder, PathOrName, option
from seal.task import Contexts
from seal.task.hub import read_split
from seal.task.puzzles import Notation, PuzzleTask, PuzzleTemplate
from seal.types import Context

PUZZLE_TEMPLATE = (
    "Each line turns a grid into another by the same rule.\n\n{demonstrations}\nThe same rule turns\n{input}"
)


@option
class Arc(PuzzleTask):
    """ARC and whatever has its format: files of challenges and solutions, folders with a file a task, or the hub.

    Puzzles for training come from one source, held-out ones from another; the same one may serve for both.
    """

    train_path: PathOrName
    """A file of tasks, a folder with a file a task (also in folders inside of it, each of them a concept), or, with
    `train_split`, a data set on the hub."""
    train_solutions: FileOrFolder | None = None
    """The outputs of the tests, where they are not in the tasks."""
    train_split: str | None = None
    """Of a data set on the hub; null reads a file or folder."""
    held_out_path: PathOrName
    """The same for held-out puzzles."""
    held_out_solutions: FileOrFolder | None = None
    """The outputs of their tests."""
    held_out_split: str | None = None
    """The split that they come from."""
    held_out_solved: bool = True
    """Whether the outputs of their tests are known. Where not, as of a hidden test set, models attempt them for a
    submission, and nothing is scored."""
    revision: str | None = None
    """Branch, tag or commit on the hub; null is the newest."""
    train_ids: tuple[str, ...] | None = None
    """Which puzzles are for training; null draws `n_train`."""
    held_out_ids: tuple[str, ...] | None = None
    """Which puzzles are held out; null draws `n_held_out`. Where one part is listed, the other draws from the rest."""
    n_train: NonNegativeInt | None = None
    """How many puzzles for training are drawn; null takes all."""
    n_held_out: NonNegativeInt | None = None
    """How many held-out puzzles are drawn; null takes all."""
    n_demonstrations: PositiveInt = 3
    """Where a task is a list of pairs (re-arc): so many are drawn by the seed, and one more as the test."""
    max_cells: PositiveInt | None = None
    """Only puzzles are drawn of which no grid has more cells; null sets no limit."""
    notation: Notation = "numpy"
    puzzle_template: PuzzleTemplate = PUZZLE_TEMPLATE
    viewing: Viewing = Viewing()
    max_answer_tokens: PositiveInt = 8192

    def load(self) -> Contexts:
        both = sorted({*(self.train_ids or ())} & {*(self.held_out_ids or ())})
        if both:
            raise DataError(listed("task.train_ids and task.held_out_ids share puzzles: leave them out of one:", both))
        held_out, not_asked = self._part("held_out", frozenset(self.train_ids or ()))
        train, not_learned = self._part("train", frozenset(held_out))
        notes = [*_twins([*train.values(), *held_out.values()]), *not_learned, *not_asked]
        if not self.held_out_solved:
            notes.append(
                f"{len(held_out)} held-out puzzles are attempted and NOT scored: task.held_out_solved is false"
            )
        return Contexts(
            train=tuple(self._context(each) for each in train.values()),
            held_out=tuple(self._context(each) for each in held_out.values()),
            notes=tuple(notes),
            places={each.puzzle.id: each.place for each in (*train.values(), *held_out.values())},
        )

    def _context(self, solved: Solved) -> Context:
        return self.make_context(solved.puzzle, solved.solutions, kind=solved.concept)

    def _part(self, part: str, taken: frozenset[str]) -> tuple[dict[str, Solved], list[str]]:
        """The chosen puzzles of a part by id, without those that the other part has; and what was left out."""
        ids, count = getattr(self, f"{part}_ids"), getattr(self, f"n_{part}")
        if ids is None and count == 0:
            return {}, []
        everything, source = self._read(part), getattr(self, f"{part}_path")
        if ids is not None:
            return _named(everything, ids, key=f"task.{part}_ids", source=source), []
        small = {name for name, each in everything.items() if self.max_cells is None or each.n_cells <= self.max_cells}
        free = sorted(small - taken, key=lambda name: derive(self.seed, part, name))
        if count is not None and count > len(free):
            raise DataError(f"task.n_{part} is {count}, but there are {len(free)} puzzles to draw from: lower it")
        chosen = {name: everything[name] for name in free[:count]}
        why = {
            f"have a grid of more than {self.max_cells} cells (task.max_cells)": len(everything) - len(small),
            "are in the other part": len(small & taken),
        }
        said = [f"{n} {reason}" for reason, n in why.items() if n]
        left_out = f"{source}: {len(free)} of {len(everything)} puzzles can be taken; {', '.join(said)}"
        return chosen, [left_out] if said else []

    def _read(self, part: str) -> dict[str, Solved]:
        path, split = getattr(self, f"{part}_path"), getattr(self, f"{part}_split")
        solved = part == "train" or self.held_out_solved
        is_shared = (path, split) == (self.train_path, self.train_split)
        key = "task.train_path" if is_shared else f"task.{part}_path"
        if split is not None:
            rows = read_split(path, split, self.revision, key=key)
            return of_rows(rows, f"{path}, split {split}", solved=solved)
        draw = PairDraw(n_demonstrations=self.n_demonstrations, seed=self.seed)
        return read_challenges(Path(path), getattr(self, f"{part}_solutions"), key, solved=solved, draw=draw)


def _twins(everything: Iterable[Solved]) -> list[str]:
    """A note on puzzles that have several ids, where there are such."""
    ids_of: dict[str, list[str]] = {}
    for each in everything:
        ids_of.setdefault(each.puzzle.json, []).append(each.puzzle.id)
    twins = [", ".join(ids) for ids in ids_of.values() if len(ids) > 1]
    return [Note("the same puzzle has several ids, all kept", twins)] if twins else []


def _named(everything: Mapping[str, Solved], ids: tuple[str, ...], *, key: str, source: str) -> dict[str, Solved]:
    unknown = [name for name in ids if name not in everything]
    if unknown:
        raise DataError(listed(f"{key}: there is no such puzzle in {source}:", unknown))
    return {name: everything[name] for name in ids}
