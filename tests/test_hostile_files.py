"""Files of strangers: pickles that would run code lie everywhere, and nothing that reads runs, data or models does."""

import ast
import json
import os
import pickle
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from seal.errors import ModelError
from seal.model.hugging_face import HuggingFace
from seal.nn.backbone import load
from tests.conftest import ROOT
from tests.models import random_folder

Seal = Callable[..., int]
OUR_PICKLES = {"seal/cluster/task.py", "seal/cluster/scheduler.py"}
"""What a cluster's jobs are handed and hand back, as submitit does: between the processes of one user."""
OUR_ARCHIVES = {"seal/model/registry.py"}
"""One member of a wheel with a known checksum is copied out."""
IN_A_RUN = (
    *(
        "contexts.pkl",
        "results.pkl",
        "manifest.pickle",
        "state.pt",
        "data.npy",
        "data.npz",
        "cache.joblib",
        "study.pkl",
    ),
    *("jobs/try_out-0/kit.pkl", "jobs/try_out-0/1234_0_result.pkl", "jobs/try_out-0/1234_submitted.pkl"),
    *(
        "jobs/try_out-0/logs/1234_0_result.pkl",
        "jobs/kit.pkl",
        "jobs/coordinator/77_0_result.pkl",
        ".submitit/1/1_0_result.pkl",
    ),
    *("policies/round_1/pytorch_model.bin", "policies/round_1/training_args.bin", "policies/round_1/optimizer.pt"),
    *("adapters/round_0/adapter_model.bin", "adapter/adapter_model.bin", "model/pytorch_model.bin", "engine/a.pkl"),
    *("report/attempts.pkl", "corpora/corpus.pkl", "tensorboard/events.pkl", "wandb/run.pkl", "damaged/lines.pkl"),
)


