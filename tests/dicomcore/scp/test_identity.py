import struct

import pytest
from builders import (
    CT_IMAGE_STORAGE,
    DEFLATED_LE,
    EXPLICIT_BE,
    EXPLICIT_LE,
    IMPLICIT_LE,
    ct_dataset,
    ct_instance,
    element,
    item,
    part10,
    sequence,
)

from dicomcore.archive import Archive
from dicomcore.data import transfer_syntax
from dicomcore.errors import MalformedDataset
from dicomcore.scp.identity import (
    SERIES_INSTANCE_UID,
    SOP_CLASS_UID,
    SOP_INSTANCE_UID,
    STUDY_INSTANCE_UID,
    scan,
    uids_of,
)

SHORT = {SOP_CLASS_UID: CT_IMAGE_STORAGE, SOP_INSTANCE_UID: "1.2.3.4"}
LONG = SHORT | {STUDY_INSTANCE_UID: "1.2.3", SERIES_INSTANCE_UID: "1.2.3.1"}


async def identity(archive: Archive, content: bytes, syntax: str, last: int) -> dict[int, str]:
    start = content.index(b"DICM") + 16
    (length,) = struct.unpack_from("<I", content, start - 4)
    spool = archive.spool()
    spool.write(content)
    try:
        return await uids_of(spool, start + length, syntax, last)
    finally:
        spool.close()


@pytest.mark.parametrize("syntax", [EXPLICIT_LE, IMPLICIT_LE, EXPLICIT_BE, DEFLATED_LE])
async def test_an_instance_is_told_by_its_first_elements_in_every_encoding(archive: Archive, syntax: str) -> None:
    assert await identity(archive, ct_instance(transfer_syntax=syntax), syntax, SOP_INSTANCE_UID) == SHORT
    assert await identity(archive, ct_instance(transfer_syntax=syntax), syntax, SERIES_INSTANCE_UID) == LONG


def test_sequences_of_defined_length_are_passed_over() -> None:
    start = (
        sequence(0x00080006, item(b"")) + element(SOP_CLASS_UID, "UI", "1.2") + element(SOP_INSTANCE_UID, "UI", "1.3")
    )
    assert scan(start + bytes(12), transfer_syntax(EXPLICIT_LE), SOP_INSTANCE_UID) == {
        SOP_CLASS_UID: "1.2",
        SOP_INSTANCE_UID: "1.3",
    }


def test_the_walk_ends_behind_the_last_tag_though_that_is_not_there() -> None:
    start = element(SOP_CLASS_UID, "UI", "1.2") + element(0x00080020, "DA", "20200101")
    assert scan(start + bytes(12), transfer_syntax(EXPLICIT_LE), SOP_INSTANCE_UID) == {SOP_CLASS_UID: "1.2"}


@pytest.mark.parametrize(
    "start",
    [
        sequence(0x00080006, element(0x00080100, "SH", "A"), undefined=True) + ct_dataset(),
        element(SOP_CLASS_UID, "UI", "1.2"),
        b"\x08\0\x16\0??\0\0" + bytes(20),
        b"",
    ],
)
def test_what_is_not_found_at_once_is_not_found(start: bytes) -> None:
    assert scan(start, transfer_syntax(EXPLICIT_LE), SOP_INSTANCE_UID) is None


async def test_the_whole_data_set_is_read_where_a_walk_does_not_get_there(archive: Archive) -> None:
    language = sequence(0x00080006, element(0x00080100, "SH", "A"), undefined=True)
    content = ct_instance()
    place = content.index(ct_dataset())
    odd = content[:place] + language + content[place:]
    assert await identity(archive, odd, EXPLICIT_LE, SOP_INSTANCE_UID) == LONG


async def test_a_data_set_that_cannot_be_read_has_no_identity(archive: Archive) -> None:
    content = ct_instance()
    place = content.index(ct_dataset())
    with pytest.raises(MalformedDataset):
        await identity(archive, content[:place] + b"\x08\0\x16\0SQ\0\0\xff\xff\0\0", EXPLICIT_LE, SOP_INSTANCE_UID)


async def test_what_cannot_be_inflated_has_no_identity(archive: Archive) -> None:
    with pytest.raises(MalformedDataset):
        await identity(archive, part10(b"\xff" * 64, DEFLATED_LE), DEFLATED_LE, SOP_INSTANCE_UID)
