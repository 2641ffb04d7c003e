from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from builders import CT_IMAGE_STORAGE, EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE, JPEG_BASELINE, RLE_LOSSLESS
from peers import pynetdicom_ae
from pynetdicom import evt

from dicomcore.data import STORAGE_SOP_CLASSES, TRANSFER_SYNTAXES, Buffer
from dicomcore.net.ul.items import CommonExtendedNegotiation, ExtendedNegotiation, RoleSelection
from dicomcore.scu.outgoing import Outgoing
from dicomcore.scu.pool import open_association
from dicomcore.scu.purposes import (
    QUERY,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
    USUAL_SOP_CLASSES,
    VERIFY,
    Purpose,
    retrieval,
    services,
    storage,
)

MR_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.4"


@dataclass(frozen=True)
class Item:
    """An instance of which nothing matters but how it is stored."""

    sop_class_uid: str
    transfer_syntax_uid: str
    sop_instance_uid: str = "1.2.3.4"

    async def dataset(self, transfer_syntax_uid: str) -> AsyncIterator[Buffer]:
        async def nothing() -> AsyncIterator[Buffer]:
            yield b""

        return nothing()


def test_queries_and_moves_share_an_association() -> None:
    uids = [uid for uid, _ in QUERY.contexts]
    assert {STUDY_ROOT_FIND, STUDY_ROOT_MOVE}.issubset(uids)
    assert all(syntaxes == (EXPLICIT_LE, IMPLICIT_LE) for _, syntaxes in QUERY.contexts)
    assert VERIFY.contexts == (("1.2.840.10008.1.1", (EXPLICIT_LE, IMPLICIT_LE)),)


def test_a_purpose_becomes_a_proposal() -> None:
    purpose = services(STUDY_ROOT_FIND, extended=[ExtendedNegotiation(STUDY_ROOT_FIND, b"\1")])
    rq = purpose.proposal("US", "PEER", maximum_length=16_384).to_rq()
    assert (rq.calling_ae_title, rq.called_ae_title, rq.user_information.maximum_length) == ("US", "PEER", 16_384)
    assert rq.user_information.extended_negotiations == (ExtendedNegotiation(STUDY_ROOT_FIND, b"\1"),)
    assert rq.presentation_contexts[0].abstract_syntax == STUDY_ROOT_FIND


def test_one_sop_class_is_got_in_a_context_for_every_transfer_syntax() -> None:
    purpose = retrieval(STUDY_ROOT_GET, [CT_IMAGE_STORAGE])
    (service, _), *contexts = purpose.contexts
    assert service == STUDY_ROOT_GET
    assert contexts[0] == (CT_IMAGE_STORAGE, (EXPLICIT_LE, IMPLICIT_LE))
    assert all(len(syntaxes) == 1 for _, syntaxes in contexts[1:])
    proposed = {uid for _, syntaxes in contexts for uid in syntaxes}
    assert proposed == {uid for uid, syntax in TRANSFER_SYNTAXES.items() if not syntax.referenced}
    assert purpose.roles == (RoleSelection(CT_IMAGE_STORAGE, scu=False, scp=True),)


@pytest.mark.parametrize("number", [1, 2, 3, 25, 42, 63, 64, 127, 200])
def test_no_number_of_sop_classes_is_too_much_for_a_request(number: int) -> None:
    uids = [f"1.2.840.10008.5.1.4.1.1.{n}" for n in range(1, number + 1)]
    purpose = retrieval(STUDY_ROOT_GET, [*uids, uids[0]])
    assert len(purpose.contexts) <= 128
    assert all(syntaxes for _, syntaxes in purpose.contexts)
    assert len(purpose.roles) == min(number, 127)
    assert len(purpose.proposal("US", "PEER").to_rq().encode()) < 128 << 10


def test_the_usual_sop_classes_are_those_of_images_and_reports() -> None:
    assert STORAGE_SOP_CLASSES.issuperset(USUAL_SOP_CLASSES)
    assert 100 <= len(USUAL_SOP_CLASSES) <= 127
    assert {CT_IMAGE_STORAGE, MR_IMAGE_STORAGE}.issubset(USUAL_SOP_CLASSES)
    assert [uid for uid, _ in retrieval().contexts[1:]] == list(USUAL_SOP_CLASSES)


