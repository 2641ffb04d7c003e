"""What is kept of a request: an id, one line in the log, the numbers of the metrics; and what every answer says.

The line and the numbers are written when the response is on its way: `uvloop` sends what was written at the end of
its turn, so what is done before that makes the client wait.
"""

from __future__ import annotations

import asyncio
import os
import re
import time

import orjson
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.log import REQUEST_ID, write_request_line
from app.metrics import Metrics
from app.route_template import route_template

CLIENT_CLOSED_REQUEST = 499  # nginx's number for a request whose client left before the answer was complete
_QUIET_ROUTES = frozenset({"/health/live", "/health/ready", "/metrics"})
_NOSNIFF = (b"x-content-type-options", b"nosniff")  # what comes from data is what we say it is, and nothing else
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class RequestRecord:
    """ASGI middleware: give every request an id, record it, answer 500 where nobody else answered.

    Add it last to the application, so that it stands outside of all others.

    The id is the client's ``X-Request-ID`` if that is a sane word, else a new one; it is in every log line of the
    request and in the ``X-Request-ID`` of the response.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is no HTTP request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send)
        token = REQUEST_ID.set(exchange.request_id)
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except Exception:
            structlog.get_logger().exception("request failed", method=scope["method"], route=route_template(scope))
            if exchange.status:
                raise  # only the server can cut an answer short, so that the client notices
            await exchange.fail()
        finally:
            REQUEST_ID.reset(token)
            seconds = time.perf_counter() - exchange.started
            asyncio.get_running_loop().call_soon(self._write, exchange, seconds)

    def _write(self, exchange: _Exchange, seconds: float) -> None:
        method, route = exchange.scope["method"], route_template(exchange.scope)
        status = exchange.status if exchange.is_complete else CLIENT_CLOSED_REQUEST
        write_request_line(exchange.request_id, method, route, status, seconds, exchange.sent, route in _QUIET_ROUTES)
        self._metrics.observe(method, route, exchange.status or 500, seconds, exchange.received, exchange.sent)


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return bytes(value).decode("ascii")
    return os.urandom(8).hex()


class _Exchange:
    """A request and what has been received and sent of it so far."""

    __slots__ = ("_receive", "_send", "is_complete", "received", "request_id", "scope", "sent", "started", "status")

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.started = time.perf_counter()
        self.scope = scope
        self.request_id = _request_id(scope)
        self._receive = receive
        self._send = send
        self.status = 0
        self.received = 0
        self.sent = 0
        self.is_complete = False

    async def receive(self) -> Message:
        message = await self._receive()
        self.received += len(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message.get("headers", ()), (b"x-request-id", self.request_id.encode("ascii"))]
            if not any(name == _NOSNIFF[0] for name, _ in headers):
                headers.append(_NOSNIFF)
            message = {**message, "headers": headers}
        elif message["type"] == "http.response.body":
            self.sent += len(message.get("body", b""))
            self.is_complete = not message.get("more_body", False)
        await self._send(message)

    async def fail(self) -> None:
        """Answer 500, with the id under which the log tells why."""
        problem = {
            "type": "about:blank",
            "title": "Internal Server Error",
            "status": 500,
            "detail": f"The server failed; its log tells why under request_id {self.request_id}.",
        }
        headers = [(b"content-type", b"application/problem+json")]
        await self.send({"type": "http.response.start", "status": 500, "headers": headers})
        await self.send({"type": "http.response.body", "body": orjson.dumps(problem)})
