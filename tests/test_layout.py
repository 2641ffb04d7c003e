"""The tree keeps its shape: tests mirror the sources, names say something, nothing is left undone."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = ("app", "dicomcore")
FORBIDDEN_NAMES = {"base", "common", "handler", "helper", "helpers", "info", "manager", "misc", "util", "utils"}
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


def test_the_import_rules_hold() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()", "--no-cache"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