def test_an_instance_is_sent_in_its_own_transfer_syntax_or_a_native_one() -> None:
    items: list[Outgoing] = [Item(CT_IMAGE_STORAGE, JPEG_BASELINE), Item(CT_IMAGE_STORAGE, RLE_LOSSLESS)]
    ((purpose, members),) = storage(items)
    assert purpose.contexts == (
        (CT_IMAGE_STORAGE, (JPEG_BASELINE,)),
        (CT_IMAGE_STORAGE, (RLE_LOSSLESS,)),
        (CT_IMAGE_STORAGE, (EXPLICIT_LE, IMPLICIT_LE)),
    )
    assert members == items


@pytest.mark.parametrize(
    ("stored", "contexts"),
    [
        ([EXPLICIT_LE], [(EXPLICIT_LE,), (IMPLICIT_LE,)]),
        ([IMPLICIT_LE], [(IMPLICIT_LE,), (EXPLICIT_LE,)]),
        ([IMPLICIT_LE, EXPLICIT_LE], [(IMPLICIT_LE,), (EXPLICIT_LE,)]),
        ([EXPLICIT_BE], [(EXPLICIT_BE,), (EXPLICIT_LE, IMPLICIT_LE)]),
    ],
)
def test_what_is_stored_has_a_context_of_its_own(stored: list[str], contexts: list[tuple[str, ...]]) -> None:
    ((purpose, _),) = storage([Item(CT_IMAGE_STORAGE, uid) for uid in stored])
    assert [syntaxes for _, syntaxes in purpose.contexts] == contexts


def test_instances_of_many_sop_classes_go_over_several_associations() -> None:
    items = [Item(f"1.2.840.10008.5.1.4.1.1.{n}", JPEG_BASELINE) for n in range(100) for _ in range(2)]
    batches = storage(items)
    assert [len(purpose.contexts) for purpose, _ in batches] == [128, 72]
    assert [item for _, members in batches for item in members] == items
    proposed = [{uid for uid, _ in purpose.contexts} for purpose, _ in batches]
    assert all({item.sop_class_uid for item in batch[1]} == uids for batch, uids in zip(batches, proposed, strict=True))


def test_private_sop_classes_are_said_to_be_storage() -> None:
    ((purpose, _),) = storage([Item("1.2.3", EXPLICIT_LE), Item(CT_IMAGE_STORAGE, EXPLICIT_LE)])
    assert purpose.common_extended == (CommonExtendedNegotiation("1.2.3", "1.2.840.10008.4.2"),)


def test_nothing_to_send_needs_no_association() -> None:
    assert storage([]) == []


async def test_pynetdicom_reads_what_is_proposed() -> None:
    seen = []
    handlers = [(evt.EVT_REQUESTED, lambda event: seen.append(event.assoc.requestor))]
    uids = [CT_IMAGE_STORAGE, MR_IMAGE_STORAGE]
    with pynetdicom_ae(handlers, [STUDY_ROOT_GET, *uids], storage_roles=True) as node:
        async with await open_association(node, retrieval(STUDY_ROOT_GET, uids), "US") as connection:
            assert connection.context_for(CT_IMAGE_STORAGE, as_scp=True) is not None
            assert connection.context_for(CT_IMAGE_STORAGE) is None
            assert connection.context_for(STUDY_ROOT_GET) is not None
        requestor = seen[0]
        assert sorted(requestor.role_selection) == uids
        assert len(requestor.requested_contexts) == len(retrieval(STUDY_ROOT_GET, uids).contexts)


def test_purposes_are_equal_when_they_ask_for_the_same() -> None:
    assert retrieval(STUDY_ROOT_GET, [CT_IMAGE_STORAGE]) == retrieval(STUDY_ROOT_GET, [CT_IMAGE_STORAGE])
    assert len({QUERY, VERIFY, Purpose(VERIFY.contexts)}) == 2
