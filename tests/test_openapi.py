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


def test_every_operation_has_an_id_of_its_own(contract: str) -> None:
    ids = [operation["operationId"] for _, operation in operations(contract)]
    assert len(ids) == len(set(ids))


def test_every_path_parameter_is_declared(contract: str) -> None:
    paths = json.loads(contract)["paths"]
    for name, operation in operations(contract):
        path = name.partition(" ")[2]
        inherited = paths[path].get("parameters", [])
        declared = {p["name"] for p in [*operation.get("parameters", []), *inherited] if p["in"] == "path"}
        assert {part.strip("{}").partition(":")[0] for part in path.split("/") if part.startswith("{")} == declared
