"""`/events` and `/changes` take what clients say, and refuse what cannot be right."""

from collections.abc import AsyncIterator

import httpx
import pytest
from builders import ct_instance
from fastapi import FastAPI
from server_sent_events import events_of

STUDY = "1.2.3"


@pytest.fixture
async def client(application: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application whose streams end after what they begin with; two instances are stored."""
    application.state.services.streams.end()
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://pacs.test") as opened:
        for number in (4, 5):
            content = ct_instance(SOPInstanceUID=f"1.2.3.{number}")
            stored = await opened.post(
                "/dicom-web/studies", content=content, headers={"content-type": "application/dicom"}
            )
            assert stored.status_code == 200
        yield opened
    await application.state.services.renderer.close()


async def test_changes_are_listed(client: httpx.AsyncClient) -> None:
    answer = await client.get("/changes")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    page = answer.json()
    assert [(one["sequence"], one["kind"], one["sop_instance_uid"]) for one in page["changes"]] == [
        (1, "stored", "1.2.3.4"),
        (2, "stored", "1.2.3.5"),
    ]
    assert (page["last"], page["newest"], page["next"]) == (2, 2, None)
    assert "link" not in answer.headers


async def test_pages_lead_to_the_next(client: httpx.AsyncClient) -> None:
    answer = await client.get("/changes?limit=1&level=study")
    assert answer.json()["next"] == "changes?since=1&level=study&limit=1"
    assert (answer.json()["last"], answer.json()["newest"]) == (1, 2)
    following = await client.get(str(answer.url.join(answer.links["next"]["url"])))
    assert [one["sequence"] for one in following.json()["changes"]] == [2]
    assert following.json()["next"] is None


async def test_changes_are_summed_up(client: httpx.AsyncClient) -> None:
    page = (await client.get("/changes", params={"level": "study"})).json()
    [only] = page["changes"]
    assert (only["sequence"], only["level"], only["study_instance_uid"]) == (2, "study", STUDY)
    assert only["series_instance_uid"] is None


async def test_a_page_without_changes_says_where_it_stands(client: httpx.AsyncClient) -> None:
    page = (await client.get("/changes?since=2")).json()
    assert page == {"changes": [], "last": 2, "newest": 2, "next": None}


async def test_a_stream_begins_at_now(client: httpx.AsyncClient) -> None:
    answer = await client.get("/events")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream")
    assert answer.headers["cache-control"] == "no-store, no-transform"
    assert answer.headers["x-accel-buffering"] == "no"
    assert [(one.name, one.last_event_id) for one in events_of(answer.text.splitlines())] == [("position", "2")]


@pytest.mark.parametrize(
    ("query", "headers", "position"),
    [
        ("?since=1", {}, "1"),
        ("?since=0", {"Last-Event-ID": "1"}, "1"),
        ("", {"Last-Event-ID": "0"}, "0"),
        ("?since=1", {"Last-Event-ID": ""}, "1"),
    ],
)
async def test_a_stream_begins_where_a_client_left_off(
    client: httpx.AsyncClient, query: str, headers: dict[str, str], position: str
) -> None:
    answer = await client.get(f"/events{query}", headers=headers)
    assert next(events_of(answer.text.splitlines())).last_event_id == position


@pytest.mark.parametrize("path", ["/events", "/changes"])
@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("since=-1", "since"),
        ("since=1.5", "since"),
        ("since=٣", "since"),
        ("since=99999999999999999999", "since"),
        ("since=3", "since"),
        ("level=patient", "level"),
        ("level=", "level"),
    ],
)
async def test_what_cannot_be_right_is_refused(
    client: httpx.AsyncClient, path: str, query: str, parameter: str
) -> None:
    answer = await client.get(f"{path}?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert answer.json()["parameter"] == parameter


@pytest.mark.parametrize("text", ["x", "3", "-1"])
async def test_a_last_event_id_that_cannot_be_right_is_refused(client: httpx.AsyncClient, text: str) -> None:
    answer = await client.get("/events", headers={"Last-Event-ID": text})
    assert (answer.status_code, answer.json()["parameter"]) == (400, "Last-Event-ID")


@pytest.mark.parametrize("limit", ["0", "1001", "many", ""])
async def test_a_limit_that_cannot_be_right_is_refused(client: httpx.AsyncClient, limit: str) -> None:
    answer = await client.get("/changes", params={"limit": limit})
    assert (answer.status_code, answer.json()["parameter"]) == (400, "limit")


async def test_a_number_that_was_not_reached_is_explained(client: httpx.AsyncClient) -> None:
    answer = await client.get("/changes?since=3")
    assert "restored from a backup" in answer.json()["detail"]


async def test_too_many_streams_are_refused(client: httpx.AsyncClient, application: FastAPI) -> None:
    services = application.state.services
    services.streams.open = services.settings.max_event_streams
    answer = await client.get("/events")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert answer.headers["content-type"] == "application/problem+json"
