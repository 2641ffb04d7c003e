"""Frames of stored instances: found, read, decoded, compressed."""

import asyncio
import errno
import threading
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from builders import (
    DEFLATED_LE,
    EXPLICIT_BE,
    EXPLICIT_LE,
    IMPLICIT_LE,
    JPEG_BASELINE,
    ct_dataset,
    ct_instance,
    element,
    encapsulated,
    part10,
)
from builders import RLE_LOSSLESS as RLE
from in_process import InProcess, Remembered, codecs_in_process
from stored_instances import (
    JPEG,
    JPEGS,
    LARGE,
    PIXELS,
    SWAPPED,
    WORDS,
    bytes_of,
    frames_of,
    joined,
    observed,
    open_objects,
    three_frames,
    whole,
)

from app.settings import Settings
from dicomcore.archive import Archive
from dicomcore.data import Buffer, Dataset, read_file
from dicomcore.errors import CodecUnavailable, CorruptFrame, ResourceGone, ResourceNotFound
from dicomcore.pixels import Encoding, PixelFormat, convert_frame, read_image_elements
from dicomcore.stored_frames import StoredFrames
from dicomcore.threads import WouldTakeLong
from dicomcore.transcoding import Codecs

PIXEL_DATA, PADDING = 0x7FE00010, 0xFFFCFFFC
JPEG_LS, JPEG_2000 = "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90"


@pytest.fixture
def codecs(archive: Archive) -> Codecs:
    """Codecs of the archive, in this process."""
    archive.codecs = codecs_in_process()
    return archive.codecs


def described(dataset: Dataset) -> dict[int, bytes]:
    """The elements of a data set with their values, of pixel data that is encapsulated the offset table."""
    return {
        tag: bytes(dataset.raw(tag)[:8] if one.fragments else dataset.raw(tag)) for tag, one in dataset.elements.items()
    }


NATIVE = [
    ct_instance(),
    ct_instance(IMPLICIT_LE),
    ct_instance(EXPLICIT_BE),
    part10(ct_dataset() + element(PADDING, "OB", bytes(2))),
    LARGE,
]


@pytest.mark.parametrize("content", NATIVE)
async def test_the_header_of_a_native_image_is_read_without_its_pixels(archive: Archive, content: bytes) -> None:
    kept = await frames_of(archive, content)
    everything = described(read_file(content).dataset)
    everything.pop(PADDING, None)
    assert len(everything[PIXEL_DATA]) > 0
    assert kept.read_header(described) == everything | {PIXEL_DATA: b""}


