import asyncio
import errno
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
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
    sequence,
)
from builders import RLE_LOSSLESS as RLE
from in_process import InProcess, Remembered, codecs_in_process

from app.settings import Settings
from dicomcore.archive import Archive
from dicomcore.content import Content
from dicomcore.data import Buffer, Part10, read_file
from dicomcore.errors import (
    CodecUnavailable,
    CorruptFrame,
    DamagedInstance,
    ResourceGone,
    ResourceNotFound,
    StorageUnavailable,
)
from dicomcore.instance import Instance
from dicomcore.pixels import Encoding, PixelFormat, convert_frame, frame_index, stored_frame
from dicomcore.storage import Storage, StoredObject
from dicomcore.threads import Threads
from dicomcore.transcoding import Codecs

JPEG_LS, JPEG_2000 = "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90"
WORDS = bytes(range(32))
SWAPPED = b"".join(WORDS[n : n + 2][::-1] for n in range(0, 32, 2))
JPEGS = [b"\xff\xd8" + bytes([n]) * 60 + b"\xff\xd9" for n in range(3)]
JPEG = part10(ct_dataset(PixelData=None, extra=element(0x00280008, "IS", "3")) + encapsulated(JPEGS), JPEG_BASELINE)
COPIED = 1 << 20  # bytes up to which objects are copied
LARGE = ct_instance(Rows=3000, Columns=3000, PixelData=bytes(range(250)) * 72_000)


async def stored(archive: Archive, content: bytes) -> Instance:
    spool = archive.spool()
    spool.write(content)
    outcome = await archive.store(spool)
    assert outcome.is_stored, outcome.detail
    return await archive.instance(outcome.resource)


async def joined(buffers: AsyncIterator[Buffer]) -> bytes:
    return b"".join([bytes(buffer) async for buffer in buffers])


async def whole(content: Content) -> bytes:
    return await joined(content.read(0, content.size))


def object_of(settings: Settings) -> Path:
    (path,) = [path for path in (settings.data / "objects").rglob("*") if path.is_file()]
    return path


def damage(settings: Settings, offset: int = -10) -> None:
    path = object_of(settings)
    content = bytearray(path.read_bytes())
    content[offset] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize("content", [ct_instance(), ct_dataset(), JPEG, LARGE])
async def test_the_stored_bytes_are_read_whole_or_in_part(archive: Archive, content: bytes) -> None:
    instance = await stored(archive, content)
    assert instance.size == len(content)
    assert await joined(await instance.read()) == content
    assert await joined(await instance.read(5, 700)) == content[5:700]


async def test_a_large_object_is_read_in_windows(archive: Archive) -> None:
    instance = await stored(archive, LARGE)
    sizes = [len(buffer) async for buffer in await instance.read()]
    assert len(sizes) > 1 and max(sizes) <= 4 << 20


async def test_a_small_damaged_object_is_known_before_the_first_byte(archive: Archive, settings: Settings) -> None:
    instance = await stored(archive, ct_instance())
    damage(settings)
    with pytest.raises(DamagedInstance, match="differ"):
        await instance.read()
    assert await joined(await instance.read(0, 132)) == ct_instance()[:132]


async def test_a_large_damaged_object_is_known_before_the_last_window(archive: Archive, settings: Settings) -> None:
    instance = await stored(archive, LARGE)
    damage(settings, 1000)
    seen = 0
    with pytest.raises(DamagedInstance):
        async for buffer in await instance.read():
            seen += len(buffer)
    assert 0 < seen < len(LARGE)


@pytest.mark.parametrize("content", [ct_instance(IMPLICIT_LE), ct_instance(DEFLATED_LE), ct_dataset()])
async def test_damage_is_known_before_anything_is_made_of_it(
    archive: Archive, settings: Settings, content: bytes
) -> None:
    instance = await stored(archive, content)
    damage(settings)
    with pytest.raises(DamagedInstance):
        await instance.file(EXPLICIT_LE)


async def test_an_object_that_is_cut_off_is_damaged(archive: Archive, settings: Settings) -> None:
    instance = await stored(archive, ct_instance())
    object_of(settings).write_bytes(ct_instance()[:-50])
    with pytest.raises(DamagedInstance):
        await instance.read()


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
    instance = await stored(archive, content)
    made = await joined(await instance.file(EXPLICIT_LE))
    assert made[:132] == bytes(128) + b"DICM"
    assert made.endswith(ct_dataset(PixelData=expected))


