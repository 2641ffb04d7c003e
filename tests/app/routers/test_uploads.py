import hashlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from builders import ct_instance
from fastapi import FastAPI

from app.routers.uploads import MAX_BODY, MAX_INSTANCES

DIGEST = "0" * 64


@pytest.fixture
async def client(application: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://pacs.test") as opened:
        yield opened
    await application.state.services.renderer.close()


async def store(client: httpx.AsyncClient, content: bytes) -> str:
    """Store an instance; gives the digest of its file."""
    stored = await client.post("/dicom-web/studies", content=content, headers={"content-type": "application/dicom"})
    assert stored.status_code == 200
    return hashlib.sha256(content).hexdigest()


async def known(client: httpx.AsyncClient, *instances: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await client.post("/uploads/known", json={"instances": instances})
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return list(answer.json()["instances"])


async def test_what_is_stored_as_this_very_file_is_the_same(client: httpx.AsyncClient) -> None:
    digest = await store(client, ct_instance(SOPInstanceUID="1.2.3.4"))
    assert await known(client, {"sop_instance_uid": "1.2.3.4", "sha256": digest.upper()}) == [
        {
            "sop_instance_uid": "1.2.3.4",
            "series_instance_uid": "1.2.3.1",
            "study_instance_uid": "1.2.3",
            "is_same": True,
        }
    ]


async def test_what_is_stored_with_other_content_is_not_the_same(client: httpx.AsyncClient) -> None:
    await store(client, ct_instance(SOPInstanceUID="1.2.3.4"))
    (found,) = await known(client, {"sop_instance_uid": "1.2.3.4", "sha256": DIGEST})
    assert found["is_same"] is False


@pytest.mark.parametrize("members", [{}, {"sha256": None}])
async def test_without_a_digest_nothing_is_the_same(client: httpx.AsyncClient, members: dict[str, Any]) -> None:
    await store(client, ct_instance(SOPInstanceUID="1.2.3.4"))
    (found,) = await known(client, {"sop_instance_uid": "1.2.3.4", **members})
    assert found["is_same"] is False


async def test_what_is_not_stored_is_left_out(client: httpx.AsyncClient) -> None:
    await store(client, ct_instance(SOPInstanceUID="1.2.3.4"))
    asked = ["9.1", "1.2.3.4", "9.2"]
    found = await known(client, *({"sop_instance_uid": uid, "sha256": DIGEST} for uid in asked))
    assert [one["sop_instance_uid"] for one in found] == ["1.2.3.4"]
    assert await known(client) == []


async def test_what_was_deleted_is_not_known(client: httpx.AsyncClient) -> None:
    digest = await store(client, ct_instance(SOPInstanceUID="1.2.3.4"))
    assert (await client.delete("/dicom-web/studies/1.2.3")).status_code == 204
    assert await known(client, {"sop_instance_uid": "1.2.3.4", "sha256": digest}) == []


async def test_as_many_as_are_allowed_are_answered(client: httpx.AsyncClient) -> None:
    digest = await store(client, ct_instance(SOPInstanceUID="1.7"))
    asked = [{"sop_instance_uid": f"1.{number}", "sha256": digest} for number in range(MAX_INSTANCES)]
    assert [one["is_same"] for one in await known(client, *asked)] == [True]


@pytest.mark.parametrize(
    ("instances", "parameter"),
    [
        ([{"sop_instance_uid": "1.2"}, {"sop_instance_uid": "1.2.a"}], "instances[1].sop_instance_uid"),
        ([{"sop_instance_uid": "1." + "2" * 63}], "instances[0].sop_instance_uid"),
        ([{"sop_instance_uid": 12}], "instances[0].sop_instance_uid"),
        ([{"sha256": DIGEST}], "instances[0].sop_instance_uid"),
        ([{"sop_instance_uid": "1.2", "sha256": "0" * 63}], "instances[0].sha256"),
        ([{"sop_instance_uid": "1.2", "sha256": "g" * 64}], "instances[0].sha256"),
        ([{"sop_instance_uid": "1.2", "sha256": 7}], "instances[0].sha256"),
        ([{"sop_instance_uid": "1.2", "md5": "0"}], "instances[0].md5"),
        (["1.2"], "instances[0]"),
        ({"sop_instance_uid": "1.2"}, "instances"),
        (None, "instances"),
    ],
)
async def test_the_parameter_at_fault_is_named(client: httpx.AsyncClient, instances: object, parameter: str) -> None:
    answer = await client.post("/uploads/known", json={"instances": instances})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert answer.json()["parameter"] == parameter


@pytest.mark.parametrize(("body", "parameter"), [(b"{", "body"), (b"[]", "instances"), (b"1", "instances")])
async def test_a_body_that_is_no_such_object_is_refused(client: httpx.AsyncClient, body: bytes, parameter: str) -> None:
    answer = await client.post("/uploads/known", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["parameter"]) == (400, parameter)


async def test_too_many_and_too_large_are_refused(client: httpx.AsyncClient) -> None:
    many = [{"sop_instance_uid": "1.2"}] * (MAX_INSTANCES + 1)
    assert (await client.post("/uploads/known", json={"instances": many})).status_code == 413
    large = b" " * (MAX_BODY + 1)
    headers = {"content-type": "application/json"}
    assert (await client.post("/uploads/known", content=large, headers=headers)).status_code == 413


async def test_what_a_form_can_send_is_refused(client: httpx.AsyncClient) -> None:
    body = b'{"instances": []}'
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = await client.post("/uploads/known", content=body, headers={"content-type": media_type})
        assert answer.status_code == 415


async def test_it_is_asked_by_post_only(client: httpx.AsyncClient) -> None:
    answer = await client.get("/uploads/known")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
