import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest
from association_pair import (
    POLICY,
    QUICK,
    STUDY_ROOT_FIND,
    Store,
    associated,
    echo,
    listening,
    proposal,
    settled,
    store_request,
    stored,
)

from dicomcore.errors import (
    AssociationAborted,
    AssociationRejected,
    AssociationTimeout,
    MalformedCommand,
    PeerUnreachable,
    UnexpectedCall,
)
from dicomcore.net.connection import Address, Connection, Message, Timeouts, connect
from dicomcore.net.dimse.commands import CCancelRQ, CEchoRQ, CFindRQ, CFindRSP, CStoreRQ, CStoreRSP, encode
from dicomcore.net.tls import client_context
from dicomcore.net.ul.negotiation import negotiate
from dicomcore.net.ul.pdu import AssociateAC, AssociateRQ, ReleaseRP, decode_pdu
from dicomcore.net.ul.state import State

CT_CONTEXT, FIND_CONTEXT = 3, 5  # of `proposal`
ABORT = bytes((7, 0, 0, 0, 0, 4, 0, 0, 0, 0))
RELEASE_RQ = bytes((5, 0, 0, 0, 0, 4, 0, 0, 0, 0))


async def next_of(connection: Connection) -> Message:
    message = await connection.receive()
    assert message is not None
    return message


# Messages


async def test_echo_is_answered() -> None:
    async with associated(Store()) as connection:
        assert await echo(connection) == 0


async def test_a_data_set_arrives_as_it_was_sent() -> None:
    content = bytes(range(256)) * 4000
    service = Store()
    async with associated(service) as connection:
        await connection.send(CT_CONTEXT, store_request(connection), [content[:1000], b"", content[1000:]])
        response = (await next_of(connection)).command
        assert isinstance(response, CStoreRSP) and response.status == 0
    assert service.received == [content]


async def test_a_data_set_may_come_from_an_asynchronous_iterator() -> None:
    async def buffers() -> AsyncIterator[bytes]:
        for number in range(10):
            await asyncio.sleep(0)
            yield bytes([number]) * 100_000

    service = Store()
    async with associated(service) as connection:
        await connection.send(CT_CONTEXT, store_request(connection), buffers())
        await next_of(connection)
    assert service.received == [b"".join([bytes([number]) * 100_000 for number in range(10)])]


async def test_an_empty_data_set_is_one() -> None:
    service = Store()
    async with associated(service) as connection:
        await connection.send(CT_CONTEXT, store_request(connection), [])
        await next_of(connection)
    assert service.received == [b""]


async def test_what_is_left_of_a_data_set_is_dropped_by_the_next_receive() -> None:
    async def serve(connection: Connection) -> None:
        while (message := await connection.receive()) is not None:
            if isinstance(message.command, CStoreRQ):
                await connection.send(message.context.context_id, stored(message.command, 0xA700))

    async with associated(serve) as connection:
        for _ in range(3):
            await connection.send(CT_CONTEXT, store_request(connection), [bytes(3_000_000)])
            response = (await next_of(connection)).command
            assert isinstance(response, CStoreRSP) and response.status == 0xA700


async def test_requests_may_arrive_before_the_first_is_answered() -> None:
    service = Store()
    async with associated(service, asks=proposal(asynchronous=(4, 1))) as connection:
        requests = [store_request(connection, number) for number in range(4)]
        for number, request in enumerate(requests):
            await connection.send(CT_CONTEXT, request, [bytes([number]) * 1000])
        answered = [(await next_of(connection)).command for _ in requests]
    assert [getattr(one, "message_id_being_responded_to", None) for one in answered] == [1, 2, 3, 4]
    assert service.received == [bytes([number]) * 1000 for number in range(4)]


async def test_messages_that_are_sent_at_once_are_not_mixed() -> None:
    service = Store()
    async with associated(service) as connection:
        contents = [bytes([number]) * 700_000 for number in range(5)]
        await asyncio.gather(
            *(connection.send(CT_CONTEXT, store_request(connection), [one[:5], one[5:]]) for one in contents)
        )
        for _ in contents:
            await next_of(connection)
    assert sorted(service.received) == contents


