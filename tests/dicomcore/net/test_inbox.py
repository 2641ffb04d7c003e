import pytest
from builders import CT_IMAGE_STORAGE, EXPLICIT_LE

from dicomcore.errors import AssociationAborted, MalformedCommand
from dicomcore.net.dimse.commands import CCancelRQ, CEchoRQ, CFindRSP, Command, CStoreRQ, encode
from dicomcore.net.inbox import MOST_WAITING_BYTES, MOST_WAITING_MESSAGES, Inbox
from dicomcore.net.ul.association import AcceptedContext, Fragment

CONTEXT = AcceptedContext(1, CT_IMAGE_STORAGE, EXPLICIT_LE, we_are_scu=False, we_are_scp=True)


class Flow:
    """What was asked of whoever reads from the network."""

    def __init__(self) -> None:
        self.is_paused = False

    def pause(self) -> None:
        self.is_paused = True

    def resume(self) -> None:
        self.is_paused = False


def inbox_with(flow: Flow) -> Inbox:
    return Inbox(lambda: {1: CONTEXT}, flow.pause, flow.resume)


def command(command: Command) -> Fragment:
    return Fragment(1, True, True, memoryview(encode(command)))


def data(content: bytes, *, is_last: bool = False) -> Fragment:
    return Fragment(1, False, is_last, memoryview(content))


def store(message_id: int = 1) -> Fragment:
    request = CStoreRQ(
        message_id=message_id, affected_sop_class_uid=CT_IMAGE_STORAGE, affected_sop_instance_uid="1.2.3"
    )
    return command(request)


async def test_a_message_can_be_taken_before_its_data_set_is_there() -> None:
    inbox = inbox_with(Flow())
    assert inbox.take(store())
    message = inbox.next()
    assert inbox.is_receiving and message.data is not None and message.context is CONTEXT
    inbox.take(data(b"one"))
    inbox.take(data(b"two", is_last=True))
    assert await message.data.read() == b"onetwo" and not inbox.is_receiving


def test_messages_are_given_in_the_order_of_their_arrival() -> None:
    inbox = inbox_with(Flow())
    for message_id in (5, 6):
        inbox.take(command(CEchoRQ(message_id=message_id)))
    assert len(inbox) == 2
    assert [inbox.next().command for _ in range(2)] == [CEchoRQ(message_id=5), CEchoRQ(message_id=6)]


def test_the_peer_waits_when_a_megabyte_does() -> None:
    flow = Flow()
    inbox = inbox_with(flow)
    inbox.take(store())
    inbox.take(data(bytes(MOST_WAITING_BYTES)))
    assert not flow.is_paused
    inbox.take(data(b"!"))
    assert flow.is_paused
    inbox.next()
    inbox.drop_rest()
    assert not flow.is_paused


def test_the_peer_waits_when_many_messages_do() -> None:
    flow = Flow()
    inbox = inbox_with(flow)
    for message_id in range(1, MOST_WAITING_MESSAGES + 2):
        inbox.take(command(CEchoRQ(message_id=message_id)))
    assert flow.is_paused
    while inbox:
        inbox.next()
    assert not flow.is_paused


def test_a_cancel_is_noted_and_is_no_message() -> None:
    inbox = inbox_with(Flow())
    assert not inbox.take(command(CCancelRQ(message_id_being_responded_to=7)))
    assert inbox.is_cancelled(7) and not inbox.is_cancelled(8) and len(inbox) == 0


def test_a_new_request_is_not_cancelled_by_what_came_for_an_earlier_one() -> None:
    inbox = inbox_with(Flow())
    inbox.take(command(CCancelRQ(message_id_being_responded_to=7)))
    inbox.take(command(CEchoRQ(message_id=7)))
    assert not inbox.is_cancelled(7)


def test_cancels_of_what_never_was_do_not_pile_up() -> None:
    inbox = inbox_with(Flow())
    for message_id in range(1, 1001):
        inbox.take(command(CCancelRQ(message_id_being_responded_to=message_id)))
    assert sum(inbox.is_cancelled(message_id) for message_id in range(1, 1001)) == 64
    assert inbox.is_cancelled(1000)


@pytest.mark.parametrize(("status", "is_answered"), [(0xFF00, False), (0xFF01, False), (0, True), (0xA700, True)])
def test_a_request_is_answered_by_a_final_response(status: int, is_answered: bool) -> None:
    inbox = inbox_with(Flow())
    inbox.outstanding[3] = None
    inbox.take(command(CFindRSP(message_id_being_responded_to=3, status=status)))
    assert (3 not in inbox.outstanding) is is_answered
    inbox.next()
    assert inbox.is_idle is is_answered


async def test_what_came_as_a_whole_survives_the_association() -> None:
    inbox = inbox_with(Flow())
    for fragment in (store(1), data(b"whole", is_last=True), store(2), data(b"par")):
        inbox.take(fragment)
    inbox.fail(AssociationAborted(0, 0))
    message = inbox.next()
    assert message.data is not None and await message.data.read() == b"whole" and len(inbox) == 0


async def test_whoever_reads_a_data_set_hears_of_the_end_of_the_association() -> None:
    inbox = inbox_with(Flow())
    inbox.take(store())
    message = inbox.next()
    inbox.fail(AssociationAborted(0, 0))
    assert message.data is not None
    with pytest.raises(AssociationAborted):
        await message.data.read()


def test_everything_can_be_dropped() -> None:
    flow = Flow()
    inbox = inbox_with(flow)
    for fragment in (
        store(1),
        data(bytes(MOST_WAITING_BYTES), is_last=True),
        command(CEchoRQ(message_id=2)),
        store(3),
        data(b"?"),
    ):
        inbox.take(fragment)
    inbox.drop_all()
    inbox.take(data(bytes(MOST_WAITING_BYTES + 1)))
    assert len(inbox) == 0 and not flow.is_paused


def test_data_that_no_command_announced_is_refused() -> None:
    with pytest.raises(MalformedCommand):
        inbox_with(Flow()).take(data(b"?"))
