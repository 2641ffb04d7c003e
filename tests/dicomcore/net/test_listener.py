import asyncio
import os
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from association_pair import (
    POLICY,
    QUICK,
    VERIFICATION,
    Store,
    echo,
    listening,
    proposal,
    settled,
    store_request,
)
from builders import CT_IMAGE_STORAGE, EXPLICIT_LE, ct_instance
from certificates import Authority
from peers import pynetdicom_ae
from pynetdicom import AE, evt

from dicomcore.errors import AssociationAborted, AssociationRejected, NetworkError, PeerUnreachable
from dicomcore.net.connection import Address, Connection, Message, connect
from dicomcore.net.listener import Limits, Listener
from dicomcore.net.tls import client_context, server_context
from dicomcore.net.ul.negotiation import AcceptorPolicy
from dicomcore.net.ul.pdu import AssociateRQ

CT_CONTEXT = 3  # of `proposal`


async def run(*command: str | Path) -> tuple[int, str]:
    """Run a program to its end; returns its exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, said.decode("utf-8", "replace")


async def associate(port: int) -> Connection:
    return await connect(Address("127.0.0.1", port), proposal(), QUICK)


async def reason_of_rejection(port: int) -> tuple[int, int, int]:
    with pytest.raises(AssociationRejected) as raised:
        await associate(port)
    return raised.value.result, raised.value.source, raised.value.reason


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


# Programs of others


async def test_echoscu_is_answered() -> None:
    async with listening(Store()) as (_, port):
        assert await run("echoscu", "--repeat", "3", "127.0.0.1", str(port)) == (0, "")


@pytest.mark.parametrize("pdu", ["4096", "16384", "131072"])
async def test_storescu_sends_files(tmp_path: Path, pdu: str) -> None:
    files = [tmp_path / f"{number}.dcm" for number in range(5)]
    for number, path in enumerate(files):
        path.write_bytes(ct_instance(SOPInstanceUID=f"1.2.826.0.1.3680043.10.1.{number}"))
    service = Store()
    async with listening(service) as (_, port):
        assert (await run("storescu", "--max-pdu", pdu, "-R", "127.0.0.1", str(port), *files))[0] == 0
    assert len(service.received) == 5


async def test_pynetdicom_stores_with_us_and_releases() -> None:
    service = Store()

    def ask(port: int) -> tuple[bool, bool]:
        ae = AE("PYNETDICOM")
        ae.add_requested_context(VERIFICATION)
        association = ae.associate("127.0.0.1", port, ae_title="ANSWERS")
        is_echoed = association.send_c_echo().Status == 0
        association.release()
        return is_echoed, association.is_released

    async with listening(service) as (listener, port):
        assert await asyncio.to_thread(ask, port) == (True, True)
        await settled(lambda: listener.associations == 0)
    assert service.connections[0].calling_ae_title == "PYNETDICOM"


async def test_we_ask_pynetdicom() -> None:
    received: list[bytes] = []

    def keep(event: evt.Event) -> int:
        received.append(event.request.DataSet.getvalue())
        return 0

    def start() -> "tuple[object, int]":
        entered = pynetdicom_ae([(evt.EVT_C_STORE, keep)], [VERIFICATION, (CT_IMAGE_STORAGE, [EXPLICIT_LE])])
        return entered, entered.__enter__().port

    entered, port = await asyncio.to_thread(start)
    try:
        asks = proposal(called_ae_title="PEER", contexts=proposal().contexts[:2])
        async with await connect(Address("127.0.0.1", port), asks, QUICK) as connection:
            assert await echo(connection) == 0
            await connection.send(CT_CONTEXT, store_request(connection), [b"\x08\0\x60\0CS\2\0CT"])
            message = await connection.receive()
            assert message is not None and getattr(message.command, "status", None) == 0
    finally:
        await asyncio.to_thread(entered.__exit__, None, None, None)  # type: ignore[attr-defined]
    assert received == [b"\x08\0\x60\0CS\2\0CT"]


# Addresses and processes


async def test_ipv6_is_listened_to() -> None:
    listener = Listener(Store(), POLICY)
    port = await listener.start("::1", 0)
    async with await connect(Address("::1", port), proposal(), QUICK) as connection:
        assert await echo(connection) == 0 and connection.peer_address == "::1"
    await listener.stop(0)


async def test_every_address_of_this_machine_has_the_same_port() -> None:
    listener = Listener(Store(), POLICY)
    port = await listener.start("", 0)
    for host in ("127.0.0.1", "::1"):
        async with await connect(Address(host, port), proposal(), QUICK) as connection:
            assert await echo(connection) == 0
    await listener.stop(0)


async def test_several_may_listen_on_one_port() -> None:
    listeners = [Listener(Store(), POLICY) for _ in range(2)]
    port = await listeners[0].start("127.0.0.1", 0)
    assert await listeners[1].start("127.0.0.1", port) == port
    connections = [await associate(port) for _ in range(10)]
    assert sum(listener.associations for listener in listeners) == 10
    for connection in connections:
        await connection.release()
    for listener in listeners:
        await listener.stop(0)


async def test_a_port_that_is_taken_is_told() -> None:
    async with listening(Store()) as (_, port):
        with pytest.raises(OSError, match="in use"):
            await Listener(Store(), POLICY).start("127.0.0.1", port, reuse_port=False)


# Limits


async def test_more_associations_than_allowed_are_rejected_for_now() -> None:
    async with listening(Store(), limits=Limits(total=2)) as (listener, port):
        first, second = await associate(port), await associate(port)
        assert await reason_of_rejection(port) == (2, 3, 2)
        await first.release()
        await settled(lambda: listener.associations == 1)
        await (await associate(port)).release()
        await second.release()


async def test_more_associations_from_one_address_than_allowed_are_rejected_for_now() -> None:
    async with listening(Store(), limits=Limits(per_address=1)) as (_, port), await associate(port):
        assert await reason_of_rejection(port) == (2, 3, 2)


async def test_silent_connections_take_no_place_and_the_oldest_goes() -> None:
    async with listening(Store(), limits=Limits(total=1, silent=3)) as (_, port):
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(5)]
        async with await associate(port) as connection:
            assert await echo(connection) == 0
        for reader, _writer in silent[:2]:
            assert await asyncio.wait_for(reader.read(), 10) == b""
        for _reader, writer in silent:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for _, writer in silent), return_exceptions=True)


@pytest.mark.slow
async def test_an_echo_is_answered_beside_200_idle_associations() -> None:
    async with listening(Store(), limits=Limits(total=300, per_address=300)) as (listener, port):
        idle = [await associate(port) for _ in range(200)]
        assert listener.associations == 200
        async with await associate(port) as connection:
            assert await echo(connection) == 0
        for one in idle:
            one.abort()
        await asyncio.gather(*(one.closed() for one in idle))


@pytest.mark.slow
async def test_500_dropped_connections_leave_nothing() -> None:
    async with listening(Store(), limits=Limits(total=1000, per_address=1000)) as (listener, port):
        await (await associate(port)).release()
        await settled(lambda: listener.associations == 0)
        files, tasks = open_files(), len(asyncio.all_tasks())
        for number in range(500):
            if number % 2:
                (await associate(port)).driver.cut()
            else:
                with socket.create_connection(("127.0.0.1", port)) as dropped:
                    dropped.sendall(b"\1\0\0\0")
        await settled(lambda: listener.associations == 0 and open_files() <= files)
        assert len(asyncio.all_tasks()) <= tasks


# Policies


async def test_a_policy_may_depend_on_the_request() -> None:
    def policy(rq: AssociateRQ) -> AcceptorPolicy:
        return replace(POLICY, calling_ae_titles=("SOMEBODY",) if rq.called_ae_title == "ANSWERS" else ())

    async with listening(Store(), policy=policy) as (_, port):  # type: ignore[arg-type]
        assert await reason_of_rejection(port) == (1, 1, 3)
        async with await connect(Address("127.0.0.1", port), proposal(called_ae_title="OTHER"), QUICK) as connection:
            assert await echo(connection) == 0


async def test_a_policy_that_fails_rejects() -> None:
    def policy(rq: AssociateRQ) -> AcceptorPolicy:
        raise KeyError(rq.called_ae_title)

    async with listening(Store(), policy=policy) as (_, port):  # type: ignore[arg-type]
        assert await reason_of_rejection(port) == (1, 1, 1)


async def test_pdus_longer_than_announced_are_not_sent() -> None:
    service = Store()
    async with listening(service, maximum_length=4096) as (_, port), await associate(port) as connection:
        assert connection.peer.maximum_length == 4096
        await connection.send(CT_CONTEXT, store_request(connection), [bytes(1_000_000)])
        await connection.receive()
    assert service.received == [bytes(1_000_000)]


async def test_a_requestor_that_does_not_wait_for_the_answer_is_aborted() -> None:
    async with listening(Store()) as (listener, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(proposal().to_rq().encode() + bytes((5, 0, 0, 0, 0, 4, 0, 0, 0, 0)))
        said = await asyncio.wait_for(reader.readexactly(10), 10)
        assert said == bytes((7, 0, 0, 0, 0, 4, 0, 0, 2, 2)) and listener.associations == 0
        writer.close()
        await writer.wait_closed()


# Services that fail


async def test_a_service_that_fails_aborts_its_association_only() -> None:
    async def serve(connection: Connection) -> None:
        message = await connection.receive()
        raise KeyError(message)

    async with listening(serve) as (listener, port):
        other = await associate(port)
        connection = await associate(port)
        with pytest.raises(NetworkError):
            await echo(connection)
        await connection.closed()
        assert listener.associations == 1 and other.is_open
        await other.release()


async def test_a_service_that_leaves_aborts_its_association() -> None:
    async def serve(connection: Connection) -> None:
        await connection.receive()

    async with listening(serve) as (_, port):
        connection = await associate(port)
        with pytest.raises(AssociationAborted):
            await echo(connection)


# The end


class Slow(Store):
    """A service that needs a permission to answer."""

    def __init__(self) -> None:
        super().__init__()
        self.has_begun = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def answer(self, connection: Connection, message: Message) -> None:
        self.has_begun.set()
        await self.may_answer.wait()
        await super().answer(connection, message)


async def test_stopping_lets_what_runs_come_to_its_end() -> None:
    service = Slow()
    listener = Listener(service, POLICY)
    port = await listener.start("127.0.0.1", 0)
    idle, busy = await associate(port), await associate(port)
    answer = asyncio.create_task(echo(busy))
    await service.has_begun.wait()
    stopping = asyncio.create_task(listener.stop(10))
    await asyncio.wait_for(idle.closed(), 10)
    service.may_answer.set()
    assert await answer == 0
    await stopping
    await asyncio.wait_for(busy.closed(), 10)
    with pytest.raises(PeerUnreachable):
        await associate(port)


async def test_stopping_does_not_wait_for_ever() -> None:
    service = Slow()
    listener = Listener(service, POLICY, timeouts=replace(QUICK, artim=0.1))
    port = await listener.start("127.0.0.1", 0)
    busy = await associate(port)
    answer = asyncio.create_task(echo(busy))
    await service.has_begun.wait()
    await listener.stop(0.05)
    assert listener.associations == 0
    with pytest.raises(AssociationAborted):
        await answer
    await busy.closed()


async def test_silent_connections_are_closed_when_it_stops() -> None:
    listener = Listener(Store(), POLICY)
    port = await listener.start("127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with await associate(port):
        await listener.stop(5)
    assert await asyncio.wait_for(reader.read(), 10) == b""
    writer.close()
    await writer.wait_closed()


# TLS (PS3.15 §B.12)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
async def tls_port(authority: Authority) -> AsyncIterator[int]:
    issued = authority.issue("server")
    context = server_context(issued.certificate, issued.private_key, authorities=authority.certificate, is_mutual=True)
    async with listening(Store(), tls=context) as (_, port):
        yield port


async def test_echoscu_is_answered_over_mutual_tls(authority: Authority, tls_port: int) -> None:
    ours = authority.issue("echoscu")
    files = ("--enable-tls", ours.private_key, ours.certificate, "--add-cert-file", authority.certificate)
    assert (await run("echoscu", *files, "127.0.0.1", str(tls_port)))[0] == 0


async def test_a_requestor_without_a_certificate_gets_no_association(authority: Authority, tls_port: int) -> None:
    context = client_context(authorities=authority.certificate)
    with pytest.raises(NetworkError):
        await connect(Address("127.0.0.1", tls_port, context), proposal(), QUICK)


async def test_a_requestor_does_not_talk_to_whom_it_does_not_believe(tls_port: int, tmp_path: Path) -> None:
    context = client_context(authorities=Authority(tmp_path, "other").certificate)
    with pytest.raises(PeerUnreachable, match="its certificate is not accepted: "):
        await connect(Address("127.0.0.1", tls_port, context), proposal(), QUICK)


async def test_tls_1_1_is_refused(authority: Authority, tls_port: int) -> None:
    said = await run(
        "openssl", "s_client", "-connect", f"127.0.0.1:{tls_port}", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"
    )
    assert said[0] != 0 and "Cipher is (NONE)" in said[1]


async def test_a_requestor_without_tls_gets_nothing(tls_port: int) -> None:
    with pytest.raises(NetworkError):
        await associate(tls_port)
