"""Logs: one line an event, for people on a terminal and as JSON elsewhere, and the request id that ties lines together.

Everything goes through structlog, also what uvicorn and the libraries say through `logging`. A line holds facts as
fields and never names, patient IDs, query strings or data; control characters are escaped, so that nobody can write
lines of their own into the log. ``app`` logs through ``structlog.get_logger()``, ``dicomcore`` through ``logging``.
"""

import io
import logging
import os
import re
import sys
import time
from contextlib import suppress
from typing import Literal, TextIO, cast

import orjson
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.types import EventDict, Processor, WrappedLogger

from app.route_template import route_template

Format = Literal["auto", "console", "json"]
Level = Literal["debug", "info", "warning", "error"]

CLIENT_CLOSED_REQUEST = 499  # nginx's number for a request whose client left before the answer was complete
_HEARD = ("dicomcore", "uvicorn", "uvicorn.error")
_QUIET_ROUTES = frozenset({"/health/live", "/health/ready", "/metrics"})
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_BUT_NEWLINE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")


def configure_logging(log_format: Format = "auto", level: Level = "info", *, stream: TextIO | None = None) -> None:
    """Send all events of this process to ``stream`` (standard error), as JSON or for a terminal."""
    stream = cast(TextIO, _Lossy(stream or sys.stderr))
    as_json = log_format == "json" or (log_format == "auto" and not stream.isatty())
    severity = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        escape_control_characters,
    ]
    renderer = _json_renderer if as_json else _console_renderer(stream)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(severity),
        logger_factory=structlog.PrintLoggerFactory(stream),
    )
    _take_over_logging(shared, renderer, severity, stream)


class _Lossy(io.TextIOBase):
    """Passes lines on and loses those that cannot be written: a full log volume must not fail requests."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def isatty(self) -> bool:
        return self._stream.isatty()

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


def _take_over_logging(shared: list[Processor], renderer: Processor, severity: int, stream: TextIO) -> None:
    foreign: list[Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        _drop_color_message,
        *shared,
    ]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=foreign,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    # Libraries are heard from warnings up, whatever the level: what they say of less may hold URLs and values.
    root.setLevel(max(severity, logging.WARNING))
    for name in _HEARD:
        logging.getLogger(name).setLevel(severity)
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
    # Its lines hold whole URLs, and so patient IDs; RequestLog writes ours.
    logging.getLogger("uvicorn.access").handlers = []
    logging.getLogger("uvicorn.access").propagate = False


def _drop_color_message(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Drop uvicorn's second copy of each message, with escape sequences in it."""
    event.pop("color_message", None)
    return event


def _json_renderer(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    return orjson.dumps(event, default=str).decode()


def _console_renderer(stream: TextIO) -> Processor:
    # Tracebacks without local variables: those would hold data.
    return structlog.dev.ConsoleRenderer(
        colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=24
    )


def escape_control_characters(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    r"""Write control characters of every text as ``\x0a``; only tracebacks keep their line ends."""
    for key, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            pattern = _CONTROL_BUT_NEWLINE if key == "exception" else _CONTROL
            event[key] = pattern.sub(_escape, value)
    return event


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


class RequestLog:
    """ASGI middleware: give every request an id, log one line about it, answer 500 where nobody else answered.

    Add it last to the application, so that it stands outside of all others.

    The id is the client's ``X-Request-ID`` if that is a sane word, else a new one; it is in every log line of the
    request and in the ``X-Request-ID`` of the response.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._log = structlog.get_logger().bind()  # bound once: the lazy one is bound anew for each line

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is no HTTP request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        tokens = structlog.contextvars.bind_contextvars(request_id=request_id)
        response = _Response(send, request_id)
        start = time.perf_counter()
        try:
            await self._app(scope, receive, response.send)
        except Exception:
            self._log.exception("request failed", method=scope["method"], route=route_template(scope))
            if response.status:
                raise  # only the server can cut an answer short, so that the client notices
            await response.fail()
        finally:
            self._write_line(scope, response, time.perf_counter() - start)
            structlog.contextvars.reset_contextvars(**tokens)

    def _write_line(self, scope: Scope, response: "_Response", seconds: float) -> None:
        route = route_template(scope)
        write = self._log.debug if route in _QUIET_ROUTES else self._log.info
        write(
            "request",
            method=scope["method"],
            route=route,
            status=response.status if response.is_complete else CLIENT_CLOSED_REQUEST,
            ms=round(seconds * 1000, 2),
            bytes=response.size,
        )


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return bytes(value).decode("ascii")
    return os.urandom(8).hex()


class _Response:
    """What one response has sent so far."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self.status = 0
        self.size = 0
        self.is_complete = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = (b"x-request-id", self._request_id.encode("ascii"))
            message = {**message, "headers": [*message.get("headers", ()), own]}
        elif message["type"] == "http.response.body":
            self.size += len(message.get("body", b""))
            self.is_complete = not message.get("more_body", False)
        await self._send(message)

    async def fail(self) -> None:
        """Answer 500, with the id under which the log tells why."""
        problem = {
            "type": "about:blank",
            "title": "Internal Server Error",
            "status": 500,
            "detail": f"The server failed; its log tells why under request_id {self._request_id}.",
        }
        headers = [(b"content-type", b"application/problem+json")]
        await self.send({"type": "http.response.start", "status": 500, "headers": headers})
        await self.send({"type": "http.response.body", "body": orjson.dumps(problem)})
