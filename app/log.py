"""Logs: one line an event, for people on a terminal and as JSON elsewhere, and the request id that ties lines together.

Everything goes through structlog, also what uvicorn and the libraries say through `logging`. A line holds facts as
fields and never names, patient IDs, query strings or data; control characters are escaped, so that nobody can write
lines of their own into the log. ``app`` logs through ``structlog.get_logger()``, ``dicomcore`` through ``logging``.
"""

import io
import logging
import re
import sys
from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal, TextIO, cast

import orjson
import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from app.recent_problems import RECENT_PROBLEMS

Format = Literal["auto", "console", "json"]
Level = Literal["debug", "info", "warning", "error"]

REQUEST_ID: ContextVar[str] = ContextVar("request_id")
"""The id of the request that is being answered; it is in every log line."""

_LOST = (OSError, ValueError)
"""What a stream raises that cannot be written to, and one that was closed."""
_HEARD = ("dicomcore", "uvicorn", "uvicorn.error")
_SEVERITIES = {"debug": logging.DEBUG, "info": logging.INFO}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_BUT_NEWLINE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")


def configure_logging(log_format: Format = "auto", level: Level = "info", *, stream: TextIO | None = None) -> None:
    """Send all events of this process to ``stream`` (standard error), as JSON or for a terminal."""
    stream = cast(TextIO, _Lossy(stream or sys.stderr))
    as_json = log_format == "json" or (log_format == "auto" and not stream.isatty())
    severity = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        _add_request_id,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        escape_control_characters,
        RECENT_PROBLEMS,
    ]
    renderer = _json_renderer if as_json else _console_renderer(stream)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(severity),
        logger_factory=structlog.PrintLoggerFactory(stream),
    )
    _take_over_logging(shared, renderer, severity, stream)
    _request_lines.open(stream, severity, renderer)


class _Lossy(io.TextIOBase):
    """Passes lines on, and loses those that a full volume or a closed stream does not take: requests must not fail."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def isatty(self) -> bool:
        return self._stream.isatty()

    def write(self, text: str) -> int:
        with suppress(*_LOST):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(*_LOST):
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
    # Its lines hold whole URLs, and so patient IDs; RequestRecord writes ours.
    logging.getLogger("uvicorn.access").handlers = []
    logging.getLogger("uvicorn.access").propagate = False


def _add_request_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    request_id = REQUEST_ID.get(None)
    return event if request_id is None else {"request_id": request_id, **event}


class _RequestLines:
    """Writes the lines of requests: made of what cannot hold control characters, so without the other steps."""

    _severity = logging.CRITICAL  # until it is opened

    def open(self, stream: TextIO, severity: int, renderer: Processor) -> None:
        self._stream = stream
        self._severity = severity
        self._renderer = renderer

    def write(self, level: str, event: EventDict) -> None:
        if self._severity <= _SEVERITIES[level]:
            event["level"] = level
            event["timestamp"] = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
            self._stream.write(str(self._renderer(None, level, event)) + "\n")
            self._stream.flush()


_request_lines = _RequestLines()


def write_request_line(
    request_id: str, method: str, route: str, status: int, seconds: float, sent: int, is_detail: bool
) -> None:
    """Write the line of a request; none of its facts may come from outside but as words that were checked."""
    event: EventDict = {
        "method": method,
        "route": route,
        "status": status,
        "ms": round(seconds * 1000, 2),
        "bytes": sent,
        "event": "request",
        "request_id": request_id,
    }
    _request_lines.write("debug" if is_detail else "info", event)


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
