from typing import Any

import pytest
from fastapi import FastAPI

from app import contract as module
from app.contract import Transaction, complete, install_contract, transaction_of

INSTANCE = "/dicom-web/studies/{study}/series/{series}/instances/{instance}"


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("post", "/dicom-web/studies", "STORE"),
        ("post", "/dicom-web/studies/{study}", "STORE"),
        ("delete", INSTANCE, "DELETE"),
        ("get", "/dicom-web/studies", "SEARCH"),
        ("get", "/dicom-web/patients", "SEARCH"),
        ("head", "/dicom-web/studies/{study}/series/{series}/instances", "SEARCH"),
        ("get", "/dicom-web/studies/{study}", "RETRIEVE"),
        ("get", "/dicom-web/studies/{study}/series/{series}", "RETRIEVE"),
        ("get", INSTANCE, "RETRIEVE_INSTANCE"),
        ("get", f"{INSTANCE}/metadata", "METADATA"),
        ("get", f"{INSTANCE}/frames/{{frames}}", "BULKDATA"),
        ("get", f"{INSTANCE}/bulkdata/{{path}}", "BULKDATA"),
        ("get", "/dicom-web/studies/{study}/pixeldata", "BULKDATA"),
    ],
)
def test_every_operation_belongs_to_a_transaction(method: str, path: str, name: str) -> None:
    expected: Transaction = getattr(module, name)
    assert transaction_of(method, path) is expected


def test_what_is_no_part_of_the_service_is_left_as_it_is() -> None:
    assert transaction_of("get", "/health/ready") is None


def completed(method: str, path: str) -> dict[str, Any]:
    operation: dict[str, Any] = complete({"paths": {path: {method: {"responses": {"200": {}}}}}})["paths"][path][method]
    return operation


def test_a_search_has_the_parameters_headers_and_media_types_of_the_standard() -> None:
    operation = completed("get", "/dicom-web/studies")
    assert {"match", "includefield", "fuzzymatching", "limit", "offset"} <= {p["name"] for p in operation["parameters"]}
    assert list(operation["responses"]["200"]["content"]) == [
        "application/dicom+json",
        'multipart/related; type="application/dicom+xml"',
    ]
    assert sorted(operation["responses"]["200"]["headers"]) == ["Warning", "X-Total-Count"]


def test_every_error_is_a_problem() -> None:
    responses = completed("get", "/dicom-web/studies/{study}/metadata")["responses"]
    assert list(responses) == ["200", "304", "400", "404", "406", "410", "503"]
    assert all(list(responses[status]["content"]) == ["application/problem+json"] for status in ("400", "404", "503"))


def test_a_store_takes_every_form_of_instances() -> None:
    content = completed("post", "/dicom-web/studies")["requestBody"]["content"]
    assert list(content) == [
        "application/dicom",
        'multipart/related; type="application/dicom"',
        'multipart/related; type="application/dicom+json"',
        'multipart/related; type="application/dicom+xml"',
    ]


def test_head_has_the_answers_of_get_without_bodies() -> None:
    responses = completed("head", "/dicom-web/studies")["responses"]
    assert [status for status, response in responses.items() if "content" in response] == []


def test_an_operation_is_named_by_its_method_and_path() -> None:
    assert completed("get", f"{INSTANCE}/frames/{{frames}}")["operationId"] == (
        "get_studies_study_series_series_instances_instance_frames_frames"
    )


def test_an_application_gives_the_completed_contract() -> None:
    app = FastAPI(title="Test")

    @app.api_route("/dicom-web/studies", methods=["GET", "HEAD"])
    async def search() -> None:
        pass

    install_contract(app)
    item = app.openapi()["paths"]["/dicom-web/studies"]
    assert [item[method]["operationId"] for method in item] == ["get_studies", "head_studies"]
    assert app.openapi() is app.openapi()