async def test_a_command_that_says_otherwise_about_its_data_set_is_not_sent() -> None:
    async with associated(Store()) as connection:
        with pytest.raises(UnexpectedCall):
            await connection.send(1, CEchoRQ(message_id=1), [b"?"])
        with pytest.raises(UnexpectedCall):
            await connection.send(CT_CONTEXT, store_request(connection))
        assert await echo(connection) == 0


async def test_message_ids_are_not_those_of_outstanding_requests() -> None:
    async with associated(Store()) as connection:
        assert [connection.next_message_id() for _ in range(3)] == [1, 2, 3]
        await connection.send(1, CEchoRQ(message_id=4))
        assert connection.next_message_id() == 5
        for _ in range(0xFFFF - 5):
            connection.next_message_id()
        assert [connection.next_message_id() for _ in range(4)] == [1, 2, 3, 5]


async def test_only_one_may_wait_for_a_message() -> None:
    async with associated(Store()) as connection:
        waiting = asyncio.create_task(connection.receive())
        await settled(lambda: connection.is_idle)
        with pytest.raises(UnexpectedCall):
            await connection.receive()
        waiting.cancel()
        await asyncio.wait([waiting])
        assert await echo(connection) == 0


# C-CANCEL (PS3.7 §9.3.2.3)


async def find_until_cancelled(connection: Connection) -> None:
    while (message := await connection.receive()) is not None:
        if not isinstance(message.command, CFindRQ):
            continue
        message_id = message.command.message_id
        while not connection.poll_cancel(message_id):
            pending = CFindRSP(message_id_being_responded_to=message_id, status=0xFF00, has_dataset=True)
            await connection.send(message.context.context_id, pending, [b"match"])
        cancelled = CFindRSP(message_id_being_responded_to=message_id, status=0xFE00)
        await connection.send(message.context.context_id, cancelled)


async def test_a_cancel_is_seen_between_two_responses() -> None:
    async with associated(find_until_cancelled) as connection:
        request = CFindRQ(message_id=connection.next_message_id(), affected_sop_class_uid=STUDY_ROOT_FIND)
        await connection.send(FIND_CONTEXT, request, [b"query"])
        for _ in range(3):
            assert getattr((await next_of(connection)).command, "status", None) == 0xFF00
        await connection.send(FIND_CONTEXT, CCancelRQ(message_id_being_responded_to=request.message_id))
        statuses = {0xFF00}
        while 0xFF00 in statuses:
            statuses = {getattr((await next_of(connection)).command, "status", None)}
        assert statuses == {0xFE00}


# Back-pressure


async def test_a_slow_receiver_makes_the_sender_wait() -> None:
    go_on = asyncio.Event()
    service = Store()

    async def serve(connection: Connection) -> None:
        await go_on.wait()
        await service(connection)

    sent: list[int] = []

    def buffers() -> Iterator[bytes]:
        for number in range(200):
            sent.append(number)
            yield bytes(262_144)

    async with associated(serve) as connection:
        sending = asyncio.create_task(connection.send(CT_CONTEXT, store_request(connection), buffers()))
        await settled(lambda: connection.driver.unwritten > 0 and connection.driver.blocked_since is not None)
        await asyncio.sleep(0.1)
        assert len(sent) < 150 and not sending.done()
        go_on.set()
        await sending
        await next_of(connection)
    assert len(service.received[0]) == 200 * 262_144


async def test_a_slow_reader_of_a_data_set_gets_all_of_it() -> None:
    sizes: list[int] = []

    async def serve(connection: Connection) -> None:
        message = await next_of(connection)
        assert message.data is not None and isinstance(message.command, CStoreRQ)
        async for fragment in message.data:
            sizes.append(len(fragment))
            await asyncio.sleep(0.0005)
        await connection.send(message.context.context_id, stored(message.command))
        await connection.receive()

    async with associated(serve) as connection:
        await connection.send(CT_CONTEXT, store_request(connection), [bytes(20_000_000)])
        await next_of(connection)
    assert sum(sizes) == 20_000_000


async def test_encoded_responses_are_sent_in_one_go() -> None:
    async def serve(connection: Connection) -> None:
        message = await next_of(connection)
        assert isinstance(message.command, CFindRQ)
        pending = CFindRSP(message_id_being_responded_to=1, status=0xFF00, has_dataset=True)
        await connection.send_encoded(
            message.context.context_id, [(encode(pending), b"match"), (encode(pending), bytes(300_000))]
        )
        await connection.receive()

    async with associated(serve) as connection:
        await connection.send(FIND_CONTEXT, CFindRQ(message_id=1, affected_sop_class_uid=STUDY_ROOT_FIND), [b"query"])
        for content in (b"match", bytes(300_000)):
            message = await next_of(connection)
            assert message.data is not None and await message.data.read() == content


