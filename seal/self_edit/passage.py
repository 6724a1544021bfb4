"""What every format does with a passage: show it in a template, and train on it and on segments under its title."""

from collections.abc import Sequence

from seal.types import Context, Invalid, Plan, TrainingSequence


def titled_plan(context: Context, segments: Sequence[str], *, append_passage: bool) -> Plan | Invalid:
    """Each segment under the context's title, and perhaps the passage as the last."""
    if not segments:
        return Invalid(reason="the self-edit is empty")
    passage = passage_plan(context).sequences if append_passage else ()
    return Plan(sequences=(*(titled(context, segment) for segment in segments), *passage))


def passage_plan(context: Context) -> Plan:
    """The passage under its title and nothing else."""
    return Plan(sequences=(titled(context, context.text.strip()),))


def titled(context: Context, segment: str) -> TrainingSequence:
    return TrainingSequence(text=f"{context.title}\n{segment}")
