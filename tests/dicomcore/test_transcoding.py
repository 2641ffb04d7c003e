from __future__ import annotations

import asyncio
import io
import threading
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import ParamSpec, TypeVar

import numpy as np
import pydicom
import pytest
from builders import EXPLICIT_LE, IMPLICIT_LE, ct_dataset, ct_instance, element, encapsulated, part10, sequence
from in_process import InProcess, Remembered, codecs_in_process

from dicomcore.data import Part10, read_file
from dicomcore.errors import CodecUnavailable, CorruptFrame
from dicomcore.pixels import Encoding, PixelFormat, convert_frame, encoding_of
from dicomcore.threads import Threads
from dicomcore.transcoding import Codecs, Convertible, ahead, check_codecs, file_in, in_threads, transcoded_file

P = ParamSpec("P")
T = TypeVar("T")

DEFLATED = "1.2.840.10008.1.2.1.99"
JPEG_LS, JPEG_2000, RLE = "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.5"
FORM = PixelFormat.of(read_file(ct_instance()).dataset)
FRAME = np.arange(16, dtype="<u2").tobytes()


@pytest.fixture
def threads() -> Iterator[Threads]:
    made = Threads(2)
    yield made
    made.close()


def multi_frame(count: int, rows: int = 4, columns: int = 4) -> Part10:
    pixels = np.arange(count * rows * columns, dtype="<u4").astype("<u2") % 4096
    number = element(0x00280008, "IS", f"{count:04}")
    return read_file(ct_instance(extra=number, Rows=rows, Columns=columns, PixelData=pixels.tobytes()))


async def whole(part10: Part10, uid: str, threads: Threads, codecs: Codecs | None = None) -> bytes:
    pieces = transcoded_file(part10, uid, encoding_of(uid), codecs or codecs_in_process(), threads)
    return b"".join([bytes(piece) async for piece in pieces])


# Files


@pytest.mark.parametrize("uid", [JPEG_LS, JPEG_2000, RLE])
async def test_a_file_goes_there_and_back(threads: Threads, uid: str) -> None:
    source = multi_frame(5)
    made = await whole(source, uid, threads)
    assert pydicom.dcmread(io.BytesIO(made)).pixel_array.tobytes() == bytes(source.dataset.raw(0x7FE00010))
    back = read_file(await whole(read_file(made), EXPLICIT_LE, threads))
    assert bytes(back.dataset.raw(0x7FE00010)) == bytes(source.dataset.raw(0x7FE00010))


async def test_the_offset_table_of_a_small_file_is_complete(threads: Threads) -> None:
    element_of_pixels = read_file(await whole(multi_frame(5), JPEG_LS, threads)).dataset.elements[0x7FE00010]
    table, *frames = element_of_pixels.fragments or ()
    offsets = np.frombuffer(element_of_pixels.buffer, "<u4", 5, table[0])
    assert offsets.tolist() == [start - frames[0][0] for start, _ in frames]


async def test_a_large_file_is_made_frame_by_frame_with_an_empty_offset_table(threads: Threads) -> None:
    source = multi_frame(40, 1024, 1024)
    size, first = 0, b""
    tracemalloc.start()
    try:
        async for piece in transcoded_file(source, "1.2.840.10008.1.2.1.98", Encoding(), codecs_in_process(), threads):
            size += len(piece)
            first += bytes(piece) if size < 4096 else b""
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size > 80 << 20
    assert peak < 40 << 20
    assert encapsulated([b""])[:24] in first  # an empty table, then the first fragment


@pytest.mark.parametrize("uid", [JPEG_LS, RLE])
async def test_the_offset_table_of_a_large_file_can_be_written_at_its_end(threads: Threads, uid: str) -> None:
    made = bytearray()

    def overwrite(offset: int, content: bytes) -> None:
        made[offset : offset + len(content)] = content

    codecs, source = codecs_in_process(), multi_frame(20, 1024, 1024)
    async for piece in transcoded_file(source, uid, Encoding(), codecs, threads, overwrite=overwrite):
        made += piece
    element_of_pixels = read_file(made).dataset.elements[0x7FE00010]
    table, *frames = element_of_pixels.fragments or ()
    offsets = np.frombuffer(element_of_pixels.buffer, "<u4", 20, table[0])
    assert offsets.tolist() == [start - frames[0][0] for start, _ in frames]


