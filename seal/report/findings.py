"""What a report needs, read from a run's folder: results, settings, and examples of self-edits."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seal.folder.run_files import read_manifest
from seal.folder.store import read_records
from seal.grids.grid import puzzle_in
from seal.report.finished import read_finished
from seal.stats.results import Results
from seal.types import Context, SelfEdit

N_EXAMPLES = 3


@dataclass(frozen=True, kw_only=True)
class Example:
    """What two policies wrote about the same context."""

    context: Context
    before: str
    after: str | None
    """None in a run without updates."""

    @property
    def subject(self) -> str:
        """What the context says; of a puzzle, which is for pictures, only what it has."""
        try:
            puzzle = puzzle_in(self.context.text, self.context.id)
        except ValueError:
            return self.context.text
        return f"a puzzle with {len(puzzle.train)} demonstrations and {len(puzzle.tests)} to be solved"


@dataclass(frozen=True, kw_only=True)
class Findings:
    """A finished run."""

    folder: Path
    manifest: Mapping[str, Any]
    results: Results
    examples: tuple[Example, ...]
    last_policy: str

    @property
    def facts(self) -> dict[str, Any]:
        """The manifest without the difference to the last commit, which can be long and is for machines."""
        git = {key: value for key, value in (self.manifest["git"] or {}).items() if key != "diff"}
        return {**self.manifest, "git": git or None}


def read_findings(folder: Path) -> Findings:
    """Everything about a run that has results."""
    results = read_finished(folder)
    last_policy = f"round_{len(results.rounds)}"
    return Findings(
        folder=folder,
        manifest=read_manifest(folder),
        results=results,
        examples=_examples(folder, last_policy, {context for scores in results.scores.values() for context in scores}),
        last_policy=last_policy,
    )


def _examples(folder: Path, last_policy: str, measured: Container[str]) -> tuple[Example, ...]:
    """The first measured contexts about which the first and the last policy wrote; others where none was measured."""
    contexts: dict[str, Context] = read_records(folder / "contexts.jsonl", Context)
    edits: dict[str, SelfEdit] = read_records(folder / "self_edits.jsonl", SelfEdit)
    examples = []
    for context in sorted(contexts.values(), key=lambda context: context.id not in measured):
        before, after = (edits.get(f"{policy}/{context.id}/0") for policy in ("round_0", last_policy))
        if before and after:
            after_text = after.text if last_policy != "round_0" else None
            examples.append(Example(context=context, before=before.text, after=after_text))
    return tuple(examples[:N_EXAMPLES])
