"""The shape of the package: imports, those for types included, lead nowhere back, and the root is a map."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

from tests.conftest import ROOT

MOST_ROOT_MODULES = 12


def modules() -> dict[str, Path]:
    """Every module, by the name that it is imported under."""
    files = [*(ROOT / "seal").rglob("*.py"), *(ROOT / "launch").rglob("*.py")]
    return {_name(file): file for file in files}


def _name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    own = ("seal", *parts) if parts[0] == "launch" else parts
    return ".".join(own[:-1] if own[-1] == "__init__" else own)


def imported(name: str, file: Path, known: dict[str, Path]) -> set[str]:
    """The modules of ours that one imports, wherever in it."""
    package = name.split(".") if file.name == "__init__.py" else name.split(".")[:-1]
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            found |= {f"{source}.{alias.name}" if f"{source}.{alias.name}" in known else source for alias in node.names}
    return (found & known.keys()) - {name}


def test_no_module_imports_itself_by_a_detour_not_even_for_types() -> None:
    known = modules()
    TopologicalSorter({name: imported(name, file, known) for name, file in known.items()}).prepare()


def test_the_root_has_few_modules() -> None:
    assert len([file for file in (ROOT / "seal").glob("*.py") if file.name != "__init__.py"]) <= MOST_ROOT_MODULES
