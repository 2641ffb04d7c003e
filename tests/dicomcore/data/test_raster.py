import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from dicomcore.data import raster
from dicomcore.data.raster import read_raster
from dicomcore.errors import LimitExceeded, MalformedDataset

GREY = np.arange(12, dtype=np.uint8).reshape(3, 4)
RGB = np.arange(36, dtype=np.uint8).reshape(3, 4, 3)


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def test_grey_samples_stay_what_they_are() -> None:
    decoded = read_raster(saved(Image.fromarray(GREY)))
    assert decoded.value == GREY.tobytes()
    assert (decoded.rows, decoded.columns, decoded.samples_per_pixel, decoded.bits_allocated) == (3, 4, 1, 8)


def test_16_bit_grey_samples_stay_what_they_are() -> None:
    samples = (GREY.astype(np.uint16) + 1) * 5000
    decoded = read_raster(saved(Image.fromarray(samples)))
    assert decoded.value == samples.astype("<u2").tobytes()
    assert decoded.bits_allocated == 16


def test_colours_stay_what_they_are_and_transparency_is_dropped() -> None:
    alpha = np.full((3, 4, 1), 7, np.uint8)
    assert read_raster(saved(Image.fromarray(RGB))).value == RGB.tobytes()
    with_alpha = read_raster(saved(Image.fromarray(np.concatenate([RGB, alpha], axis=2))))
    assert with_alpha.value == RGB.tobytes()
    assert with_alpha.samples_per_pixel == 3


def test_grey_with_transparency_has_one_channel() -> None:
    image = Image.merge("LA", [Image.fromarray(GREY)] * 2)
    assert read_raster(saved(image)).value == GREY.tobytes()


def test_indexed_colours_become_rgb() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), 1)
    assert read_raster(saved(image)).value == bytes((10, 20, 30, 40, 50, 60))


def test_black_and_white_become_0_and_255() -> None:
    image = Image.new("1", (2, 1))
    image.putpixel((1, 0), 1)
    assert read_raster(saved(image)).value == b"\x00\xff"


def test_an_animated_gif_becomes_a_multi_frame_image() -> None:
    frames = [Image.new("RGB", (4, 3), (level, 0, 0)) for level in (0, 120, 240)]
    decoded = read_raster(saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50))
    assert (decoded.number_of_frames, decoded.frame_time) == (3, 50.0)
    assert np.frombuffer(decoded.value, np.uint8).reshape(3, 3, 4, 3)[:, 0, 0].tolist() == [
        [0, 0, 0],
        [120, 0, 0],
        [240, 0, 0],
    ]


def png(columns: int, rows: int, depth: int = 8, colour: int = 0) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", columns, rows, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))


def test_16_bit_colours_are_refused_rather_than_halved() -> None:
    with pytest.raises(MalformedDataset, match="16 bits"):
        read_raster(png(4, 4, 16, 2))


def test_a_header_of_a_huge_image_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(LimitExceeded):
        read_raster(png(60000, 60000))
    with pytest.raises(LimitExceeded):
        read_raster(b"GIF89a" + struct.pack("<HH", 65535, 65535) + bytes(10))


def test_many_frames_count_together(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [Image.new("RGB", (4, 3), (level, 0, 0)) for level in (0, 120, 240)]
    file = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    monkeypatch.setattr(raster, "MAX_DECODED", 100)
    with pytest.raises(LimitExceeded):
        read_raster(file)


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"\xff\xd8\xff\xe0" + bytes(30),
        png(4, 4),
        png(0, 4),
        saved(Image.fromarray(GREY))[:50],
        b"GIF89a" + bytes(20),
    ],
)
def test_what_does_not_decode_is_refused(file: bytes) -> None:
    with pytest.raises(MalformedDataset):
        read_raster(file)