class Payload:
    """Runs code where it is unpickled: leaves a file."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.mkdir, (str(self.trace),)


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """What is there once a payload has fired."""
    return tmp_path / "fired"


def plant(folder: Path, names: tuple[str, ...], trace: Path) -> None:
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix == ".npy":
            np.save(file, np.array([Payload(trace)], dtype=object), allow_pickle=True)
        elif file.suffix == ".npz":
            np.savez(file, rows=np.array([Payload(trace)], dtype=object))
        else:
            file.write_bytes(pickle.dumps(Payload(trace)))


def test_the_payload_of_these_tests_fires(tmp_path: Path, trace: Path) -> None:
    plant(tmp_path, ("a.pkl", "a.npy"), trace)
    for read in (
        lambda: pickle.loads((tmp_path / "a.pkl").read_bytes()),
        lambda: np.load(tmp_path / "a.npy", allow_pickle=True),
    ):
        read()
        assert trace.exists()
        trace.rmdir()


def test_what_reads_runs_reads_no_pickle(seal: Seal, finished: Path, tmp_path: Path, trace: Path) -> None:
    run = tmp_path / "outputs" / "theirs"
    shutil.copytree(finished, run)
    plant(run, IN_A_RUN, trace)
    shutil.copytree(run, tmp_path / "outputs" / "again")
    assert seal("status", "theirs") == 0
    assert seal("report", "theirs") == 0
    assert seal("compare", "theirs", "again") == 0
    assert seal("log", "theirs", "--to", "tensorboard") == 0
    (run / "results.json").unlink()  # not done: more of it is looked at
    assert seal("status", "theirs", "--json") == 0
    assert not trace.exists()


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.json", "rows.csv", "rows.parquet", "rows.pkl"])
def test_a_pickle_is_no_data_under_whatever_name(seal: Seal, tmp_path: Path, trace: Path, name: str) -> None:
    plant(tmp_path, (name,), trace)
    assert seal("check", "task=passages", f"task.path={tmp_path / name}") == 2
    assert seal("import", name) == 2
    assert seal("agreement", name, "grader=exact") == 2
    assert not trace.exists()


def test_a_folder_of_results_with_pickles_beside_them_is_imported_without_reading_those(
    seal: Seal, tmp_path: Path, trace: Path
) -> None:
    plant(tmp_path / "theirs", ("a.pkl", "b.json", "c.npy"), trace)
    assert seal("import", "theirs") == 2
    assert not trace.exists()


def test_weights_that_are_a_pickle_are_refused_with_the_way_out(
    seal: Seal, tmp_path: Path, trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = random_folder(tmp_path / "model", "llama")
    (folder / "model.safetensors").unlink()
    plant(folder, ("pytorch_model.bin",), trace)
    assert seal("check", "model=local", f"model.path={folder}") == 2
    said = capsys.readouterr().err
    assert f"{folder} has its weights as pytorch_model.bin, a pickle, which is never read" in said
    assert "save_pretrained(FOLDER)" in said
    with pytest.raises(ModelError, match="safetensors"):
        load(HuggingFace(path=str(folder), dtype="float32", device="cpu"))
    assert not trace.exists()


def test_of_pickles_beside_safetensors_and_of_code_with_the_weights_nothing_runs(tmp_path: Path, trace: Path) -> None:
    folder = random_folder(tmp_path / "model", "llama")
    plant(folder, ("pytorch_model.bin", "training_args.bin", "optimizer.pt", "adapter_model.bin"), trace)
    (folder / "theirs.py").write_text(f"import os\nos.mkdir({str(trace)!r})\n")
    for name, what in (("config.json", "AutoConfig"), ("tokenizer_config.json", "AutoTokenizer")):
        settings = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps({**settings, "auto_map": {what: "theirs.Theirs"}}))
    load(HuggingFace(path=str(folder), dtype="float32", device="cpu"))
    assert not trace.exists()


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def faults_of_source(name: str, source: str) -> Iterator[str]:
    tree = ast.parse(source)
    modules = {
        alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    modules |= {(node.module or "").split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    forbidden = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "tarfile", "zipfile"}
    ours = ({"pickle"} if name in OUR_PICKLES else set()) | ({"zipfile"} if name in OUR_ARCHIVES else set())
    for module in (modules & forbidden) - ours:
        yield f"{name} imports {module}"
    for function, call in calls(tree):
        keywords = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        if function in ("eval", "exec", "compile", "__import__", "os.system", "os.popen", "torch.load", "torch.save"):
            yield f"{name}:{call.lineno} calls {function}"
        if function.startswith("yaml.") and "safe" not in function and keywords.get("Loader") != "yaml.SafeLoader":
            yield f"{name}:{call.lineno} calls {function}"
        if function.endswith(("np.load", "numpy.load", "unpack_archive", "extractall")):
            yield f"{name}:{call.lineno} calls {function}"
        if keywords.get("shell", "False") != "False" or keywords.get("verify", "True") == "False":
            yield f"{name}:{call.lineno} has shell or verify as it must not be"
        if keywords.get("trust_remote_code") == "True" or keywords.get("allow_pickle", "False") != "False":
            yield f"{name}:{call.lineno} trusts what it reads"
        if (
            function.startswith("AutoModel")
            and function.endswith("from_pretrained")
            and keywords.get("use_safetensors") != "True"
        ):
            yield f"{name}:{call.lineno} may read weights that are no safetensors"


def test_our_sources_have_no_call_that_could_run_what_it_reads() -> None:
    files = [file for part in ("seal", "launch", "conf") for file in sorted((ROOT / part).rglob("*.py"))]
    assert len(files) > 100
    named = {str(file.relative_to(ROOT)): file.read_text(encoding="utf-8") for file in files}
    assert [fault for name, source in named.items() for fault in faults_of_source(name, source)] == []


@pytest.mark.parametrize(
    "source",
    [
        *("import pickle", "from dill import loads", "import tarfile", "torch.load(f)", "eval('1')", "yaml.load(f)"),
        *("run(c, shell=True)", "AsyncClient(verify=False)", "np.load(f)", "AutoModel.from_pretrained(f)"),
        "AutoTokenizer.from_pretrained(f, trust_remote_code=True)",
    ],
)
def test_such_a_call_would_be_found(source: str) -> None:
    assert list(faults_of_source("seal/new.py", source))
