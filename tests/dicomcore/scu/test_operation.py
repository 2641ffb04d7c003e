import pytest
from association_pair import Store, associated, settled
from builders import CT_IMAGE_STORAGE, EXPLICIT_LE, IMPLICIT_LE, element

from dicomcore.data import new_dataset
from dicomcore.errors import AssociationAborted, LimitExceeded, NoPresentationContext, UnexpectedCall
from dicomcore.net.connection import Connection, Message
from dicomcore.net.dimse.commands import CEchoRQ, CEchoRSP, CFindRQ, CFindRSP
from dicomcore.scu.operation import (
    Operations,
    context_for,
    discard,
    is_busy,
    read_identifier,
    refuse,
    write_identifier,
)

ECHO_UID = "1.2.840.10008.1.1"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"


async def test_an_association_is_busy_until_its_last_response() -> None:
    async with associated(Store()) as connection:
        async with Operations(connection) as operations:
            await operations.send(context_for(connection, ECHO_UID), CEchoRQ(message_id=7))
            assert operations.count == 1 and is_busy(connection)
            response, message = await operations.response(CEchoRSP)
            assert (response.message_id_being_responded_to, message.data, operations.count) == (7, None, 0)
        assert not is_busy(connection) and connection.is_open


async def test_operations_do_not_mix_on_an_association() -> None:
    async with associated(Store()) as connection:
        async with Operations(connection):
            with pytest.raises(UnexpectedCall, match="not over"):
                async with Operations(connection):
                    pass
        assert connection.is_open


async def test_what_is_left_without_its_response_aborts_the_association() -> None:
    async with associated(Store()) as connection:
        with pytest.raises(ZeroDivisionError):
            async with Operations(connection) as operations:
                await operations.send(context_for(connection, ECHO_UID), CEchoRQ(message_id=7))
                raise ZeroDivisionError
        assert not connection.is_open and not is_busy(connection)


async def test_a_response_of_another_kind_is_passed_over() -> None:
    async def serve(peer: Connection) -> None:
        message = await peer.receive()
        assert message is not None
        find = CFindRSP(message_id_being_responded_to=7, status=0xFF00, has_dataset=True)
        await peer.send(message.context.context_id, find, [element(0x0020000D, "UI", "1.2", implicit=True)])
        await peer.send(message.context.context_id, CEchoRSP(message_id_being_responded_to=7, status=0))
        await peer.receive()

    async with associated(serve) as connection, Operations(connection) as operations:
        await operations.send(context_for(connection, ECHO_UID), CEchoRQ(message_id=7))
        assert (await operations.response(CEchoRSP))[0].status == 0


async def test_a_release_instead_of_the_response_is_an_error() -> None:
    async def serve(peer: Connection) -> None:
        await peer.receive()
        await peer.release()

    async with associated(serve) as connection:
        with pytest.raises(AssociationAborted, match="before it had answered"):
            async with Operations(connection) as operations:
                await operations.send(context_for(connection, ECHO_UID), CEchoRQ(message_id=7))
                await operations.response(CEchoRSP)


async def test_what_the_peer_asks_goes_to_whoever_answers_for_it() -> None:
    asked = []

    async def serve(peer: Connection) -> None:
        message = await peer.receive()
        assert message is not None
        await peer.send(message.context.context_id, CEchoRQ(message_id=1))
        await peer.send(message.context.context_id, CEchoRSP(message_id_being_responded_to=7, status=0))
        await peer.receive()

    async def note(message: Message) -> None:
        asked.append(message.command)

    async with associated(serve) as connection, Operations(connection, on_request=note) as operations:
        await operations.send(context_for(connection, ECHO_UID), CEchoRQ(message_id=7))
        await operations.response(CEchoRSP)
    assert asked == [CEchoRQ(message_id=1)]


async def test_operations_that_nobody_follows_any_more_are_ended_with_their_association() -> None:
    given_up = []

    async def serve(peer: Connection) -> None:
        await peer.receive()
        await settled(lambda: peer.poll_cancel(7))
        peer.abort()

    async def begin_and_leave(connection: Connection) -> None:
        context = context_for(connection, STUDY_ROOT_FIND)
        async with Operations(connection, on_give_up=lambda: given_up.append(True)) as operations:
            request = CFindRQ(message_id=7, affected_sop_class_uid=STUDY_ROOT_FIND)
            await operations.send(context, request, write_identifier(new_dataset(), context))
            raise GeneratorExit

    async with associated(serve) as connection:
        with pytest.raises(GeneratorExit):
            await begin_and_leave(connection)
        assert given_up == [True]
        assert not connection.is_open and not is_busy(connection)


async def received(connection: Connection) -> Message:
    message = await connection.receive()
    assert message is not None
    return message


async def test_identifiers_are_written_and_read_in_the_transfer_syntax_of_their_context() -> None:
    taken = []

    async def serve(peer: Connection) -> None:
        message = await received(peer)
        dataset = await read_identifier(message)
        assert dataset is not None
        taken.append(dataset.text(0x0020000D))
        await peer.receive()

    async with associated(serve) as connection:
        context = context_for(connection, STUDY_ROOT_FIND)
        identifier = new_dataset()
        identifier.put(0x0020000D, "UI", "1.2.3")
        assert context.transfer_syntax == IMPLICIT_LE
        content = write_identifier(identifier, context)
        assert b"".join(content) == element(0x0020000D, "UI", "1.2.3", implicit=True)
        request = CFindRQ(message_id=7, affected_sop_class_uid=STUDY_ROOT_FIND)
        await connection.send(context.context_id, request, content)
        await connection.release()
    assert taken == ["1.2.3"]


async def test_an_identifier_beyond_all_measure_is_not_read() -> None:
    problems = []

    async def serve(peer: Connection) -> None:
        try:
            await read_identifier(await received(peer))
        except LimitExceeded as error:
            problems.append(error.limit)
        await peer.receive()

    async with associated(serve) as connection:
        context = context_for(connection, STUDY_ROOT_FIND)
        request = CFindRQ(message_id=7, affected_sop_class_uid=STUDY_ROOT_FIND)
        await connection.send(context.context_id, request, [bytes(1 << 20)] * 17)
        await connection.release()
    assert problems == ["bytes of an identifier"]


async def test_a_message_without_data_set_has_no_identifier_and_nothing_to_discard() -> None:
    async with associated(Store()) as connection:
        message = Message(context_for(connection, ECHO_UID), CEchoRQ(message_id=1))
        assert await read_identifier(message) is None
        discard(message)
        with pytest.raises(UnexpectedCall, match="CEchoRQ"):
            await refuse(message)


async def test_a_context_is_found_by_sop_class_and_transfer_syntax() -> None:
    async with associated(Store()) as connection:
        assert context_for(connection, CT_IMAGE_STORAGE, EXPLICIT_LE).abstract_syntax == CT_IMAGE_STORAGE
        with pytest.raises(NoPresentationContext, match=IMPLICIT_LE):
            context_for(connection, CT_IMAGE_STORAGE, IMPLICIT_LE)
