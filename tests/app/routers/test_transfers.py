import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from builders import ct_instance
from fastapi import FastAPI

STUDY = {"study_instance_uid": "1.2.3", "series_instance_uid": None, "sop_instance_uid": None}
SEND = {"kind": "send", "node": "PACS", "resources": [STUDY]}
RETRIEVE = SEND | {"kind": "retrieve"}


@pytest.fixture
async def client(application: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application that has a study, and a node where nobody listens; nothing is carried out."""
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://pacs.test") as opened:
        await opened.post("/nodes", json={"ae_title": "PACS", "host": "127.0.0.1", "port": 1})
        headers = {"content-type": "application/dicom"}
        assert (await opened.post("/dicom-web/studies", content=ct_instance(), headers=headers)).status_code == 200
        yield opened
    await application.state.services.renderer.close()


async def test_a_transfer_is_added_shown_and_listed(client: httpx.AsyncClient) -> None:
    added = await client.post("/transfers", json=SEND)
    assert added.status_code == 202
    assert added.headers["location"] == f"/transfers/{added.json()['id']}"
    assert (added.json() | SEND, added.json()["state"]) == (added.json(), "waiting")
    shown = await client.get(added.headers["location"])
    assert (shown.status_code, shown.json(), shown.headers["cache-control"]) == (200, added.json(), "no-store")
    other = await client.post("/transfers", json=RETRIEVE)
    assert (await client.get("/transfers")).json() == [other.json(), added.json()]
    assert (await client.get("/transfers?limit=1")).json() == [other.json()]


async def test_behind_a_proxy_a_transfer_is_where_the_client_finds_it(client: httpx.AsyncClient) -> None:
    added = await client.post("/transfers", json=SEND, headers={"X-Forwarded-Prefix": "/pacs"})
    assert added.headers["location"] == f"/pacs/transfers/{added.json()['id']}"


async def test_a_transfer_is_cancelled_and_waits_again(client: httpx.AsyncClient) -> None:
    location = (await client.post("/transfers", json=SEND)).headers["location"]
    for verb, state in (("retry", "waiting"), ("cancel", "cancelled"), ("cancel", "cancelled"), ("retry", "waiting")):
        answer = await client.post(f"{location}/{verb}")
        assert (answer.status_code, answer.json()["state"]) == (200, state)
    assert (await client.get(location)).json()["state"] == "waiting"


async def test_a_transfer_is_forgotten(client: httpx.AsyncClient) -> None:
    location = (await client.post("/transfers", json=SEND)).headers["location"]
    assert (await client.delete(location)).status_code == 204
    assert (await client.delete(location)).status_code == 404
    assert (await client.get("/transfers")).json() == []


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/x"), ("DELETE", "/x"), ("POST", "/x/cancel"), ("POST", "/x/retry")]
)
async def test_a_transfer_that_is_not_there_is_not_found(client: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await client.request(method, f"/transfers{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json()["detail"] == "transfer 'x' is not here"


async def test_one_that_has_ended_is_not_cancelled(application: FastAPI, client: httpx.AsyncClient) -> None:
    transfers = application.state.services.transfers
    location = (await client.post("/transfers", json=SEND)).headers["location"]
    await client.delete("/nodes/PACS")
    await transfers.start()
    async with asyncio.timeout(30):
        while (await client.get(location)).json()["state"] != "failed":
            await asyncio.sleep(0.1)
    await transfers.stop()
    refused = await client.post(f"{location}/cancel")
    assert (refused.status_code, refused.json()["detail"]) == (409, "the transfer has failed already")


@pytest.mark.parametrize(
    ("body", "status", "title"),
    [
        (SEND | {"node": "NOBODY"}, 404, "Unknown node"),
        (SEND | {"resources": []}, 400, "Invalid parameter"),
        (SEND | {"resources": [{}]}, 400, "Invalid parameter"),
        (SEND | {"kind": "copy"}, 400, "Invalid parameter"),
        (SEND | {"resources": [{"study_instance_uid": "a"}]}, 400, "Invalid uid"),
        (SEND | {"resources": [{"study_instance_uid": "9.9"}]}, 404, "Resource not found"),
        (RETRIEVE | {"resources": [{"study_instance_uid": f"1.{one}"} for one in range(1_001)]}, 413, "Limit exceeded"),
    ],
)
async def test_what_cannot_be_is_refused(
    client: httpx.AsyncClient, body: dict[str, object], status: int, title: str
) -> None:
    answer = await client.post("/transfers", json=body)
    assert (answer.status_code, answer.json()["title"]) == (status, title)
    assert (await client.get("/transfers")).json() == []


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_what_a_form_can_send_is_refused(client: httpx.AsyncClient, media_type: str) -> None:
    answer = await client.post("/transfers", content=b"{}", headers={"content-type": media_type})
    assert (answer.status_code, answer.json()["available"]) == (415, ["application/json"])


async def test_a_body_without_end_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/transfers", content=b" " * 300_000, headers={"content-type": "application/json"})
    assert answer.status_code == 413


@pytest.mark.parametrize("limit", ["0", "-1", "x", "1001", "", "²", "99999999999999"])
async def test_a_limit_is_a_number(client: httpx.AsyncClient, limit: str) -> None:
    answer = await client.get("/transfers", params={"limit": limit})
    assert (answer.status_code, answer.json()["parameter"]) == (400, "limit")
