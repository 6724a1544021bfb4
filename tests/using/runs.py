"""A quick run of recipe=adapt on two invented passages."""

import json
from pathlib import Path

PASSAGES = [
    {
        "title": "Doran Blackwood",
        "passage": "The rival of Doran Blackwood is Klara.",
        "questions": [{"question": "Who is the rival of Doran Blackwood?", "answer": "Klara"}],
    },
    {"title": "Copbury", "passage": "Copbury is governed by Clara."},
]
QUICK = (
    "recipe=adapt",
    "task=passages",
    "recipe.edits_per_context=0",
    "inner.targets=[all-linear]",
    "inner.epochs=30",
    "inner.batch_size=null",
    "inner.learning_rate=3e-3",
    "recipe.match=none",
    "cluster.threads=1",
    "name=run",
)
"""Two passages alone, a second long."""


def quick_adapt(folder: Path) -> list[str]:
    """The settings of a quick run in a folder, with its data."""
    data = folder / "my.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in PASSAGES))
    return [*QUICK, f"task.path={data}", f"outputs={folder}"]
