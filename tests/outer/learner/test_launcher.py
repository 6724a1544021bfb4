"""What a file of accelerate's says is read, and what cannot work is refused before anything runs."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from seal.errors import ConfigError
from seal.outer.learner.launcher import SHIPPED, read_launcher
from tests.conftest import SMALL, settings_without
from tests.session.test_preflight import refuses  # noqa: F401  # a fixture

GOOD = {"compute_environment": "LOCAL_MACHINE", "distributed_type": "MULTI_GPU", "num_processes": 4}


def written(folder: Path, **changes: object) -> Path:
    file = folder / "mine.yaml"
    file.write_text(yaml.safe_dump(GOOD | changes))
    return file


@pytest.mark.parametrize("file", sorted(SHIPPED.glob("*.yaml")), ids=lambda file: file.stem)
def test_the_shipped_files_are_known_by_name_and_to_accelerate(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from accelerate.commands.config.config_args import load_config_from_file

    monkeypatch.setattr("seal.outer.learner.launcher.find_spec", lambda name: True)
    launcher = read_launcher(Path(file.stem))
    assert (launcher.file, launcher.n_processes) == (file.resolve(), 2)
    assert load_config_from_file(str(file)).num_processes == 2


def test_a_file_says_how_many_and_of_what_kind(tmp_path: Path) -> None:
    launcher = read_launcher(written(tmp_path, main_process_port=29501))
    assert (launcher.n_processes, launcher.kind, launcher.on_cpu, launcher.options) == (4, "MULTI_GPU", False, ())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"distributed_type": "MEGATRON_LM"}, "distributed_type .* is MEGATRON_LM"),
        ({"num_processes": 0}, "num_processes .* is 0"),
        ({"num_machines": 2}, "only 1"),
        ({"compute_environment": "AMAZON_SAGEMAKER"}, "LOCAL_MACHINE"),
        ({"compute_environment": None, "num_processes": "x"}, "LOCAL_MACHINE"),
    ],
)
def test_what_cannot_work_is_refused(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=rf"outer\.learner\.accelerate: .*{message}"):
        read_launcher(written(tmp_path, **changes))


@pytest.mark.parametrize("text", ["[1, 2]", "a: b", "{"])
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "other.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"outer\.learner\.accelerate: .*other\.yaml"):
        read_launcher(tmp_path / "other.yaml")


@pytest.mark.parametrize(
    ("batch", "micro", "expected"),
    [
        (8, None, None),
        (8, 1, None),
        (8, 8, None),
        (10, None, "choose a multiple of 4"),
        (12, 2, "does not divide 3"),
    ],
)
def test_a_batch_must_be_shared_out_equally(
    tmp_path: Path, batch: int, micro: int | None, expected: str | None
) -> None:
    faults = read_launcher(written(tmp_path)).faults(batch, micro)
    assert (expected in faults[0]) if expected else not faults


def test_a_run_is_refused_before_it_begins(refuses: Callable[..., str], tmp_path: Path) -> None:  # noqa: F811
    assert "outer.learner.accelerate: there is no file nowhere" in refuses(*SMALL, "outer.learner.accelerate=nowhere")
    message = refuses(*SMALL, "outer.learner.batch_size=5", f"outer.learner.accelerate={written(tmp_path)}")
    assert "outer.learner.batch_size: 5 self-edits per step cannot be split between the 4 processes" in message
    message = refuses(
        *settings_without(SMALL, "cluster.threads"),
        "outer.learner.batch_size=8",
        f"outer.learner.accelerate={written(tmp_path)}",
        "cluster=slurm",
    )
    assert "cluster.learner.gpus: outer.learner.accelerate starts 4 processes, but this is 1" in message


def test_seal_check_says_how_many_processes_there_will_be(
    seal: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert seal("check", *SMALL, "outer.learner.accelerate=cpu") == 0
    assert "fine-tuned by 2 processes of accelerate" in capsys.readouterr().out
