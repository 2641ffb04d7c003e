import errno
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from app.log import RequestLog, configure_logging


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def stream() -> io.StringIO:
    stream = io.StringIO()
    configure_logging("json", stream=stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def client(app: ASGIApp) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


def application() -> FastAPI:
    app = FastAPI()
    app.add_middleware(RequestLog)

    @app.get("/hello/{name}", response_class=PlainTextResponse)
    async def hello(name: str) -> str:
        structlog.get_logger().info("greeting")
        return f"hello {name}"

    @app.get("/fail")
    async def fail() -> None:
        raise RuntimeError("no")

    @app.get("/health/live")
    async def live() -> None:
        pass

    return app


def test_an_event_is_one_line_of_json_with_its_facts(stream: io.StringIO) -> None:
    structlog.get_logger().warning("stored", instances=3)
    (line,) = lines(stream)
    assert (line["event"], line["level"], line["instances"]) == ("stored", "warning", 3)
    assert line["timestamp"].endswith("Z")


def test_what_libraries_log_takes_the_same_form(stream: io.StringIO) -> None:
    logging.getLogger("dicomcore.archive").warning("swept %d", 4, extra={"seconds": 0.5})
    logging.getLogger("uvicorn.error").info("started", extra={"color_message": "\x1b[36mstarted"})
    first, second = lines(stream)
    assert (first["event"], first["logger"], first["seconds"]) == ("swept 4", "dicomcore.archive", 0.5)
    assert (second["event"], "color_message" in second) == ("started", False)


def test_the_server_writes_no_access_lines_of_its_own(stream: io.StringIO) -> None:
    logging.getLogger("uvicorn.access").info("GET /studies?PatientName=Doe")
    assert stream.getvalue() == ""


def test_libraries_that_chat_are_not_heard(stream: io.StringIO) -> None:
    logging.getLogger("httpx").info("GET https://pacs.example/studies?PatientName=Doe")
    assert stream.getvalue() == ""


def test_events_below_the_level_are_left_out() -> None:
    stream = io.StringIO()
    configure_logging("json", "error", stream=stream)
    structlog.get_logger().warning("not this")
    logging.getLogger("dicomcore").warning("nor this")
    assert stream.getvalue() == ""


def test_control_characters_cannot_forge_a_line() -> None:
    stream = io.StringIO()
    configure_logging("console", stream=stream)
    structlog.get_logger().info("stored", name="a\nb\x1b[31m\u2028")
    assert stream.getvalue().count("\n") == 1
    assert r"a\x0ab\x1b[31m\u2028" in stream.getvalue()


def test_an_exception_is_logged_without_local_variables(stream: io.StringIO) -> None:
    patient_name = "Doe^Jane"
    try:
        raise RuntimeError(f"{len(patient_name)} letters")
    except RuntimeError:
        structlog.get_logger().exception("failed")
    (line,) = lines(stream)
    assert "RuntimeError: 8 letters" in line["exception"]
    assert "Doe^Jane" not in line["exception"]


async def test_a_request_is_one_line_without_the_values_of_its_url(stream: io.StringIO) -> None:
    async with client(application()) as http:
        await http.get("/hello/doe", params={"PatientName": "Doe"})
    line = lines(stream)[-1]
    assert (line["method"], line["route"], line["status"], line["bytes"]) == ("GET", "/hello/{name}", 200, 9)
    assert "doe" not in stream.getvalue().lower()


async def test_the_request_id_stands_in_every_line_and_in_the_response(stream: io.StringIO) -> None:
    async with client(application()) as http:
        response = await http.get("/hello/x", headers={"X-Request-ID": "from-the-proxy_1"})
    assert response.headers["X-Request-ID"] == "from-the-proxy_1"
    assert [line["request_id"] for line in lines(stream)] == ["from-the-proxy_1"] * 2


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "a\u00e9"])
async def test_a_request_id_that_is_no_sane_word_is_replaced(stream: io.StringIO, given: str) -> None:
    async with client(application()) as http:
        response = await http.get("/hello/x", headers={"X-Request-ID": given.encode("latin-1")})
    assert len(response.headers["X-Request-ID"]) == 16


async def test_a_failure_is_a_problem_with_the_id_under_which_the_log_tells_why(stream: io.StringIO) -> None:
    async with client(application()) as http:
        response = await http.get("/fail")
    assert response.status_code == 500
    assert response.headers["Content-Type"] == "application/problem+json"
    request_id = response.headers["X-Request-ID"]
    assert request_id in response.json()["detail"]
    failed, request = lines(stream)
    assert (failed["event"], failed["request_id"], request["status"]) == ("request failed", request_id, 500)


async def test_a_failure_after_the_first_byte_is_left_to_the_server(stream: io.StringIO) -> None:
    async def broken(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError

    async with client(RequestLog(broken)) as http:
        with pytest.raises(RuntimeError):
            await http.get("/")
    assert lines(stream)[-1]["status"] == 499


async def test_probes_are_logged_only_in_detail(stream: io.StringIO) -> None:
    async with client(application()) as http:
        assert (await http.get("/health/live")).status_code == 200
    assert stream.getvalue() == ""


class FullVolume(io.StringIO):
    """What a log file is when its volume is full."""

    def flush(self) -> None:
        raise OSError(errno.ENOSPC, "no space left")


def test_lines_that_cannot_be_written_are_lost_and_nothing_else() -> None:
    configure_logging("json", stream=FullVolume())
    structlog.get_logger().info("something")
    logging.getLogger("dicomcore").error("something else")
