import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.log import configure_logging
from app.metrics import Metrics
from app.request_record import RequestRecord


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture(autouse=True)
def stream() -> io.StringIO:
    stream = io.StringIO()
    configure_logging("json", stream=stream)
    return stream


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def client(metrics: Metrics) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(application(metrics)) as opened:
        yield opened


def client_of(app: ASGIApp) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


def application(metrics: Metrics) -> FastAPI:
    app = FastAPI()
    app.add_middleware(RequestRecord, metrics=metrics)

    @app.get("/hello/{name}", response_class=PlainTextResponse)
    async def hello(name: str) -> str:
        structlog.get_logger().info("greeting")
        return f"hello {name}"

    @app.post("/studies/{study}", response_class=PlainTextResponse)
    async def store(study: str, request: Request) -> str:
        return str(len(await request.body()))

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            yield b"one"
            structlog.get_logger().info("between")
            yield b"three"

        return StreamingResponse(parts())

    @app.get("/fail")
    async def fail() -> None:
        raise RuntimeError("no")

    @app.get("/health/live")
    async def live() -> None:
        pass

    return app


async def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """The log, with the lines of the requests that have been answered."""
    await asyncio.sleep(0)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


# The line


async def test_a_request_is_one_line_without_the_values_of_its_url(
    client: httpx.AsyncClient, stream: io.StringIO
) -> None:
    await client.get("/hello/doe", params={"PatientName": "Doe"})
    line = (await lines(stream))[-1]
    assert (line["event"], line["level"], line["method"], line["route"]) == ("request", "info", "GET", "/hello/{name}")
    assert (line["status"], line["bytes"]) == (200, 9)
    assert "doe" not in stream.getvalue().lower()


async def test_the_line_is_written_when_the_response_is_on_its_way(stream: io.StringIO) -> None:
    written: list[str] = []

    async def send(_message: Message) -> None:
        written.append(stream.getvalue())

    async def receive() -> Message:
        return {"type": "http.request"}

    scope = {"type": "http", "method": "GET", "path": "/hello/x", "query_string": b"", "headers": []}
    await RequestRecord(PlainTextResponse("hello"), Metrics())(scope, receive, send)
    assert [*written, stream.getvalue()] == ["", "", ""]
    assert [line["event"] for line in await lines(stream)] == ["request"]


async def test_all_that_is_sent_in_pieces_is_counted(client: httpx.AsyncClient, stream: io.StringIO) -> None:
    response = await client.get("/stream", headers={"X-Request-ID": "in-pieces"})
    between, request = await lines(stream)
    assert (response.content, request["bytes"], request["status"]) == (b"onethree", 8, 200)
    assert (between["event"], between["request_id"]) == ("between", "in-pieces")


async def test_probes_are_logged_only_in_detail(client: httpx.AsyncClient) -> None:
    stream = io.StringIO()
    configure_logging("json", "info", stream=stream)
    assert (await client.get("/health/live")).status_code == 200
    assert await lines(stream) == []
    configure_logging("json", "debug", stream=stream)
    assert (await client.get("/health/live")).status_code == 200
    assert [(line["route"], line["level"]) for line in await lines(stream)] == [("/health/live", "debug")]


async def test_who_left_before_the_answer_was_complete_is_told_of(metrics: Metrics, stream: io.StringIO) -> None:
    async def never_done(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"some", "more_body": True})
        await asyncio.Event().wait()

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(_message: Message) -> None:
        pass

    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    task = asyncio.ensure_future(RequestRecord(never_done, metrics)(scope, receive, send))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (line,) = await lines(stream)
    assert (line["status"], line["bytes"]) == (499, 4)
    assert 'isocenter_http_requests_total{method="GET",route="unmatched",status="200"} 1.0' in text_of(metrics)


async def test_requests_that_are_answered_at_once_keep_their_own_ids(
    client: httpx.AsyncClient, stream: io.StringIO
) -> None:
    names = [f"request-{number}" for number in range(20)]
    await asyncio.gather(*(client.get("/hello/x", headers={"X-Request-ID": name}) for name in names))
    found = await lines(stream)
    for event in ("greeting", "request"):
        assert sorted(line["request_id"] for line in found if line["event"] == event) == sorted(names)


