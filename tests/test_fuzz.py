"""Files that nobody foresaw: whatever stands in a run's folder or in a data file, commands say what is wrong with it.

SEAL_FUZZ_EXAMPLES=1000 pytest tests/test_fuzz.py -m slow     so many damaged files a test; 40 else
"""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from traceback import extract_tb

import pytest
from datasets import Dataset

from seal.record_lines import to_line
from tests.conftest import SMALL

pytestmark = pytest.mark.slow

N_EXAMPLES = int(os.environ.get("SEAL_FUZZ_EXAMPLES", "40"))
DOCUMENTED = {0, 1, 2}
"""Exit codes; anything else, and any exception that reaches the test, is a fault."""
QUICK = ("status", "compare", "submission")
READ = ("manifest.json", "results.json", "progress.json", "run.lock", "*.jsonl")
VALUES = (
    None,
    True,
    0,
    -1,
    1e400,
    10**400,
    "",
    "\0",
    "\ud800",
    "../..",
    [],
    {},
    [[]],
    {"": None},
    [None],
    "9" * 10_000,
)
INSERTED = (b"\n", b"{}\n", b"[" * 100_000, b"\xff\xfe", b"\0" * 9)
ROWS = [
    {
        "title": "Kelham",
        "passage": "Kelham lies on the Rhee.",
        "questions": [{"question": "Where?", "answer": "the Rhee"}],
    },
    {"title": "Orle", "passage": "Orle is led by Ann.", "questions": [{"question": "Who?", "answer": "Ann"}]},
]
GRID, TURNED = [[1, 0], [0, 2]], [[0, 1], [2, 0]]
CHALLENGES = {
    f"puzzle_{n}": {"train": [{"input": GRID, "output": TURNED}], "test": [{"input": TURNED}]} for n in range(4)
}
SOLUTIONS = {name: [GRID] for name in CHALLENGES}
FLAT = "title,passage,question,answer\nKelham,Kelham lies on the Rhee.,Where?,the Rhee\nOrle,Orle is old.,How?,old\n"
SQUAD = {
    "data": [
        {
            "title": "Kelham",
            "paragraphs": [
                {
                    "context": "Kelham lies on the Rhee.",
                    "qas": [{"id": "1", "question": "Where?", "answers": [{"text": "the Rhee", "answer_start": 15}]}],
                }
            ],
        }
    ]
}


def damaged(content: bytes, random: Random) -> bytes:
    """The same file after an accident with its bytes, or with one of its values."""
    if random.random() < 0.5 and (changed := with_another_value(content, random)) is not None:
        return changed
    place, length = random.randrange(len(content) + 1), random.randint(1, 40)
    return random.choice(
        [
            lambda: content[:place],
            lambda: content[:place] + content[place + length :],
            lambda: content[:place] + bytes(random.randrange(256) for _ in range(length)) + content[place + length :],
            lambda: (
                content[:place]
                + random.choice([b"\n", b"{}\n", b"[" * 100_000, b"\xff\xfe", b"\0" * 9])
                + content[place:]
            ),
            lambda: content + content[place:],
            lambda: b"",
        ]
    )()


def with_another_value(content: bytes, random: Random) -> bytes | None:
    """One value somewhere in a JSON file, or in one line of JSON Lines, is another; the checksum is right again."""
    lines = content.splitlines()
    number = random.randrange(len(lines)) if lines else 0
    for text, whole in ((content, True), (lines[number] if lines else b"", False)):
        try:
            value = json.loads(text)
        except ValueError:
            continue
        value = _changed(value, random)
        if whole:
            return json.dumps(value).encode()
        is_record = (
            isinstance(value, dict) and {"key", "value", "crc32"} == value.keys() and isinstance(value["key"], str)
        )
        line = to_line(value["key"], value["value"]).encode() if is_record else json.dumps(value).encode() + b"\n"
        return b"".join(
            [*(each + b"\n" for each in lines[:number]), line, *(each + b"\n" for each in lines[number + 1 :])]
        )
    return None


def _line(value: object) -> bytes:
    if isinstance(value, dict) and {"key", "value", "crc32"} == value.keys() and isinstance(value["key"], str):
        return to_line(value["key"], value["value"]).encode()[:-1]
    return json.dumps(value).encode()


