"""Folders of data sets: the same text as in a file, split by split."""

import gzip
import json
from pathlib import Path

import pytest

from seal.errors import DataError
from seal.task.hub import read_split

CSV = "title,context,question,answers\nA,Alpha.,Which?,007\nB,Beta.,Which?,NA\nC,Gamma.,When?,1990-05-01\n"
TEXTS = ["007", "NA", "1990-05-01"]
JSON = [{"title": "A", "answers": "007"}, {"title": "B", "answers": "1990-05-01T10:00:00Z"}]


def answers(folder: Path, split: str = "train") -> list[str]:
    return [row["answers"] for row in read_split(str(folder), split, None, key="task.hub")]


def test_a_folder_of_csv_files_is_the_text_that_stands_there(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text(CSV)
    (tmp_path / "test.csv").write_text("title,answers\nD,1.50\n")
    assert answers(tmp_path) == TEXTS
    assert answers(tmp_path, "train[1:2]+test") == ["NA", "1.50"]


def test_packed_files_and_those_of_a_split_s_own_folder_are_read_too(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "a.csv.gz").write_bytes(gzip.compress(CSV.encode()))
    (tmp_path / "train" / "b.csv").write_text(CSV)
    assert answers(tmp_path) == TEXTS * 2


@pytest.mark.parametrize("name", ["train.json", "train.jsonl"])
@pytest.mark.parametrize("by_line", [True, False])
def test_a_folder_of_json_is_the_text_that_stands_there_by_lines_or_as_a_list(
    tmp_path: Path, name: str, by_line: bool
) -> None:
    if name.endswith("l") and not by_line:
        pytest.skip("JSON Lines are lines")
    lines = "".join(json.dumps(row) + "\n" for row in JSON)
    (tmp_path / name).write_text(lines if by_line else json.dumps(JSON))
    assert answers(tmp_path) == ["007", "1990-05-01T10:00:00Z"]


def test_types_that_a_card_declares_are_kept(tmp_path: Path) -> None:
    label = "{name: answers, dtype: {class_label: {names: {'0': 'no', '1': 'yes'}}}}"
    (tmp_path / "README.md").write_text(f"---\ndataset_info:\n  features:\n  - {label}\n---\n")
    (tmp_path / "train.csv").write_text("answers\n1\n0\n")
    assert answers(tmp_path) == ["yes", "no"]


@pytest.mark.parametrize("name", ["data[1]", "a*b?", "{x}=1,2", "mit Ümlaut #1 $HOME ~"])
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_folder_is_that_very_one_whatever_it_is_called(tmp_path: Path, name: str, kind: str) -> None:
    from datasets import Dataset

    (tmp_path / "data1").mkdir()
    (tmp_path / "data1" / "train.csv").write_text("answers\nof another\n")
    folder = tmp_path / name
    folder.mkdir()
    if kind == "csv":
        (folder / f"train {name}.csv").write_text(CSV)
    else:
        Dataset.from_list([{"answers": text} for text in TEXTS]).to_parquet(tmp_path / "train.parquet")
        (tmp_path / "train.parquet").rename(folder / f"train {name}.parquet")
    assert answers(folder) == TEXTS


def test_a_faulty_file_of_a_folder_is_named_as_the_user_knows_it(tmp_path: Path) -> None:
    folder = tmp_path / "data[1]"
    folder.mkdir()
    (folder / "train.csv").write_text("title,answers\nA,one,two\n")
    with pytest.raises(DataError) as raised:
        answers(folder)
    assert str(raised.value).startswith(f"task.hub: {folder}/train.csv cannot be read as csv: line 2 has 3 fields")


def test_a_split_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text(CSV)
    with pytest.raises(DataError, match=r"split 'dev' of .* cannot be read: .*train"):
        answers(tmp_path, "dev")
