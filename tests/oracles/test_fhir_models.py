"""Every resource that we make of every real study is one by the models of fhir.resources, in R4 and in R5."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from builders import ct_instance
from corpus import content_of, corpus_files
from fhir.resources import get_fhir_model_class as r5_model
from fhir.resources.R4B import get_fhir_model_class as r4_model

MODELS = {"R4": r4_model, "R5": r5_model}
ROOT = "http://pacs.test"
DICOM = {"content-type": "application/dicom"}


def check(version: str, resource: dict[str, Any]) -> None:
    """Let the model read it, and give back what it was given."""
    model = MODELS[version](resource["resourceType"]).model_validate(resource)
    assert model.id == resource.get("id")


async def check_studies(client: httpx.AsyncClient, version: str) -> list[str]:
    url: str | None = f"/fhir/{version}/ImagingStudy?_count=25&_include=ImagingStudy:endpoint&colour=blue"
    found: list[str] = []
    while url is not None:
        bundle = (await client.get(url)).json()
        check(version, bundle)
        found += [one["resource"]["id"] for one in bundle["entry"] if one["search"]["mode"] == "match"]
        url = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), None)
    for uid in found:
        check(version, (await client.get(f"/fhir/{version}/ImagingStudy/{uid}")).json())
    return found


async def test_every_stored_study_is_an_imaging_study(client: httpx.AsyncClient) -> None:
    for path in corpus_files():
        await client.post("/studies", content=content_of(path), headers=DICOM)
    stored = {one["0020000D"]["Value"][0] for one in (await client.get("/studies")).json()}
    client.base_url = ROOT
    for version in MODELS:
        found = await check_studies(client, version)
        assert ({*found}, len(found)) == (stored, len(stored))


@pytest.mark.parametrize("version", MODELS)
async def test_whatever_else_is_answered_is_a_resource(client: httpx.AsyncClient, version: str) -> None:
    await client.post("/studies", content=ct_instance(), headers=DICOM)
    client.base_url = ROOT
    for path in ("metadata", "Endpoint", "Endpoint/ihe-iid", "ImagingStudy", "ImagingStudy/9.9", "Patient/1"):
        check(version, (await client.get(f"/fhir/{version}/{path}")).json())
    for asked in (
        "_summary=true", "_summary=text", "_summary=count", "_count=0", "_elements=started,description",
        "_lastUpdated=ge2020-01-01T00:00:00Z&_sort=started&_include=ImagingStudy:subject",
    ):  # fmt: skip
        check(version, (await client.get(f"/fhir/{version}/ImagingStudy?{asked}")).json())
