"""What a shell offers, and that it does not have to wait for it."""

import subprocess
import sys
from collections.abc import Callable

import pytest
from seal.launch.commands.completion import BASH, words

COMMANDS = ("options", "report", "run")


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("seal r", ["report", "run"]),
        ("seal run inner=l", ["inner=lora"]),
        ("seal run seed=1 inner.ra", ["inner.rank=", "inner.rank_stabilized="]),
        ("seal run inner=full inner.ra", []),
        ("seal run inner=none inner.", []),
        ("seal run outer/reward=ga", ["outer/reward=gain"]),
        ("seal run if_", ["if_exists="]),
        ("seal run gra", ["grader.", "grader="]),
        ("seal run experiment=paper/rl", ["experiment=paper/rl", "experiment=paper/rl_long"]),
        ("seal run experiment=paper/parts", []),
        ("seal run experiment=paper/rl fid", ["fidelity="]),
        ("seal run experiment=paper/rl fidelity=", ["fidelity=published", "fidelity=sound"]),
        ("seal run fidelity.", []),
        ("seal options outer/", ["outer/learner", "outer/reward"]),
        ("seal options fid", []),
    ],
)
def test_the_last_word_of_a_line_is_completed(line: str, offered: list[str]) -> None:
    assert words(line, COMMANDS)[: len(offered) or None] == offered


def test_the_words_come_without_torch_hydra_or_pydantic() -> None:
    code = (
        "import sys; from seal.launch.cli import main; main(['completion', 'words', 'seal run inner.']); "
        "print({'torch', 'hydra', 'pydantic', 'yaml'} & set(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "inner.rank=" in said
    assert said.endswith("set()\n")


def test_bash_completes_what_stands_behind_an_equals_sign(
    seal: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """In a real bash, with a `seal` that is this one."""
    assert seal("completion", "bash") == 0
    assert capsys.readouterr().out == BASH
    script = f"""
seal() {{ {sys.executable} -m seal.launch.cli "$@"; }}
{BASH}
COMP_LINE='seal run inner=lo' COMP_POINT=17
_seal_complete; echo "${{COMPREPLY[*]}}"
"""
    said = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout
    assert said == "lora\n"
