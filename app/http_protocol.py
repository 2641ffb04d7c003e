"""The HTTP/1.1 connection: uvicorn's httptools protocol, with the limits that keep slow and greedy clients at bay.

- Request line at most 16 kB, headers at most 64 kB in 100 lines: 414, 431.
- Headers complete within ``header_timeout_seconds``, counted from the connection or from the first byte: else closed.
- Bodies at 1 kB/s or more, measured every 30 seconds in which we were ready to read: else closed.
- A Host that we answer to (`app.allowed_hosts`): else 421.
- At most ``max_connections_per_address`` open connections from one address that is no trusted proxy: else 503.

What is malformed, such as Content-Length together with Transfer-Encoding, is refused by the parser with 400.
"""

import asyncio
import functools
import http
import ipaddress
import socket
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from app.allowed_hosts import REFUSAL, AllowedHosts
from app.gathering_transport import GatheringTransport
from app.settings import EVERYBODY, Settings, load_settings
from app.shared_connections import SharedConnections, connections_of, leave_connections

MAX_REQUEST_LINE = 16_384  # bytes
MAX_HEADERS = 65_536  # bytes
MAX_HEADER_LINES = 100
BODY_WINDOW = 30.0  # seconds
MIN_BODY_RATE = 1_024  # bytes a second
LINGER = 1.0  # seconds in which a refused client can read why
STOPPING = "isocenter.stopping"
"""In the state of the lifespan: what is called when the server begins to stop."""


class RequestTooLarge(Exception):
    """A request line or header section is larger than allowed; the parser turns it into its own error."""


class HostNotAllowed(Exception):
    """A request is for a server of another name; the parser turns it into its own error."""


@dataclass(frozen=True)
class ConnectionLimits:
    """What an operator can choose about connections."""

    header_timeout: float
    per_address: int
    trusted: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
    hosts: AllowedHosts

    @classmethod
    def of(cls, settings: Settings) -> "ConnectionLimits":
        """Take them from the settings."""
        proxies = ("0.0.0.0/0", "::/0") if EVERYBODY in settings.trusted_proxies else settings.trusted_proxies
        trusted = tuple(ipaddress.ip_network(proxy, strict=False) for proxy in proxies)
        hosts = AllowedHosts.of(settings)
        return cls(settings.header_timeout_seconds, settings.max_connections_per_address, trusted, hosts)

    def is_trusted(self, address: str) -> bool:
        """Whether ``address`` is a proxy, which speaks for many."""
        try:
            parsed = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        return any(parsed in network for network in self.trusted)


@functools.cache
def _limits() -> ConnectionLimits:
    """Read the limits once a process: uvicorn builds protocols by name and passes nothing of ours."""
    return ConnectionLimits.of(load_settings())


