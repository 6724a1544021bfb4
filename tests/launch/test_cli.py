"""The command line: what it promises people and scripts."""

import json
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import SMALL

Seal = Callable[..., int]


def test_help_needs_no_heavy_library() -> None:
    code = (
        "import sys\nfrom seal.launch.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'torch', 'transformers', 'hydra', 'pydantic', 'rich', 'datasets'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "seal run experiment=tiny" in done.stdout


def test_check_and_status_and_report_need_no_torch(finished: Path) -> None:
    for command in (["check", *SMALL], ["status", str(finished)], ["report", str(finished)]):
        code = f"import sys\nfrom seal.launch.cli import main\nmain({command!r})\nsys.exit('torch' in sys.modules)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("arguments", [[], ["fly"], ["run", "--fast"], ["attach"], ["check", "-m", "seed=1,2"]])
def test_wrong_usage_exits_with_2(seal: Seal, arguments: list[str]) -> None:
    assert seal(*(arguments or [""])) == 2


def test_settings_that_were_written_as_options_are_told_how_to_be_written(
    seal: Seal, capsys: pytest.CaptureFixture[str]
) -> None:
    assert seal("check", "experiment=tiny", "--name=m5") == 2
    assert "unknown arguments: --name=m5; write settings without dashes: name=m5" in capsys.readouterr().err


def test_a_reader_that_leaves_is_no_error_to_be_shown() -> None:
    code = "from seal.launch.cli import main; raise SystemExit(main(['options', '--json']))"
    writer = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert writer.stdout
    assert writer.stderr
    writer.stdout.close()
    assert (writer.stderr.read(), writer.wait()) == (b"", 1)
    writer.stderr.close()


def test_check_prints_the_configuration_and_the_plan_and_makes_nothing(
    seal: Seal, capsys: pytest.CaptureFixture[str]
) -> None:
    assert seal("check", *SMALL) == 0
    said = capsys.readouterr().out
    assert "_target_: seal.inner.lora.LoRA" in said
    assert "14  self edits" in said
    assert "0  judge calls" in said
    assert not Path("outputs").exists()


def test_check_in_json_is_json_alone(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    assert seal("check", *SMALL, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["settings"]["inner"]["rank"] == 32
    assert said["plan"]["inner_updates"] == 3 + 8 + 3 + 3


def test_check_refuses_what_run_refuses(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    assert seal("check", "inner.rnak=3", "outer.keep=0", "model=tinny") == 2
    said = capsys.readouterr().err
    assert "inner.rnak: LoRA has no such setting; did you mean 'rank'?" in said
    assert "outer.keep: Input should be greater than 0, got 0" in said
    assert "model: there is no option 'tinny'; did you mean 'tiny'?" in said


def test_a_run_is_found_by_its_name_and_by_its_path(
    seal: Seal, finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("outputs").mkdir()
    Path("outputs/mine").symlink_to(finished)
    for run in ("mine", str(finished)):
        assert seal("status", run, "--json") == 0
        facts = json.loads(capsys.readouterr().out)
        assert facts["done"]
        assert facts["records"] == {"contexts": 7, "self_edits": 14, "answers": 27, "evaluations": 27, "updates": 1}


def test_a_run_that_is_not_there_is_answered_with_those_that_are(
    seal: Seal, capsys: pytest.CaptureFixture[str]
) -> None:
    assert seal("status", "nothing") == 2
    assert "there is no run 'nothing'; outputs/ has none" in capsys.readouterr().err


def test_a_run_that_is_not_there_is_answered_with_the_one_that_may_be_meant_and_a_sweep_with_its_points(
    seal: Seal, finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in ("tiny", "paper/rl", "ranks/inner.rank=2,seed=0", "ranks/inner.rank=4,seed=0"):
        Path("outputs", folder).mkdir(parents=True)
        Path("outputs", folder, "manifest.json").write_bytes((finished / "manifest.json").read_bytes())
    Path("outputs/tiny/results.json").write_bytes((finished / "results.json").read_bytes())
    assert seal("status", "tinny") == 2
    assert capsys.readouterr().err == "there is no run 'tinny'; did you mean 'tiny'?\n"
    assert seal("status", "xyz") == 2
    assert capsys.readouterr().err == "there is no run 'xyz'; there is paper/rl, ranks, tiny\n"
    points = [f"ranks/inner.rank={rank},seed=0" for rank in (2, 4)]
    for command in (["log", "ranks", "--to", "wandb"], ["compare", "tiny", "ranks"]):
        assert seal(*command) == 2
        assert capsys.readouterr().err == f"ranks is a sweep; name one of its points: {', '.join(points)}\n"
    assert seal("status") == 0
    assert capsys.readouterr().out.splitlines() == [
        "paper/rl: not finished",
        "ranks: a sweep, 0 points have results",
        "tiny: done",
    ]
    assert seal("status", "--json") == 0
    assert json.loads(capsys.readouterr().out)["tiny"] == "done"


def test_status_and_report_of_an_unfinished_run(seal: Seal, finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = Path("outputs/half")
    run.mkdir(parents=True)
    for name in ("manifest.json", "contexts.jsonl", "metrics.jsonl"):
        (run / name).write_bytes((finished / name).read_bytes())
    with (run / "metrics.jsonl").open("a") as file:
        file.write('{"cut short by a cra')
    assert seal("status", "half") == 0
    said = capsys.readouterr().out
    assert "not finished, and nobody works on it" in said
    assert shlex.join(json.loads((run / "manifest.json").read_text())["command"][1:]) in said
    assert seal("report", "half") == 2
    assert "has no results yet" in capsys.readouterr().err


def test_report_makes_the_report_again_and_prints_the_table(
    seal: Seal, finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = finished / "report/index.html"
    page.unlink()
    assert seal("report", str(finished)) == 0
    assert page.exists()
    assert "passage only" in capsys.readouterr().out
    assert seal("report", str(finished), "--json") == 0
    assert json.loads(capsys.readouterr().out)["table"][0]["setting"] == "base"


@pytest.mark.slow
def test_help_comes_within_a_second() -> None:
    began_s = time.perf_counter()
    subprocess.run([sys.executable, "-m", "seal.launch.cli", "--help"], check=True, capture_output=True)
    assert time.perf_counter() - began_s < 1


def test_check_says_which_key_and_which_library_the_run_will_miss(
    seal: Seal, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert seal("check", "recipe=evaluate", "grader=judge", "engine=vllm") == 0
    notes = [line for line in capsys.readouterr().out.splitlines() if line.startswith("note: ")]
    assert "note: grader: https://api.openai.com/v1 will want a key; OPENAI_API_KEY is not set" in "\n".join(notes)
    assert "note: engine: vLLM is not installed here" in "\n".join(notes)
    monkeypatch.setenv("OPENAI_API_KEY", "key")
    assert seal("check", "recipe=evaluate", "recipe.part=all", "grader=judge") == 0
    assert "note: " not in capsys.readouterr().out


def test_check_says_what_lies_where_the_run_would_be(
    seal: Seal, finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here = (*SMALL, f"outputs={finished.parent}")
    assert seal("check", *here) == 0
    assert "holds this run, which is done already" in " ".join(capsys.readouterr().out.split())
    assert seal("check", *here, "inner.rank=3") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "holds another run, so this one would be refused: choose another name=…" in said
    assert "inner.rank: 32 there, 3 now" in said
    assert seal("check", *here, "inner.rank=3", "if_exists=replace") == 0
    assert "holds another run" not in capsys.readouterr().out
    assert seal("check", *here, "if_exists=fail") == 0
    assert "holds a run, which if_exists=fail refuses" in " ".join(capsys.readouterr().out.split())
    assert seal("run", *here, "seed=5") == 2
    refused = capsys.readouterr().err
    assert "seed: 0 there, 5 now" in refused
    assert "data has changed" not in refused


def test_check_says_that_the_data_of_a_run_has_changed(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"title": f"T{n}", "passage": f"Leo has {n} cats.", "question": "Who?", "answer": "Leo"} for n in (1, 2)]
    file = Path("my.jsonl")
    command = ("recipe=evaluate", "inner=none", "task=passages", f"task.path={file}", "name=mine")
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert seal("run", *command) == 0
    file.write_text("".join(json.dumps(row | {"answer": "Mia"}) + "\n" for row in rows))
    assert seal("check", *command) == 0
    assert (
        "holds another run, so this one would be refused: choose another name=… (the task's data has changed"
        in " ".join(capsys.readouterr().out.split())
    )


def test_a_run_that_cannot_start_is_not_said_to_begin(seal: Seal, capsys: pytest.CaptureFixture[str]) -> None:
    assert seal("run", *SMALL, "self_edit.max_new_tokens=100000") == 2
    said = capsys.readouterr().err
    assert "the run cannot start" in said
    assert "begins" not in said
    assert not Path("outputs").exists()
