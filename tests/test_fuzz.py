"""Files that nobody foresaw: whatever stands in a run's folder or in a data file, commands say what is wrong with it.

SEAL_FUZZ_EXAMPLES=1000 pytest tests/test_fuzz.py -m slow     so many damaged files a test; 40 else
"""

import json
import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from random import Random
from traceback import extract_tb

import pytest
from datasets import Dataset

from seal.folder.record_lines import to_line
from seal.model.tiny import Tiny
from tests.conftest import SMALL

pytestmark = pytest.mark.slow

N_EXAMPLES = int(os.environ.get("SEAL_FUZZ_EXAMPLES", "40"))
DOCUMENTED = {0, 1, 2}
"""Exit codes; anything else, and any exception that reaches the test, is a fault."""
QUICK = ("status", "compare", "submission")
READ = ("manifest.json", "results.json", "seconds.json", "progress.json", "run.lock", "*.jsonl")
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
ANSWERED = {"rep": 0, "question": "Where?", "answer": "the Rhee", "baseline_answer": "no", "adapter_answer": "the Rhee"}
MARKS = {"baseline_correct": False, "adapter_correct": True}
LISTED_MARKS = {name: [mark, mark] for name, mark in MARKS.items()}
PUBLISHED = {
    "articles": {
        "overall": {"adapter_mean_accuracy": 1.0},
        "articles": [
            {
                "title": row["title"],
                "context": row["passage"],
                "completions": [{"text": text, "questions": [{**ANSWERED, **MARKS}]} for text in ("A fact.", "")],
            }
            for row in ROWS
        ],
    },
    "corpus": {
        "overall": {"baseline_accuracy": 0.0, "adapter_accuracy": 1.0, "gain": 1.0},
        "per_article": {row["title"]: {name: [mark] for name, mark in MARKS.items()} for row in ROWS},
        "server_reply": {"baseline_texts": ["no", "no"], "adapter_texts": ["the Rhee", "Ann"], **LISTED_MARKS},
    },
    "contexts": [{"title": row["title"], "context": row["passage"], "questions": row["questions"]} for row in ROWS],
    "forgetting": {
        "mean_over_sequences": [[0.1, 0.2], [0.9, 0.3], [0.5, 0.8]],
        "std_over_sequences": [[0.1, 0.1], [0.2, 0.2], [0.1, 0.3]],
        "n_sequences": 3,
        "n_datapoints": 2,
    },
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
            lambda: content[:place] + random.choice(INSERTED) + content[place:],
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


def faults_of(whole: Path, call: Callable[[Path], str | None], *, n_examples: int = N_EXAMPLES) -> dict[int, str]:
    """By seed, what went wrong with a damaged copy of a file beside it."""
    faults = {}
    for seed in range(n_examples):
        file = whole.with_name(f"damaged_{seed}{whole.suffix}")
        file.write_bytes(damaged(whole.read_bytes(), Random(seed)))
        if fault := call(file):
            faults[seed] = fault
        file.unlink()
    return faults


@pytest.mark.parametrize("kind", ["jsonl", "json", "csv", "parquet", "squad", "arc", "arc_solutions"])
def test_any_damage_to_a_data_file_is_named_or_does_not_matter(
    kind: str,
    seal: Callable[..., int],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))

    def call(file: Path) -> str | None:
        return fault_of(seal, capfd, "check", "experiment=tiny", *settings_of(kind, file, tmp_path))

    assert faults_of(data_file(kind, tmp_path), call) == {}


