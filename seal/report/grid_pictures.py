"""Pictures of puzzles, drawn with Pillow: demonstrations, and for each test its solution beside what was attempted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from seal.grids.grid import Grid
from seal.report.puzzles import COLOURS, Answer, Answered
from seal.report.wording import label

LINE, RIGHT, WRONG = "#555555", "#059669", "#dc2626"
SCALE = 2
"""Pixels of the picture to one of the page, for sharp screens."""
WIDTH, MARGIN, GAP, LINE_HEIGHT = 960 * SCALE, 16 * SCALE, 14 * SCALE, 20 * SCALE
LARGEST_GRID, LARGEST_CELL, SMALLEST_CELL = 120 * SCALE, 18 * SCALE, 4 * SCALE
N_SHADES = 64
"""Of the picture, the smoothing of its letters included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What a picture is drawn on, and with."""

    colour: str
    ink: str
    soft: str


LIGHT = Paper(colour="#ffffff", ink="#1f2937", soft="#6b7280")
DARK = Paper(colour="#111827", ink="#e5e7eb", soft="#9ca3af")


@dataclass(frozen=True, slots=True)
class Tile:
    """A grid with what is written under it."""

    grid: Grid
    caption: str = ""
    frame: str | None = None
    arrow: bool = False
    """Whether an arrow leads to it from the tile before."""


@dataclass(frozen=True, slots=True)
class Block:
    """Tiles that belong together, under a heading."""

    heading: str
    tiles: tuple[Tile, ...]


def draw_puzzle(answered: Answered, path: Path, *, paper: Paper = LIGHT) -> None:
    """One PNG: a row of demonstrations, then a row for each test input."""
    rows = list(block_rows(answered))
    cell = _cell(tile.grid for row in rows for block in row for tile in block.tiles)
    placed, width, height = _place(rows, cell)
    picture = Image.new("RGB", (width, height), paper.colour)
    draw = ImageDraw.Draw(picture)
    for block, left, top in placed:
        _draw_block(draw, block, left, top, cell, paper=paper)
    picture.quantize(N_SHADES).save(path)


def block_rows(answered: Answered) -> Iterator[list[Block]]:
    """The demonstrations, then for each test its solution and a block a setting."""
    yield [
        Block(f"demonstration {number}", (Tile(pair.input), Tile(pair.output, arrow=True)))
        for number, pair in enumerate(answered.puzzle.train, start=1)
    ]
    for number, (given, wanted) in enumerate(zip_longest(answered.puzzle.tests, answered.solutions)):
        name = f"test {number + 1}" if len(answered.puzzle.tests) > 1 else "test"
        attempts = (
            Block(heading(answered, setting), _tiles(answers, number, wanted))
            for setting, answers in answered.answers.items()
        )
        solution = (Tile(wanted, arrow=True),) if wanted else ()
        yield [Block(f"{name} and solution" if wanted else name, (Tile(given), *solution)), *attempts]


def heading(answered: Answered, setting: str) -> str:
    """How many of all models of a setting solved the puzzle; those that there should have been are counted in."""
    answers = answered.answers[setting]
    n_failed, n_invalid = answered.n_failed[setting], answered.n_invalid[setting]
    n_solved, n_models = sum(answer.solved for answer in answers), len(answers) + n_failed + n_invalid
    counts = [
        *([f"{n_solved} of {n_models}"] if answered.solutions and n_models else []),
        *([f"{n_invalid} invalid"] if n_invalid else []),
        *([f"{n_failed} failed"] if n_failed else []),
    ]
    return ": ".join(filter(None, [label(setting, answered.author), ", ".join(counts)]))


def _tiles(answers: Sequence[Answer], number: int, wanted: Grid | None) -> tuple[Tile, ...]:
    """Both attempts of a model at a test; of several models the first that solved the puzzle."""
    best = max(answers, key=lambda answer: answer.solved, default=None)
    return tuple(
        Tile(grid, caption=f"{votes} vote{'s' if votes != 1 else ''}", frame=_frame(grid, wanted))
        for grid, votes in (best.attempts(number) if best else ())
    )


def _frame(grid: Grid, wanted: Grid | None) -> str | None:
    if wanted is None:
        return None
    return RIGHT if grid == wanted else WRONG


def _cell(grids: Iterator[Grid]) -> int:
    """Pixels a cell, so that the largest grid has its place."""
    side = max(max(grid.height, grid.width) for grid in grids)
    return max(SMALLEST_CELL, min(LARGEST_CELL, LARGEST_GRID // side))


def _place(rows: Sequence[Sequence[Block]], cell: int) -> tuple[list[tuple[Block, int, int]], int, int]:
    """Where each block goes, left to right and then on to a new line, and how wide and high all is."""
    placed: list[tuple[Block, int, int]] = []
    top = widest = MARGIN
    for row in rows:
        left, highest = MARGIN, 0
        for block in row:
            width, height = _size(block, cell)
            if left > MARGIN and left + width > WIDTH - MARGIN:
                top, left, highest = top + highest + GAP, MARGIN, 0
            placed.append((block, left, top))
            widest = max(widest, left + width)
            left, highest = left + width + 2 * GAP, max(highest, height)
        top += highest + GAP
    return placed, widest + MARGIN, top - GAP + MARGIN


def _size(block: Block, cell: int) -> tuple[int, int]:
    widths = [tile.grid.width * cell + GAP * (1 + tile.arrow) for tile in block.tiles]
    written = int(_font(bold=True).getlength(block.heading))
    tallest = max((tile.grid.height * cell for tile in block.tiles), default=0)
    captioned = any(tile.caption for tile in block.tiles)
    return max(sum(widths), written), LINE_HEIGHT + tallest + LINE_HEIGHT * captioned


def _draw_block(draw: ImageDraw.ImageDraw, block: Block, left: int, top: int, cell: int, *, paper: Paper) -> None:
    draw.text((left, top), block.heading, fill=paper.ink, font=_font(bold=True))
    if not block.tiles:
        draw.text((left, top + LINE_HEIGHT), "no grid was written", fill=paper.soft, font=_font())
    top += LINE_HEIGHT
    for tile in block.tiles:
        if tile.arrow:
            draw.text(
                (left - GAP // 2, top + tile.grid.height * cell // 2), "→", fill=paper.soft, font=_font(), anchor="lm"
            )
            left += GAP
        _draw_grid(draw, tile, left, top, cell)
        below = top + tile.grid.height * cell + 3 * SCALE
        draw.text((left, below), tile.caption, fill=tile.frame or paper.soft, font=_font())
        left += tile.grid.width * cell + GAP


def _draw_grid(draw: ImageDraw.ImageDraw, tile: Tile, left: int, top: int, cell: int) -> None:
    for row, values in enumerate(tile.grid.rows):
        for column, value in enumerate(values):
            corner = (left + column * cell, top + row * cell)
            draw.rectangle((*corner, corner[0] + cell, corner[1] + cell), fill=COLOURS[value], outline=LINE)
    if tile.frame:
        right, bottom = left + tile.grid.width * cell, top + tile.grid.height * cell
        edge = 2 * SCALE
        draw.rectangle((left - edge, top - edge, right + edge, bottom + edge), outline=tile.frame, width=edge)


@cache
def _font(*, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Of matplotlib, which is there on every machine that this runs on."""
    from matplotlib.font_manager import FontProperties, findfont

    weight = "bold" if bold else "normal"
    return ImageFont.truetype(findfont(FontProperties(family="DejaVu Sans", weight=weight)), 11 * SCALE)
