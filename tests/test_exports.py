"""The front door of every package: ``__all__`` names what its ``__init__`` imports, all of it and in order.

A package whose ``__init__`` has functions of its own imports for itself too, and exports what it says.
"""

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


def tree_of(package: str) -> ast.Module:
    return ast.parse((ROOT / package.replace(".", "/") / "__init__.py").read_text("utf-8"))


def imported_names(package: str) -> set[str]:
    imports = [node for node in tree_of(package).body if isinstance(node, ast.ImportFrom)]
    return {alias.asname or alias.name for node in imports if node.module != "__future__" for alias in node.names}


def defined_names(package: str) -> set[str]:
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in tree_of(package).body if isinstance(node, definitions)}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_starts_with_its_map(package: str) -> None:
    assert importlib.import_module(package).__doc__


@pytest.mark.parametrize("package", [package for package in PACKAGES if not defined_names(package)])
def test_what_a_front_door_imports_is_what_it_exports(package: str) -> None:
    exported = getattr(importlib.import_module(package), "__all__", [])
    assert set(exported) == imported_names(package)


@pytest.mark.parametrize("package", PACKAGES)
def test_what_is_exported_is_there(package: str) -> None:
    module = importlib.import_module(package)
    assert [name for name in getattr(module, "__all__", []) if not hasattr(module, name)] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_all_is_in_order(package: str) -> None:
    exported = list(getattr(importlib.import_module(package), "__all__", []))
    groups = (str.isupper, lambda name: name[0].isupper() and not name.isupper(), lambda name: name[0].islower())
    assert exported == [name for group in groups for name in sorted(filter(group, exported))]