async def test_what_cannot_be_decoded_is_not_made(archive: Archive) -> None:
    archive.codecs = None
    instance = await stored(archive, JPEG)
    with pytest.raises(CodecUnavailable):
        await instance.file(EXPLICIT_LE)
    with pytest.raises(CodecUnavailable):
        await instance.frames([1], decoded=True)
    assert await instance.targets() == ()


# Other transfer syntaxes


PIXELS = np.arange(48, dtype="<u2").tobytes()


def three_frames(transfer_syntax: str = EXPLICIT_LE) -> bytes:
    content = ct_instance(extra=element(0x00280008, "IS", "3 "), PixelData=PIXELS)
    if transfer_syntax == EXPLICIT_LE:
        return content
    form = PixelFormat.of(read_file(content).dataset)
    frames = [
        convert_frame(PIXELS[start : start + 32], form, EXPLICIT_LE, transfer_syntax, 1, Encoding())[0]
        for start in (0, 32, 64)
    ]
    number = element(0x00280008, "IS", "3 ")
    return part10(ct_dataset(PixelData=None, extra=b"") + encapsulated(frames), transfer_syntax).replace(
        element(0x00280010, "US", 4), number + element(0x00280010, "US", 4)
    )


@pytest.fixture
def codecs(archive: Archive) -> Codecs:
    """Codecs of the archive, in this process."""
    archive.codecs = codecs_in_process()
    return archive.codecs


@pytest.mark.parametrize("kept", [EXPLICIT_LE, JPEG_LS, RLE])
@pytest.mark.parametrize("uid", [EXPLICIT_LE, DEFLATED_LE, JPEG_LS, JPEG_2000, RLE])
async def test_a_file_is_made_in_any_transfer_syntax(archive: Archive, codecs: Codecs, kept: str, uid: str) -> None:
    instance = await stored(archive, three_frames(kept))
    made = read_file(await joined(await instance.file(uid)))
    assert made.transfer_syntax.uid == uid == made.file_meta.text(0x00020010)
    assert made.dataset.text(0x00080018) == "1.2.3.4"
    assert await frames_of(archive, made) == PIXELS


async def frames_of(archive: Archive, made: Part10) -> bytes:
    """The pixels of a file, decoded by the functions that no instance is needed for."""
    form = PixelFormat.of(made.dataset)
    frames = frame_index(made.dataset)
    buffer = made.dataset.elements[0x7FE00010].buffer
    found = [stored_frame(frames, buffer, number) for number in (1, 2, 3)]
    uid = made.transfer_syntax.uid
    return b"".join([convert_frame(frame, form, uid, EXPLICIT_LE, 1, Encoding())[0] for frame in found])


async def test_what_has_no_pixels_can_be_deflated_and_nothing_else(archive: Archive, codecs: Codecs) -> None:
    instance = await stored(archive, ct_instance(PixelData=None))
    assert read_file(await joined(await instance.file(DEFLATED_LE))).dataset.text(0x00100020) == "PID1"
    assert await instance.targets() == ()
    with pytest.raises(CodecUnavailable):
        await instance.file(JPEG_LS)


async def test_damage_is_known_before_anything_is_compressed(
    archive: Archive, codecs: Codecs, settings: Settings
) -> None:
    instance = await stored(archive, three_frames())
    damage(settings)
    with pytest.raises(DamagedInstance):
        await instance.file(JPEG_LS)


async def test_a_broken_frame_is_known_before_the_first_byte(archive: Archive, codecs: Codecs) -> None:
    instance = await stored(archive, JPEG)
    with pytest.raises(CorruptFrame):
        await instance.file(EXPLICIT_LE)


@pytest.mark.parametrize("lazy", [False, True])
async def test_compressed_frames_are_decoded(archive: Archive, codecs: Codecs, lazy: bool) -> None:
    instance = await stored(archive, three_frames(JPEG_LS))
    frames = await instance.frames([3, 1], decoded=True, lazy=lazy)
    assert [frame.size for frame in frames] == [32, 32]
    assert [await whole(frame) for frame in frames] == [PIXELS[64:], PIXELS[:32]]
    assert await whole(await instance.pixel_data(lazy=lazy)) == PIXELS