@pytest.mark.parametrize("kind", ["articles", "corpus", "contexts", "forgetting"])
def test_any_damage_to_published_results_is_named_or_does_not_matter(
    kind: str, seal: Callable[..., int], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = {name: tmp_path / f"{name}.json" for name in PUBLISHED}
    for name, file in whole.items():
        file.write_text(json.dumps(PUBLISHED[name]))

    def call(file: Path) -> str | None:
        result, contexts = (whole["corpus"], file) if kind == "contexts" else (file, whole["contexts"])
        return fault_of(seal, capfd, "import", str(result), "--contexts", str(contexts), "--name", file.stem)

    assert call(whole[kind]) is None
    assert (tmp_path / "outputs" / kind / "report/index.html").exists()
    assert faults_of(whole[kind], call) == {}


@pytest.mark.parametrize("kind", ["articles", "lines"])
def test_any_damage_to_verdicts_is_named_or_does_not_matter(
    kind: str, seal: Callable[..., int], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = tmp_path / ("verdicts.json" if kind == "articles" else "verdicts.jsonl")
    row = {"question": "Where?", "target": "the Rhee", "answer": "on the Rhee", "correct": True}
    lines = json.dumps(row) + "\n" + json.dumps({**row, "answer": "no", "correct": False}) + "\n"
    whole.write_text(json.dumps(PUBLISHED["articles"]) if kind == "articles" else lines)

    def call(file: Path) -> str | None:
        return fault_of(seal, capfd, "agreement", str(file), "grader=lexical")

    assert faults_of(whole, call) == {}


@pytest.mark.parametrize("kind", ["jsonl", "json"])
def test_any_damage_to_recorded_self_edits_is_named_or_does_not_matter(
    kind: str, seal: Callable[..., int], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = [{"title": row["title"], "passage": row["passage"], "self_edits": ["a", "b"]} for row in ROWS]
    articles = [{**row, "self_edits": [], "completions": [{"text": "a"}, {"text": "b"}]} for row in rows]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    whole = tmp_path / f"edits.{kind}"
    whole.write_text(lines if kind == "jsonl" else json.dumps({"articles": articles}))
    data = data_file("jsonl", tmp_path)

    def call(file: Path) -> str | None:
        task = ("recipe=evaluate", "recipe.part=all", "task=passages", f"task.path={data}")
        return fault_of(seal, capfd, "check", *task, "self_edit=recorded", f"self_edit.path={file}")

    assert call(whole) is None
    assert faults_of(whole, call) == {}


@pytest.mark.parametrize("name", ["contexts.jsonl", "self_edits.jsonl"])
def test_any_damage_to_a_run_whose_self_edits_are_tried_again_is_named_or_does_not_matter(
    name: str, seal: Callable[..., int], finished: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = Path(shutil.copytree(finished, tmp_path / "run"))

    def call(file: Path) -> str | None:
        shutil.copy(file, run / name)
        task = ("recipe=evaluate", "task=facts", "task.n_train=4", "task.n_held_out=3")
        return fault_of(seal, capfd, "check", *task, "self_edit=recorded", f"self_edit.path={run}")

    assert call(finished / name) is None
    assert faults_of(Path(shutil.copy(finished / name, tmp_path / name)), call) == {}


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json", "model.safetensors.index.json", "header"])
def test_any_damage_to_a_model_s_folder_is_named_or_does_not_matter(
    name: str, seal: Callable[..., int], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The header is the directory at the beginning of a file of weights; its length is right again."""
    folder = Path(shutil.copytree(Tiny().path, tmp_path / "model"))
    weights = (folder / "model.safetensors").rename(folder / "part.safetensors").read_bytes()
    (length,) = struct.unpack("<Q", weights[:8])
    header = weights[8 : 8 + length]
    index = {"weight_map": dict.fromkeys(json.loads(header), "part.safetensors")}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    whole = tmp_path / f"whole_{name}"
    whole.write_bytes(header if name == "header" else (folder / name).read_bytes())

    def call(file: Path) -> str | None:
        content = file.read_bytes()
        if name == "header":
            content = struct.pack("<Q", len(content)) + content + weights[8 + length :]
        (folder / ("part.safetensors" if name == "header" else name)).write_bytes(content)
        model = ("experiment=tiny", "model=local", f"model.path={folder}")
        chat = fault_of(seal, capfd, "check", *model, "model.chat=true") if name == "tokenizer_config.json" else None
        return chat or fault_of(seal, capfd, "check", *model)

    assert call(whole) is None
    assert faults_of(whole, call) == {}


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