def _changed(value: object, random: Random) -> object:
    if isinstance(value, dict) and value and random.random() < 0.9:
        key = random.choice(list(value))
        if random.random() < 0.1:
            return {name: one for name, one in value.items() if name != key}
        return {**value, key: _changed(value[key], random)}
    if isinstance(value, list) and value and random.random() < 0.9:
        place = random.randrange(len(value))
        return [*value[:place], _changed(value[place], random), *value[place + 1 :]]
    return random.choice(VALUES)


def fault_of(seal: Callable[..., int], capfd: pytest.CaptureFixture[str], *arguments: str) -> str | None:
    """What a command did that it must not do; None if it worked or said what is wrong."""
    try:
        code = seal(*arguments)
    except Exception as error:
        return f"{error!r:.200} in {extract_tb(error.__traceback__)[-1]}"
    said = capfd.readouterr().err
    if code not in DOCUMENTED or "Traceback" in said:
        return f"exit code {code}: {said[-300:]}"
    return None if code == 0 or said.strip() else f"exit code {code} without a word"


@pytest.mark.parametrize("command", ["status", "report", "compare", "log", "submission", "run"])
def test_any_damage_to_a_run_is_named_or_does_not_matter(
    command: str, seal: Callable[..., int], finished: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "outputs/tiny"
    arguments = {
        "compare": [str(run), str(finished)],
        "log": [str(run), "--to", "tensorboard"],
        "submission": [str(run), "round_1"],
        "run": [*SMALL],
    }.get(command, [str(run)])
    files = sorted(file.name for pattern in READ for file in finished.glob(pattern))
    faults = {}
    for seed in range(N_EXAMPLES if command in QUICK else max(1, N_EXAMPLES // 4)):
        random = Random(seed)
        shutil.rmtree(run, ignore_errors=True)
        shutil.copytree(finished, run)
        file = run / random.choice(files)
        file.write_bytes(damaged(file.read_bytes(), random))
        if fault := fault_of(seal, capfd, command, *arguments):
            faults[seed, file.name] = fault
    assert faults == {}


@pytest.mark.parametrize("kind", ["jsonl", "json", "csv", "parquet", "squad", "arc", "arc_solutions"])
def test_any_damage_to_a_data_file_is_named_or_does_not_matter(
    kind: str,
    seal: Callable[..., int],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    whole = data_file(kind, tmp_path)
    faults = {}
    for seed in range(N_EXAMPLES):
        file = tmp_path / f"damaged_{seed}{whole.suffix}"
        file.write_bytes(damaged(whole.read_bytes(), Random(seed)))
        if fault := fault_of(seal, capfd, "check", "experiment=tiny", *settings_of(kind, file, tmp_path)):
            faults[seed] = fault
        file.unlink()
    assert faults == {}


def data_file(kind: str, folder: Path) -> Path:
    file = folder / f"whole.{kind if kind in ('jsonl', 'csv', 'parquet') else 'json'}"
    match kind:
        case "jsonl":
            file.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
        case "json":
            file.write_text(json.dumps(ROWS))
        case "csv":
            file.write_text(FLAT)
        case "parquet":
            Dataset.from_list(ROWS).to_parquet(file)
        case "squad":
            file.write_text(json.dumps(SQUAD))
        case "arc":
            file.write_text(json.dumps(CHALLENGES))
        case "arc_solutions":
            file.write_text(json.dumps(SOLUTIONS))
    return file


def settings_of(kind: str, file: Path, folder: Path) -> list[str]:
    if kind == "squad":
        return ["task=squad", f"task.train_file={file}", f"task.held_out_file={folder / 'whole.json'}"]
    if not kind.startswith("arc"):
        return ["task=passages", f"task.path={file}"]
    (folder / "challenges.json").write_text(json.dumps(CHALLENGES))
    (folder / "solutions.json").write_text(json.dumps(SOLUTIONS))
    challenges, solutions = (file, folder / "solutions.json") if kind == "arc" else (folder / "challenges.json", file)
    return [
        "experiment=grids",
        "task=arc",
        "task.n_held_out=2",
        f"task.train_path={challenges}",
        f"task.train_solutions={solutions}",
    ]