async def test_frames_are_compressed_and_each_of_them_once(archive: Archive, codecs: Codecs) -> None:
    instance = await stored(archive, three_frames())
    form = PixelFormat.of(read_file(three_frames()).dataset)
    for _ in range(2):
        frames = await instance.converted_frames([2, 3], JPEG_LS)
        native = [convert_frame(await one.whole(), form, JPEG_LS, EXPLICIT_LE, 1, Encoding())[0] for one in frames]
        assert native == [PIXELS[32:64], PIXELS[64:]]
    assert isinstance(codecs.workers, InProcess)
    assert codecs.workers.runs["convert_frame"] == 2


@pytest.mark.parametrize("uid", [EXPLICIT_BE, DEFLATED_LE, IMPLICIT_LE])
async def test_native_frames_of_any_byte_order_are_compressed(archive: Archive, codecs: Codecs, uid: str) -> None:
    pixels = SWAPPED if uid == EXPLICIT_BE else WORDS
    instance = await stored(archive, ct_instance(uid, BitsStored=16, HighBit=15, PixelData=pixels))
    (frame,) = await instance.converted_frames([1], JPEG_LS)
    form = (await instance.convertible()).form
    assert convert_frame(await frame.whole(), form, JPEG_LS, EXPLICIT_LE, 1, Encoding())[0] == WORDS