# The end


async def test_release_is_agreed_on() -> None:
    service = Store()
    async with associated(service) as connection:
        await connection.release()
        assert not connection.is_open
        await connection.release()
        with pytest.raises(UnexpectedCall):
            await connection.send(1, CEchoRQ(message_id=1))
        await connection.closed()
        assert await connection.receive() is None
    assert service.connections[0].association.state is State.IDLE


async def test_a_requestor_that_does_nothing_agrees_to_release() -> None:
    async def serve(connection: Connection) -> None:
        await connection.release()

    async with associated(serve) as connection:
        await connection.closed()
        assert not connection.is_open and await connection.receive() is None


async def test_both_may_ask_for_release_at_once() -> None:
    asked: list[Connection] = []

    async def serve(connection: Connection) -> None:
        asked.append(connection)
        await connection.release()

    for _ in range(10):
        async with listening(serve) as (_listener, port):
            connection = await connect(Address("127.0.0.1", port), proposal(), QUICK)
            await connection.release()
            await asyncio.wait_for(connection.closed(), 5)
            await asyncio.wait_for(asked[-1].closed(), 5)
            assert not connection.is_open
    assert [one.is_open for one in asked] == [False] * 10


async def test_what_was_asked_before_a_release_is_answered_before_it() -> None:
    """The acceptor may still send after A-RELEASE-RQ (PS3.8 §7.2.1.3)."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def serve(connection: Connection) -> None:
        message = await next_of(connection)
        begun.set()
        await go_on.wait()
        response = CFindRSP(message_id_being_responded_to=1, status=0)
        await connection.send(message.context.context_id, response)
        assert await connection.receive() is None

    async with associated(serve) as connection:
        request = CFindRQ(message_id=connection.next_message_id(), affected_sop_class_uid=STUDY_ROOT_FIND)
        await connection.send(FIND_CONTEXT, request, [b"query"])
        await begun.wait()
        releasing = asyncio.create_task(connection.release())
        await asyncio.sleep(0.05)
        assert not releasing.done()
        go_on.set()
        await releasing


async def test_abort_reaches_the_peer() -> None:
    ended: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()

    async def serve(connection: Connection) -> None:
        try:
            await connection.receive()
        except AssociationAborted as error:
            ended.set_result(error)

    async with associated(serve) as connection:
        connection.abort()
        error = await asyncio.wait_for(ended, 10)
        assert str(error) == "the peer aborted the association" and not connection.is_open
        with pytest.raises(AssociationAborted, match="we aborted"):
            await connection.receive()


async def test_an_abort_in_the_middle_of_a_data_set_is_told_to_whoever_reads_it() -> None:
    ended: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()

    async def serve(connection: Connection) -> None:
        message = await next_of(connection)
        assert message.data is not None
        try:
            await message.data.feed_to(lambda _: None)
        except AssociationAborted as error:
            ended.set_result(error)

    def buffers() -> Iterator[bytes]:
        yield bytes(600_000)
        yield bytes(600_000)
        raise OSError("the disk is gone")

    async with associated(serve) as connection:
        with pytest.raises(OSError, match="the disk is gone"):
            await connection.send(CT_CONTEXT, store_request(connection), buffers())
        assert isinstance(await asyncio.wait_for(ended, 10), AssociationAborted)


async def test_leaving_a_block_with_an_exception_aborts() -> None:
    service = Store()
    async with listening(service) as (_, port):
        with pytest.raises(KeyError):
            async with await connect(Address("127.0.0.1", port), proposal(), QUICK) as connection:
                raise KeyError
        assert not connection.is_open
        await asyncio.wait_for(connection.closed(), 10)


async def test_a_connection_that_winds_down_ends_when_nothing_is_under_way() -> None:
    service = Store()
    async with associated(service) as connection:
        assert await echo(connection) == 0
        await settled(lambda: service.connections[0].is_idle)
        service.connections[0].wind_down()
        await asyncio.wait_for(connection.closed(), 10)
        assert not connection.is_open


# Peers that are not ours


Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listener_of(peer: Peer) -> AsyncIterator[Address]:
    """A peer written by hand, which does what ``peer`` says to one connection after the other."""
    tasks: set[asyncio.Task[None]] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await peer(reader, writer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield Address("127.0.0.1", server.sockets[0].getsockname()[1])
    finally:
        server.close()
        await asyncio.gather(*tasks)


@asynccontextmanager
async def acceptor(peer: Peer) -> AsyncIterator[Address]:
    """A peer written by hand: it accepts the association, and does what ``peer`` says."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readexactly(6)
        rq = decode_pdu(head[0], await reader.readexactly(struct.unpack(">I", head[2:])[0]))
        assert isinstance(rq, AssociateRQ)
        ac = negotiate(rq, POLICY)
        assert isinstance(ac, AssociateAC)
        writer.write(ac.encode())
        await peer(reader, writer)

    async with listener_of(answer) as address:
        yield address


