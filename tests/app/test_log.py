import errno
import io
import json
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import structlog

from app.log import REQUEST_ID, Level, configure_logging, write_request_line


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


def test_the_id_of_the_request_that_is_answered_stands_in_every_line(stream: io.StringIO) -> None:
    token = REQUEST_ID.set("some-request")
    structlog.get_logger().info("ours")
    logging.getLogger("dicomcore").warning("a library's")
    REQUEST_ID.reset(token)
    structlog.get_logger().info("afterwards")
    assert [line.get("request_id") for line in lines(stream)] == ["some-request", "some-request", None]


def test_the_line_of_a_request_holds_its_facts(stream: io.StringIO) -> None:
    write_request_line("some-request", "GET", "/studies", 200, 0.0123456, 17, False)
    (line,) = lines(stream)
    assert datetime.fromisoformat(line.pop("timestamp")).utcoffset() == timedelta()
    assert line == {
        "event": "request",
        "level": "info",
        "request_id": "some-request",
        "method": "GET",
        "route": "/studies",
        "status": 200,
        "ms": 12.35,
        "bytes": 17,
    }


def test_the_line_of_a_request_looks_like_all_others(stream: io.StringIO) -> None:
    write_request_line("some-request", "GET", "/studies", 200, 0.01, 17, False)
    facts = {"method": "GET", "route": "/studies", "status": 200, "ms": 10.0, "bytes": 17}
    token = REQUEST_ID.set("some-request")
    structlog.get_logger().info("request", **facts)
    REQUEST_ID.reset(token)
    ours, others = lines(stream)
    assert {**ours, "timestamp": ""} == {**others, "timestamp": ""}
    assert (len(ours["timestamp"]), ours["timestamp"][-1]) == (len(others["timestamp"]), "Z")


@pytest.mark.parametrize(
    ("level", "is_detail", "count"),
    [("debug", True, 1), ("debug", False, 1), ("info", True, 0), ("info", False, 1), ("warning", False, 0)],
)
def test_lines_of_requests_below_the_level_are_left_out(level: Level, is_detail: bool, count: int) -> None:
    stream = io.StringIO()
    configure_logging("json", level, stream=stream)
    write_request_line("some-request", "GET", "/health/live", 200, 0.01, 17, is_detail)
    assert len(lines(stream)) == count


def test_on_a_terminal_the_line_of_a_request_is_for_people() -> None:
    stream = io.StringIO()
    configure_logging("console", stream=stream)
    write_request_line("some-request", "GET", "/studies", 200, 0.01, 17, False)
    (line,) = stream.getvalue().splitlines()
    assert "request " in line and "route=/studies" in line and "request_id=some-request" in line


class FullVolume(io.StringIO):
    """What a log file is when its volume is full."""

    def flush(self) -> None:
        raise OSError(errno.ENOSPC, "no space left")


def test_lines_that_cannot_be_written_are_lost_and_nothing_else() -> None:
    volume = FullVolume()
    configure_logging("json", stream=volume)
    structlog.get_logger().info("something")
    write_request_line("some-request", "GET", "/studies", 200, 0.01, 17, False)
    logging.getLogger("dicomcore").error("something else")
    assert [line["event"] for line in lines(volume)] == ["something", "request", "something else"]


def test_lines_for_a_stream_that_was_closed_are_lost() -> None:
    stream = io.StringIO()
    configure_logging("json", stream=stream)
    stream.close()
    structlog.get_logger().info("something")
    write_request_line("some-request", "GET", "/studies", 200, 0.01, 17, False)
    logging.getLogger("dicomcore").error("something else")
    assert stream.closed
