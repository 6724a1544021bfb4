"""Pictures of a run, drawn with matplotlib."""

from collections.abc import Mapping, Sequence
from math import floor
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from seal.report.wording import label, paired, share, signed
from seal.results import Comparison, Results, Row

INK, BAR, BASELINE = "#1f2937", "#2563eb", "#9ca3af"
STYLE_COLOURS = ("#2563eb", "#b45309", "#059669", "#dc2626", "#7c3aed", "#6b7280")
DPI = 160
SHORT = 10
"""Characters that fit under a bar."""
BIN = 0.1
"""Of rewards."""


def plot_accuracy(results: Results, path: Path) -> None:
    """One bar a setting, with its interval; settings without self-edits in grey."""
    rows = [row for row in results.table if row.accuracy is not None]
    figure, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    names = [_label(row.setting) for row in rows]
    heights = [row.accuracy or 0.0 for row in rows]
    colours = [BAR if "round" in row.setting or row.setting == "adapted" else BASELINE for row in rows]
    axes.bar(names, heights, color=colours, width=0.62)
    axes.errorbar(names, heights, yerr=_whiskers(rows), fmt="none", ecolor=INK, capsize=4, linewidth=1.2)
    for place, row in enumerate(rows):
        top = row.ci95[1] if row.ci95 else row.accuracy or 0.0
        axes.annotate(
            share(row.accuracy), (place, top), xytext=(0, 4), textcoords="offset points", ha="center", color=INK
        )
    axes.set_ylabel("accuracy, context shown" if results.passage_shown else "accuracy without the context")
    axes.set_ylim(0, max(0.1, 1.15 * max(_tops(rows), default=0.1)))
    axes.set_title(f"{rows[0].n_contexts} contexts, 95 % bootstrap intervals", fontsize=10, color=INK, pad=10)
    _finish(axes)
    figure.savefig(path, dpi=DPI, bbox_inches="tight", pad_inches=0.15)
    plt.close(figure)


def plot_styles(styles: Mapping[str, Mapping[str, float]], path: Path) -> None:
    """What the lines of the self-edits are like, policy by policy."""
    figure, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    policies = list(styles)
    kinds = sorted({kind for shares in styles.values() for kind in shares})
    bottoms = [0.0] * len(policies)
    for number, kind in enumerate(kinds):
        heights = [styles[policy].get(kind, 0.0) for policy in policies]
        colour = STYLE_COLOURS[number % len(STYLE_COLOURS)]
        axes.bar([_label(policy) for policy in policies], heights, bottom=bottoms, label=kind, color=colour, width=0.62)
        for place, (height, bottom) in enumerate(zip(heights, bottoms, strict=True)):
            if height >= 0.06:
                axes.text(
                    place, bottom + height / 2, f"{height:.0%}", ha="center", va="center", color="white", fontsize=9
                )
        bottoms = [bottom + height for bottom, height in zip(bottoms, heights, strict=True)]
    axes.set_ylabel("share of self-edit lines")
    axes.set_ylim(0, 1)
    axes.set_title("held-out self-edits by style", fontsize=10, color=INK, pad=10)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, reverse=True)
    _finish(axes)
    figure.savefig(path, dpi=DPI, bbox_inches="tight", pad_inches=0.15)
    plt.close(figure)


def plot_rewards(rewards: Mapping[str, Sequence[tuple[float, bool]]], path: Path) -> None:
    """By policy, how many attempts of its practice earned how much; those that were learned from are filled."""
    figure, drawn = plt.subplots(
        nrows=len(rewards),
        figsize=(6.4, max(3.6, 1.4 * len(rewards) + 0.8)),
        sharex=True,
        squeeze=False,
        layout="constrained",
    )
    every = [reward for of_policy in rewards.values() for reward, _ in of_policy]
    edges = _edges(min(every), max(every))
    for axes, (policy, of_policy) in zip(drawn[:, 0], rewards.items(), strict=True):
        groups = [[reward for reward, kept in of_policy if kept is wanted] for wanted in (True, False)]
        axes.hist(groups, bins=edges, stacked=True, color=[BAR, "#d1d5db"], label=["learned from", "not"], rwidth=0.9)
        average = sum(reward for reward, _ in of_policy) / len(of_policy)
        axes.axvline(average, color=INK, linewidth=1.2, linestyle="--", label="mean")
        axes.set_title(f"{label(policy)}, {len(of_policy)} attempts, mean {share(average)}", fontsize=10, color=INK)
        axes.set_ylabel("attempts")
        _finish(axes)
    drawn[-1, 0].set_xlabel("reward")
    drawn[0, 0].legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    figure.savefig(path, dpi=DPI, bbox_inches="tight", pad_inches=0.15)
    plt.close(figure)


def _edges(lowest: float, highest: float) -> list[float]:
    """Of bins a tenth wide, with 0 in the middle of one, so that a reward of 0 or 1 stands in a bar of its own."""
    first, last = floor(lowest / BIN + 0.5), floor(highest / BIN + 0.5)
    return [(number - 0.5) * BIN for number in range(first, last + 2)]


def plot_differences(comparisons: Sequence[Comparison], path: Path, *, title: str) -> None:
    """One line a comparison: the difference with its interval over contexts, and the thinner one over titles."""
    figure, axes = plt.subplots(figsize=(7.2, 1.2 + 0.7 * len(comparisons)), layout="constrained")
    for place, one in enumerate(reversed(comparisons)):
        for ends, width in ((one.ci95_titles, 1.2), (one.ci95, 3.5)):
            if ends:
                axes.plot(ends, [place, place], color=BAR, linewidth=width, solid_capstyle="round")
        axes.plot([one.difference], [place], "o", color=INK, markersize=6)
        axes.annotate(
            signed(one.difference), (one.difference, place), xytext=(0, 8), textcoords="offset points", ha="center"
        )
    axes.set_yticks(range(len(comparisons)), [paired(one) for one in reversed(comparisons)])
    axes.set_title(title, fontsize=10, color=INK, pad=10)
    axes.set_ylim(-0.6, len(comparisons) - 0.3)
    axes.axvline(0, color=BASELINE, linewidth=1, zorder=0)
    axes.set_xlabel("difference in accuracy, 95 % interval over contexts (thin: over titles)")
    _finish(axes)
    figure.savefig(path, dpi=DPI, bbox_inches="tight", pad_inches=0.15)
    plt.close(figure)


def _label(setting: str) -> str:
    """On two lines where it is long, so that it fits under a bar."""
    said = label(setting)
    return said if len(said) <= SHORT else said.replace(" ", "\n", 1)


def _whiskers(rows: list[Row]) -> list[list[float]]:
    """How far each interval reaches below and above its bar; nowhere where there is none."""
    middles = [row.accuracy or 0.0 for row in rows]
    pairs = [(middle, row.ci95 or (middle, middle)) for middle, row in zip(middles, rows, strict=True)]
    return [[middle - low for middle, (low, _) in pairs], [high - middle for middle, (_, high) in pairs]]


def _tops(rows: list[Row]) -> list[float]:
    return [row.ci95[1] for row in rows if row.ci95]


def _finish(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=INK)
