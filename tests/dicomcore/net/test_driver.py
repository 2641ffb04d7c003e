import asyncio
import socket
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop
from association_pair import QUICK, Store, associated, echo, listening, proposal, settled, store_request
from certificates import Authority

from dicomcore.net.connection import Address, Timeouts, connect
from dicomcore.net.tls import client_context, server_context

CT_CONTEXT = 3  # of `proposal`
MUCH = [bytes(262_144)] * 200  # more than all buffers on the way take
Run = Callable[[Coroutine[Any, Any, None]], None]
LOOPS = pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])


@LOOPS
def test_data_sets_go_through_every_event_loop(run: Run) -> None:
    async def scenario() -> None:
        service = Store()
        async with associated(service) as connection:
            for number in range(5):
                await connection.send(CT_CONTEXT, store_request(connection), [bytes([number]) * 2_000_000])
                await connection.receive()
        assert service.received == [bytes([number]) * 2_000_000 for number in range(5)]

    run(scenario())


@LOOPS
def test_data_sets_go_through_tls(run: Run, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    issued = authority.issue("server")
    server = server_context(issued.certificate, issued.private_key)
    client = client_context(authorities=authority.certificate)

    async def scenario() -> None:
        service = Store()
        async with listening(service, tls=server) as (_, port):
            async with await connect(Address("127.0.0.1", port, client), proposal(), QUICK) as connection:
                await connection.send(CT_CONTEXT, store_request(connection), [bytes(3_000_000)])
                await connection.receive()
            await asyncio.wait_for(connection.closed(), 10)
        assert service.received == [bytes(3_000_000)]

    run(scenario())


@LOOPS
def test_small_segments_are_not_delayed_and_nothing_lingers(run: Run) -> None:
    async def scenario() -> None:
        service = Store()
        async with associated(service) as connection:
            assert await echo(connection) == 0
            for side in (connection, service.connections[0]):
                options = side.driver.transport_socket
                assert options is not None
                assert options.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
                assert options.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
                assert options.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) == bytes(8)

    run(scenario())


@LOOPS
def test_reading_can_be_paused(run: Run) -> None:
    async def scenario() -> None:
        service = Store()
        async with associated(service) as connection:
            await settled(lambda: bool(service.connections))
            driver = service.connections[0].driver
            driver.pause_reading()
            driver.pause_reading()
            answer = asyncio.create_task(echo(connection))
            await asyncio.sleep(0.05)
            assert not answer.done()
            driver.resume_reading()
            driver.resume_reading()
            assert await answer == 0

    run(scenario())


@LOOPS
def test_a_connection_can_be_cut(run: Run) -> None:
    async def scenario() -> None:
        service = Store()
        async with associated(service) as connection:
            connection.driver.cut()
            await asyncio.wait_for(connection.closed(), 10)
            connection.driver.cut()
            connection.driver.close()
            connection.driver.flush()
            assert connection.driver.unwritten == 0 and connection.driver.transport_socket is None

    run(scenario())


@LOOPS
def test_what_nobody_reads_does_not_keep_a_connection_open(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dicomcore.net.driver._PATIENCE_AT_END", 0.1)

    async def scenario() -> None:
        service = Store()
        async with associated(service, ours=Timeouts(artim=0.05)) as connection:
            await settled(lambda: bool(service.connections))
            service.connections[0].driver.pause_reading()
            sending = asyncio.create_task(connection.send(CT_CONTEXT, store_request(connection), MUCH))
            await settled(lambda: connection.driver.blocked_since is not None)
            connection.abort()
            await asyncio.wait_for(connection.closed(), 10)
            await asyncio.wait([sending])
            assert sending.exception() is not None

    run(scenario())


async def test_silence_is_ended_by_artim() -> None:
    async with listening(Store(), timeouts=Timeouts(artim=0.05)) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()
        await writer.wait_closed()


async def test_progress_gives_a_slow_peer_more_time() -> None:
    service = Store()
    async with associated(service) as connection:
        await settled(lambda: bool(service.connections))
        slow = service.connections[0].driver
        slow.pause_reading()
        sending = asyncio.create_task(connection.send(CT_CONTEXT, store_request(connection), MUCH))
        await settled(lambda: connection.driver.blocked_since is not None)
        connection.driver.note_progress()
        first = connection.driver.blocked_since
        await asyncio.sleep(0.05)
        connection.driver.note_progress()
        assert connection.driver.blocked_since == first
        slow.resume_reading()
        await sending
        await connection.receive()
        connection.driver.note_progress()
        assert connection.driver.blocked_since is None
