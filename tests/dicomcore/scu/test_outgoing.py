from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from struct import pack

import pytest
from builders import (
    DEFLATED_LE,
    EXPLICIT_BE,
    EXPLICIT_LE,
    IMPLICIT_LE,
    JPEG_BASELINE,
    RLE_LOSSLESS,
    ct_dataset,
    ct_instance,
    deflated,
    element,
    encapsulated,
    part10,
)
from in_process import codecs_in_process
from stored_instances import PIXELS as FRAMES
from stored_instances import three_frames

from dicomcore.archive import Archive
from dicomcore.data import Buffer
from dicomcore.errors import CodecUnavailable, CorruptFrame, NotDicom, StorageUnavailable
from dicomcore.resources import Resource
from dicomcore.scu import outgoing
from dicomcore.scu.outgoing import StoredFile, StoredInstance
from dicomcore.threads import Threads

PIXELS = bytes(range(32))
JPEG = "1.2.840.10008.1.2.4.57"


def compressed(frame: bytes, uid: str) -> bytes:
    """A CT slice whose one frame is compressed."""
    return part10(ct_dataset(PixelData=None) + encapsulated([frame]), uid)


def rle(pixels: bytes) -> bytes:
    """Compress 16 pixels of 16 bits into two literal segments."""
    segments = [bytes([15]) + pixels[1::2], bytes([15]) + pixels[::2]]
    return pack("<16I", 2, 64, 64 + 17, *[0] * 13) + b"".join(segments) + b"\x80\0"


def implicit_meta() -> bytes:
    return element(0x00020010, "UI", EXPLICIT_LE, implicit=True) + element(0x00020012, "UI", "1.2.3", implicit=True)


# how it is stored -> its file, and its data set as stored
FILES = {
    EXPLICIT_LE: (ct_instance(), ct_dataset()),
    IMPLICIT_LE: (ct_instance(IMPLICIT_LE), ct_dataset(implicit=True)),
    EXPLICIT_BE: (ct_instance(EXPLICIT_BE, PixelData=None), ct_dataset(big_endian=True, PixelData=None)),
    DEFLATED_LE: (ct_instance(DEFLATED_LE), deflated(ct_dataset())),
    RLE_LOSSLESS: (
        compressed(rle(PIXELS), RLE_LOSSLESS),
        ct_dataset(PixelData=None) + encapsulated([rle(PIXELS)]),
    ),
}


@pytest.fixture
def threads() -> Iterator[Threads]:
    made = Threads(2)
    yield made
    made.close()


async def joined(buffers: AsyncIterator[Buffer]) -> bytes:
    return b"".join([bytes(buffer) async for buffer in buffers])


async def stored(archive: Archive, content: bytes, threads: Threads) -> StoredInstance:
    spool = archive.spool()
    spool.write(content)
    assert (await archive.store(spool)).is_stored
    return StoredInstance(await archive.instance(Resource("1.2.3", "1.2.3.1", "1.2.3.4")), threads)


async def on_disk(folder: Path, content: bytes, threads: Threads) -> StoredFile:
    path = folder / "instance.dcm"
    path.write_bytes(content)
    return await StoredFile.open(path, threads)


@pytest.mark.parametrize("uid", FILES)
async def test_an_instance_of_the_archive_leaves_as_it_is_stored(archive: Archive, threads: Threads, uid: str) -> None:
    content, dataset = FILES[uid]
    item = await stored(archive, content, threads)
    assert (item.transfer_syntax_uid, item.sop_instance_uid) == (uid, "1.2.3.4")
    assert await joined(await item.dataset(uid)) == dataset


@pytest.mark.parametrize("uid", FILES)
@pytest.mark.parametrize("native", [EXPLICIT_LE, IMPLICIT_LE])
async def test_an_instance_of_the_archive_becomes_native(
    archive: Archive, threads: Threads, uid: str, native: str
) -> None:
    item = await stored(archive, FILES[uid][0], threads)
    pixels = {"PixelData": None} if uid == EXPLICIT_BE else {}
    assert await joined(await item.dataset(native)) == ct_dataset(implicit=native == IMPLICIT_LE, **pixels)


@pytest.mark.parametrize("uid", FILES)
async def test_a_file_leaves_as_it_is_stored(tmp_path: Path, threads: Threads, uid: str) -> None:
    content, dataset = FILES[uid]
    item = await on_disk(tmp_path, content, threads)
    assert (item.transfer_syntax_uid, item.sop_instance_uid) == (uid, "1.2.3.4")
    assert await joined(await item.dataset(uid)) == dataset


@pytest.mark.parametrize("uid", FILES)
@pytest.mark.parametrize("native", [EXPLICIT_LE, IMPLICIT_LE])
async def test_a_file_becomes_native(tmp_path: Path, threads: Threads, uid: str, native: str) -> None:
    item = await on_disk(tmp_path, FILES[uid][0], threads)
    pixels = {"PixelData": None} if uid == EXPLICIT_BE else {}
    assert await joined(await item.dataset(native)) == ct_dataset(implicit=native == IMPLICIT_LE, **pixels)


