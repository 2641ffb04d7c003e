"""The tree keeps its shape: tests mirror the sources, names say something, nothing is left undone."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = ("app", "dicomcore")
FORBIDDEN_NAMES = {"base", "common", "handler", "helper", "helpers", "info", "manager", "misc", "util", "utils"}
USED_BY_NAME = {"httptools", "uvloop"}  # uvicorn imports them because its settings name them
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError")


def modules() -> list[Path]:
    """The hand-written modules, relative to the root."""
    found = (path.relative_to(ROOT) for package in SOURCES for path in (ROOT / package).rglob("*.py"))
    return sorted(path for path in found if path.name != "__init__.py" and not path.stem.endswith("_data"))


def test_of(module: Path) -> Path:
    return Path("tests") / module.parent / f"test_{module.name}"


test_of.__test__ = False  # type: ignore[attr-defined]  # its name is what it returns


def test_every_module_has_its_test_module() -> None:
    missing = [str(test_of(module)) for module in modules() if not (ROOT / test_of(module)).is_file()]
    assert missing == []


def test_every_test_module_has_its_module() -> None:
    expected = {test_of(module) for module in modules()}
    mirrored = (path.relative_to(ROOT) for package in SOURCES for path in (ROOT / "tests" / package).rglob("*.py"))
    assert sorted(str(path) for path in mirrored if path not in expected) == []


def test_no_module_is_called_by_a_name_that_says_nothing() -> None:
    assert [str(module) for module in modules() if module.stem in FORBIDDEN_NAMES] == []


def test_no_module_is_called_like_one_of_the_standard_library() -> None:
    assert [str(module) for module in modules() if module.stem in sys.stdlib_module_names] == []


@pytest.mark.parametrize("folder", ["alembic", "tests"])
def test_folders_that_are_no_packages_stay_so(folder: str) -> None:
    assert list((ROOT / folder).rglob("__init__.py")) == []


def test_every_package_is_a_package() -> None:
    folders = {module.parent for module in modules()}
    assert sorted(str(folder) for folder in folders if not (ROOT / folder / "__init__.py").is_file()) == []


def test_nothing_is_left_undone() -> None:
    unfinished = [str(module) for module in modules() if UNFINISHED.search((ROOT / module).read_text("utf-8"))]
    assert unfinished == []


def test_the_oracles_stay_in_tests_and_benchmarks() -> None:
    oracle = re.compile(r"^\s*(?:from|import) (?:pydicom|pynetdicom)\b", re.MULTILINE)
    assert [str(module) for module in modules() if oracle.search((ROOT / module).read_text("utf-8"))] == []


def imported_libraries() -> set[str]:
    """The top-level names of everything that is imported and is neither ours nor the standard library's."""
    names: set[str] = set()
    for module in (*modules(), *(path.relative_to(ROOT) for path in (ROOT / "alembic").rglob("*.py"))):
        for node in ast.walk(ast.parse((ROOT / module).read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.partition(".")[0])
    return names - set(SOURCES) - sys.stdlib_module_names


def test_every_dependency_is_declared_and_every_declared_one_is_used() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    requirements = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    declared = {re.split(r"[\[<>=;\s]", requirement)[0].lower() for requirement in requirements}
    distributions = packages_distributions()
    imported = {distributions[name][0].lower().replace("_", "-") for name in imported_libraries()}
    assert declared - USED_BY_NAME == imported