@pytest.mark.parametrize("content", [JPEG, three_frames(JPEG_LS)])
async def test_the_header_of_a_large_image_is_read_without_its_fragments(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    kept = await frames_of(archive, content)
    everything = described(read_file(content).dataset)
    assert kept.read_header(described) == everything
    monkeypatch.setattr("dicomcore.stored_frames.LARGE", 0)
    assert kept.read_header(described) == everything
    assert kept.read_header(lambda dataset: len(dataset.elements[PIXEL_DATA].fragments or ())) == 1


@pytest.mark.parametrize("content", [ct_instance(DEFLATED_LE), ct_instance(PixelData=None)])
async def test_what_has_no_header_of_its_own_is_read_whole(archive: Archive, content: bytes) -> None:
    kept = await frames_of(archive, content)
    assert kept.read_header(described) == described(read_file(content).dataset)


async def test_without_codecs_nothing_is_decoded(archive: Archive) -> None:
    archive.codecs = None
    kept = await frames_of(archive, JPEG)
    with pytest.raises(CodecUnavailable):
        await kept.get([1], decoded=True)
    assert await kept.targets() == ()


@pytest.mark.parametrize("lazy", [False, True])
async def test_compressed_frames_are_decoded(archive: Archive, codecs: Codecs, lazy: bool) -> None:
    kept = await frames_of(archive, three_frames(JPEG_LS))
    frames = await kept.get([3, 1], decoded=True, lazy=lazy)
    assert [frame.size for frame in frames] == [32, 32]
    assert [await whole(frame) for frame in frames] == [PIXELS[64:], PIXELS[:32]]
    assert await whole(await kept.whole(lazy=lazy)) == PIXELS


async def test_frames_are_compressed_and_each_of_them_once(archive: Archive, codecs: Codecs) -> None:
    kept = await frames_of(archive, three_frames())
    form = PixelFormat.of(read_file(three_frames()).dataset)
    for _ in range(2):
        frames = await kept.converted([2, 3], JPEG_LS)
        native = [convert_frame(await one.whole(), form, JPEG_LS, EXPLICIT_LE, 1, Encoding())[0] for one in frames]
        assert native == [PIXELS[32:64], PIXELS[64:]]
    assert isinstance(codecs.workers, InProcess)
    assert codecs.workers.runs["convert_frame"] == 2


@pytest.mark.parametrize("uid", [EXPLICIT_BE, DEFLATED_LE, IMPLICIT_LE])
async def test_native_frames_of_any_byte_order_are_compressed(archive: Archive, codecs: Codecs, uid: str) -> None:
    pixels = SWAPPED if uid == EXPLICIT_BE else WORDS
    kept = await frames_of(archive, ct_instance(uid, BitsStored=16, HighBit=15, PixelData=pixels))
    (frame,) = await kept.converted([1], JPEG_LS)
    form = (await kept.convertible()).form
    assert convert_frame(await frame.whole(), form, JPEG_LS, EXPLICIT_LE, 1, Encoding())[0] == WORDS


class Held(InProcess):
    """Runs nothing before it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = asyncio.Event()

    async def run(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        await self.go_on.wait()
        return await super().run(function, *args, **kwargs)


class Counted(StoredFrames):
    """Notes which frames are read."""

    read: ClassVar[list[int]]

    async def stored(self, frame_number: int) -> Buffer:
        self.read.append(frame_number)
        return await super().stored(frame_number)


@pytest.mark.parametrize(("uid", "most"), [(EXPLICIT_LE, 2), (DEFLATED_LE, 1)])
async def test_frames_that_wait_to_be_compressed_are_not_read(archive: Archive, uid: str, most: int) -> None:
    """Of a deflated object all frames are in memory when one of them is read."""
    Counted.read = []
    held = Held()
    extra = element(0x00280008, "IS", "3 ")
    stored = await bytes_of(archive, ct_instance(uid, extra=extra, Rows=5, PixelData=bytes(120)))
    kept = Counted(stored, Codecs(held, Remembered(), in_progress_bytes=96))  # type: ignore[arg-type]
    tasks = [asyncio.create_task(kept.converted([number], JPEG_LS)) for number in (1, 2, 3)]
    await asyncio.sleep(0.05)
    assert len(Counted.read) == most
    held.go_on.set()
    await asyncio.gather(*tasks)
    assert sorted(Counted.read) == [1, 2, 3]


async def test_targets_are_what_the_pixels_go_into(archive: Archive, codecs: Codecs) -> None:
    row = (stored := await bytes_of(archive, three_frames())).row
    kept = StoredFrames(stored, codecs)
    targets = await kept.targets()
    assert {JPEG_LS, JPEG_2000, RLE} <= set(targets)
    assert codecs.known(row.sha256) == await kept.convertible()


async def test_a_frame_that_is_not_there_is_not_made(archive: Archive, codecs: Codecs) -> None:
    for content in (three_frames(), three_frames(JPEG_LS)):
        kept = await frames_of(archive, content)
        with pytest.raises(ResourceNotFound):
            await kept.converted([4], JPEG_2000)
        with pytest.raises(ResourceNotFound):
            await kept.get([1, 4], decoded=True, lazy=True)
        with pytest.raises(ResourceNotFound):
            kept.check([1, 4])


async def test_compressed_frames_whose_pixels_are_said_to_share_chroma_are_whole(
    archive: Archive, codecs: Codecs
) -> None:
    color = {"SamplesPerPixel": 3, "BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}
    native = ct_instance(**color, PhotometricInterpretation="RGB", PixelData=bytes(48))
    form = PixelFormat.of(read_file(native).dataset)
    frame, _ = convert_frame(bytes(48), form, EXPLICIT_LE, JPEG_BASELINE, 1, Encoding())
    attributes = ct_dataset(**color, PhotometricInterpretation="YBR_FULL_422", PixelData=None)
    kept = await frames_of(archive, part10(attributes + encapsulated([frame]), JPEG_BASELINE))
    (decoded,) = await kept.get([1], decoded=True)
    assert decoded.size == (await kept.whole(lazy=False)).size == 48


def with_rows(rows: int) -> bytes:
    """A CT instance with so many rows of a kilobyte."""
    return ct_instance(Rows=rows, Columns=512, PixelData=bytes(range(256)) * 4 * rows)


async def test_small_frames_are_read_on_the_event_loop_and_large_or_decoded_ones_in_a_thread(archive: Archive) -> None:
    here = threading.current_thread()
    places = []
    for content in (with_rows(1024), JPEG, with_rows(1025), ct_instance(DEFLATED_LE), ct_instance(EXPLICIT_BE)):
        stored, storage = await observed(archive, content)
        await StoredFrames(stored, None).get([1], decoded=content != JPEG)
        places.append({thread is here for thread in storage.opened})
        assert storage.closed == len(storage.opened)
    assert places == [{True}, {True}, {False}, {False}, {False}]


@pytest.mark.parametrize("verify", [True, False])
async def test_an_object_that_cannot_be_read_is_closed_all_the_same(archive: Archive, verify: bool) -> None:
    error = OSError(errno.EIO, "input/output error")
    stored, storage = await observed(archive, ct_instance(), error, verify=verify)
    with pytest.raises(OSError):
        await StoredFrames(stored, None).get([1], decoded=False)
    assert (len(storage.opened), storage.closed) == (1, 1)
    with pytest.raises(OSError):
        await stored.read()
    assert (len(storage.opened), storage.closed) == (2, 2)


async def test_frames_are_the_same_copied_mapped_and_lazy(archive: Archive, settings: Settings) -> None:
    for rows in (1, 1023, 1024, 1025, 3000):
        pixels = bytes(range(256)) * 4 * rows
        kept = await frames_of(archive, with_rows(rows))
        for lazy in (False, True):
            (frame,) = await kept.get([1], decoded=True, lazy=lazy)
            assert await whole(frame) == pixels
            assert await joined(frame.read(3, 1000)) == pixels[3:1000]
    assert await open_objects(settings) == []


@pytest.mark.parametrize(
    "content",
    [
        ct_instance(),
        ct_instance(IMPLICIT_LE),
        ct_instance(DEFLATED_LE),
        ct_instance(EXPLICIT_BE, PixelData=SWAPPED),
        ct_dataset(),
    ],
)
@pytest.mark.parametrize("lazy", [False, True])
async def test_native_frames_are_little_endian(archive: Archive, content: bytes, lazy: bool) -> None:
    kept = await frames_of(archive, content)
    (frame,) = await kept.get([1], decoded=True, lazy=lazy)
    assert (frame.size, await whole(frame)) == (32, WORDS)
    assert await whole(await kept.whole(lazy=lazy)) == WORDS
    assert not kept.index.encapsulated


@pytest.mark.parametrize("lazy", [False, True])
async def test_encapsulated_frames_are_their_codestreams(archive: Archive, lazy: bool) -> None:
    kept = await frames_of(archive, JPEG)
    assert (kept.index.count, kept.index.encapsulated) == (3, True)
    frames = await kept.get([3, 1], decoded=False, lazy=lazy)
    assert [await whole(frame) for frame in frames] == [JPEGS[2], JPEGS[0]]


async def test_a_frame_in_several_fragments_is_one(archive: Archive) -> None:
    content = part10(ct_dataset(PixelData=None) + encapsulated([JPEGS[0][:30], JPEGS[0][30:]]), JPEG_BASELINE)
    kept = await frames_of(archive, content)
    for lazy in (False, True):
        (frame,) = await kept.get([1], decoded=False, lazy=lazy)
        assert await whole(frame) == JPEGS[0]
        assert await joined(frame.read(20, 40)) == JPEGS[0][20:40]


async def test_frames_that_are_not_there_are_not_found(archive: Archive) -> None:
    kept = await frames_of(archive, ct_instance())
    for number in (0, 2, 2**40):
        with pytest.raises(ResourceNotFound):
            await kept.get([number], decoded=False)


async def test_an_instance_without_pixels_has_none(archive: Archive) -> None:
    kept = await frames_of(archive, ct_instance(PixelData=None))
    assert kept.index.count == 0
    with pytest.raises(ResourceNotFound):
        await kept.whole(lazy=False)


async def test_pixels_without_size_are_corrupt(archive: Archive) -> None:
    kept = await frames_of(archive, part10(ct_dataset(PixelData=None, Rows=0) + encapsulated([b"xy"]), JPEG_BASELINE))
    with pytest.raises((CorruptFrame, CodecUnavailable)):
        await kept.whole(lazy=False)


async def test_large_frames_are_read_when_they_are_sent(archive: Archive) -> None:
    kept = await frames_of(archive, LARGE)
    (frame,) = await kept.get([1], decoded=True)
    assert frame.buffers is None
    assert await joined(frame.read(17_000_000, 17_000_010)) == (bytes(range(250)) * 72_000)[17_000_000:17_000_010]


async def test_frames_of_what_was_deleted_meanwhile_are_gone(archive: Archive) -> None:
    stored = await bytes_of(archive, ct_instance())
    await archive.delete(stored.row.resource)
    with pytest.raises(ResourceGone):
        await StoredFrames(stored, None).get([1], decoded=True)


@pytest.mark.parametrize(
    ("content", "uid", "is_compressed"),
    [(ct_instance(IMPLICIT_LE), EXPLICIT_LE, False), (JPEG, JPEG_BASELINE, True), (three_frames(RLE), RLE, False)],
)
async def test_the_transfer_syntax_of_frames_is_that_of_what_is_given(
    archive: Archive, content: bytes, uid: str, is_compressed: bool
) -> None:
    kept = await frames_of(archive, content)
    assert (kept.syntax_uid, kept.is_compressed) == (uid, is_compressed)


@pytest.mark.parametrize("content", [JPEG, with_rows(1025), ct_instance(DEFLATED_LE), ct_instance(EXPLICIT_BE)])
async def test_on_the_spot_only_small_native_frames_are_read(archive: Archive, content: bytes) -> None:
    stored, _ = await observed(archive, content)
    with pytest.raises(WouldTakeLong):
        archive.threads.on_the_spot(StoredFrames(stored, None).native, 1)


async def test_a_small_native_frame_is_read_on_the_spot(archive: Archive) -> None:
    stored, storage = await observed(archive, with_rows(4))
    assert archive.threads.on_the_spot(StoredFrames(stored, None).native, 1) == bytes(range(256)) * 16
    with pytest.raises(ResourceNotFound):
        archive.threads.on_the_spot(StoredFrames(stored, None).native, 2)
    assert storage.closed == len(storage.opened) == 1


async def test_a_frame_that_is_too_large_for_memory_is_not_read_on_the_spot(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored, _ = await observed(archive, with_rows(4))
    monkeypatch.setattr("dicomcore.stored_bytes.LARGE", 16)
    with pytest.raises(WouldTakeLong):
        archive.threads.on_the_spot(StoredFrames(stored, None).native, 1)


async def test_what_was_kept_of_a_plain_image_is_given_with_its_frames(archive: Archive) -> None:
    plain, _ = await observed(archive, ct_instance())
    kept = read_image_elements(StoredFrames(plain, None).image_elements)
    assert kept.integer(0x00280010) == read_file(ct_instance()).dataset.integer(0x00280010)
    none, _ = await observed(archive, ct_instance(PixelData=None))
    assert StoredFrames(none, None).image_elements == b""
