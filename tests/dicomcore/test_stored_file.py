"""Stored instances as files: in their own transfer syntax, or in another one."""

import pytest
from builders import (
    DEFLATED_LE,
    EXPLICIT_BE,
    EXPLICIT_LE,
    IMPLICIT_LE,
    ct_dataset,
    ct_instance,
)
from builders import RLE_LOSSLESS as RLE
from in_process import codecs_in_process
from stored_instances import JPEG, PIXELS, SWAPPED, WORDS, bytes_of, damage, joined, three_frames

from app.settings import Settings
from dicomcore.archive import Archive
from dicomcore.data import Part10, read_file
from dicomcore.errors import CodecUnavailable, CorruptFrame, DamagedInstance, ResourceGone
from dicomcore.pixels import Encoding, PixelFormat, convert_frame, frame_index, stored_frame
from dicomcore.stored_bytes import StoredBytes
from dicomcore.stored_file import file_of
from dicomcore.stored_frames import StoredFrames
from dicomcore.transcoding import Codecs

JPEG_LS, JPEG_2000 = "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90"


@pytest.fixture
def codecs(archive: Archive) -> Codecs:
    """Codecs of the archive, in this process."""
    archive.codecs = codecs_in_process()
    return archive.codecs


async def parts_of(archive: Archive, content: bytes) -> tuple[StoredBytes, StoredFrames]:
    """What a file is made of."""
    stored = await bytes_of(archive, content)
    return stored, StoredFrames(stored, archive.codecs)


@pytest.mark.parametrize("content", [ct_instance(IMPLICIT_LE), ct_instance(DEFLATED_LE), ct_dataset()])
async def test_damage_is_known_before_anything_is_made_of_it(
    archive: Archive, settings: Settings, content: bytes
) -> None:
    parts = await parts_of(archive, content)
    damage(settings)
    with pytest.raises(DamagedInstance):
        await file_of(*parts, EXPLICIT_LE, None)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (ct_instance(IMPLICIT_LE), WORDS),
        (ct_instance(EXPLICIT_BE, PixelData=SWAPPED), WORDS),
        (ct_instance(DEFLATED_LE), WORDS),
        (ct_dataset(), WORDS),
    ],
)
async def test_a_file_in_explicit_little_endian_is_made_of_what_is_native(
    archive: Archive, content: bytes, expected: bytes
) -> None:
    parts = await parts_of(archive, content)
    made = await joined(await file_of(*parts, EXPLICIT_LE, None))
    assert made[:132] == bytes(128) + b"DICM"
    assert made.endswith(ct_dataset(PixelData=expected))


async def test_what_cannot_be_decoded_is_not_made(archive: Archive) -> None:
    archive.codecs = None
    parts = await parts_of(archive, JPEG)
    with pytest.raises(CodecUnavailable):
        await file_of(*parts, EXPLICIT_LE, None)


@pytest.mark.parametrize("source", [EXPLICIT_LE, JPEG_LS, RLE])
@pytest.mark.parametrize("uid", [EXPLICIT_LE, DEFLATED_LE, JPEG_LS, JPEG_2000, RLE])
async def test_a_file_is_made_in_any_transfer_syntax(archive: Archive, codecs: Codecs, source: str, uid: str) -> None:
    parts = await parts_of(archive, three_frames(source))
    made = read_file(await joined(await file_of(*parts, uid, None)))
    assert made.transfer_syntax.uid == uid == made.file_meta.text(0x00020010)
    assert made.dataset.text(0x00080018) == "1.2.3.4"
    assert pixels_of(made) == PIXELS


def pixels_of(made: Part10) -> bytes:
    """The pixels of a file, decoded by the functions that no instance is needed for."""
    form = PixelFormat.of(made.dataset)
    frames = frame_index(made.dataset)
    buffer = made.dataset.elements[0x7FE00010].buffer
    found = [stored_frame(frames, buffer, number) for number in (1, 2, 3)]
    uid = made.transfer_syntax.uid
    return b"".join([convert_frame(frame, form, uid, EXPLICIT_LE, 1, Encoding())[0] for frame in found])


async def test_what_has_no_pixels_can_be_deflated_and_nothing_else(archive: Archive, codecs: Codecs) -> None:
    parts = await parts_of(archive, ct_instance(PixelData=None))
    assert read_file(await joined(await file_of(*parts, DEFLATED_LE, None))).dataset.text(0x00100020) == "PID1"
    with pytest.raises(CodecUnavailable):
        await file_of(*parts, JPEG_LS, None)


async def test_damage_is_known_before_anything_is_compressed(
    archive: Archive, codecs: Codecs, settings: Settings
) -> None:
    parts = await parts_of(archive, three_frames())
    damage(settings)
    with pytest.raises(DamagedInstance):
        await file_of(*parts, JPEG_LS, None)


async def test_a_broken_frame_is_known_before_the_first_byte(archive: Archive, codecs: Codecs) -> None:
    parts = await parts_of(archive, JPEG)
    with pytest.raises(CorruptFrame):
        await file_of(*parts, EXPLICIT_LE, None)


async def test_the_first_buffer_of_a_file_is_all_that_comes_before_the_data_set(archive: Archive) -> None:
    parts = await parts_of(archive, ct_dataset())
    first, *rest = [bytes(buffer) async for buffer in await file_of(*parts, EXPLICIT_LE, None)]
    assert first[128:132] == b"DICM" and not read_file(first).dataset.elements
    assert b"".join(rest) == ct_dataset()


async def test_what_was_deleted_meanwhile_is_not_made(archive: Archive) -> None:
    parts = await parts_of(archive, ct_instance())
    await archive.delete(parts[0].row.resource)
    with pytest.raises(ResourceGone):
        await file_of(*parts, EXPLICIT_LE, None)