async def test_what_no_codec_undoes_is_said_before_anything_is_sent(
    archive: Archive, tmp_path: Path, threads: Threads
) -> None:
    content = compressed(b"\xff\xd8 no JPEG that anybody reads \xff\xd9", JPEG)
    for item in (await stored(archive, content, threads), await on_disk(tmp_path, content, threads)):
        with pytest.raises(CodecUnavailable):
            await item.dataset(JPEG_BASELINE)


@pytest.mark.parametrize("uid", [EXPLICIT_LE, IMPLICIT_LE])
async def test_what_is_compressed_becomes_native_for_who_takes_nothing_else(
    archive: Archive, threads: Threads, uid: str
) -> None:
    archive.codecs = codecs_in_process()
    samples = pack("<16H", *range(16))
    instance = (await stored(archive, ct_instance(PixelData=samples), threads)).instance
    again = b"".join([bytes(buffer) async for buffer in await instance.file(JPEG)])
    await archive.delete(Resource("1.2.3"))
    item = await stored(archive, again, threads)
    assert item.transfer_syntax_uid == JPEG
    expected = ct_dataset(implicit=uid == IMPLICIT_LE, PixelData=samples)
    assert await joined(await item.dataset(uid)) == expected


@pytest.mark.parametrize("uid", [EXPLICIT_LE, IMPLICIT_LE])
@pytest.mark.parametrize("compression", ["1.2.840.10008.1.2.4.90", RLE_LOSSLESS])
async def test_a_compressed_file_becomes_native_where_there_are_codecs(
    tmp_path: Path, threads: Threads, uid: str, compression: str
) -> None:
    (tmp_path / "file").write_bytes(three_frames(compression))
    item = await StoredFile.open(tmp_path / "file", threads, codecs_in_process())
    dataset = await joined(await item.dataset(uid))
    assert dataset.endswith(FRAMES) and len(dataset) < len(ct_dataset(PixelData=FRAMES)) + 30
    with pytest.raises(CodecUnavailable):
        await item.dataset(JPEG_BASELINE)


async def test_a_file_that_does_not_decode_is_known_before_anything_is_sent(tmp_path: Path, threads: Threads) -> None:
    (tmp_path / "file").write_bytes(compressed(b"\xff\xd8 no JPEG that anybody reads \xff\xd9", JPEG))
    item = await StoredFile.open(tmp_path / "file", threads, codecs_in_process())
    for uid in (EXPLICIT_LE, IMPLICIT_LE):
        with pytest.raises(CorruptFrame):
            await item.dataset(uid)


async def test_without_codecs_nothing_is_compressed(archive: Archive, tmp_path: Path, threads: Threads) -> None:
    for item in (await stored(archive, ct_instance(), threads), await on_disk(tmp_path, ct_instance(), threads)):
        with pytest.raises(CodecUnavailable):
            await item.dataset(RLE_LOSSLESS)


@pytest.mark.parametrize(
    "content",
    [
        ct_dataset(),
        part10(ct_dataset(), extra_meta=element(0x00020102, "OB", bytes(70_000))),
        b"DICM" + ct_instance()[132:],
        ct_instance()[:132] + ct_instance()[144:],
        ct_instance()[:140] + pack("<I", 26) + ct_instance()[144:],
        ct_instance()[:128] + b"DICM" + implicit_meta() + ct_dataset(),
        ct_instance()[:140] + pack("<I", 9999) + ct_instance()[144:],
    ],
    ids=["no-meta", "private", "no-preamble", "no-group-length", "too-short", "implicit", "too-long"],
)
async def test_irregular_file_meta_information_is_left_out_as_well(
    archive: Archive, threads: Threads, content: bytes
) -> None:
    item = await stored(archive, content, threads)
    assert await joined(await item.dataset(EXPLICIT_LE)) == ct_dataset()


async def test_a_large_data_set_leaves_in_windows_or_is_rewritten_from_a_temporary_file(
    archive: Archive, threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "_IN_MEMORY", 100_000)
    pixels = PIXELS * 1_000_000
    item = await stored(archive, ct_instance(PixelData=pixels, Rows=16_000, Columns=1000), threads)
    assert await joined(await item.dataset(EXPLICIT_LE)) == ct_dataset(PixelData=pixels, Rows=16_000, Columns=1000)
    rewritten = await joined(await item.dataset(IMPLICIT_LE))
    assert rewritten == ct_dataset(implicit=True, PixelData=pixels, Rows=16_000, Columns=1000)


@pytest.mark.parametrize(
    "content", [b"", b"no DICOM at all", ct_instance(SOPInstanceUID=""), ct_instance(SOPClassUID=None)]
)
async def test_a_file_that_is_no_instance_is_refused(tmp_path: Path, threads: Threads, content: bytes) -> None:
    with pytest.raises(NotDicom):
        await on_disk(tmp_path, content, threads)


async def test_a_file_that_is_gone_is_said_to_be(tmp_path: Path, threads: Threads) -> None:
    with pytest.raises(StorageUnavailable, match="No such file"):
        await StoredFile.open(tmp_path / "gone.dcm", threads)
    item = await on_disk(tmp_path, ct_instance(), threads)
    item.path.unlink()
    with pytest.raises(StorageUnavailable, match=r"instance\.dcm"):
        await item.dataset(EXPLICIT_LE)
