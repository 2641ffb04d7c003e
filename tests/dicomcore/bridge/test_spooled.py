import pytest
from builders import (
    DEFLATED_LE,
    EXPLICIT_BE,
    EXPLICIT_LE,
    IMPLICIT_LE,
    RLE_LOSSLESS,
    ct_dataset,
    ct_elements,
    ct_instance,
    element,
    encapsulated,
    part10,
)
from in_process import codecs_in_process
from stored_instances import PIXELS as FRAMES
from stored_instances import three_frames

from dicomcore.archive import Archive
from dicomcore.bridge.spooled import SpooledInstance
from dicomcore.errors import CodecUnavailable, MissingAttribute
from dicomcore.resources import Resource

PIXELS = b"\7" * 32  # the same in either byte order


async def spooled(archive: Archive, content: bytes) -> SpooledInstance:
    spool = archive.spool()
    spool.write(content)
    return await SpooledInstance.read(spool, archive.threads)


async def dataset(instance: SpooledInstance, uid: str) -> bytes:
    return b"".join([bytes(buffer) async for buffer in await instance.dataset(uid)])


async def test_it_says_who_it_is(archive: Archive) -> None:
    instance = await spooled(archive, ct_instance())
    assert instance.resource == Resource("1.2.3", "1.2.3.1", "1.2.3.4")
    assert instance.sop_instance_uid == "1.2.3.4"
    assert instance.transfer_syntax_uid == EXPLICIT_LE


async def test_what_is_no_instance_is_refused(archive: Archive) -> None:
    with pytest.raises(MissingAttribute):
        await spooled(archive, ct_instance(SOPInstanceUID=None))


@pytest.mark.parametrize("uid", [EXPLICIT_LE, IMPLICIT_LE])
async def test_it_goes_as_it_is(archive: Archive, uid: str) -> None:
    assert await dataset(await spooled(archive, ct_instance(uid)), uid) == ct_dataset(implicit=uid == IMPLICIT_LE)


@pytest.mark.parametrize("uid", [EXPLICIT_LE, IMPLICIT_LE, EXPLICIT_BE, DEFLATED_LE])
async def test_it_goes_in_implicit_vr(archive: Archive, uid: str) -> None:
    content = ct_instance(uid, PixelData=PIXELS)
    assert await dataset(await spooled(archive, content), IMPLICIT_LE) == ct_dataset(implicit=True, PixelData=PIXELS)


@pytest.mark.parametrize("uid", [IMPLICIT_LE, EXPLICIT_BE])
async def test_it_goes_in_explicit_vr(archive: Archive, uid: str) -> None:
    content = ct_instance(uid, PixelData=PIXELS)
    assert await dataset(await spooled(archive, content), EXPLICIT_LE) == ct_dataset(PixelData=PIXELS)


@pytest.mark.parametrize("uid", [EXPLICIT_LE, IMPLICIT_LE])
async def test_compressed_pixels_become_native(archive: Archive, uid: str) -> None:
    start = b"".join(
        element(tag, vr, value)  # type: ignore[arg-type]
        for tag, (vr, value) in ct_elements().items()
        if tag != 0x7FE00010
    )
    # Two segments of RLE, the high bytes before the low ones, each a run of literals.
    segments = [bytes([15]) + bytes(range(1, 32, 2)), bytes([15]) + bytes(range(0, 32, 2))]
    offsets = [2, 64, 64 + len(segments[0])] + [0] * 13
    header = b"".join(number.to_bytes(4, "little") for number in offsets)
    compressed = part10(start + encapsulated([header + b"".join(segments)]), RLE_LOSSLESS)
    found = await dataset(await spooled(archive, compressed), uid)
    assert found.endswith(bytes(range(32)))


@pytest.mark.parametrize("uid", [EXPLICIT_LE, IMPLICIT_LE])
async def test_compressed_pixels_become_native_where_there_are_codecs(archive: Archive, uid: str) -> None:
    spool = archive.spool()
    spool.write(three_frames("1.2.840.10008.1.2.4.90"))
    instance = await SpooledInstance.read(spool, archive.threads, codecs_in_process())
    assert (await dataset(instance, uid)).endswith(FRAMES)


async def test_without_codecs_they_do_not(archive: Archive) -> None:
    with pytest.raises(CodecUnavailable):
        await (await spooled(archive, three_frames("1.2.840.10008.1.2.4.90"))).dataset(EXPLICIT_LE)


async def test_it_is_not_compressed(archive: Archive) -> None:
    with pytest.raises(CodecUnavailable):
        await (await spooled(archive, ct_instance())).dataset(RLE_LOSSLESS)
