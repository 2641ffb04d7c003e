"""docs/conformance.md is true to the code: its tables, the routes, the settings, the decisions and their tests."""

import re
import runpy
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from app.main import SERVICE_PATH
from app.settings import Settings

ROOT = Path(__file__).parents[1]
DOCUMENT = (ROOT / "docs" / "conformance.md").read_text("utf-8")
DECISIONS = DOCUMENT.partition("## 9. Decisions")[2]

# Every row of the requirements, by subject: (first, last), as they are numbered with gaps.
ROWS = {
    "COM": [(1, 13), (20, 38), (40, 57)],
    "MED": [(1, 14)],
    "CAP": [(1, 6)],
    "RS": [(1, 9), (20, 25), (30, 48)],
    "JSN": [(1, 18)],
    "XML": [(1, 9)],
    "STO": [(1, 25)],
    "QRY": [(1, 4), (10, 26), (30, 35)],
    "MAT": [(1, 14)],
    "RND": [(1, 9)],
    "REN": [(1, 9)],
    "VOL": [(1, 6)],
    "URI": [(1, 8), (10, 14), (20, 33)],
    "ENC": [(1, 13)],
    "FIL": [(1, 10)],
}
NOT_OFFERED = ("UPS", "NPI", "SCM", "MWR", "MPR", "DEI")
LENIENCIES = ("strict_accept", "duplicates")


@pytest.mark.parametrize("subject", ROWS)
def test_every_row_has_a_decision(subject: str) -> None:
    expected = [f"{subject}-{number:03}" for first, last in ROWS[subject] for number in range(first, last + 1)]
    found = re.findall(rf"^\| ({subject}-\d+) \| [^|]+ \| [^|]+ \|", DECISIONS, re.MULTILINE)
    assert found == expected


def test_every_test_that_is_named_exists() -> None:
    named = set(re.findall(r"`([a-z0-9_/]+\.py)`", DECISIONS))
    assert sorted(name for name in named if not (ROOT / "tests" / name).is_file()) == []


def test_decisions_without_a_test_are_about_what_is_not_there() -> None:
    untested = re.findall(r"^\| (\S+) \| [^|]+ \| ([^|]+) \|\s*\|$", DECISIONS, re.MULTILINE)
    assert [row for row, decision in untested if not decision.startswith(("Not ", "None "))] == []


@pytest.mark.parametrize("subject", NOT_OFFERED)
def test_what_is_not_offered_is_said(subject: str) -> None:
    section = DOCUMENT.partition("### 1.1 Not offered in this version")[2].partition("\n## ")[0]
    assert f"{subject}-001" in section


def test_the_tables_are_those_of_the_code() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "write_conformance.py"))
    assert script["with_tables"](DOCUMENT) == DOCUMENT


def test_every_route_is_named(application: FastAPI) -> None:
    paths = {
        str(context.path).removeprefix(SERVICE_PATH).replace(":path", "")
        for context in iter_route_contexts(application.routes)
        if getattr(context, "include_in_schema", False)
    }
    assert sorted(path for path in {*paths, "/openapi.json", "/docs"} if f"`{path}`" not in DOCUMENT) == []


@pytest.mark.parametrize("name", LENIENCIES)
def test_every_setting_that_is_a_leniency_is_named_as_one(name: str) -> None:
    section = DOCUMENT.partition("### 6.1 Leniencies")[2].partition("\n## ")[0]
    assert name in Settings.model_fields
    assert f"| `{name}` |" in section


def test_every_setting_in_backticks_exists() -> None:
    words = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", DOCUMENT)) - {"to_json_dict"}
    assert words <= Settings.model_fields.keys()


def test_every_difference_from_pydicom_is_named() -> None:
    oracle = runpy.run_path(str(ROOT / "tests" / "oracles" / "test_json_against_pydicom.py"))
    assert [name for name in oracle["DECISIONS"] if f"| {name} |" not in DOCUMENT] == []


def test_every_decision_that_shows_in_a_request_is_one_of_the_rows() -> None:
    exchanges = runpy.run_path(str(ROOT / "tests" / "acceptance" / "test_decisions.py"))["EXCHANGES"]
    rows = {row for exchange in exchanges for row in exchange.rows.split()}
    assert sorted(row for row in rows if not re.search(rf"^\| {row} \|.*test_decisions", DECISIONS, re.MULTILINE)) == []
