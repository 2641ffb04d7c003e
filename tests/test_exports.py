"""The front door of every package: ``__all__`` names what its ``__init__`` imports, all of it and in order."""

import ast
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = [
    ".".join(path.parent.relative_to(ROOT).parts)
    for package in ("app", "dicomcore")
    for path in sorted((ROOT / package).rglob("__init__.py"))
]


def imported_names(package: str) -> set[str]:
    tree = ast.parse((ROOT / package.replace(".", "/") / "__init__.py").read_text("utf-8"))
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module != "__future__"]
    return {alias.asname or alias.name for node in imports for alias in node.names}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_starts_with_its_map(package: str) -> None:
    assert importlib.import_module(package).__doc__


@pytest.mark.parametrize("package", PACKAGES)
def test_all_is_what_is_imported(package: str) -> None:
    exported = getattr(importlib.import_module(package), "__all__", [])
    assert set(exported) == imported_names(package)


@pytest.mark.parametrize("package", PACKAGES)
def test_all_is_in_order(package: str) -> None:
    exported = list(getattr(importlib.import_module(package), "__all__", []))
    groups = (str.isupper, lambda name: name[0].isupper() and not name.isupper(), lambda name: name[0].islower())
    assert exported == [name for group in groups for name in sorted(filter(group, exported))]
