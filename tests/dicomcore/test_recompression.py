from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numpy as np
import pytest
from builders import EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE, JPEG_BASELINE, RLE_LOSSLESS, ct_instance, element
from in_process import InProcess, Remembered, codecs_in_process

from app.main import open_archive
from app.settings import Settings
from dicomcore.archive import Archive
from dicomcore.data import read_file
from dicomcore.errors import InvalidParameter, ResourceGone
from dicomcore.index import DuplicatePolicy
from dicomcore.instance import Instance
from dicomcore.recompression import Recompressed, Recompression, recompress
from dicomcore.resources import Resource
from dicomcore.source import Change
from dicomcore.transcoding import Codecs

P = ParamSpec("P")
T = TypeVar("T")

HTJ2K, JPEG_LS = "1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.80"
ONE = Resource("1.2.3", "1.2.3.1", "1.2.3.4")
WORDS = np.arange(48, dtype="<u2")
FRAMES = element(0x00280008, "IS", "3 ")
BITS = {"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0, "PixelData": bytes(2)}


@pytest.fixture(autouse=True)
def codecs(archive: Archive) -> None:
    archive.codecs = codecs_in_process()


async def store(archive: Archive, content: bytes) -> None:
    spool = archive.spool()
    spool.write(content)
    outcome = await archive.store(spool)
    assert outcome.is_stored, outcome.detail


async def native(archive: Archive) -> bytes:
    """The pixels of what is stored now, decoded."""
    content = await (await archive.instance(ONE)).pixel_data()
    return b"".join([bytes(buffer) async for buffer in content.read(0, content.size)])


def multi_frame(uid: str = EXPLICIT_LE, **overrides: object) -> bytes:
    pixels = WORDS.byteswap() if uid == EXPLICIT_BE else WORDS
    number = element(0x00280008, "IS", "3 ", implicit=uid == IMPLICIT_LE, big_endian=uid == EXPLICIT_BE)
    return ct_instance(uid, extra=number, PixelData=pixels.tobytes(), **overrides)


@pytest.mark.parametrize("stored", [EXPLICIT_LE, IMPLICIT_LE, EXPLICIT_BE])
@pytest.mark.parametrize("target", [HTJ2K, JPEG_LS, RLE_LOSSLESS])
async def test_an_instance_is_replaced_by_itself_in_another_form(archive: Archive, stored: str, target: str) -> None:
    await store(archive, multi_frame(stored))
    before = await archive.instance(ONE)
    assert await recompress(archive, before, target) is Recompressed.DONE
    after = await archive.instance(ONE)
    assert after.transfer_syntax_uid == target
    assert await native(archive) == WORDS.tobytes()
    assert [*archive.storage.keys()] == [after.key]
    assert [*archive.verify(lambda _: None)] == []


async def test_what_is_compressed_without_loss_can_be_compressed_again(archive: Archive) -> None:
    await store(archive, multi_frame())
    for target in (JPEG_LS, HTJ2K):
        assert await recompress(archive, await archive.instance(ONE), target) is Recompressed.DONE
    assert await native(archive) == WORDS.tobytes()


@pytest.mark.parametrize(
    "content", [ct_instance(PixelData=None), ct_instance(**BITS), ct_instance(BitsAllocated=32, PixelData=bytes(64))]
)
async def test_what_does_not_go_into_it_stays_as_it_is(archive: Archive, content: bytes) -> None:
    await store(archive, content)
    before = await archive.instance(ONE)
    assert await recompress(archive, before, JPEG_LS) is Recompressed.UNSUITABLE
    assert (await archive.instance(ONE)).key == before.key


class Careless(InProcess):
    """An encoder that loses the last bit of the second frame."""

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if function.__name__ == "convert_frame" and args[4] == 2:
            frame = bytes(args[0])  # type: ignore[arg-type]
            args = (frame[:-2] + bytes([frame[-2] ^ 1]) + frame[-1:], *args[1:])  # type: ignore[assignment]
        return await super().run(function, *args, **kwargs)


async def test_nothing_is_replaced_unless_every_pixel_proves_equal(archive: Archive) -> None:
    await store(archive, multi_frame())
    before = await archive.instance(ONE)
    archive.codecs = Codecs(Careless(), Remembered())  # type: ignore[arg-type]
    assert await recompress(archive, await archive.instance(ONE), JPEG_LS) is Recompressed.NOT_PROVED
    assert (await archive.instance(ONE)).key == before.key
    assert [*archive.storage.keys()] == [before.key]


@pytest.mark.parametrize("duplicates", DuplicatePolicy)
async def test_a_version_that_came_meanwhile_is_not_overwritten(archive: Archive, duplicates: DuplicatePolicy) -> None:
    await store(archive, multi_frame())
    before = await archive.instance(ONE)
    held = await held_bytes(before, JPEG_LS)
    await store(archive, multi_frame(PatientID="corrected"))
    archive._duplicates = duplicates
    spool = archive.spool()
    spool.write(held)
    await archive.replace(before, spool)
    kept = await archive.instance(ONE)
    assert kept.transfer_syntax_uid == EXPLICIT_LE
    assert read_file(await held_bytes(kept, EXPLICIT_LE)).dataset.text(0x00100020) == "corrected"
    assert [*archive.storage.keys()] == [kept.key]


async def test_what_was_deleted_meanwhile_stays_deleted(archive: Archive) -> None:
    await store(archive, multi_frame())
    before = await archive.instance(ONE)
    spool = archive.spool()
    spool.write(await held_bytes(before, JPEG_LS))
    await archive.delete(ONE)
    await archive.replace(before, spool)
    with pytest.raises(ResourceGone):
        await archive.instance(ONE)
    assert [*archive.storage.keys()] == []


async def held_bytes(instance: Instance, uid: str) -> bytes:
    return b"".join([bytes(buffer) async for buffer in await instance.file(uid)])


@pytest.mark.parametrize("duplicates", DuplicatePolicy)
async def test_what_arrives_is_recompressed_whatever_the_policy_for_duplicates(
    archive: Archive, duplicates: DuplicatePolicy
) -> None:
    archive._duplicates = duplicates
    rule = Recompression(archive, HTJ2K)
    rule.start()
    await store(archive, multi_frame())
    await rule.settled()
    assert (await archive.instance(ONE)).transfer_syntax_uid == HTJ2K
    assert await native(archive) == WORDS.tobytes()
    await rule.stop()
    await archive.delete(ONE)
    await store(archive, multi_frame(PatientID="later"))
    assert (await archive.instance(ONE)).transfer_syntax_uid == EXPLICIT_LE


@pytest.mark.parametrize("duplicates", DuplicatePolicy)
async def test_who_sends_an_instance_again_that_was_recompressed_sends_nothing_new(
    archive: Archive, duplicates: DuplicatePolicy
) -> None:
    archive._duplicates = duplicates
    await store(archive, multi_frame())
    assert await recompress(archive, await archive.instance(ONE), HTJ2K) is Recompressed.DONE
    spool = archive.spool()
    spool.write(multi_frame())
    assert (await archive.store(spool)).change is Change.IDENTICAL
    assert (await archive.instance(ONE)).transfer_syntax_uid == HTJ2K


async def test_a_crash_before_the_commit_leaves_the_original(archive: Archive, settings: Settings) -> None:
    await store(archive, multi_frame())
    spool = archive.spool()
    spool.write(await held_bytes(await archive.instance(ONE), JPEG_LS))
    archive.storage.keep(spool)  # the last thing that happens
    restarted = open_archive(settings)
    kept = await (await restarted.instance(ONE)).read()
    assert b"".join([bytes(buffer) async for buffer in kept]) == multi_frame()
    restarted.close()


async def test_an_instance_that_cannot_be_recompressed_holds_up_no_other(archive: Archive) -> None:
    rule = Recompression(archive, HTJ2K)
    rule.start()
    await store(archive, ct_instance(extra=FRAMES, SOPInstanceUID="1.2.3.5"))  # two frames are missing
    await store(archive, multi_frame())
    await rule.settled()
    await rule.stop()
    assert (await archive.instance(ONE)).transfer_syntax_uid == HTJ2K
    assert (await archive.instance(Resource("1.2.3", "1.2.3.1", "1.2.3.5"))).transfer_syntax_uid == EXPLICIT_LE


@pytest.mark.parametrize(
    "uid", [EXPLICIT_LE, JPEG_BASELINE, "1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.102", "1.2"]
)
async def test_only_compression_without_loss_is_a_target(archive: Archive, uid: str) -> None:
    with pytest.raises(InvalidParameter):
        Recompression(archive, uid)
