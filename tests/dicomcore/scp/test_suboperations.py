import asyncio

import pytest
from running_provider import associated, serving

from dicomcore.archive import Archive
from dicomcore.errors import AssociationAborted
from dicomcore.net.connection import Address, Connection, Message, connect
from dicomcore.net.dimse.commands import CEchoRQ, CEchoRSP
from dicomcore.net.listener import Listener
from dicomcore.net.proposal import Proposal
from dicomcore.net.ul.negotiation import AcceptorPolicy
from dicomcore.scp.suboperations import Invoker, Progress, window

VERIFICATION = "1.2.840.10008.1.1"
EXPLICIT = "1.2.840.10008.1.2.1"


async def ignore(message: Message) -> None:
    """Take nothing."""


async def test_each_response_goes_to_who_waits_for_it(archive: Archive) -> None:
    async with serving(archive) as served, associated(served, VERIFICATION, asynchronous=(4, 1)) as connection:
        invoker = Invoker(connection, ignore)
        async with invoker.receiving():
            requests = [CEchoRQ(message_id=connection.next_message_id()) for _ in range(4)]
            responses = await asyncio.gather(*(invoker.invoke(1, request) for request in requests))
        assert [one.message_id_being_responded_to for one in responses] == [one.message_id for one in requests]


async def test_receiving_can_be_taken_up_again(archive: Archive) -> None:
    async with serving(archive) as served, associated(served, VERIFICATION) as connection:
        invoker = Invoker(connection, ignore)
        for number in (1, 2):
            async with invoker.receiving():
                assert (await invoker.invoke(1, CEchoRQ(message_id=number))).status == 0x0000


async def test_who_waits_is_told_when_the_association_ends() -> None:
    async def serve(connection: Connection) -> None:
        await connection.receive()
        connection.abort()

    policy = AcceptorPolicy(abstract_syntaxes={VERIFICATION: (EXPLICIT,)})
    listener = Listener(serve, policy)
    port = await listener.start("127.0.0.1", 0)
    proposal = Proposal("ME", "YOU", [(VERIFICATION, (EXPLICIT,))])
    async with await connect(Address("127.0.0.1", port), proposal) as connection:
        invoker = Invoker(connection, ignore)
        async with invoker.receiving():
            with pytest.raises(AssociationAborted):
                await invoker.invoke(1, CEchoRQ(message_id=1))
    await listener.stop(1)


async def test_requests_of_the_peer_are_passed_on_and_late_responses_dropped() -> None:
    async def serve(connection: Connection) -> None:
        await connection.send(1, CEchoRSP(message_id_being_responded_to=77, status=0))
        await connection.send(1, CEchoRQ(message_id=9))
        await connection.receive()

    policy = AcceptorPolicy(abstract_syntaxes={VERIFICATION: (EXPLICIT,)})
    listener = Listener(serve, policy)
    port = await listener.start("127.0.0.1", 0)
    taken = asyncio.Event()

    async def take(message: Message) -> None:
        assert message.command == CEchoRQ(message_id=9)
        taken.set()

    proposal = Proposal("ME", "YOU", [(VERIFICATION, (EXPLICIT,))])
    connection = await connect(Address("127.0.0.1", port), proposal)
    async with connection, Invoker(connection, take).receiving():
        await taken.wait()
    await listener.stop(1)


async def test_a_message_that_has_begun_is_taken_before_receiving_ends() -> None:
    async def serve(connection: Connection) -> None:
        await connection.send(1, CEchoRQ(message_id=9))
        await connection.receive()

    policy = AcceptorPolicy(abstract_syntaxes={VERIFICATION: (EXPLICIT,)})
    listener = Listener(serve, policy)
    port = await listener.start("127.0.0.1", 0)
    begun, taken = asyncio.Event(), []

    async def take(message: Message) -> None:
        begun.set()
        await asyncio.sleep(0.05)
        taken.append(message.command)

    proposal = Proposal("ME", "YOU", [(VERIFICATION, (EXPLICIT,))])
    async with await connect(Address("127.0.0.1", port), proposal) as connection:
        async with Invoker(connection, take).receiving():
            await begun.wait()
        assert taken == [CEchoRQ(message_id=9)]
    await listener.stop(1)


@pytest.mark.parametrize(("agreed", "expected"), [((1, 1), 1), ((3, 1), 3), ((100, 1), 8), ((0, 1), 8)])
async def test_no_more_is_invoked_at_once_than_was_agreed_on(
    archive: Archive, agreed: tuple[int, int], expected: int
) -> None:
    async with serving(archive) as served, associated(served, VERIFICATION, asynchronous=agreed) as connection:
        assert window(connection) == expected


def test_progress_counts_what_became_of_sub_operations() -> None:
    progress = Progress(5)
    for uid, status in (("1.1", 0x0000), ("1.2", 0xB000), ("1.3", 0xA700), ("1.4", 0x0122)):
        progress.note(uid, status)
    assert progress.counts == {
        "number_of_remaining_suboperations": 1,
        "number_of_completed_suboperations": 1,
        "number_of_failed_suboperations": 2,
        "number_of_warning_suboperations": 1,
    }
    identifier = progress.identifier()
    assert identifier is not None
    assert identifier.texts(0x00080058) == ["1.3", "1.4"]


@pytest.mark.parametrize(
    ("statuses", "final"),
    [
        ([], 0x0000),
        ([0x0000, 0x0000], 0x0000),
        ([0x0000, 0xB000], 0xB000),
        ([0x0000, 0xA700], 0xB000),
        ([0xB000, 0xA700], 0xB000),
        ([0xA700, 0xC000], 0xA702),
    ],
)
def test_the_final_status_tells_whether_all_some_or_none_succeeded(statuses: list[int], final: int) -> None:
    progress = Progress(len(statuses))
    for status in statuses:
        progress.note("1.2", status)
    assert progress.final_status == final


def test_a_cancelled_operation_says_what_remains() -> None:
    progress = Progress(70_000, is_cancelled=True)
    assert progress.final_status == 0xFE00
    assert progress.counts["number_of_remaining_suboperations"] == 0xFFFF
    assert progress.identifier() is None