async def read_all(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(10):
        return await reader.read(-1)


async def test_a_peer_that_aborts_is_told_from_one_that_is_gone() -> None:
    async def aborts(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(ABORT)

    async def goes(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    for peer, sentence in ((aborts, "the peer aborted"), (goes, "the connection was closed")):
        async with acceptor(peer) as address:
            connection = await connect(address, proposal(), QUICK)
            with pytest.raises(AssociationAborted, match=sentence):
                await connection.receive()
            await connection.closed()


async def test_a_half_closed_connection_is_closed() -> None:
    rest: list[bytes] = []

    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write_eof()
        rest.append(await read_all(reader))

    async with acceptor(half) as address:
        connection = await connect(address, proposal(), QUICK)
        with pytest.raises(AssociationAborted):
            await connection.receive()
        await connection.closed()
    assert rest == [b""]


async def test_garbage_is_answered_with_an_abort_that_says_so() -> None:
    rest: list[bytes] = []

    async def babbles(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        rest.append(await reader.readexactly(10))

    async with acceptor(babbles) as address:
        connection = await connect(address, proposal(), QUICK)
        with pytest.raises(AssociationAborted):
            await connection.receive()
        await connection.closed()
    assert rest[0][:1] == b"\x07" and rest[0][8:] == bytes((2, 1))


async def test_a_command_that_makes_no_sense_is_answered_with_an_abort() -> None:
    rest: list[bytes] = []

    async def babbles(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(bytes((4, 0, 0, 0, 0, 8, 0, 0, 0, 4, 1, 3)) + b"??")
        rest.append(await reader.readexactly(10))

    async with acceptor(babbles) as address:
        connection = await connect(address, proposal(), QUICK)
        with pytest.raises(MalformedCommand):
            await connection.receive()
        with pytest.raises(MalformedCommand):
            await connection.send(1, CEchoRQ(message_id=1))
        await connection.closed()
    assert rest[0][:1] == b"\x07"


async def test_a_peer_that_does_not_agree_to_release_is_aborted() -> None:
    rest: list[bytes] = []

    async def ignores(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        rest.append(await reader.readexactly(20))

    async with acceptor(ignores) as address:
        connection = await connect(address, proposal(), Timeouts(association=0.05))
        await connection.release()
        await connection.closed()
    assert rest[0][:10] == RELEASE_RQ and rest[0][10:11] == b"\x07"


async def test_a_peer_that_does_not_close_after_release_is_left_when_artim_expires() -> None:
    closed = asyncio.Event()

    async def stays(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(RELEASE_RQ)
        assert await reader.readexactly(10) == ReleaseRP().encode()
        assert await read_all(reader) == b""
        closed.set()

    async with acceptor(stays) as address:
        connection = await connect(address, proposal(), Timeouts(artim=0.05))
        await asyncio.wait_for(connection.closed(), 10)
        await asyncio.wait_for(closed.wait(), 10)


# Timers


async def silence(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await read_all(reader)


async def test_a_peer_that_does_not_answer_an_operation_is_aborted() -> None:
    async with acceptor(silence) as address:
        connection = await connect(address, proposal(), Timeouts(dimse=0.05, artim=0.05))
        await connection.send(1, CEchoRQ(message_id=connection.next_message_id()))
        with pytest.raises(AssociationTimeout) as raised:
            await connection.receive()
        assert raised.value.what == "response"
        await connection.closed()


async def test_a_peer_that_has_nothing_to_say_is_aborted() -> None:
    async with acceptor(silence) as address:
        connection = await connect(address, proposal(), Timeouts(idle=0.05, artim=0.05))
        with pytest.raises(AssociationTimeout) as raised:
            await connection.receive()
        assert raised.value.what == "message"
        await connection.closed()


async def test_a_peer_that_stops_in_the_middle_of_a_data_set_is_aborted() -> None:
    ended: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()

    async def serve(connection: Connection) -> None:
        message = await next_of(connection)
        assert message.data is not None
        try:
            await message.data.feed_to(lambda _: None)
        except AssociationTimeout as error:
            ended.set_result(error)

    async def stalls() -> AsyncIterator[bytes]:
        yield bytes(1000)
        yield bytes(1000)
        await asyncio.sleep(60)

    async with associated(serve, timeouts=Timeouts(dimse=0.05, artim=0.05)) as connection:
        sending = asyncio.create_task(connection.send(CT_CONTEXT, store_request(connection), stalls()))
        assert isinstance(await asyncio.wait_for(ended, 10), AssociationTimeout)
        sending.cancel()
        await asyncio.wait([sending])


async def test_a_peer_that_takes_nothing_is_cut_off() -> None:
    async def deaf(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # it is a transport that reads
        await gone.wait()

    gone = asyncio.Event()
    async with acceptor(deaf) as address:
        connection = await connect(address, proposal(), Timeouts(dimse=0.1))
        with pytest.raises(AssociationTimeout, match="readiness to take data"):
            await connection.send(CT_CONTEXT, store_request(connection), [bytes(262_144) for _ in range(100)])
        await asyncio.wait_for(connection.closed(), 10)
        gone.set()


async def test_a_server_that_is_busy_is_not_aborted_for_it() -> None:
    async def serve(connection: Connection) -> None:
        message = await next_of(connection)
        await asyncio.sleep(0.2)
        await connection.send(message.context.context_id, CFindRSP(message_id_being_responded_to=1, status=0))
        await connection.receive()

    async with associated(serve, timeouts=Timeouts(dimse=0.05, idle=0.05)) as connection:
        await connection.send(1, CEchoRQ(message_id=1))
        assert getattr((await next_of(connection)).command, "status", None) == 0


# Asking for an association


async def test_a_port_where_nobody_listens_is_said_so() -> None:
    async with acceptor(silence) as address:
        pass
    with pytest.raises(PeerUnreachable, match=f"^{address} cannot be reached: the connection was refused$"):
        await connect(address, proposal(), QUICK)


async def test_a_peer_that_does_not_answer_the_request_is_left() -> None:
    rest: list[bytes] = []

    async def hold(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        rest.append(await read_all(reader))

    async with listener_of(hold) as address:
        with pytest.raises(AssociationTimeout):
            await connect(address, proposal(), Timeouts(association=0.05, artim=0.05))
    assert rest[0][:1] == b"\1" and rest[0][-10:-9] == b"\7"


async def test_a_peer_that_closes_instead_of_answering_is_said_so() -> None:
    async def leave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with listener_of(leave) as address:
        with pytest.raises(AssociationAborted):
            await connect(address, proposal(), QUICK)


async def test_a_name_that_nobody_has_is_said_so() -> None:
    with pytest.raises(PeerUnreachable, match=r"^pacs\.invalid:104 cannot be reached: the name is not known$"):
        await connect(Address("pacs.invalid", 104), proposal(), QUICK)


async def test_a_connection_that_is_not_made_in_time_is_said_so() -> None:
    """TLS with a peer that does not speak it: the connection is there, and the handshake never ends."""
    async with listener_of(silence) as address:
        with pytest.raises(PeerUnreachable, match=r"within 0\.05 seconds"):
            await connect(replace(address, tls=client_context()), proposal(), Timeouts(connect=0.05))


async def test_a_rejection_says_why() -> None:
    async with listening(Store(), policy=replace(POLICY, ae_titles=("OTHER",))) as (_, port):
        with pytest.raises(AssociationRejected, match="called AE title not recognized") as raised:
            await connect(Address("127.0.0.1", port), proposal(), QUICK)
        assert (raised.value.result, raised.value.source, raised.value.reason) == (1, 1, 7)