async def test_frames_are_taken_from_whoever_reads_them(threads: Threads) -> None:
    asked: list[int] = []
    source = multi_frame(3)

    async def read(frame_number: int) -> bytes:
        asked.append(frame_number)
        return bytes(32)

    pieces = transcoded_file(source, RLE, Encoding(), codecs_in_process(), threads, read)
    made = read_file(b"".join([bytes(piece) async for piece in pieces]))
    assert asked == [1, 2, 3]
    assert bytes((await in_any(made, EXPLICIT_LE, threads)).dataset.raw(0x7FE00010)) == bytes(96)


async def test_a_file_is_deflated_behind_its_file_meta_information(threads: Threads) -> None:
    compressed = await whole(multi_frame(2), JPEG_LS, threads)
    made = await whole(read_file(compressed), DEFLATED, threads)
    found = read_file(made)
    assert found.transfer_syntax.uid == DEFLATED
    assert len(made) % 2 == 0
    inflated = zlib.decompress(made[found.dataset_start :], -zlib.MAX_WBITS)
    assert inflated in await whole(read_file(compressed), EXPLICIT_LE, threads)


async def test_icons_become_native(threads: Threads) -> None:
    icon_form = PixelFormat.of(read_file(ct_instance(Rows=1, Columns=2)).dataset)
    coded, _ = convert_frame(b"abcd", icon_form, EXPLICIT_LE, JPEG_LS, 1, Encoding())
    frame, _ = convert_frame(FRAME, FORM, EXPLICIT_LE, JPEG_LS, 1, Encoding())
    attributes = ct_dataset(PixelData=None, Rows=1, Columns=2)
    icon = attributes[
        attributes.index(element(0x00280002, "US", 1)) : attributes.index(element(0x00281052, "DS", "-1024"))
    ]
    dataset = ct_dataset(PixelData=None) + sequence(0x00880200, icon + encapsulated([coded])) + encapsulated([frame])
    made = read_file(await whole(read_file(part10(dataset, JPEG_LS)), JPEG_2000, threads)).dataset
    assert len(made.items(0x00880200)[0].raw(0x7FE00010)) == 4


async def test_a_broken_frame_of_a_small_file_is_known_before_the_first_byte(threads: Threads) -> None:
    made = await whole(multi_frame(3), JPEG_LS, threads)
    element_of_pixels = read_file(made).dataset.elements[0x7FE00010]
    start, end = (element_of_pixels.fragments or ())[2]
    broken = read_file(made[:start] + bytes(end - start) + made[end:])
    pieces = transcoded_file(broken, JPEG_2000, Encoding(), codecs_in_process(), threads)
    with pytest.raises(CorruptFrame) as caught:
        await anext(pieces)
    assert caught.value.frame_number == 2


class Colors(InProcess):
    """A sandbox in which the second frame decodes to another colour."""

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        found = await super().run(function, *args, **kwargs)
        return (b"ab", b"RGB") if self.runs["convert_frame"] == 2 else found  # type: ignore[return-value]


async def test_frames_of_different_color_do_not_make_one_image(threads: Threads) -> None:
    with pytest.raises(CorruptFrame, match="RGB"):
        await whole(multi_frame(3), JPEG_LS, threads, Codecs(Colors(), Remembered()))


async def test_who_stops_reading_stops_the_work(threads: Threads) -> None:
    sandbox = InProcess()
    pieces = transcoded_file(multi_frame(40, 1024, 1024), JPEG_LS, Encoding(), Codecs(sandbox, Remembered()), threads)
    async for _ in pieces:
        break
    await pieces.aclose()  # type: ignore[attr-defined]
    assert sandbox.runs["convert_frame"] < 10


# How much is read at the same time


