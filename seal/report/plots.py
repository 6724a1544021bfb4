"""Pictures of a run, drawn with matplotlib."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from math import floor
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from seal.authorship import UNTRAINED, Author
from seal.report.fairness import in_order, is_of_self_edits
from seal.report.wording import amount, condition, label, label_below, share, signed
from seal.stats.results import Comparison, Curve, Results, Row

INK, SOFT = "#1f2937", "#6b7280"
BAR, BASELINE = "#2563eb", "#9ca3af"
LIGHT_BAR, LIGHT_BASELINE = "#a9c4f5", "#d7dbe0"
"""Of rows at equal compute."""
STYLE_COLOURS = ("#2563eb", "#b45309", "#059669", "#dc2626", "#7c3aed", "#6b7280")
DPI = 160
SHORT = 10
"""Characters that fit under a bar."""
UNUSED = "#d1d5db"
SIGNED = {1: (BAR, "reinforced"), -1: ("#b45309", "suppressed"), 0: (UNUSED, "left out")}
"""What became of attempts, by the sign of their weight."""
BIN = 0.1
"""Of rewards."""


def plot_accuracy(results: Results, path: Path) -> None:
    """One bar a setting, with its interval. Rows at equal compute are thinner and lighter, under their setting."""
    rows = [row for row in in_order(results.table) if row.accuracy is not None]
    figure, axes = plt.subplots(figsize=(6.4, max(3.0, 1.2 + 0.38 * len(rows))), layout="constrained")
    for place, row in enumerate(rows):
        middle = row.accuracy or 0.0
        low, high = row.ci95 or (middle, middle)
        axes.barh(place, middle, color=_colour(row), height=0.5 if row.matched_to else 0.72)
        if row.ci95:
            axes.errorbar(middle, place, xerr=[[middle - low], [high - middle]], ecolor=INK, capsize=3, linewidth=1.2)
        axes.annotate(
            share(row.accuracy), (high, place), xytext=(7, 0), textcoords="offset points", va="center", color=INK
        )
    axes.set_yticks(range(len(rows)), [_of_row(row, results.author) for row in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(0, max(0.1, 1.15 * max(row.ci95[1] if row.ci95 else row.accuracy or 0.0 for row in rows)))
    axes.set_xlabel(f"accuracy {condition(results)}")
    axes.set_title(f"{rows[0].n_contexts} contexts, 95 % intervals", fontsize=10, color=INK, pad=10)
    _finish(axes)
    for tick, row in zip(axes.get_yticklabels(), rows, strict=True):
        tick.set_color(SOFT if row.matched_to else INK)
        tick.set_fontsize(9 if row.matched_to else 10)
    _save(figure, path)


def plot_learning(results: Results, path: Path) -> None:
    """The loss of each training, and below it how likely it made right answers, against its share of all steps."""
    watched = any(one.watched for one in results.learning)
    figure, places = plt.subplots(
        1 + watched, 1, figsize=(6.4, 2.6 * (1 + watched)), layout="constrained", sharex=True, squeeze=False
    )
    for one, colour in zip(results.learning, cycle(STYLE_COLOURS)):
        named = label(one.setting, results.author)
        last = max((step for step, _ in one.losses), default=1)
        axes = places[0][0]
        axes.plot([step / last for step, _ in one.losses], [loss for _, loss in one.losses], color=colour, label=named)
        if one.watched:
            steps = [look.step / last for look in one.watched]
            likely = [look.log_likelihood for look in one.watched]
            places[1][0].plot(steps, likely, color=colour, marker="o", markersize=3)
    places[0][0].set_ylim(bottom=0)
    places[0][0].set_ylabel("training loss\n(nats per token)")
    places[0][0].legend(frameon=False, fontsize=9)
    if watched:
        places[1][0].set_ylabel("log-likelihood of\nright answers")
    places[-1][0].set_xlabel("share of the training's steps")
    for [axes] in places:
        _finish(axes)
    _save(figure, path)


def plot_curves(results: Results, path: Path) -> None:
    """Accuracy against trained tokens: a line a setting with its interval; at each point its number of epochs."""
    figure, axes = plt.subplots(figsize=(7.2, 4.2), layout="constrained")
    for curve, colour, above in zip(results.curves, cycle(STYLE_COLOURS), cycle((True, False))):
        _draw_curve(axes, curve, colour, named=label(curve.setting, results.author), above=above)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tokens, _: amount(tokens)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_ylim(bottom=0)
    axes.set_xlabel("trained tokens of one training")
    axes.set_ylabel(f"accuracy {condition(results)}")
    axes.set_title("numbers: epochs; bands: 95 % intervals", fontsize=10, color=INK, pad=10)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    _finish(axes)
    _save(figure, path)


def _draw_curve(axes: Axes, curve: Curve, colour: str, *, named: str, above: bool) -> None:
    points = sorted(curve.points, key=lambda point: point.tokens)
    tokens, means = [point.tokens for point in points], [point.accuracy for point in points]
    ends = [point.ci95 or (point.accuracy, point.accuracy) for point in points]
    axes.fill_between(
        tokens, [low for low, _ in ends], [high for _, high in ends], color=colour, alpha=0.14, linewidth=0
    )
    axes.plot(tokens, means, "o-", color=colour, markersize=5, linewidth=1.8, label=named)
    for point in points:
        axes.annotate(
            str(point.epochs),
            (point.tokens, point.accuracy),
            xytext=(0, 7 if above else -14),
            textcoords="offset points",
            ha="center",
            fontsize=8,
            color=colour,
        )


def plot_styles(styles: Mapping[str, Mapping[str, float]], path: Path, *, author: Author = UNTRAINED) -> None:
    """What the lines of the self-edits are like, policy by policy."""
    figure, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    policies = list(styles)
    kinds = sorted({kind for shares in styles.values() for kind in shares})
    named = [_below_a_bar(label(policy, author)) for policy in policies]
    bottoms = [0.0] * len(policies)
    for number, kind in enumerate(kinds):
        heights = [styles[policy].get(kind, 0.0) for policy in policies]
        colour = STYLE_COLOURS[number % len(STYLE_COLOURS)]
        axes.bar(named, heights, bottom=bottoms, label=kind, color=colour, width=0.62)
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
    _save(figure, path)


def plot_rewards(
    rewards: Mapping[str, Sequence[tuple[float, float]]], path: Path, *, means: Mapping[str, float | None]
) -> None:
    """By policy, how many attempts of its practice earned how much; the colour says what was learned from them.

    Each reward has the weight with which the policy learned from its attempt. `means` has the mean reward of each
    policy, without extra repeats.
    """
    figure, drawn = plt.subplots(
        nrows=len(rewards),
        figsize=(6.4, max(3.6, 1.4 * len(rewards) + 0.8)),
        sharex=True,
        squeeze=False,
        layout="constrained",
    )
    every = [reward for of_policy in rewards.values() for reward, _ in of_policy]
    edges = _edges(min(every), max(every))
    has_suppressed = any(weight < 0 for of_policy in rewards.values() for _, weight in of_policy)
    shown = SIGNED if has_suppressed else {1: (BAR, "learned from"), 0: (UNUSED, "not")}
    for axes, (policy, of_policy) in zip(drawn[:, 0], rewards.items(), strict=True):
        groups = [[reward for reward, weight in of_policy if sign == (weight > 0) - (weight < 0)] for sign in shown]
        colours, names = [colour for colour, _ in shown.values()], [name for _, name in shown.values()]
        axes.hist(groups, bins=edges, stacked=True, color=colours, label=names, rwidth=0.9)
        average = means.get(policy)
        if average is not None:
            axes.axvline(average, color=INK, linewidth=1.2, linestyle="--", label="mean")
        axes.set_title(f"{label(policy)}, {len(of_policy)} attempts, mean {share(average)}", fontsize=10, color=INK)
        axes.set_ylabel("attempts")
        _finish(axes)
    drawn[-1, 0].set_xlabel("reward")
    drawn[0, 0].legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    _save(figure, path)


def _edges(lowest: float, highest: float) -> list[float]:
    """Of bins a tenth wide, with 0 in the middle of one, so that a reward of 0 or 1 stands in a bar of its own."""
    first, last = floor(lowest / BIN + 0.5), floor(highest / BIN + 0.5)
    return [(number - 0.5) * BIN for number in range(first, last + 2)]


def plot_differences(comparisons: Sequence[Comparison], names: Sequence[str], path: Path, *, title: str) -> None:
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
    axes.set_yticks(range(len(comparisons)), list(reversed(names)))
    axes.set_title(title, fontsize=10, color=INK, pad=10)
    axes.set_ylim(-0.6, len(comparisons) - 0.3)
    axes.axvline(0, color=BASELINE, linewidth=1, zorder=0)
    axes.set_xlabel("difference in accuracy, 95 % interval over contexts (thin: over titles)")
    _finish(axes)
    _save(figure, path)


def _of_row(row: Row, author: Author) -> str:
    return label_below(row.setting, author) if row.matched_to else label(row.setting, author)


def _below_a_bar(said: str) -> str:
    """On two lines where it is long, so that it fits."""
    return said if len(said) <= SHORT else said.replace(" ", "\n", 1)


def _colour(row: Row) -> str:
    """Settings with self-edits are blue, matched rows are light."""
    if row.matched_to:
        return LIGHT_BAR if row.setting.startswith("untrained") else LIGHT_BASELINE
    return BAR if is_of_self_edits(row.setting) or row.setting == "adapted" else BASELINE


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, dpi=DPI, bbox_inches="tight", pad_inches=0.15)
    plt.close(figure)


def _finish(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=INK)
