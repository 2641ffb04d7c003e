"""The document is that of the routes, refers to what it has, and describes the answers that requests get."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from builders import ct_instance
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from app.api_description import api_description
from app.main import SERVICE_PATH

DOCUMENT = api_description("1.0", SERVICE_PATH)
INSTANCE = "/studies/1.2.3/series/1.2.3.1/instances/1.2.3.4"
METHODS = ("get", "head", "post", "put", "delete", "options")


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
        yield from ((path, method, operation) for method, operation in item.items() if method in METHODS)


def references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_every_route_is_described_and_everything_described_is_a_route(application: FastAPI) -> None:
    routes = {
        (str(context.path).replace(":path", ""), method.lower())
        for context in iter_route_contexts(application.routes)
        if getattr(context, "include_in_schema", False)
        for method in context.methods or ()
    }
    assert {(path, method) for path, method, _ in operations()} == routes


def test_the_application_describes_itself_with_the_document(application: FastAPI) -> None:
    assert application.openapi() == api_description(application.version, SERVICE_PATH)


def test_every_reference_leads_to_a_component() -> None:
    for reference in references(DOCUMENT):
        _, kind, name = reference.removeprefix("#/").split("/")
        assert name in DOCUMENT["components"][kind], reference


def test_every_component_is_referred_to_but_errors_that_no_operation_has() -> None:
    used = set(references(DOCUMENT))
    components = DOCUMENT["components"]
    unused = {f"#/components/{kind}/{name}" for kind in components for name in components[kind]} - used
    # These are told in the introduction.
    assert unused == {"#/components/responses/Problem403", "#/components/responses/Problem405"}


def test_every_operation_has_an_id_of_its_own() -> None:
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert len(ids) == len(set(ids))


def test_every_path_parameter_is_declared() -> None:
    for path, item in DOCUMENT["paths"].items():
        declared = [reference.rpartition("/")[2] for reference in references(item.get("parameters", []))]
        assert declared == re.findall(r"\{(\w+)\}", path)


def test_the_answers_to_head_have_no_content() -> None:
    for _, method, operation in operations():
        if method == "head":
            assert not any("content" in response for response in operation["responses"].values())


def test_errors_of_validation_have_no_form_of_their_own() -> None:
    assert "ValidationError" not in json.dumps(DOCUMENT)


def resolved(value: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in value:
        return value
    _, kind, name = value["$ref"].removeprefix("#/").split("/")
    component: dict[str, Any] = DOCUMENT["components"][kind][name]
    return component


@pytest.mark.parametrize(
    ("method", "template", "url", "accept", "status"),
    [
        ("get", "/studies", "/studies", "*/*", 200),
        ("get", "/studies", "/studies?PatientID=nobody", "*/*", 204),
        ("get", "/studies", "/studies?limit=x", "*/*", 400),
        ("get", "/patients", "/patients", 'multipart/related; type="application/dicom+xml"', 200),
        ("get", "/studies/{study}", "/studies/1.2.3", "*/*", 200),
        ("get", "/studies/{study}", "/studies/1.2.3", "application/zip", 200),
        ("get", "/studies/{study}", "/studies/1.2.3", "image/png", 406),
        ("get", "/studies/{study}", "/studies/9.9", "*/*", 404),
        ("head", "/studies/{study}/metadata", "/studies/1.2.3/metadata", "*/*", 200),
        ("get", "/studies/{study}/pixeldata", "/studies/1.2.3/pixeldata", "*/*", 200),
        ("get", "/studies/{study}/rendered", "/studies/1.2.3/rendered", "*/*", 200),
        ("get", "/studies/{study}/rendered", "/studies/1.2.3/rendered", "image/jpeg", 406),
        ("head", "/studies/{study}/thumbnail", "/studies/1.2.3/thumbnail", "*/*", 200),
        ("get", "/studies/{study}/renderedmpr", "/studies/1.2.3/renderedmpr", "*/*", 400),
        ("options", "/", "/", "*/*", 200),
        ("post", "/studies", "/studies", "*/*", 415),
        ("delete", "/studies/{study}", "/studies/1.2.3", "*/*", 204),
    ],
)
async def test_an_answer_is_described(
    client: httpx.AsyncClient, method: str, template: str, url: str, accept: str, status: int
) -> None:
    await client.post("/studies", content=ct_instance(), headers={"content-type": "application/dicom"})
    answer = await client.request(method.upper(), url, headers={"accept": accept})
    described = resolved(DOCUMENT["paths"][SERVICE_PATH + template][method]["responses"][str(answer.status_code)])
    assert answer.status_code == status
    if "content" in described:
        assert re.sub("; (boundary|transfer-syntax)=.*", "", answer.headers["content-type"]) in described["content"]
    own = {name.lower() for name in described["headers"]} | {"content-type", "content-length"}
    hardening = {"cache-control", "content-security-policy", "x-content-type-options"}
    assert {name.lower() for name in answer.headers} <= own | hardening


async def test_every_header_of_a_retrieve_is_described(client: httpx.AsyncClient) -> None:
    await client.post("/studies", content=ct_instance(), headers={"content-type": "application/dicom"})
    path = SERVICE_PATH + "/studies/{study}/series/{series}/instances/{instance}"
    for headers in ({}, {"range": "bytes=0-9"}):
        answer = await client.get(INSTANCE, headers={"accept": "application/dicom", **headers})
        described = DOCUMENT["paths"][path]["get"]["responses"][str(answer.status_code)]["headers"]
        everywhere = {"content-type", "content-length", "x-content-type-options"}
        assert set(answer.headers) - everywhere <= {name.lower() for name in described}