class Held(InProcess):
    """A sandbox that keeps what it is given until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.most = 0
        self.inside = 0
        self.go_on = asyncio.Event()

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            await self.go_on.wait()
            return await super().run(function, *args, **kwargs)
        finally:
            self.inside -= 1


class Reader:
    """Gives frames, and counts them."""

    def __init__(self, size: int = 32) -> None:
        self.size = size
        self.count = 0

    async def __call__(self, _frame_number: int) -> bytes:
        self.count += 1
        return bytes(self.size)


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0.001)


async def converted(codecs: Codecs, reader: Reader, threads: Threads, uid: str = JPEG_LS) -> bytes:
    made, _ = await codecs.read_and_convert(reader, reader.size, FORM, EXPLICIT_LE, uid, 1, Encoding(), threads)
    return made


async def test_what_waits_to_be_converted_is_not_read(threads: Threads) -> None:
    sandbox, reader = Held(), Reader()
    codecs = Codecs(sandbox, Remembered(), in_progress_bytes=3 * 32)
    tasks = [asyncio.create_task(converted(codecs, reader, threads)) for _ in range(10)]
    await settle()
    assert reader.count == 3
    sandbox.go_on.set()
    await asyncio.gather(*tasks)
    assert (reader.count, sandbox.most) == (10, 3)


async def test_what_a_frame_becomes_counts_as_well(threads: Threads) -> None:
    sandbox, reader = Held(), Reader(size=1)  # as if it were compressed: it decodes to 32 bytes
    codecs = Codecs(sandbox, Remembered(), in_progress_bytes=2 * 32)
    tasks = [asyncio.create_task(converted(codecs, reader, threads)) for _ in range(5)]
    await settle()
    assert reader.count == 2
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_who_leaves_while_waiting_never_has_a_frame_read(threads: Threads) -> None:
    sandbox, reader, gone = Held(), Reader(), Reader()
    codecs = Codecs(sandbox, Remembered(), in_progress_bytes=32)
    first = asyncio.create_task(converted(codecs, reader, threads))
    waiting = [asyncio.create_task(converted(codecs, gone, threads)) for _ in range(5)]
    await settle()
    for task in waiting:
        task.cancel()
    last = asyncio.create_task(converted(codecs, reader, threads))
    sandbox.go_on.set()
    await asyncio.gather(first, last)
    assert (reader.count, gone.count) == (2, 0)


async def test_a_thread_that_works_for_nobody_keeps_its_room(threads: Threads, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def convert(*_arguments: object) -> tuple[bytes, bytes]:
        begun.set()
        go_on.wait(10)
        return b"", b""

    monkeypatch.setattr("dicomcore.transcoding.convert_frame", convert)
    reader = Reader()
    codecs = Codecs(InProcess(), Remembered(), in_progress_bytes=32)
    first = asyncio.create_task(converted(codecs, reader, threads, RLE))
    second = asyncio.create_task(converted(codecs, reader, threads, RLE))
    while not begun.is_set():
        await asyncio.sleep(0.001)
    first.cancel()
    await settle()
    assert reader.count == 1
    go_on.set()
    await second
    assert first.cancelled()
    assert reader.count == 2


async def test_frames_of_all_files_that_are_made_at_the_same_time_count_together(threads: Threads) -> None:
    sandbox, reader = Held(), Reader()
    codecs = Codecs(sandbox, Remembered(), in_progress_bytes=3 * 32)
    source = multi_frame(2)

    async def make() -> bytes:
        pieces = transcoded_file(source, JPEG_LS, Encoding(), codecs, threads, reader)
        return b"".join([bytes(piece) async for piece in pieces])

    tasks = [asyncio.create_task(make()) for _ in range(5)]
    await settle()
    assert reader.count == 3
    for task in tasks[:4]:
        task.cancel()
    await asyncio.gather(*tasks[:4], return_exceptions=True)
    sandbox.go_on.set()
    made = read_file(await tasks[4])
    assert len(made.dataset.elements[0x7FE00010].fragments or ()) == 3
    assert sandbox.inside == 0


# Files with or without pixel data


async def in_any(part10: Part10, uid: str, threads: Threads) -> Part10:
    pieces = file_in(part10, uid, encoding_of(uid), codecs_in_process(), threads)
    return read_file(b"".join([bytes(piece) async for piece in pieces]))


@pytest.mark.parametrize("uid", [EXPLICIT_LE, DEFLATED])
async def test_what_has_no_pixel_data_can_be_native_or_deflated(threads: Threads, uid: str) -> None:
    made = await in_any(read_file(ct_instance(IMPLICIT_LE, PixelData=None)), uid, threads)
    assert (made.transfer_syntax.uid, made.dataset.text(0x00100020)) == (uid, "PID1")


@pytest.mark.parametrize("uid", [EXPLICIT_LE, DEFLATED, JPEG_2000, RLE])
async def test_what_is_compressed_can_be_everything_that_holds_it(threads: Threads, uid: str) -> None:
    source = multi_frame(2)
    made = await in_any(await in_any(source, JPEG_LS, threads), uid, threads)
    assert made.transfer_syntax.uid == uid
    back = await in_any(made, EXPLICIT_LE, threads)
    assert bytes(back.dataset.raw(0x7FE00010)) == bytes(source.dataset.raw(0x7FE00010))


@pytest.mark.parametrize(
    "content",
    [
        ct_instance(PixelData=None),
        ct_instance(BitsAllocated=32, BitsStored=32, HighBit=31, PixelData=bytes(64)),
        part10(ct_dataset(PixelData=None) + encapsulated([b"\0\0\1\xb3"]), "1.2.840.10008.1.2.4.102"),
    ],
)
async def test_what_does_not_fit_is_refused(threads: Threads, content: bytes) -> None:
    with pytest.raises(CodecUnavailable):
        await in_any(read_file(content), JPEG_LS, threads)


# Frames


async def test_compression_libraries_run_in_the_sandbox_and_nothing_else_does(threads: Threads) -> None:
    sandbox = InProcess()
    codecs = Codecs(sandbox, Remembered())
    for uid, expected in ((RLE, 0), (JPEG_LS, 1)):
        converted, interpretation = await codecs.convert(FRAME, FORM, EXPLICIT_LE, uid, 1, Encoding(), threads)
        assert interpretation == "MONOCHROME2"
        assert sandbox.runs["convert_frame"] == expected
        back, _ = await codecs.convert(converted, FORM, uid, EXPLICIT_LE, 1, Encoding(), threads)
        assert back == FRAME


async def test_pixels_in_two_forms_are_compared() -> None:
    codecs = codecs_in_process()
    coded, _ = convert_frame(FRAME, FORM, EXPLICIT_LE, JPEG_LS, 1, Encoding())
    assert await codecs.have_same_pixels(FRAME, FORM, EXPLICIT_LE, coded, FORM, JPEG_LS, 1)
    assert not await codecs.have_same_pixels(FRAME[::-1], FORM, EXPLICIT_LE, coded, FORM, JPEG_LS, 1)


def test_what_images_are_is_remembered_for_a_while() -> None:
    codecs = codecs_in_process()
    for number in range(1500):
        codecs.remember(number.to_bytes(4, "big"), Convertible(FORM, (JPEG_LS,)))
    assert codecs.known((0).to_bytes(4, "big")) is None
    assert codecs.known((1499).to_bytes(4, "big")) == Convertible(FORM, (JPEG_LS,))


def test_without_codecs_there_is_no_conversion() -> None:
    codecs = codecs_in_process()
    assert check_codecs(codecs, JPEG_LS) is codecs
    with pytest.raises(CodecUnavailable):
        check_codecs(None, JPEG_LS)


# Working ahead


async def test_a_few_are_made_at_the_same_time_and_given_in_order() -> None:
    running, most = 0, 0

    async def make(number: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001 * (5 - number % 5))
        running -= 1
        return number

    assert [number async for number in ahead([partial(make, number) for number in range(20)], 3)] == list(range(20))
    assert most == 3


async def test_an_error_ends_those_under_way() -> None:
    ended: list[str] = []

    async def fail() -> None:
        raise CorruptFrame(1, "no")

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("ended")
            raise

    with pytest.raises(CorruptFrame):
        async for _ in ahead([fail, wait], 2):
            pass
    assert ended == ["ended"]


async def test_an_iterator_that_works_hard_works_in_threads(threads: Threads) -> None:
    assert [buffer async for buffer in in_threads(iter([b"a", b"b"]), threads)] == [b"a", b"b"]
