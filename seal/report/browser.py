"""What the page's browser of attempts shows, as plain JSON, and how that JSON is put into a page. Pure."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from seal.authorship import UNTRAINED, Author
from seal.report.attempts import Story
from seal.report.puzzles import COLOURS, is_puzzle
from seal.report.wording import label
from seal.types import Context, Evaluation, Failure, Invalid, Plan

MAX_SEQUENCES = 8
"""Shown of a self-edit's training sequences; how many there are is said."""
MAX_CHARACTERS = 1500
"""Of one text of a training sequence or an answer."""


def browsed(stories: Sequence[Story], author: Author = UNTRAINED) -> dict[str, Any]:
    """Contexts once each, and attempts that point at them."""
    contexts = {story.context.id: story.context for story in stories}
    return {
        "contexts": {name: _context(context) for name, context in contexts.items()},
        "attempts": [_attempt(story, author) for story in stories],
        "colours": COLOURS,
    }


def in_script(value: Any) -> str:
    """JSON that stands in a script element and cannot end it, whatever a model wrote."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def content_hash(text: str) -> str:
    """What a content security policy calls this script or style."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _context(context: Context) -> dict[str, Any]:
    queries = [{"question": query.question, "target": " or ".join(query.accepted)} for query in context.queries]
    shown = {"title": context.title, "queries": queries}
    if not is_puzzle(context):
        return {**shown, "text": context.text}
    grids = {"puzzle": json.loads(context.text), "targets": _parsed(context.queries[0].target)}
    return {**shown, "text": "", **grids}


def _attempt(story: Story, author: Author) -> dict[str, Any]:
    plan = story.plan
    sequences = plan.sequences if isinstance(plan, Plan) else ()
    return {
        "policy": label(story.policy, author),
        "context": story.context.id,
        "index": story.self_edit.index,
        "text": story.self_edit.text,
        "cut": not story.self_edit.finished,
        "invalid": plan.reason if isinstance(plan, Invalid | Failure) else None,
        "settings": dict(plan.settings) if isinstance(plan, Plan) else {},
        "sequences": [_short(one.text) for one in sequences[:MAX_SEQUENCES]],
        "n_sequences": len(sequences),
        "accuracy": story.accuracy,
        "gain": story.gain,
        "reward": story.reward,
        "weight": story.weight,
        "chosen": story.chosen,
        "before": _verdicts(story.baseline) if story.baseline else [],
        "repeats": [_outcome(one) for one in story.evaluations],
    }


def _outcome(outcome: Evaluation | Failure) -> dict[str, Any]:
    if isinstance(outcome, Failure):
        return {"failed": outcome.reason, "verdicts": []}
    return {"failed": None, "verdicts": _verdicts(outcome)}


def _verdicts(evaluation: Evaluation) -> list[dict[str, Any]]:
    shown = []
    for verdict in evaluation.verdicts:
        votes = _parsed(verdict.answer)
        is_vote = isinstance(votes, dict) and "attempts" in votes
        one: dict[str, Any] = {"grade": verdict.grade.value, "reason": verdict.reason}
        shown.append(one | ({"vote": votes} if is_vote else {"answer": _short(verdict.answer)}))
    return shown


def _short(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else text[:MAX_CHARACTERS] + " …"


def _parsed(text: str) -> Any:
    if not text.startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def phases(metrics: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Seconds and units by phase, in the order in which phases first came."""
    found: dict[str, dict[str, Any]] = {}
    for line in metrics:
        if "work" in line:
            phase = found.setdefault(line["work"], {"title": line["work"], "seconds": 0.0, "units": 0})
            phase["seconds"] += line.get("time/work_s", 0.0)
            phase["units"] += line.get("units", 0)
    return list(found.values())
