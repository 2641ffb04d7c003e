from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import ClassVar

import httpx
import pytest
from fastapi import FastAPI

from app.errors import install
from app.log import configure_logging
from app.routers.nodes import router
from app.settings import Settings
from app.urls import UrlPolicy
from dicomcore.errors import AssociationRejected, AssociationTimeout, PeerUnreachable
from dicomcore.index import Index, StoredNodes
from dicomcore.nodes import Echo, Node
from dicomcore.threads import Threads

PACS = {"ae_title": "PACS", "host": "pacs.example", "port": 104}


class Answering:
    """An application entity whose nodes answer by their port."""

    errors: ClassVar = {
        1: PeerUnreachable("pacs.example:1", "connection refused"),
        2: AssociationRejected(1, 1, 7, "the called AE title is not known there"),
        3: AssociationTimeout("A-ASSOCIATE-AC", 30),
    }

    async def echo(self, node: Node) -> Echo:
        if node.port in self.errors:
            raise self.errors[node.port]
        return Echo(0, 1.23456)


@dataclass
class ServicesOfNodes:
    nodes: StoredNodes
    ae: Answering
    urls: UrlPolicy


@pytest.fixture
def nodes(settings: Settings) -> Iterator[StoredNodes]:
    threads, index = Threads(2), Index(settings.database_url)
    yield StoredNodes(index.nodes, threads)
    threads.close()
    index.close()


@pytest.fixture
async def client(nodes: StoredNodes) -> AsyncIterator[httpx.AsyncClient]:
    configure_logging("json", "error")
    app = FastAPI()
    app.include_router(router)
    app.state.services = ServicesOfNodes(nodes, Answering(), UrlPolicy.of("/dicom-web", trusted_proxies=["127.0.0.1"]))
    install(app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://pacs.test") as opened:
        yield opened


async def test_a_node_is_added_and_listed(client: httpx.AsyncClient) -> None:
    assert (await client.get("/nodes")).json() == []
    added = await client.post("/nodes", json=PACS)
    assert (added.status_code, added.headers["location"]) == (201, "/nodes/PACS")
    assert (await client.get("/nodes")).json() == [added.json()]
    assert PACS.items() <= added.json().items()


async def test_a_new_node_is_below_the_prefix_of_the_proxy(client: httpx.AsyncClient) -> None:
    added = await client.post("/nodes", json=PACS, headers={"X-Forwarded-Prefix": "/pacs"})
    assert added.headers["location"] == "/pacs/nodes/PACS"


async def test_a_node_is_not_added_twice(client: httpx.AsyncClient) -> None:
    await client.post("/nodes", json=PACS)
    again = await client.post("/nodes", json=PACS | {"port": 105})
    assert (again.status_code, again.headers["content-type"]) == (409, "application/problem+json")
    assert (await client.get("/nodes/PACS")).json()["port"] == 104


async def test_a_node_is_shown_changed_and_deleted(client: httpx.AsyncClient) -> None:
    assert (await client.put("/nodes/PACS", json=PACS)).status_code == 201
    changed = await client.put("/nodes/PACS", json={"host": "other.example", "port": 105, "tls": True})
    assert (changed.status_code, changed.json()["host"], changed.json()["tls"]) == (200, "other.example", True)
    assert (await client.get("/nodes/PACS")).json() == changed.json()
    assert (await client.delete("/nodes/PACS")).status_code == 204
    assert (await client.get("/nodes")).json() == []


async def test_secrets_are_written_and_never_read_back(client: httpx.AsyncClient, nodes: StoredNodes) -> None:
    secret = PACS | {"username": "me", "password": "s3cret", "token": "t0ken"}
    answers = [
        await client.post("/nodes", json=secret),
        await client.get("/nodes/PACS"),
        await client.get("/nodes"),
        await client.put("/nodes/PACS", json=PACS | {"port": 105}),
    ]
    assert [answer.text for answer in answers if "s3cret" in answer.text or "t0ken" in answer.text] == []
    assert answers[1].json()["has_password"] is True
    kept = await nodes.get("PACS")
    assert kept is not None
    assert (kept.port, kept.password, kept.token) == (105, "s3cret", "t0ken")


@pytest.mark.parametrize(("method", "path"), [("GET", "/X"), ("DELETE", "/X"), ("POST", "/X/echo"), ("GET", "/pacs")])
async def test_a_node_that_is_not_there_is_not_found(client: httpx.AsyncClient, method: str, path: str) -> None:
    await client.post("/nodes", json=PACS)
    answer = await client.request(method, f"/nodes{path}")
    assert (answer.status_code, answer.json()["title"]) == (404, "Unknown node")


async def test_an_echo_says_how_long_it_took(client: httpx.AsyncClient) -> None:
    await client.post("/nodes", json=PACS)
    answer = await client.post("/nodes/PACS/echo")
    assert (answer.status_code, answer.json()) == (200, {"milliseconds": 1.235, "status": 0})


@pytest.mark.parametrize(("port", "status"), [(1, 502), (2, 503), (3, 504)])
async def test_an_echo_that_fails_is_a_problem(client: httpx.AsyncClient, port: int, status: int) -> None:
    await client.post("/nodes", json=PACS | {"port": port})
    answer = await client.post("/nodes/PACS/echo")
    assert (answer.status_code, answer.json()["detail"]) == (status, str(Answering.errors[port]))


@pytest.mark.parametrize("title", ["A B", "A/B", "A%2FB", "/echo", "CT?1#2"])
async def test_a_title_may_have_any_character_of_its_repertoire(client: httpx.AsyncClient, title: str) -> None:
    location = (await client.post("/nodes", json=PACS | {"ae_title": title})).headers["location"]
    assert (await client.get(location)).json()["ae_title"] == title
    assert (await client.post(f"{location}/echo")).status_code == 200
    assert (await client.delete(location)).status_code == 204


@pytest.mark.parametrize(
    ("member", "value"),
    [("ae_title", "SEVENTEEN_LETTERS"), ("ae_title", "*"), ("host", "a b"), ("port", 0), ("port", 65_536), ("x", 1)],
)
async def test_a_member_that_cannot_be_is_named(client: httpx.AsyncClient, member: str, value: object) -> None:
    answer = await client.post("/nodes", json=PACS | {member: value})
    assert (answer.status_code, answer.json()["parameter"]) == (400, member)


async def test_the_title_of_the_path_is_checked_too(client: httpx.AsyncClient) -> None:
    answer = await client.put("/nodes/SEVENTEEN_LETTERS", json={"host": "pacs.example", "port": 104})
    assert (answer.status_code, answer.json()["parameter"]) == (400, "ae_title")


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_what_a_form_can_send_is_refused(client: httpx.AsyncClient, media_type: str) -> None:
    content = b'{"ae_title": "PACS", "host": "pacs.example", "port": 104}'
    answer = await client.post("/nodes", content=content, headers={"content-type": media_type})
    assert (answer.status_code, answer.json()["available"]) == (415, ["application/json"])


async def test_a_body_without_end_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/nodes", content=b" " * 70_000, headers={"content-type": "application/json"})
    assert answer.status_code == 413
