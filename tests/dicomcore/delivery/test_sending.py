from collections.abc import AsyncGenerator, Callable, Sequence

import pytest
from builders import ct_instance
from running_provider import KnownNodes, put

from dicomcore.archive import Archive
from dicomcore.delivery.delivering import Delivered
from dicomcore.delivery.progress import Position, Progress
from dicomcore.delivery.sending import Sending
from dicomcore.errors import AssociationAborted, AssociationRejected, DicomError, PeerUnreachable, UnknownNode
from dicomcore.index import Claimed
from dicomcore.nodes import Node
from dicomcore.resources import Resource
from dicomcore.scu.outgoing import StoredInstance
from dicomcore.transfer import Problems, Transfer, TransferKind

PACS = Node("PACS", "127.0.0.1", 1)
GONE = PeerUnreachable("127.0.0.1:1", "connection refused")
BROKEN = AssociationAborted()


class Peer:
    """A node: ``refuse`` says what happens to an instance, by its UID and how often it has come."""

    def __init__(self, refuse: Callable[[str, int], str | DicomError] = lambda _uid, _times: "") -> None:
        self.refuse = refuse
        self.seen: list[str] = []
        self.passes: list[int] = []

    async def __call__(self, _node: Node, items: Sequence[StoredInstance]) -> AsyncGenerator[Delivered, None]:
        self.passes.append(len(items))
        for item in items:
            uid = item.sop_instance_uid
            self.seen.append(uid)
            answer = self.refuse(uid, self.seen.count(uid))
            error = answer if isinstance(answer, DicomError) else None
            yield Delivered(item, str(answer), error)


async def fill(archive: Archive, study: str, count: int) -> list[str]:
    uids = [f"{study}.1.{number}" for number in range(1, count + 1)]
    for number, uid in enumerate(uids):
        above = {"StudyInstanceUID": study, "SeriesInstanceUID": f"{study}.1"}
        await put(archive, ct_instance(SOPInstanceUID=uid, InstanceNumber=str(number), **above))
    return uids


def begun(*resources: Resource, position: Position | None = None) -> Progress:
    transfer = Transfer("1", TransferKind.SEND, "PACS", resources)
    return Progress(Claimed(transfer, "us", Problems(), position.write() if position else b""))


def sending(archive: Archive, peer: Peer, *nodes: Node) -> Sending:
    return Sending(KnownNodes(*nodes), archive, peer, archive.threads, pauses=(0.001, 0.001))


async def test_all_instances_of_all_resources_go_in_their_order(archive: Archive) -> None:
    uids = await fill(archive, "1", 3) + (await fill(archive, "2", 2))[:1]
    peer, progress = Peer(), begun(Resource("1"), Resource("2", "2.1", "2.1.1"))
    await sending(archive, peer, PACS)(progress)
    assert peer.seen == uids
    assert (progress.total, progress.completed, progress.failed, progress.has_problems) == (4, 4, 0, False)


async def test_those_of_a_sop_class_go_together(archive: Archive) -> None:
    for number, sop_class in enumerate(("2", "4", "2")):
        uid, full = f"1.2.{number}", f"1.2.840.10008.5.1.4.1.1.{sop_class}"
        await put(archive, ct_instance(SOPInstanceUID=uid, SOPClassUID=full, InstanceNumber=str(number)))
    peer = Peer()
    await sending(archive, peer, PACS)(begun(Resource("1.2.3")))
    assert peer.seen == ["1.2.0", "1.2.2", "1.2.1"]


async def test_a_single_failure_is_told_and_the_others_go_on(archive: Archive) -> None:
    uids = await fill(archive, "1", 3)
    peer, progress = Peer(lambda uid, _: "status A900" if uid == uids[1] else ""), begun(Resource("1"))
    await sending(archive, peer, PACS)(progress)
    assert (progress.completed, progress.failed) == (2, 1)
    assert progress.taken().transfer.problems == (f"{uids[1]}: status A900",)


async def test_what_passes_is_tried_again(archive: Archive) -> None:
    uids = await fill(archive, "1", 3)
    peer, progress = Peer(lambda uid, times: GONE if times < 3 and uid != uids[0] else ""), begun(Resource("1"))
    await sending(archive, peer, PACS)(progress)
    assert (progress.completed, progress.failed, progress.total) == (3, 0, 3)


async def test_a_node_that_is_not_there_is_given_up_after_three_attempts(archive: Archive) -> None:
    await fill(archive, "1", 40)
    peer, progress = Peer(lambda _uid, _times: GONE), begun(Resource("1"))
    with pytest.raises(PeerUnreachable):
        await sending(archive, peer, PACS)(progress)
    assert peer.passes == [40, 40, 40]
    assert not progress.has_problems


async def test_a_node_that_has_gone_in_the_middle_is_gone_on_with_later(archive: Archive) -> None:
    uids = await fill(archive, "1", 40)
    peer, progress = Peer(lambda uid, _: GONE if uid not in uids[:5] else ""), begun(Resource("1"))
    with pytest.raises(PeerUnreachable):
        await sending(archive, peer, PACS)(progress)
    position = Position.read(progress.taken().position)
    assert (position.place, progress.completed) == (5, 5)
    again, later = Peer(), begun(Resource("1"), position=position)
    await sending(archive, again, PACS)(later)
    assert (again.seen, later.completed, later.total) == (uids[5:], 40, 40)


async def test_a_rejection_for_good_is_not_tried_again(archive: Archive) -> None:
    await fill(archive, "1", 2)
    peer = Peer(lambda _uid, _times: AssociationRejected(1, 1, 7, "the called AE title is not known"))
    with pytest.raises(AssociationRejected):
        await sending(archive, peer, PACS)(begun(Resource("1")))
    assert peer.passes == [2]


async def test_one_that_breaks_every_association_is_found_and_left_out(archive: Archive) -> None:
    uids = await fill(archive, "1", 5)
    peer = Peer(lambda uid, times: BROKEN if uid == uids[2] or (uid > uids[2] and times == 1) else "")
    progress = begun(Resource("1"))
    await sending(archive, peer, PACS)(progress)
    assert (progress.completed, progress.failed) == (4, 1)
    assert progress.taken().transfer.problems == (f"{uids[2]}: the association was aborted",)


async def test_what_was_deleted_meanwhile_is_told(archive: Archive) -> None:
    uids = await fill(archive, "2", 1)
    peer, progress = Peer(), begun(Resource("1"), Resource("2"))
    await sending(archive, peer, PACS)(progress)
    assert peer.seen == uids
    assert progress.taken().transfer.problems == ("/studies/1 is not here",)


async def test_a_node_that_is_no_more_ends_it(archive: Archive) -> None:
    await fill(archive, "1", 1)
    with pytest.raises(UnknownNode, match="no node is called 'PACS'"):
        await sending(archive, Peer())(begun(Resource("1")))