class HttpProtocol(HttpToolsProtocol):
    """One connection. `limits` is of the class, so that a test can set others."""

    limits: ConnectionLimits | None = None
    _open: ClassVar[Counter[str]] = Counter()

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        was_given: bool = False,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._was_given = was_given
        self._shared: SharedConnections | None = None
        self._limits = self.limits or _limits()
        self._address = ""
        self._timer: asyncio.TimerHandle | None = None
        self._is_refused = False
        self._in_headers = True
        self._header_bytes = 0
        self._body_bytes = 0
        self._refusal = http.HTTPStatus.BAD_REQUEST
        self._cycles: list[RequestResponseCycle] = []

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Count the connection, or give it to another worker; refuse it when its address has too many."""
        shared = connections_of(self.loop, self._take)
        if shared is not None and not self._was_given and shared.give(transport.get_extra_info("socket").fileno()):
            transport.abort()
            return
        if shared is not None:
            shared.opened()
            self._shared = shared
        super().connection_made(cast(asyncio.Transport, GatheringTransport(transport, self.loop)))
        address = self.client[0] if self.client else ""
        if address and not self._limits.is_trusted(address):
            self._address = address
            self._open[address] += 1
            if self._open[address] > self._limits.per_address:
                self._refuse(http.HTTPStatus.SERVICE_UNAVAILABLE, "Too many connections from this address.")
                return
        self._start_timer(self._limits.header_timeout, self._on_slow_headers)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the address its place back, and let every request know that nobody waits for its answer.

        uvicorn tells the last one only; of requests that came in one go it may be another whose answer is being sent.
        """
        if self.transport is None:
            return  # it was given away
        if self._shared is not None:
            self._shared.closed()
        self._stop_timer()
        for cycle in self._cycles:
            cycle.disconnected = True
            cycle.message_event.set()
        if self._address:
            self._open[self._address] -= 1
            if not self._open[self._address]:
                del self._open[self._address]
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Let the application know that the server stops: uvicorn waits for streams that have no end of their own."""
        leave_connections()
        stopping = self.app_state.get(STOPPING)
        if stopping is not None:
            stopping()
        super().shutdown()

    def data_received(self, data: bytes) -> None:
        """Feed the parser, then watch the time if it waits for more headers or more body."""
        if self._is_refused or self.transport.is_closing():
            return
        if self._in_headers:
            self._header_bytes += len(data)
        else:
            self._body_bytes += len(data)
        super().data_received(data)
        if self._in_headers:
            self._watch_headers()
        elif self._timer is None and self.cycle.more_body and not self.cycle.response_complete:
            self._body_bytes = 0
            self._start_timer(BODY_WINDOW, self._on_body_window)

    def on_message_begin(self) -> None:
        """Start counting a request; `data_received` cannot see where one begins within a chunk."""
        super().on_message_begin()
        self._in_headers = True
        self._header_bytes = 0
        self._refusal = http.HTTPStatus.BAD_REQUEST

    def on_url(self, url: bytes) -> None:
        """Refuse a request line that is too long."""
        super().on_url(url)
        if len(self.url) > MAX_REQUEST_LINE:
            self._refusal = http.HTTPStatus.REQUEST_URI_TOO_LONG
            raise RequestTooLarge

    def on_headers_complete(self) -> None:
        """Refuse a header section that is too large, however it came, and other hosts; else start the request."""
        size = sum(len(name) + len(value) for name, value in self.headers)
        if size > MAX_HEADERS or len(self.headers) > MAX_HEADER_LINES:
            self._refusal = http.HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            raise RequestTooLarge
        if not all(self._limits.hosts.allows(value) for name, value in self.headers if name == b"host"):
            self._refusal = http.HTTPStatus.MISDIRECTED_REQUEST
            raise HostNotAllowed
        self._in_headers = False
        self._stop_timer()
        super().on_headers_complete()
        self._cycles = [cycle for cycle in self._cycles if not cycle.response_complete]
        if self.cycle is not None:
            self._cycles.append(self.cycle)

    def on_body(self, body: bytes) -> None:
        """Hand on what has come without a copy, if the last is taken already, as it mostly is; else as uvicorn does."""
        if self.cycle.body or self.cycle.response_complete:
            super().on_body(body)
            return
        super().on_body(b"")
        self.cycle.body = body  # type: ignore[assignment]  # what is taken is made bytes of, and replaced
        if len(body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()

    def on_message_complete(self) -> None:
        """Stop watching the body."""
        self._stop_timer()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what the parser refused, with the status that says why."""
        sentences = {http.HTTPStatus.BAD_REQUEST: msg, http.HTTPStatus.MISDIRECTED_REQUEST: REFUSAL}
        self._refuse(self._refusal, sentences.get(self._refusal, self._refusal.phrase))

    def _take(self, connection: socket.socket) -> None:
        """Serve a connection that another worker has given to this one."""

        def protocol() -> HttpProtocol:
            return type(self)(self.config, self.server_state, self.app_state, self.loop, was_given=True)

        async def serve() -> None:
            with suppress(OSError):  # the client is gone already
                await self.loop.connect_accepted_socket(protocol, connection)

        task = self.loop.create_task(serve())
        self.server_state.tasks.add(task)
        task.add_done_callback(self.server_state.tasks.discard)

    def _watch_headers(self) -> None:
        # The parser holds a header back until it is complete, so its bytes are counted here as well.
        if self._header_bytes > MAX_REQUEST_LINE + MAX_HEADERS:
            self._refuse(http.HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "Request headers too large.")
        elif self._timer is None:
            self._start_timer(self._limits.header_timeout, self._on_slow_headers)

    def _on_slow_headers(self) -> None:
        self._refuse(http.HTTPStatus.REQUEST_TIMEOUT, "The request headers took too long.")

    def _on_body_window(self) -> None:
        self._timer = None
        if self._body_bytes < MIN_BODY_RATE * BODY_WINDOW and not self.flow.read_paused:
            self.transport.close()  # the application sees a disconnect and drops what it has
            return
        self._body_bytes = 0
        self._start_timer(BODY_WINDOW, self._on_body_window)

    def _start_timer(self, seconds: float, callback: Any) -> None:
        self._timer = self.loop.call_later(seconds, callback)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, status: http.HTTPStatus, sentence: str) -> None:
        self._stop_timer()
        if self._is_refused or self.transport.is_closing():
            return
        body = sentence.encode("ascii")
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: text/plain; charset=utf-8\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        self._is_refused = True
        # Closing with bytes unread would reset the connection, and the client might never see why.
        self.transport.write_eof()
        self._start_timer(LINGER, self.transport.close)
