"""An HTTP/1.1 client that does as little as possible, so that the server is what is measured.

Requests are encoded before the clock starts, responses land in a buffer that is kept from one request to the next, and
nothing but status, length and chunk sizes is read before the clock stops. ``Connection`` asks one thing after the
other; `load` keeps many connections busy from one thread with ``epoll`` or whatever the platform has.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

_TIMEOUT = 300.0
_READ = 1 << 18


@dataclass(frozen=True)
class Address:
    """Where a server listens, and its Base URI (PS3.18 §8.2)."""

    host: str
    port: int
    base: str = "/dicom-web"


@dataclass(frozen=True)
class Request:
    """A request below the Base URI."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def encode(self, address: Address) -> bytes:
        """Write the request as it goes over the wire."""
        lines = [f"{self.method} {address.base}{self.path} HTTP/1.1", f"Host: {address.host}:{address.port}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.body or self.method == "POST":
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join((*lines, "", "")).encode("ascii") + self.body


@dataclass(frozen=True)
class Response:
    """An answer; ``body`` may lie in the buffer of the connection, where the next answer overwrites it."""

    status: int
    headers: dict[str, str]
    body: bytes | memoryview
    seconds: float = 0.0


class ResponseReader:
    """Takes the bytes of one response after the other and says when one is complete (RFC 9112 §6, §7.1).

    The buffer grows at need; ``capacity`` says how much of it is there, and in memory, from the start.
    """

    def __init__(self, capacity: int = _READ) -> None:
        self._buffer = bytearray(b"\1") * capacity
        self.reset()

    def reset(self) -> None:
        """Forget the last response; its buffer is used again."""
        self._filled = 0
        self._body = -1
        self._end = -1
        self._chunks: list[tuple[int, int]] | None = None
        self._next_chunk = 0
        self.until_close = False
        self.status = 0
        self.headers: dict[str, str] = {}

    def space(self) -> memoryview:
        """Return room for bytes to come."""
        wanted = max(self._filled + _READ, self._end)
        if len(self._buffer) < wanted:
            larger = bytearray(max(wanted, 2 * len(self._buffer)))
            larger[: self._filled] = memoryview(self._buffer)[: self._filled]
            self._buffer = larger
        return memoryview(self._buffer)[self._filled :]

    def advance(self, count: int) -> bool:
        """Take ``count`` bytes that were put into `space`; return True when the response is complete."""
        if count == 0:
            self._end = self._filled
            if not self.until_close:
                raise ConnectionError("the server closed the connection within a response")
            return True
        self._filled += count
        if self._body < 0 and not self._read_head():
            return False
        if self._chunks is not None:
            return self._read_chunks(self._chunks)
        return not self.until_close and self._filled >= self._end

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n", 0, self._filled)
        if end < 0:
            return False
        first, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
        self.status = int(first.split(" ", 2)[1])
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        self._body = end + 4
        if "chunked" in self.headers.get("transfer-encoding", ""):
            self._chunks, self._next_chunk = [], self._body
        elif "content-length" in self.headers or self.status in (204, 304):
            self._end = self._body + int(self.headers.get("content-length", "0"))
        else:
            self.until_close = True
        return True

    def _read_chunks(self, chunks: list[tuple[int, int]]) -> bool:
        while (line := self._buffer.find(b"\r\n", self._next_chunk, self._filled)) >= 0:
            size = int(self._buffer[self._next_chunk : line].split(b";")[0], 16)
            if size == 0:
                return self._filled >= line + 4
            chunks.append((line + 2, size))
            self._next_chunk = line + 2 + size + 2
        return False

    @property
    def is_last(self) -> bool:
        """Whether the server answers nothing more on this connection."""
        return self.until_close or self.headers.get("connection", "").lower() == "close"

    def response(self, seconds: float = 0.0) -> Response:
        """Return the complete response."""
        view = memoryview(self._buffer)
        if self._chunks is None:
            return Response(self.status, self.headers, view[self._body : self._end], seconds)
        body = b"".join(view[start : start + size] for start, size in self._chunks)
        return Response(self.status, self.headers, body, seconds)


class Connection:
    """One keep-alive connection; opened at need, again when the server has closed it."""

    def __init__(self, address: Address, reader: ResponseReader | None = None) -> None:
        self._address = address
        self._socket: socket.socket | None = None
        self._reader = reader or ResponseReader()

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def ask(self, request: Request) -> Response:
        """Send one request and read its answer; the time is from the first byte sent to the last byte read."""
        data = request.encode(self._address)
        self._open()
        started = time.perf_counter()
        try:
            return self._exchange(data, started)
        except (BrokenPipeError, ConnectionResetError):
            self.close()
            self._open()
            return self._exchange(data, started)

    def _open(self) -> None:
        if self._socket is not None and _closed_by_peer(self._socket):
            self.close()
        if self._socket is None:
            self._socket = connect(self._address)

    def _exchange(self, data: bytes, started: float) -> Response:
        if self._socket is None:
            raise ConnectionError("not connected")
        self._reader.reset()
        self._socket.sendall(data)
        while not self._reader.advance(self._socket.recv_into(self._reader.space())):
            pass
        seconds = time.perf_counter() - started
        if self._reader.is_last:
            self.close()
        return self._reader.response(seconds)


def connect(address: Address) -> socket.socket:
    """Open a socket without Nagle's delay."""
    opened = socket.create_connection((address.host, address.port), timeout=_TIMEOUT)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return opened


def _closed_by_peer(opened: socket.socket) -> bool:
    opened.setblocking(False)
    try:
        return opened.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    finally:
        opened.settimeout(_TIMEOUT)


@dataclass
class LoadResult:
    """What came of a load: how long it took in all, each latency, and some of the answers with their places."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    samples: list[tuple[int, Response]] = field(default_factory=list)


@dataclass
class _Client:
    socket: socket.socket
    reader: ResponseReader = field(default_factory=ResponseReader)
    number: int = 0
    unsent: memoryview = field(default_factory=lambda: memoryview(b""))
    started: float = 0.0


def load(address: Address, requests: Sequence[Request], clients: int, sample_every: int = 16) -> LoadResult:
    """Send all ``requests`` over ``clients`` connections, each the next one as soon as it has its answer."""
    encoded = [request.encode(address) for request in requests]
    with selectors.DefaultSelector() as selector:
        return _Load(address, encoded, selector, sample_every).run(min(clients, len(encoded)))


class _Load:
    def __init__(
        self, address: Address, requests: list[bytes], selector: selectors.BaseSelector, sample_every: int
    ) -> None:
        self._address = address
        self._waiting = iter(enumerate(requests))
        self._selector = selector
        self._sample_every = sample_every
        self._result = LoadResult()

    def run(self, clients: int) -> LoadResult:
        crowd = [_Client(connect(self._address)) for _ in range(clients)]
        for client in crowd:
            self._watch(client)
        started = time.perf_counter()
        busy = sum(self._start_next(client) for client in crowd)
        while busy:
            for key, events in self._selector.select(_TIMEOUT):
                busy -= self._serve(key.data, events)
        self._result.seconds = time.perf_counter() - started
        for client in crowd:
            client.socket.close()
        return self._result

    def _watch(self, client: _Client) -> None:
        client.socket.setblocking(False)
        self._selector.register(client.socket, selectors.EVENT_READ, client)

    def _start_next(self, client: _Client) -> bool:
        number, data = next(self._waiting, (-1, b""))
        if number < 0:
            return False
        client.number, client.unsent = number, memoryview(data)
        client.reader.reset()
        client.started = time.perf_counter()
        self._send(client)
        return True

    def _send(self, client: _Client) -> None:
        with contextlib.suppress(BlockingIOError):
            client.unsent = client.unsent[client.socket.send(client.unsent) :]
        both = selectors.EVENT_READ | selectors.EVENT_WRITE
        wanted = both if client.unsent else selectors.EVENT_READ
        if self._selector.get_key(client.socket).events != wanted:
            self._selector.modify(client.socket, wanted, client)

    def _serve(self, client: _Client, events: int) -> bool:
        """Do what the socket is ready for; return True when the client has nothing left to do."""
        if events & selectors.EVENT_WRITE:
            self._send(client)
        if not events & selectors.EVENT_READ:
            return False
        try:
            complete = client.reader.advance(client.socket.recv_into(client.reader.space()))
        except BlockingIOError:
            return False
        if not complete:
            return False
        self._record(client)
        if client.reader.is_last:
            self._selector.unregister(client.socket)
            client.socket.close()
            client.socket = connect(self._address)
            self._watch(client)
        return not self._start_next(client)

    def _record(self, client: _Client) -> None:
        self._result.latencies.append(time.perf_counter() - client.started)
        self._result.statuses.append(client.reader.status)
        if client.number % self._sample_every == 0:
            response = client.reader.response()
            copy = Response(response.status, response.headers, bytes(response.body))
            self._result.samples.append((client.number, copy))
