import struct

import pytest

from dicomcore.data.codestream import read_image_header
from dicomcore.errors import MalformedDataset

UID = "1.2.840.10008.1.2.4."


def box(kind: bytes, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def mp4(
    codec: bytes, configuration: bytes, *, handler: bytes = b"vide", version: int = 0, timescale: int = 1000
) -> bytes:
    entry = bytes(24) + struct.pack(">HH", 640, 480) + bytes(50)
    times = struct.pack(">III", 0, timescale, 2000) if version == 0 else struct.pack(">QIQ", 0, timescale, 2000)
    header = bytes([version, 0, 0, 0]) + bytes(4 if version == 0 else 8) + times + bytes(4)
    stbl = box(
        b"stbl",
        box(b"stsd", struct.pack(">II", 0, 1), box(codec, entry, configuration)),
        box(b"stsz", struct.pack(">III", 0, 0, 50)),
    )
    media = box(b"mdia", box(b"mdhd", header), box(b"hdlr", bytes(8), handler, bytes(12)), box(b"minf", stbl))
    return box(b"ftyp", b"isom" + bytes(4)) + box(b"mdat", bytes(32)) + box(b"moov", box(b"mvhd"), box(b"trak", media))


def avc(level: int) -> bytes:
    return box(b"avcC", bytes([1, 100, 0, level]), bytes(3))


def hevc(profile: int) -> bytes:
    return box(b"hvcC", bytes([1, profile]), bytes(20))


def mpeg2(level: int, *, columns: int = 720, rows: int = 576, rate: int = 3) -> bytes:
    sequence = b"\0\0\1\xb3" + (columns << 12 | rows).to_bytes(3, "big") + bytes([0x10 | rate]) + bytes(4)
    extension = b"\0\0\1\xb5" + (1 << 28 | 4 << 24 | level << 20 | 1 << 17).to_bytes(4, "big") + bytes(2)
    return sequence + extension + (b"\0\0\1\0" + bytes([1, 2, 3, 4])) * 3


@pytest.mark.parametrize(
    ("file", "component", "bits"),
    [
        (mp4(b"avc1", avc(40)), "102", 8),
        (mp4(b"avc1", avc(41)), "102", 8),
        (mp4(b"avc3", avc(42)), "104", 8),
        (mp4(b"hvc1", hevc(1)), "107", 8),
        (mp4(b"hev1", hevc(2)), "108", 10),
    ],
)
def test_the_transfer_syntax_of_mp4_follows_from_profile_and_level(file: bytes, component: str, bits: int) -> None:
    header = read_image_header(file)
    assert header.transfer_syntax_uid == UID + component
    assert (header.rows, header.columns, header.bits_stored, header.samples_per_pixel) == (480, 640, bits, 3)
    assert header.photometric_interpretation == "YBR_PARTIAL_420"


@pytest.mark.parametrize("version", [0, 1])
def test_the_frames_of_mp4_are_counted_and_timed(version: int) -> None:
    header = read_image_header(mp4(b"avc1", avc(40), version=version))
    assert (header.number_of_frames, header.frame_time) == (50, 40.0)
    assert read_image_header(mp4(b"avc1", avc(40), timescale=0)).frame_time is None


@pytest.mark.parametrize(
    "file",
    [
        mp4(b"avc1", avc(51)),
        mp4(b"hvc1", hevc(4)),
        mp4(b"vp09", b""),
        mp4(b"avc1", b""),
        mp4(b"avc1", avc(40), handler=b"soun"),
        box(b"ftyp", b"isom"),
        box(b"ftyp", b"isom") + box(b"moov"),
        box(b"ftyp", b"isom") + box(b"moov", box(b"trak", box(b"mdia", box(b"hdlr", bytes(8), b"vide")))),
        mp4(b"avc1", avc(40))[:-30],
    ],
)
def test_mp4_without_a_transfer_syntax_or_a_box_is_refused(file: bytes) -> None:
    with pytest.raises(MalformedDataset):
        read_image_header(file)


def test_mpeg_2_is_told_apart_by_its_level() -> None:
    main = read_image_header(mpeg2(8))
    assert (main.rows, main.columns, main.transfer_syntax_uid) == (576, 720, UID + "100")
    high = read_image_header(mpeg2(4, columns=1920, rows=1080))
    assert (high.rows, high.columns, high.transfer_syntax_uid) == (1080, 1920, UID + "101")


def test_the_pictures_of_mpeg_2_are_counted_and_timed() -> None:
    header = read_image_header(b"\0\0\1\xba" + bytes(10) + mpeg2(8))
    assert (header.number_of_frames, header.frame_time) == (3, 40.0)
    assert read_image_header(mpeg2(8, rate=0)).frame_time is None


@pytest.mark.parametrize("stream", [b"\0\0\1\xba" + bytes(20), b"\0\0\1\xb3\1", mpeg2(8, rows=0)])
def test_broken_mpeg_2_is_refused(stream: bytes) -> None:
    with pytest.raises(MalformedDataset):
        read_image_header(stream)
