"""openapi/openapi.json is the contract; the application must not drift from it. ``make openapi`` writes it anew."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
METHODS = {"get", "head", "post", "put", "delete", "options"}


@pytest.fixture(scope="module")
def contract() -> str:
    script = runpy.run_path(str(ROOT / "scripts" / "write_openapi.py"))
    return str(script["contract"]())


def operations(contract: str) -> list[tuple[str, dict[str, Any]]]:
    paths = json.loads(contract)["paths"]
    return [
        (f"{method} {path}", operation)
        for path, item in paths.items()
        for method, operation in item.items()
        if method in METHODS
    ]


def test_the_committed_contract_is_that_of_the_application(contract: str) -> None:
    assert json.loads(contract) == json.loads((ROOT / "openapi" / "openapi.json").read_text("utf-8"))


def test_every_operation_says_what_it_does(contract: str) -> None:
    assert [name for name, operation in operations(contract) if not operation.get("summary")] == []


def test_every_operation_says_what_it_answers(contract: str) -> None:
    assert [name for name, operation in operations(contract) if not operation["responses"]] == []
