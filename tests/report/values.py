"""The results of a small run with matched rows, written in a few lines."""

from dataclasses import replace

from seal.stats.results import Comparison, Curve, CurvePoint, KindRow, Results, Row, Tuned


def row(setting: str, accuracy: float | None, *, tokens: float | None = None, matched_to: str | None = None) -> Row:
    """A setting about 24 contexts; 40 updates and a second for each thousand tokens, where it was trained."""
    counts = {"n_contexts": 24, "n_queries": 192, "n_answers": 192, "n_unknown": 0, "n_failed": 0, "n_invalid": 0}
    compute = {"tokens": tokens, "updates": 40.0, "seconds": tokens / 1_000} if tokens else {}
    ends = (accuracy - 0.05, accuracy + 0.05) if accuracy is not None else None
    return replace(Row(setting=setting, accuracy=accuracy, ci95=ends, matched_to=matched_to, **counts), **compute)


ROUNDS = (
    row("base", 0.1),
    row("passage_only", 0.307, tokens=1_580.0),
    row("passage_matched", 0.398, tokens=6_120.0, matched_to="self_edits_round_0"),
    row("self_edits_round_0", 0.463, tokens=6_105.0),
    row("passage_matched_round_1", 0.401, tokens=10_120.0, matched_to="round_1"),
    row("untrained_matched_round_1", 0.472, tokens=10_111.0, matched_to="round_1"),
    row("round_1", 0.561, tokens=10_107.0),
)
"""In the order in which a run has them."""

CURVE = Curve(
    setting="passage_only",
    points=tuple(
        CurvePoint(epochs=epochs, tokens=40.0 * epochs, updates=float(epochs), accuracy=accuracy, ci95=(0.1, 0.5))
        for epochs, accuracy in ((10, 0.2), (40, 0.3))
    ),
)
TUNED = Tuned(setting="passage_only", learning_rate=0.002, epochs=40, accuracy=0.33, n_contexts=24, n_tried=12)


def results() -> Results:
    """A run of one round."""
    kinds = tuple(
        KindRow(setting=one.setting, kind=kind, accuracy=0.25, ci95=(0.2, 0.3), n_contexts=24, n_queries=48)
        for one in ROUNDS
        for kind in ("direct", "multi_hop")
    )
    compared = tuple(
        Comparison(first=one.setting, second="round_1", difference=0.1, ci95=(0.05, 0.15), n_contexts=24)
        for one in ROUNDS
        if one.matched_to == "round_1"
    )
    return Results(table=ROUNDS, comparisons=compared, kinds=kinds)