@pytest.mark.parametrize(("uid", "most"), [(EXPLICIT_LE, 2), (DEFLATED_LE, 1)])
async def test_frames_that_wait_to_be_compressed_are_not_read(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, uid: str, most: int
) -> None:
    """Of a deflated object all frames are in memory when one of them is read."""
    read: list[int] = []
    go_on = asyncio.Event()
    frames = Instance.frames

    class Held(InProcess):
        async def run(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
            await go_on.wait()
            return await super().run(function, *args, **kwargs)

    async def counted(self: Instance, numbers: Sequence[int], **how: bool) -> list[Content]:
        read.extend(numbers)
        return await frames(self, numbers, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(Instance, "frames", counted)
    archive.codecs = Codecs(Held(), Remembered(), in_progress_bytes=96)  # type: ignore[arg-type]
    extra = element(0x00280008, "IS", "3 ")
    instance = await stored(archive, ct_instance(uid, extra=extra, Rows=5, PixelData=bytes(120)))
    tasks = [asyncio.create_task(instance.converted_frames([number], JPEG_LS)) for number in (1, 2, 3)]
    await asyncio.sleep(0.05)
    assert len(read) == most
    go_on.set()
    await asyncio.gather(*tasks)
    assert sorted(read) == [1, 2, 3]


async def test_targets_are_what_the_pixels_go_into(archive: Archive, codecs: Codecs) -> None:
    instance = await stored(archive, three_frames())
    targets = await instance.targets()
    assert {JPEG_LS, JPEG_2000, RLE} <= set(targets)
    assert codecs.known(instance.digest) == await instance.convertible()


async def test_a_frame_that_is_not_there_is_not_made(archive: Archive, codecs: Codecs) -> None:
    for content in (three_frames(), three_frames(JPEG_LS)):
        instance = await stored(archive, content)
        with pytest.raises(ResourceNotFound):
            await instance.converted_frames([4], JPEG_2000)
        with pytest.raises(ResourceNotFound):
            await instance.frames([1, 4], decoded=True, lazy=True)
        with pytest.raises(ResourceNotFound):
            instance.check_frames([1, 4])


async def test_compressed_frames_whose_pixels_are_said_to_share_chroma_are_whole(
    archive: Archive, codecs: Codecs
) -> None:
    color = {"SamplesPerPixel": 3, "BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}
    native = ct_instance(**color, PhotometricInterpretation="RGB", PixelData=bytes(48))
    form = PixelFormat.of(read_file(native).dataset)
    frame, _ = convert_frame(bytes(48), form, EXPLICIT_LE, JPEG_BASELINE, 1, Encoding())
    attributes = ct_dataset(**color, PhotometricInterpretation="YBR_FULL_422", PixelData=None)
    instance = await stored(archive, part10(attributes + encapsulated([frame]), JPEG_BASELINE))
    (decoded,) = await instance.frames([1], decoded=True)
    assert decoded.size == (await instance.pixel_data()).size == 48


# Objects below and above the size up to which they are copied on the event loop


def of_size(size: int) -> bytes:
    """A CT instance of a number of bytes, most of them a document."""
    length = size - len(ct_instance(extra=element(0x00420011, "OB")))
    document = bytes(range(256)) * (length // 256) + bytes(length % 256)
    return ct_instance(extra=element(0x00420011, "OB", document))


def with_rows(rows: int) -> bytes:
    """A CT instance with so many rows of a kilobyte."""
    return ct_instance(Rows=rows, Columns=512, PixelData=bytes(range(256)) * 4 * rows)


async def open_objects(settings: Settings) -> list[str]:
    """The objects that this process keeps open: a thread may let go of what it has read a moment after it gave it."""
    found: list[str] = []
    for _ in range(100):
        found = [os.readlink(path) for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
        found = [name for name in found if name.startswith(str(settings.data / "objects"))]
        if not found:
            break
        await asyncio.sleep(0.01)
    return found


class Observed:
    """A storage whose objects note in which threads they are opened, and when they are closed."""

    def __init__(self, storage: Storage, error: Exception | None = None) -> None:
        self._storage = storage
        self.error = error
        self.opened: list[threading.Thread] = []
        self.closed = 0

    def open(self, key: str) -> StoredObject:
        self.opened.append(threading.current_thread())
        return ObservedObject(self, self._storage.open(key))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)


class ObservedObject:
    """An object of `Observed`; copying it fails with the error of the storage if there is one."""

    def __init__(self, storage: Observed, stored: StoredObject) -> None:
        self._storage = storage
        self._stored = stored
        self.size = stored.size

    def read(self, start: int = 0, end: int | None = None) -> bytes:
        if self._storage.error is not None:
            raise self._storage.error
        return self._stored.read(start, end)

    def view(self, start: int = 0, end: int | None = None) -> memoryview:
        return self._stored.view(start, end)

    def windows(self, start: int = 0, end: int | None = None) -> Iterator[memoryview]:
        return self._stored.windows(start, end)

    def close(self) -> None:
        self._storage.closed += 1
        self._stored.close()


async def observed(
    archive: Archive, content: bytes, error: Exception | None = None, *, verify: bool = True
) -> tuple[Instance, Observed]:
    """A stored instance, and the storage that it reads from."""
    resource = (await stored(archive, content)).resource
    row = archive.index.instance(resource)
    assert row is not None
    storage = Observed(archive.storage, error)
    return Instance(row, storage, archive.index, Threads(1), verify=verify), storage


SIZES = [COPIED - 2, COPIED, COPIED + 2, 3 * COPIED]


@pytest.mark.parametrize("size", SIZES)
async def test_objects_of_every_size_are_read_whole_or_in_part(archive: Archive, settings: Settings, size: int) -> None:
    content = of_size(size)
    instance = await stored(archive, content)
    assert instance.size == len(content) == size
    assert await joined(await instance.read()) == content
    assert await joined(await instance.read(0, size + 10)) == content
    assert await joined(await instance.read(1)) == content[1:]
    assert await joined(await instance.read(5, COPIED)) == content[5:COPIED]
    assert await joined(await instance.read(size - 3, size)) == content[-3:]
    for start, end in ((5, 5), (7, 3), (size, None), (size + 10, size + 20)):
        assert await joined(await instance.read(start, end)) == b""
    assert await open_objects(settings) == []


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("offset", [200, -1])
async def test_damage_up_to_one_window_is_known_before_the_first_byte(
    archive: Archive, settings: Settings, size: int, offset: int
) -> None:
    instance = await stored(archive, of_size(size))
    damage(settings, offset)
    with pytest.raises(DamagedInstance, match="differ"):
        await instance.read()
    with pytest.raises(DamagedInstance, match="differ"):
        await instance.read(0, size)


@pytest.mark.parametrize("size", SIZES)
async def test_an_object_of_another_size_is_refused_before_the_first_byte(
    archive: Archive, settings: Settings, size: int
) -> None:
    instance = await stored(archive, of_size(size))
    for changed in (of_size(size)[:-1], of_size(size) + b"x", b""):
        object_of(settings).write_bytes(changed)
        for start, end in ((0, None), (5, 10)):
            with pytest.raises(DamagedInstance, match="size"):
                await instance.read(start, end)
    assert await open_objects(settings) == []


@pytest.mark.parametrize("size", SIZES)
async def test_a_part_of_a_damaged_object_is_given_as_it_is(archive: Archive, settings: Settings, size: int) -> None:
    content = of_size(size)
    instance = await stored(archive, content)
    damage(settings, -1)
    assert await joined(await instance.read(0, size - 1)) == content[:-1]
    assert await joined(await instance.read(1)) == content[1:-1] + bytes([content[-1] ^ 0xFF])


@pytest.mark.parametrize("size", SIZES)
async def test_without_verification_damage_is_given_as_it_is(archive: Archive, settings: Settings, size: int) -> None:
    instance, _ = await observed(archive, of_size(size), verify=False)
    damage(settings, -1)
    given = await joined(await instance.read())
    assert (len(given), given[-1]) == (size, of_size(size)[-1] ^ 0xFF)


async def test_a_small_object_is_closed_before_its_bytes_leave(archive: Archive, settings: Settings) -> None:
    instance = await stored(archive, of_size(COPIED))
    buffers = await instance.read()
    assert await open_objects(settings) == []
    assert await joined(buffers) == of_size(COPIED)


async def test_a_small_object_that_is_damaged_is_closed(archive: Archive, settings: Settings) -> None:
    instance = await stored(archive, of_size(COPIED))
    damage(settings)
    with pytest.raises(DamagedInstance):
        await instance.read()
    assert await open_objects(settings) == []


async def test_a_small_object_is_read_on_the_event_loop_and_a_large_one_in_a_thread(archive: Archive) -> None:
    here = threading.current_thread()
    instance, storage = await observed(archive, of_size(COPIED))
    await joined(await instance.read())
    assert [thread is here for thread in storage.opened] == [True]
    instance, storage = await observed(archive, of_size(COPIED + 2))
    await joined(await instance.read())
    await joined(await instance.read(2))
    assert [thread is here for thread in storage.opened] == [False, True]
    assert storage.closed == 2


async def test_small_frames_are_read_on_the_event_loop_and_large_or_decoded_ones_in_a_thread(archive: Archive) -> None:
    here = threading.current_thread()
    places = []
    for content in (with_rows(1024), JPEG, with_rows(1025), ct_instance(DEFLATED_LE), ct_instance(EXPLICIT_BE)):
        instance, storage = await observed(archive, content)
        await instance.frames([1], decoded=content != JPEG)
        places.append({thread is here for thread in storage.opened})
        assert storage.closed == len(storage.opened)
    assert places == [{True}, {True}, {False}, {False}, {False}]


@pytest.mark.parametrize("verify", [True, False])
async def test_an_object_that_cannot_be_read_is_closed_all_the_same(archive: Archive, verify: bool) -> None:
    error = OSError(errno.EIO, "input/output error")
    instance, storage = await observed(archive, ct_instance(), error, verify=verify)
    with pytest.raises(OSError):
        await instance.frames([1], decoded=False)
    assert (len(storage.opened), storage.closed) == (1, 1)
    with pytest.raises(OSError):
        await instance.read()
    assert (len(storage.opened), storage.closed) == (2, 2)


async def test_frames_are_the_same_copied_mapped_and_lazy(archive: Archive, settings: Settings) -> None:
    for rows in (1, 1023, 1024, 1025, 3000):
        pixels = bytes(range(256)) * 4 * rows
        instance = await stored(archive, with_rows(rows))
        for lazy in (False, True):
            (frame,) = await instance.frames([1], decoded=True, lazy=lazy)
            assert await whole(frame) == pixels
            assert await joined(frame.read(3, 1000)) == pixels[3:1000]
    assert await open_objects(settings) == []


# What happens between the look-up and the opening


async def test_what_was_deleted_meanwhile_is_gone(archive: Archive) -> None:
    instance = await stored(archive, ct_instance())
    await archive.delete(instance.resource)
    for attempt in (instance.read(), instance.file(EXPLICIT_LE), instance.frames([1], decoded=True)):
        with pytest.raises(ResourceGone):
            await attempt


async def test_what_was_replaced_meanwhile_is_to_be_asked_for_again(archive: Archive) -> None:
    instance = await stored(archive, ct_instance())
    replacement = await stored(archive, ct_instance(PatientID="other"))
    with pytest.raises(StorageUnavailable, match="ask again"):
        await instance.read()
    assert await joined(await replacement.read()) == ct_instance(PatientID="other")


async def test_who_has_begun_to_read_reads_to_the_end(archive: Archive) -> None:
    instance = await stored(archive, LARGE)
    buffers = await instance.read()
    await archive.delete(instance.resource)
    assert await joined(buffers) == LARGE


async def test_an_object_that_is_missing_is_damage(archive: Archive, settings: Settings) -> None:
    instance = await stored(archive, ct_instance())
    object_of(settings).unlink()
    with pytest.raises(DamagedInstance, match="missing"):
        await instance.read()


# Frames


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
    instance = await stored(archive, content)
    (frame,) = await instance.frames([1], decoded=True, lazy=lazy)
    assert (frame.size, await whole(frame)) == (32, WORDS)
    assert await whole(await instance.pixel_data(lazy=lazy)) == WORDS
    assert not instance.is_encapsulated


@pytest.mark.parametrize("lazy", [False, True])
async def test_encapsulated_frames_are_their_codestreams(archive: Archive, lazy: bool) -> None:
    instance = await stored(archive, JPEG)
    assert (instance.number_of_frames, instance.is_encapsulated) == (3, True)
    frames = await instance.frames([3, 1], decoded=False, lazy=lazy)
    assert [await whole(frame) for frame in frames] == [JPEGS[2], JPEGS[0]]


async def test_a_frame_in_several_fragments_is_one(archive: Archive) -> None:
    content = part10(ct_dataset(PixelData=None) + encapsulated([JPEGS[0][:30], JPEGS[0][30:]]), JPEG_BASELINE)
    instance = await stored(archive, content)
    for lazy in (False, True):
        (frame,) = await instance.frames([1], decoded=False, lazy=lazy)
        assert await whole(frame) == JPEGS[0]
        assert await joined(frame.read(20, 40)) == JPEGS[0][20:40]


async def test_frames_that_are_not_there_are_not_found(archive: Archive) -> None:
    instance = await stored(archive, ct_instance())
    for number in (0, 2, 2**40):
        with pytest.raises(ResourceNotFound):
            await instance.frames([number], decoded=False)


async def test_an_instance_without_pixels_has_none(archive: Archive) -> None:
    instance = await stored(archive, ct_instance(PixelData=None))
    assert instance.number_of_frames == 0
    with pytest.raises(ResourceNotFound):
        await instance.pixel_data()


async def test_pixels_without_size_are_corrupt(archive: Archive) -> None:
    instance = await stored(archive, part10(ct_dataset(PixelData=None, Rows=0) + encapsulated([b"xy"]), JPEG_BASELINE))
    with pytest.raises((CorruptFrame, CodecUnavailable)):
        await instance.pixel_data()


async def test_large_frames_are_read_when_they_are_sent(archive: Archive) -> None:
    instance = await stored(archive, LARGE)
    (frame,) = await instance.frames([1], decoded=True)
    assert frame.buffers is None
    assert await joined(frame.read(17_000_000, 17_000_010)) == (bytes(range(250)) * 72_000)[17_000_000:17_000_010]


# Bulk data


@pytest.mark.parametrize("transfer_syntax", [EXPLICIT_LE, DEFLATED_LE])
async def test_values_are_found_by_their_paths(archive: Archive, transfer_syntax: str) -> None:
    nested = sequence(0x00540016, element(0x00189345, "OB", b"n" * 2000))
    instance = await stored(archive, ct_instance(transfer_syntax, extra=nested))
    value = await instance.bulkdata("00540016/0/00189345")
    assert await whole(value.content) == b"n" * 2000
    assert await whole((await instance.bulkdata("00100020")).content) == b"PID1"
    for path in ("00540016", "00540016/1/00189345", "00189345", "", "x", "00540016/0"):
        with pytest.raises(ResourceNotFound):
            await instance.bulkdata(path)


@pytest.mark.parametrize(("threshold", "paths"), [(1024, {"00660016", "7FE00010"}), (3000, {"7FE00010"})])
async def test_all_bulk_data_are_those_that_metadata_with_this_threshold_refer_to(
    archive: Archive, threshold: int, paths: set[str]
) -> None:
    instance = await stored(archive, ct_instance(extra=element(0x00660016, "OF", bytes(2000))))
    values = await instance.all_bulkdata(threshold)
    assert {value.path for value in values} == paths


async def test_a_document_says_what_it_is(archive: Archive) -> None:
    extra = element(0x00420011, "OB", b"%PDF" * 500) + element(0x00420012, "LO", "application/pdf")
    instance = await stored(archive, part10(ct_dataset(PixelData=None) + extra))
    value = await instance.bulkdata("00420011")
    assert (value.document_type, await whole(value.content)) == ("application/pdf", b"%PDF" * 500)
    assert (await instance.bulkdata("00420012")).document_type == ""
