"""The picture of what is kept: a row a step, a column a passage, a colour an accuracy."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

from seal.report.plots import DPI, INK
from seal.report.wording import brackets
from seal.stats.transfer import Cell, Matrix

COLOURS, NOTHING = "Blues", "#f3f4f6"
BASE_ROW_GAP = 0.35
"""In cells: the base model's row stands apart, because nothing was learned there."""
FEW = 3
"""Cells a side that there is always room for: fewer would leave none between title, labels and bar."""
MORE_THAN_HALF = 0.55
"""Of the colour scale: from here on the ink is white."""


def plot_matrix(found: Matrix, path: Path) -> None:
    """Means with their intervals; outlined is each passage right after its own step."""
    n = len(found.base)
    cells = max(n, FEW)
    figure, axes = plt.subplots(figsize=(1.6 + 0.86 * cells, 1.7 + 0.62 * cells), layout="constrained")
    scale = Normalize(0, max(0.1, *(cell.mean for cell in _cells(found))))
    _draw_row(axes, found.base, -1 - BASE_ROW_GAP, scale)
    for step, row in enumerate(found.after):
        _draw_row(axes, row, step, scale)
        axes.add_patch(Rectangle((step, step), 1, 1, fill=False, edgecolor=INK, linewidth=2, zorder=3, clip_on=False))
    _label_axes(axes, n)
    bar = figure.colorbar(plt.cm.ScalarMappable(scale, COLOURS), ax=axes, shrink=0.72, pad=0.02, aspect=28)
    bar.set_label("accuracy without the passage", color=INK)
    bar.outline.set_visible(False)
    bar.ax.tick_params(colors=INK, length=0)
    axes.set_title(_title(found), fontsize=10, color=INK, pad=34, loc="left")
    figure.savefig(path, dpi=DPI, bbox_inches="tight", pad_inches=0.15)
    plt.close(figure)


def _cells(found: Matrix) -> list[Cell]:
    return [cell for row in (found.base, *found.after) for cell in row if cell]


def _draw_row(axes: Axes, row: Sequence[Cell | None], top: float, scale: Normalize) -> None:
    colours = plt.get_cmap(COLOURS)
    for place, cell in enumerate(row):
        face = colours(scale(cell.mean)) if cell else NOTHING
        axes.add_patch(Rectangle((place, top), 1, 1, facecolor=face, edgecolor="white", linewidth=1.5))
        if cell is None:
            continue
        ink = "white" if scale(cell.mean) > MORE_THAN_HALF else INK
        axes.text(place + 0.5, top + 0.42, f"{cell.mean:.2f}", ha="center", va="center", color=ink, fontsize=11)
        axes.text(place + 0.5, top + 0.76, brackets(cell.ci95), ha="center", va="center", color=ink, fontsize=6.5)


def _label_axes(axes: Axes, n: int) -> None:
    axes.set_xlim(0, n)
    axes.set_ylim(n, -1 - BASE_ROW_GAP)
    axes.set_xticks([place + 0.5 for place in range(n)], [str(place + 1) for place in range(n)])
    axes.set_yticks(
        [-0.5 - BASE_ROW_GAP, *(step + 0.5 for step in range(n))],
        ["before any", *(f"after step {step + 1}" for step in range(n))],
    )
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xlabel("asked about passage", color=INK, labelpad=6)
    axes.tick_params(colors=INK, length=0)
    axes.spines[:].set_visible(False)


def _title(found: Matrix) -> str:
    return (
        f"Means over {found.n_sequences} sequences, with 95 % intervals.\nOutlined: right after the passage's own step."
    )
