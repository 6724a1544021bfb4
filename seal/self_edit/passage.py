"""Training plans that all formats share: the passage under its title, and segments under the same title."""

from collections.abc import Sequence

from seal.types import Context, Invalid, Plan, TrainingSequence


def titled_plan(context: Context, segments: Sequence[str], *, append_passage: bool) -> Plan | Invalid:
    """A plan of segments, each under the context's title. With `append_passage`, the passage is the last."""
    if not segments:
        return Invalid(reason="the self-edit is empty")
    passage = passage_plan(context).sequences if append_passage else ()
    return Plan(sequences=(*(titled(context, segment) for segment in segments), *passage))


def passage_plan(context: Context) -> Plan:
    """A plan of only the passage under its title."""
    return Plan(sequences=(titled(context, context.text.strip()),))


def titled(context: Context, segment: str) -> TrainingSequence:
    return TrainingSequence(text=f"{context.title}\n{segment}")