async def test_what_is_logged_after_a_request_has_no_id_of_it(client: httpx.AsyncClient, stream: io.StringIO) -> None:
    await client.get("/hello/x")
    structlog.get_logger().info("later")
    (line,) = [line for line in await lines(stream) if line["event"] == "later"]
    assert "request_id" not in line


# The id


async def test_the_request_id_stands_in_every_line_and_in_the_response(
    client: httpx.AsyncClient, stream: io.StringIO
) -> None:
    response = await client.get("/hello/x", headers={"X-Request-ID": "from-the-proxy_1"})
    assert response.headers["X-Request-ID"] == "from-the-proxy_1"
    assert [line["request_id"] for line in await lines(stream)] == ["from-the-proxy_1"] * 2


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "a\u00e9", "a\x1b[31m"])
async def test_a_request_id_that_is_no_sane_word_is_replaced(client: httpx.AsyncClient, given: str) -> None:
    response = await client.get("/hello/x", headers={"X-Request-ID": given.encode("latin-1")})
    assert len(response.headers["X-Request-ID"]) == 16


async def test_the_first_sane_request_id_is_taken(client: httpx.AsyncClient) -> None:
    given = [("X-Request-ID", "no good"), ("X-Request-ID", "good"), ("X-Request-ID", "late")]
    assert (await client.get("/hello/x", headers=given)).headers.get_list("X-Request-ID") == ["good"]


# Failures


async def test_a_failure_is_a_problem_with_the_id_under_which_the_log_tells_why(
    client: httpx.AsyncClient, metrics: Metrics, stream: io.StringIO
) -> None:
    response = await client.get("/fail")
    assert response.status_code == 500
    assert response.headers["Content-Type"] == "application/problem+json"
    request_id = response.headers["X-Request-ID"]
    assert request_id in response.json()["detail"]
    failed, request = await lines(stream)
    assert (failed["event"], failed["request_id"], failed["route"]) == ("request failed", request_id, "/fail")
    assert (request["request_id"], request["status"]) == (request_id, 500)
    assert 'isocenter_http_requests_total{method="GET",route="/fail",status="500"} 1.0' in text_of(metrics)


async def test_a_failure_after_the_first_byte_is_left_to_the_server(metrics: Metrics, stream: io.StringIO) -> None:
    async def broken(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError

    async with client_of(RequestRecord(broken, metrics)) as http:
        with pytest.raises(RuntimeError):
            await http.get("/")
    assert [(line["event"], line.get("status")) for line in await lines(stream)] == [
        ("request failed", None),
        ("request", 499),
    ]


async def test_what_is_no_request_is_passed_on(metrics: Metrics, stream: io.StringIO) -> None:
    seen: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append((scope, receive, send))

    async def receive() -> Message:
        return {}

    async def send(_message: Message) -> None:
        pass

    scope = {"type": "lifespan"}
    await RequestRecord(app, metrics)(scope, receive, send)
    assert seen == [(scope, receive, send)]
    assert await lines(stream) == []


# The numbers


def text_of(metrics: Metrics) -> str:
    return metrics.render().decode()


async def test_requests_are_counted_by_method_route_and_status(client: httpx.AsyncClient, metrics: Metrics) -> None:
    await client.post("/studies/1.2.3", content=b"12345")
    await client.post("/studies/4.5.6", content=b"1234567890")
    await asyncio.sleep(0)
    text = text_of(metrics)
    labels = 'method="POST",route="/studies/{study}"'
    assert f'isocenter_http_requests_total{{{labels},status="200"}} 2.0' in text
    assert f"isocenter_http_request_duration_seconds_count{{{labels}}} 2.0" in text
    assert 'isocenter_http_received_bytes_total{route="/studies/{study}"} 15.0' in text
    assert 'isocenter_http_sent_bytes_total{route="/studies/{study}"} 3.0' in text


async def test_a_client_cannot_make_up_labels(client: httpx.AsyncClient, metrics: Metrics) -> None:
    await client.request("SNOOP", "/secret/patient")
    await asyncio.sleep(0)
    text = text_of(metrics)
    assert 'isocenter_http_requests_total{method="other",route="unmatched",status="404"} 1.0' in text
    assert "patient" not in text


async def test_every_answer_says_that_its_type_is_not_to_be_guessed(client: httpx.AsyncClient) -> None:
    for path in ("/hello/you", "/nothing"):
        assert (await client.get(path)).headers.get_list("x-content-type-options") == ["nosniff"]
