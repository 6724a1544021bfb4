"""The table of architectures in the documentation: `python -m tests.architectures.table` writes docs/architectures.md.

It takes five minutes on two free cores, and more on busy ones.
"""

import re
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import peft
import torch
import transformers
from transformers.utils import logging as transformers_logging

from seal.nn.company import Company
from tests.architectures.shrinking import BUILT, NOT_BUILT
from tests.architectures.trying import BY_ROWS, Found, tried

FILE = Path(__file__).parents[2] / "docs" / "architectures.md"
_TOP = """# Architectures

`python -m tests.architectures.table` writes this page. It builds every causal architecture of transformers small, with
random weights in float32. The slow tests hold each against the plain ways:

- texts written in a batch with several adapters, against one at a time: the same most likely tokens;
- adapters trained side by side, against PEFT with one sequence at a time: losses of each step within 1e-4;
- an exported adapter, against what PEFT loads: logits within 0.1 % of the adapter's effect.

Adapters go beside all linear layers (`inner.targets=[all-linear]`).

SEAL tries out each model before it uses it, on texts as long as those of the run ([models.md](models.md#company)). Your
model may differ from this table: windows, chunks and scaled positions act from some length on, here 8 tokens.
"""
_LEGEND = """
Who goes through the model together, from fast to slow:

- `packed`: sequences in one row, one behind the other;
- `come and go`: rows of one batch; the next text takes the place of a finished one;
- `padded`: rows of one batch, padded to one length;
- `equal lengths`: only rows of one length;
- `one at a time`.
"""
_SHORT = {
    Company.PACKED: "packed",
    Company.PADDED: "padded",
    Company.EQUAL: "equal lengths",
    Company.ALONE: "one at a time",
    BY_ROWS: "come and go",
}


def main() -> None:
    with ProcessPoolExecutor(mp_context=get_context("spawn"), max_workers=2, initializer=_quiet) as workers:
        found = dict(zip(BUILT, workers.map(_tried, BUILT), strict=True))
    FILE.write_text(page(found), encoding="utf-8")


def _quiet() -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    transformers_logging.set_verbosity_error()


def _tried(name: str) -> Found:
    with TemporaryDirectory() as folder:
        return tried(name, Path(folder))


def page(found: Mapping[str, Found]) -> str:
    """The page, of what was found for each architecture."""
    taken = {name: each for name, each in found.items() if each.refused is None}
    refused = {name: each for name, each in found.items() if each.refused is not None}
    versions = f"transformers {transformers.__version__}, PEFT {peft.__version__}, torch {torch.__version__}"
    parts = [
        _TOP,
        f"\nOf {len(found)} architectures SEAL takes {len(taken)} and refuses {len(refused)} ({versions}).\n\n",
        *(f"- {line}\n" for line in _counts(taken)),
        _LEGEND,
        "\n| architecture | attention | trained | written | adapters leave out |\n|---|---|---|---|---|\n",
        *(_row(name, each) for name, each in sorted(taken.items())),
        "\n## Refused\n\nA reason that names layers holds for these alone: choose other `inner.targets`.\n\n",
        *(f"- `{name}`: {each.refused}\n" for name, each in sorted(refused.items())),
        f"\n## Not built\n\nThese need pictures, sound or other packages: {', '.join(sorted(NOT_BUILT))}.\n",
    ]
    return "".join(parts)


def _counts(taken: Mapping[str, Found]) -> Iterator[str]:
    for what in ("trained", "written"):
        counts = Counter(_SHORT[getattr(each, what)] for each in taken.values())
        yield f"{what}: {', '.join(f'{count} {way}' for way, count in counts.most_common())}"


def _row(name: str, found: Found) -> str:
    left_out = "; ".join(_brief(note) for note in found.left_out)
    return f"| `{name}` | {found.attention} | {_SHORT[found.trained]} | {_SHORT[found.written]} | {left_out} |\n"


def _brief(note: str) -> str:
    """Which layers, and why."""
    said = re.fullmatch(r"adapters leave out (.*) of \w+: (.*)", note)
    assert said
    return f"{said[1]} ({said[2].split(' (')[0]})"


if __name__ == "__main__":
    main()
