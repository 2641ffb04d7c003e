import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from app import http_protocol
from app.http_protocol import STOPPING, ConnectionLimits, HttpProtocol
from app.settings import load_settings


async def application(_scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the number of bytes in the body."""
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    body = str(size).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


def limits(**given: object) -> type[HttpProtocol]:
    """The protocol with limits of its own; nobody is a trusted proxy unless said."""
    chosen = ConnectionLimits.of(load_settings(**{"trusted_proxies": "none"} | given))
    return type("Protocol", (HttpProtocol,), {"limits": chosen})


@asynccontextmanager
async def running(
    protocol: type[HttpProtocol], app: ASGIApp = application, lifespan: Literal["on", "off"] = "off"
) -> AsyncIterator[int]:
    config = uvicorn.Config(app, port=0, http=protocol, ws="none", lifespan=lifespan, log_config=None, access_log=False)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.005)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task


async def exchange(port: int, *sent: bytes) -> bytes:
    """Send pieces, each as a packet of its own, and return everything that comes until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in sent:
        writer.write(piece)
        await asyncio.sleep(0.01)
    try:
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()


def get(path: str = "/", *lines: str) -> bytes:
    return "\r\n".join((f"GET {path} HTTP/1.1", "Host: localhost", "Connection: close", *lines, "", "")).encode()


def status(response: bytes) -> int:
    return int(response.split(b" ", 2)[1])


async def test_a_request_is_answered() -> None:
    async with running(limits()) as port:
        response = await exchange(port, get())
    assert status(response) == 200
    assert response.endswith(b"\r\n\r\n0")


async def test_requests_follow_each_other_on_one_connection() -> None:
    request = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"
    async with running(limits()) as port:
        response = await exchange(port, request[:20], request[20:-1], request[-1:], request + get())
    assert response.count(b"HTTP/1.1 200 OK") == 3


@pytest.mark.parametrize("size", [16_000, 17_000, 400_000])
async def test_a_request_line_may_have_16_kb(size: int) -> None:
    async with running(limits()) as port:
        response = await exchange(port, get("/" + "a" * size))
    assert status(response) == (200 if size < 16_384 else 414)


async def test_headers_may_have_64_kb() -> None:
    async with running(limits()) as port:
        fits = await exchange(port, get("/", "X: " + "a" * 60_000))
        too_large = await exchange(port, get("/", *(f"X{number}: " + "a" * 900 for number in range(80))))
    assert (status(fits), status(too_large)) == (200, 431)


async def test_headers_may_have_100_lines() -> None:
    async with running(limits()) as port:
        response = await exchange(port, get("/", *(f"X{number}: 1" for number in range(100))))
    assert status(response) == 431


async def test_a_header_that_never_ends_is_refused_while_it_comes() -> None:
    async with running(limits()) as port:
        response = await exchange(port, b"GET / HTTP/1.1\r\nX: ", *(b"a" * 30_000 for _ in range(10)))
    assert status(response) == 431


@pytest.mark.parametrize("start", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\n"])
async def test_headers_that_do_not_come_are_not_waited_for(start: bytes) -> None:
    async with running(limits(header_timeout_seconds=0.1)) as port:
        response = await exchange(port, start)
    assert status(response) == 408


async def test_the_headers_of_a_second_request_are_not_waited_for_either() -> None:
    first = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    async with running(limits(header_timeout_seconds=0.1)) as port:
        response = await exchange(port, first, b"GET / HTT")
    assert response.startswith(b"HTTP/1.1 200 OK")
    assert b"HTTP/1.1 408 " in response


async def test_a_body_that_trickles_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "BODY_WINDOW", 0.1)
    async with running(limits()) as port:
        response = await exchange(port, b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n", b"a")
    assert response == b""


async def test_a_body_that_flows_is_not_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "BODY_WINDOW", 0.3)  # several times in the second that the pieces take
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 100000\r\n\r\n"
    async with running(limits()) as port:
        response = await exchange(port, head, *(b"a" * 1000 for _ in range(100)))
    assert response.endswith(b"\r\n\r\n100000")


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: 3", "Transfer-Encoding: chunked"),
        ("Content-Length: 3", "Content-Length: 4"),
        ("Content-Length: -1",),
        ("Transfer-Encoding: chunked, identity",),
        ("X Y: 1",),
    ],
)
async def test_what_could_be_understood_in_two_ways_is_refused(lines: tuple[str, ...]) -> None:
    async with running(limits()) as port:
        response = await exchange(port, get("/", *lines) + b"0\r\n\r\n")
    assert status(response) == 400


async def test_one_address_has_a_limited_number_of_connections() -> None:
    async with running(limits(max_connections_per_address=2)) as port:
        open_ones = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        await asyncio.sleep(0.02)
        refused = await exchange(port, get())
        for _, writer in open_ones:
            writer.close()
        await asyncio.sleep(0.02)
        answered = await exchange(port, get())
    assert (status(refused), status(answered)) == (503, 200)


@pytest.mark.parametrize("proxies", ["127.0.0.0/8", "::1,127.0.0.1", "*"])
async def test_a_trusted_proxy_speaks_for_many(proxies: str) -> None:
    async with running(limits(max_connections_per_address=1, trusted_proxies=proxies)) as port:
        open_ones = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        answered = await exchange(port, get())
        for _, writer in open_ones:
            writer.close()
    assert status(answered) == 200


async def test_idle_connections_do_not_delay_others() -> None:
    async with running(limits()) as port:
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(120)]
        answered = await exchange(port, get())
        for _, writer in idle:
            writer.close()
    assert status(answered) == 200


async def test_a_client_that_leaves_is_gone_for_each_of_its_requests() -> None:
    """Of two requests that came in one go it is the first whose answer is being sent."""
    messages: asyncio.Queue[str] = asyncio.Queue()

    async def waiting(_scope: Scope, receive: Receive, _send: Send) -> None:
        await receive()
        await messages.put("begun")
        await messages.put((await receive())["type"])

    async with running(limits(), waiting) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(2 * b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert await asyncio.wait_for(messages.get(), 10) == "begun"
        writer.close()
        assert await asyncio.wait_for(messages.get(), 10) == "http.disconnect"


async def test_the_application_is_told_when_the_server_stops() -> None:
    stopping = asyncio.Event()

    async def streaming(scope: Scope, receive: Receive, send: Send) -> None:
        """Send something, and the rest when the server stops."""
        if scope["type"] == "lifespan":
            scope["state"][STOPPING] = stopping.set
            for kind in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{kind}.complete"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"begin", "more_body": True})
        await stopping.wait()
        await send({"type": "http.response.body", "body": b"end"})

    async with running(limits(), streaming, "on") as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(get())
        await reader.readuntil(b"begin")
    assert (await reader.read()).endswith(b"end\r\n0\r\n\r\n")
    writer.close()


async def test_a_name_that_is_not_ours_is_not_answered() -> None:
    request = b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    async with running(limits()) as port:
        response = await exchange(port, request)
    assert response.startswith(b"HTTP/1.1 421 ")
    assert b"allowed-hosts" in response


async def test_a_name_that_the_operator_allows_is_answered() -> None:
    request = b"GET / HTTP/1.1\r\nHost: pacs.example\r\nConnection: close\r\n\r\n"
    async with running(limits(allowed_hosts="pacs.example")) as port:
        assert (await exchange(port, request)).startswith(b"HTTP/1.1 200 ")
