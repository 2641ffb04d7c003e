"""Makes hostile frames for every codec, always the same ones: damage of all kinds, and bombs.

Damage is what happens to any bytes: cut off, bits flipped, stretches of noise, pieces repeated or left out. Bombs are
made for a codec: they declare much and hold little, or hold much of what costs a decoder dearly.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from struct import pack, unpack_from

import imagecodecs
import numpy as np
from images import image_format, smooth

from dicomcore.pixels import PixelFormat, encode_pixels
from dicomcore.pixels.encoding import Encoding

ROOT = "1.2.840.10008.1.2."
DAMAGED = 210


@dataclass(frozen=True)
class HostileFrame:
    name: str
    frame: bytes
    form: PixelFormat


@dataclass(frozen=True)
class Victim:
    """A codec: its transfer syntax, good frames of it, and the bombs that were made for it."""

    transfer_syntax_uid: str
    forms: tuple[PixelFormat, ...]
    encoding: Encoding
    bombs: Callable[[bytes, PixelFormat], Iterator[tuple[str, bytes]]]

    def good_frames(self) -> list[HostileFrame]:
        uid = self.transfer_syntax_uid
        return [
            HostileFrame("good", encode_pixels(smooth(form), form, uid, self.encoding), form) for form in self.forms
        ]

    def hostile_frames(self, seed: int = 4) -> Iterator[HostileFrame]:
        good = self.good_frames()
        generator = np.random.default_rng(seed)
        for number in range(DAMAGED):
            victim = good[number % len(good)]
            damage = DAMAGES[number // len(good) % len(DAMAGES)]
            frame = damage(bytearray(victim.frame), generator)
            yield HostileFrame(f"{damage.__name__} {number}", bytes(frame), victim.form)
        for victim in good:
            for name, frame in self.bombs(victim.frame, victim.form):
                yield HostileFrame(name, frame, victim.form)
                yield HostileFrame(f"{name}, believed by the data set", frame, enlarged(victim.form))
        for form in unbelievable(good[0].form):
            yield HostileFrame(f"{form.image}", good[0].frame, form)


Random = np.random.Generator


def cut_off(frame: bytearray, generator: Random) -> bytearray:
    return frame[: generator.integers(len(frame))]


def cut_off_in_the_header(frame: bytearray, generator: Random) -> bytearray:
    return frame[: generator.integers(min(200, len(frame)))]


def one_bit_in_the_header(frame: bytearray, generator: Random) -> bytearray:
    frame[generator.integers(min(120, len(frame)))] ^= 1 << generator.integers(8)
    return frame


def one_byte_in_the_header(frame: bytearray, generator: Random) -> bytearray:
    frame[generator.integers(min(120, len(frame)))] = (0, 255, 127, 128)[generator.integers(4)]
    return frame


def a_few_bits(frame: bytearray, generator: Random) -> bytearray:
    for _ in range(generator.integers(1, 20)):
        frame[generator.integers(len(frame))] ^= 1 << generator.integers(8)
    return frame


def many_bytes(frame: bytearray, generator: Random) -> bytearray:
    for _ in range(len(frame) // 10):
        frame[generator.integers(len(frame))] = generator.integers(256)
    return frame


def a_stretch_of_noise(frame: bytearray, generator: Random) -> bytearray:
    start = generator.integers(len(frame))
    stretch = generator.bytes(min(len(frame) - start, generator.integers(1, 400)))
    frame[start : start + len(stretch)] = stretch
    return frame


def noise_after_the_header(frame: bytearray, generator: Random) -> bytearray:
    start = min(len(frame), int(generator.integers(80, 700)))
    return frame[:start] + generator.bytes(len(frame) - start)


def nothing_but_noise(frame: bytearray, generator: Random) -> bytearray:
    return frame[: generator.integers(5)] + generator.bytes(generator.integers(3000))


def a_piece_repeated(frame: bytearray, generator: Random) -> bytearray:
    start, end = sorted(generator.integers(len(frame), size=2))
    return frame[:end] + frame[start:end] * int(generator.integers(1, 9)) + frame[end:]


def a_piece_left_out(frame: bytearray, generator: Random) -> bytearray:
    start = generator.integers(len(frame))
    return frame[:start] + frame[start + generator.integers(1, 60) :]


def zeros_in_the_middle(frame: bytearray, generator: Random) -> bytearray:
    start = generator.integers(len(frame))
    frame[start : start + 300] = bytes(len(frame[start : start + 300]))
    return frame


def head_and_tail_of_others(frame: bytearray, generator: Random) -> bytearray:
    start, end = generator.integers(len(frame), size=2)
    return frame[:start] + frame[end:] + frame


def words_of_ones(frame: bytearray, generator: Random) -> bytearray:
    start = generator.integers(min(150, len(frame)))
    frame[start : start + 4] = b"\xff" * len(frame[start : start + 4])
    return frame


DAMAGES = (
    cut_off,
    cut_off_in_the_header,
    one_bit_in_the_header,
    one_byte_in_the_header,
    a_few_bits,
    many_bytes,
    a_stretch_of_noise,
    noise_after_the_header,
    nothing_but_noise,
    a_piece_repeated,
    a_piece_left_out,
    zeros_in_the_middle,
    head_and_tail_of_others,
    words_of_ones,
)

LARGE = 8_000


def enlarged(form: PixelFormat) -> PixelFormat:
    """The data set of a bomb that says the same as the bomb: within what a frame may have, and not small."""
    return replace(form, image=replace(form.image, rows=LARGE, columns=LARGE // (form.image.samples_per_pixel + 1)))


def unbelievable(form: PixelFormat) -> Iterator[PixelFormat]:
    """Data sets that say what no frame has."""
    for rows, columns in ((65535, 65535), (0, 0), (1, 65535), (65535, 1), (11000, 11000)):
        yield replace(form, image=replace(form.image, rows=rows, columns=columns))
    for samples, bits in ((0, 8), (4, 8), (65535, 8), (3, 16), (1, 0), (1, 1), (1, 12), (1, 64), (1, 65535)):
        yield replace(form, image=replace(form.image, samples_per_pixel=samples, bits_allocated=bits))


def size_of(form: PixelFormat) -> tuple[int, int]:
    return enlarged(form).image.rows, enlarged(form).image.columns


def rle_bombs(frame: bytes, form: PixelFormat) -> Iterator[tuple[str, bytes]]:
    count = int.from_bytes(frame[:4], "little")
    offsets = [64] * count + [0] * (15 - count)
    yield "runs that are longer than the image", pack("<16I", count, *offsets) + b"\x81\0" * 500_000
    yield "nothing but no-operations", pack("<16I", count, *offsets) + b"\x80" * 2_000_000
    yield "a literal that has no bytes", pack("<16I", count, *offsets) + b"\x7f"
    for number in (0, 16, 255, 0xFFFFFFFF):
        yield f"{number} segments", pack("<16I", number, *[64] * 15) + frame[64:]
    for offset in (0, 1, 63, len(frame), len(frame) + 1, 0xFFFFFFFF):
        yield f"a segment at {offset}", pack("<16I", count, offset, *offsets[1:]) + frame[64:]


def segments_of(frame: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of each segment of a JPEG or JPEG 2000 header."""
    position = 2
    while position + 4 <= len(frame) and frame[position] == 0xFF:
        end = position + 2 + int.from_bytes(frame[position + 2 : position + 4], "big")
        yield frame[position + 1], position, end
        if frame[position + 1] in (0xDA, 0x90):
            return
        position = end


def header_damage(frame: bytes) -> Iterator[tuple[str, bytes]]:
    """Each segment of a header left out, twice, 3,000 times, and with a length that is wrong."""
    for marker, start, end in list(segments_of(frame)):
        segment = frame[start:end]
        yield f"no {marker:X}", frame[:start] + frame[end:]
        yield f"two {marker:X}", frame[:end] + frame[start:]
        yield f"many {marker:X}", frame[:start] + segment * 3_000 + frame[end:]
        for length in (0, 1, 2, 3, 0xFFFF):
            yield f"{marker:X} of length {length}", frame[: start + 2] + pack(">H", length) + frame[start + 4 :]


def jpeg_bombs(frame: bytes, form: PixelFormat) -> Iterator[tuple[str, bytes]]:
    yield from header_damage(frame)
    (frame_header, end), scan = _frame_and_scan(frame)
    for rows, columns in ((0, 0), (65535, 65535), (1, 65535), size_of(form)):
        sized = frame[: frame_header + 5] + pack(">HH", rows, columns) + frame[frame_header + 9 :]
        yield f"{rows} rows of {columns}", sized
    for precision in (0, 1, 2, 12, 16, 17, 255):
        yield f"{precision} bits", frame[: frame_header + 4] + bytes([precision]) + frame[frame_header + 5 :]
    for factors in (0x00, 0x44, 0x14, 0x41, 0xFF):
        yield (
            f"sampling factors {factors:X}",
            frame[: frame_header + 11] + bytes([factors]) + frame[frame_header + 12 :],
        )
    for process in range(0xC0, 0xD0):
        yield f"process {process:X}", frame[: frame_header + 1] + bytes([process]) + frame[frame_header + 2 :]
    for interval in (1, 7, 65535):
        restarts = b"\xff\xdd\0\4" + pack(">H", interval)
        yield f"restarts after {interval}", frame[:scan] + restarts + frame[scan:]
    yield "a flood of restarts", frame[:scan] + b"\xff\xdd\0\4\0\1" + frame[scan : scan + 40] + b"\xff\xd0" * 300_000
    yield "a frame header after the scan", frame[:-2] + frame[frame_header:end] + frame[scan:]
    for tail in (frame[scan:-2] * 300, frame[scan:-2] * 5_000):
        yield f"scans of {len(tail)} bytes", frame[:scan] + tail + b"\xff\xd9"
    for spectral in (b"\0\0\0", b"\x3f\0\0", b"\0\x3f\x1f", b"\7\0\0", b"\xff\xff\xff"):
        at = scan + 2 + int.from_bytes(frame[scan + 2 : scan + 4], "big")
        yield f"a scan of {spectral.hex()}", frame[: at - 3] + spectral + frame[at:]


def _frame_and_scan(frame: bytes) -> tuple[tuple[int, int], int]:
    places = {marker: (start, end) for marker, start, end in segments_of(frame)}
    frame_header = next(place for marker, place in places.items() if marker in {*range(0xC0, 0xD0), 0xF7} - {0xC4})
    return frame_header, places[0xDA][0]


def progressive_bombs(frame: bytes, form: PixelFormat) -> Iterator[tuple[str, bytes]]:
    """Scans over a large image that hold next to nothing: each makes a decoder visit every block."""
    yield from jpeg_bombs(frame, form)
    rows, columns = size_of(form)
    components = b"".join(bytes([number + 1, 0x11, 0]) for number in range(form.image.samples_per_pixel))
    start = b"\xff\xd8" + b"\xff\xdb\0\x43\0" + b"\1" * 64
    frame_header = pack(">BBHBHHB", 0xFF, 0xC2, 8 + len(components), 8, rows, columns, len(components) // 3)
    # One code of one bit for DC difference 0, one for an end of band run over 2**14 blocks.
    tables = b"".join(
        b"\xff\xc4\0\x14" + pack("B16sB", kind, b"\1" + bytes(15), value) for kind, value in ((0, 0), (16, 0xE0))
    )
    first = pack(">BBHBBBBBB", 0xFF, 0xDA, 8, 1, 1, 0, 0, 0, 0)
    scan = pack(">BBHBBBBBB", 0xFF, 0xDA, 8, 1, 1, 0, 1, 63, 0)
    for count in (20, 450, 5_000):
        scans = (scan + bytes(200)) * count
        yield f"{count} scans", start + frame_header + components + tables + first + bytes(9) + scans + b"\xff\xd9"


def jpegls_bombs(frame: bytes, form: PixelFormat) -> Iterator[tuple[str, bytes]]:
    yield from header_damage(frame)
    (frame_header, _), scan = _frame_and_scan(frame)
    for rows, columns in ((0, 0), (65535, 65535), (1, 65535), size_of(form)):
        yield (
            f"{rows} rows of {columns}",
            frame[: frame_header + 5] + pack(">HH", rows, columns) + frame[frame_header + 9 :],
        )
    for precision in (0, 1, 2, 17, 255):
        yield f"{precision} bits", frame[: frame_header + 4] + bytes([precision]) + frame[frame_header + 5 :]
    at = scan + 2 + int.from_bytes(frame[scan + 2 : scan + 4], "big")
    for near, interleave in product((0, 1, 127, 255), (0, 1, 2, 3, 255)):
        yield f"near {near}, interleaved {interleave}", frame[: at - 3] + bytes([near, interleave, 0]) + frame[at:]
    for largest, *thresholds, reset in (
        (0, 0, 0, 0, 0),
        (1, 1, 1, 1, 1),
        (65535, 65535, 65535, 65535, 65535),
        (255, 9, 3, 1, 0),
    ):
        preset = pack(">BBHBHHHHH", 0xFF, 0xF8, 13, 1, largest, *thresholds, reset)
        yield f"presets of {largest} and {thresholds}", frame[:scan] + preset + frame[scan:]
    for kind, content in ((2, bytes(500)), (3, bytes(500)), (4, b"\4" + b"\xff" * 8), (9, b"")):
        segment = pack(">BBHB", 0xFF, 0xF8, 3 + len(content), kind) + content
        yield f"LSE of kind {kind}", frame[:scan] + segment + frame[scan:]
    yield "restarts", frame[:scan] + b"\xff\xdd\0\4\0\1" + frame[scan:]
    yield "nested SPIFF", b"\xff\xd8" + b"\xff\xe8\0\x08\0\0\0\1\xff\xd8" * 900 + frame[2:]
    for filler in (b"\0", b"\xff\x7f", b"\x55"):
        yield f"samples of {filler.hex()}", frame[:at] + filler * 100_000 + b"\xff\xd9"
    yield "a flood of scans", frame[:scan] + frame[scan:-2] * 300 + b"\xff\xd9"


def coding_styles_of_tiles(frame: bytes, coding: int, tile: int) -> Iterator[tuple[str, bytes]]:
    """A sound main header, and a tile with a coding style of its own, which only the library reads."""
    (length,) = unpack_from(">I", frame, tile + 6)
    levels = frame[coding + 9]
    for exponents, layers in ((0x00, 1), (0xF0, 1), (0x0F, 1), (0x11, 65535), (0xFF, 65535)):
        style = pack(">HHBBH", 0xFF52, 13 + levels, 1, frame[coding + 5], layers) + frame[coding + 8 : coding + 14]
        style += bytes([exponents]) * (levels + 1)
        start = frame[: tile + 6] + pack(">I", length + len(style)) + frame[tile + 10 : tile + 12]
        yield f"a tile of {layers} layers and precincts of {exponents:X}", start + style + frame[tile + 12 :]


def jpeg2000_bombs(frame: bytes, form: PixelFormat) -> Iterator[tuple[str, bytes]]:
    yield from header_damage(frame)
    places = {marker: (start, end) for marker, start, end in segments_of(frame)}
    coding, tile = places[0x52][0], places[0x90][0]
    rows, columns = size_of(form)
    sized = frame[:8] + pack(">II", columns, rows) + frame[16:24] + pack(">II", columns, rows) + frame[32:]
    yield "large and empty", sized
    for width, height in ((1, 1), (1, 65535), (125, 125), (2**31, 2**31), (0, 0)):
        yield f"tiles of {height} rows of {width}", sized[:24] + pack(">II", width, height) + sized[32:]
        yield f"few tiles of {height} rows of {width}", frame[:24] + pack(">II", width, height) + frame[32:]
    for right, bottom in ((0, 0), (2**32 - 1, 2**32 - 1), (2**31, 1)):
        yield f"a grid of {right} and {bottom}", frame[:8] + pack(">II", right, bottom) + frame[16:]
    for position in range(16, 40, 4):
        yield f"a wrong origin at {position}", frame[:position] + pack(">I", 0x7FFFFFFF) + frame[position + 4 :]
    for step in (0, 2, 255):
        yield f"sampling of {step}", frame[:43] + bytes([step, step]) + frame[45:]
    for field, values in (
        (4, (1, 6, 255)),
        (5, (0, 1, 3, 4, 255)),
        (8, (1, 2, 255)),
        (9, (0, 1, 32, 33, 255)),
        (10, (0, 8, 255)),
        (11, (0, 8, 255)),
        (12, (0, 1, 63, 64, 127, 255)),
        (13, (0, 1, 2, 255)),
    ):
        for value in values:
            yield (
                f"coding style {field} of {value}",
                frame[: coding + field] + bytes([value]) + frame[coding + field + 1 :],
            )
    for layers in (0, 1000, 65535):
        yield f"{layers} layers", frame[: coding + 6] + pack(">H", layers) + frame[coding + 8 :]
    levels = frame[coding + 9]
    for exponents in (0x00, 0x11, 0x33, 0xF0):
        length = 13 + levels
        precincts = (
            pack(">HHB", 0xFF52, length, 1) + frame[coding + 5 : coding + 14] + bytes([exponents]) * (levels + 1)
        )
        for name, whole in (("small", frame), ("large", sized)):
            yield f"{name} precincts of {exponents:X}", whole[:coding] + precincts + whole[coding + 14 :]
    for marker, content in (
        (0x5E, b"\0\0\xff"),
        (0x5E, b"\0\0\x1f"),
        (0x5F, b"\0\0\0\1\x06\1\2" * 500),
        (0x60, b"\0" + b"\xff" * 900),
        (0x61, bytes(900)),
        (0x53, b"\0\0\x20\4\4\0\1" + bytes(33)),
        (0x5D, b"\0\x40" + bytes(9)),
        (0x57, bytes(900)),
        (0x63, bytes(60)),
        (0x74, bytes(90)),
        (0x75, bytes(90)),
        (0x77, bytes(90)),
        (0x78, bytes(40)),
        (0x50, b"\0\2\0\0\0\0"),
        (0x50, b"\xff" * 40),
    ):
        segment = pack(">BBH", 0xFF, marker, 2 + len(content)) + content
        yield f"a {marker:X} of {len(content)} bytes", frame[:tile] + segment + frame[tile:]
        yield f"many {marker:X} of {len(content)} bytes", frame[:tile] + segment * 200 + frame[tile:]
    for number, length, part, parts in (
        (65535, 0, 0, 1),
        (0, 0, 0, 1),
        (0, 1, 0, 1),
        (0, 14, 0, 1),
        (0, 2**32 - 1, 0, 1),
        (0, 0, 255, 255),
        (1, 0, 0, 0),
    ):
        start = pack(">HHHIBB", 0xFF90, 10, number, length, part, parts)
        yield f"tile-part {part} of {parts} of tile {number}, {length} long", frame[:tile] + start + frame[tile + 12 :]
    yield from coding_styles_of_tiles(frame, coding, tile)
    empty = pack(">HHHIBBH", 0xFF90, 10, 0, 14, 0, 0, 0xFF93)
    yield "a flood of tile-parts", frame[:tile] + empty * 20_000 + frame[tile:]
    yield (
        "a flood of tile-parts with headers",
        frame[:tile] + (empty[:-2] + frame[coding : coding + 14] + empty[-2:]) * 5_000 + frame[tile:],
    )


def jpegxl_bombs(frame: bytes, form: PixelFormat) -> Iterator[tuple[str, bytes]]:
    def box(kind: bytes, content: bytes, length: int | None = None) -> bytes:
        return pack(">I4s", 8 + len(content) if length is None else length, kind) + content

    signature = box(b"JXL ", b"\r\n\x87\n") + box(b"ftyp", b"jxl \0\0\0\0jxl ")
    yield "in a box", signature + box(b"jxlc", frame)
    yield "in two boxes", signature + box(b"jxlc", frame) * 2
    yield (
        "in parts out of order",
        signature + box(b"jxlp", pack(">I", 1) + frame[50:]) + box(b"jxlp", pack(">I", 0) + frame[:50]),
    )
    yield (
        "in parts without a last one",
        signature + b"".join(box(b"jxlp", pack(">I", 0) + frame[:9]) for _ in range(5_000)),
    )
    yield (
        "in parts of a byte",
        signature
        + b"".join(box(b"jxlp", pack(">I", number) + frame[number : number + 1]) for number in range(len(frame))),
    )
    for length in (1, 2, 7, 2**31, 2**32 - 1):
        yield f"in a box of {length} bytes", signature + box(b"jxlc", frame, length)
    yield "after many boxes", signature + box(b"Exif", bytes(4)) * 50_000 + box(b"jxlc", frame)
    yield "with a compressed box", signature + box(b"brob", b"Exif" + bytes(range(256)) * 40) + box(b"jxlc", frame)
    for restored in (b"", bytes(100), bytes(range(256)) * 20):
        yield f"with {len(restored)} bytes of JPEG", signature + box(b"jbrd", restored) + box(b"jxlc", frame)
    for level in (0, 5, 10, 255):
        yield f"of level {level}", signature + box(b"jxll", bytes([level])) + box(b"jxlc", frame)
    for position, value in product(range(2, 40), (0x00, 0xFF, 0x55)):
        yield f"{value:X} at {position}", frame[:position] + bytes([value]) + frame[position + 1 :]
    rows, columns = size_of(form)
    large = replace(form, image=replace(form.image, rows=rows, columns=columns))
    flat = np.zeros(large.shape[:2] if len(large.shape) == 2 else large.shape, large.dtype)
    empty = imagecodecs.jpegxl_encode(flat, lossless=True, effort=1, usecontainer=False, bitspersample=8, numthreads=1)
    for length in (20, 60, len(empty) // 2, len(empty)):
        yield f"{length} bytes of a large image", bytes(empty[:length])
    tail = np.random.default_rng(9).bytes(4_000)
    yield "a large image of noise", bytes(empty[:30]) + tail


def deflate_bombs(frame: bytes, form: PixelFormat) -> Iterator[tuple[str, bytes]]:
    for megabytes in (1, 60, 200):
        yield f"a bomb of {megabytes} MB", deflated_zeros(megabytes)
    yield "blocks without bytes", b"\0\0\0\xff\xff" * 400_000
    yield "stored blocks that lie", b"\0\xff\xff\0\0" + bytes(100)
    yield "a distance before the start", b"\x4b\x04\xe2\x00\x00"
    yield "a header of zlib", zlib.compress(bytes(form.image.length))
    yield "one byte too few", deflated(bytes(form.image.length - 1))
    yield "one byte too many", deflated(bytes(form.image.length + 1))
    for start in range(8):
        yield f"block type {start}", bytes([start]) + frame[1:]


@cache
def deflated_zeros(megabytes: int) -> bytes:
    """A thousandth of them."""
    compressor = zlib.compressobj(wbits=-15)
    return b"".join(compressor.compress(bytes(1 << 20)) for _ in range(megabytes)) + compressor.flush()


def deflated(native: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(native) + compressor.flush()


_GREY = image_format((40, 56), 8)
_COLOR = image_format((40, 56, 3), 8)
_WORDS = image_format((40, 56), 12)
_SIGNED = image_format((40, 56), 16, signed=True)
_LOSSY, _LOSSLESS = Encoding(lossless=False), Encoding()

VICTIMS = {
    "RLE": Victim(f"{ROOT}5", (_WORDS, _COLOR), _LOSSLESS, rle_bombs),
    "JPEG baseline": Victim(f"{ROOT}4.50", (_GREY, _COLOR), _LOSSY, progressive_bombs),
    "JPEG extended": Victim(f"{ROOT}4.51", (_WORDS,), _LOSSY, jpeg_bombs),
    "JPEG lossless": Victim(f"{ROOT}4.70", (_WORDS, _COLOR, _SIGNED), _LOSSLESS, jpeg_bombs),
    "JPEG-LS": Victim(f"{ROOT}4.80", (_GREY, _COLOR, _SIGNED), _LOSSLESS, jpegls_bombs),
    "JPEG 2000": Victim(f"{ROOT}4.90", (_WORDS, _COLOR), _LOSSLESS, jpeg2000_bombs),
    "HTJ2K": Victim(f"{ROOT}4.201", (_WORDS, _COLOR), _LOSSLESS, jpeg2000_bombs),
    "JPEG XL": Victim(f"{ROOT}4.110", (_GREY, _COLOR), _LOSSLESS, jpegxl_bombs),
    "JPEG XL lossy": Victim(f"{ROOT}4.112", (_GREY, _COLOR), _LOSSY, jpegxl_bombs),
    "deflate": Victim(f"{ROOT}8.1", (_WORDS, _COLOR), _LOSSLESS, deflate_bombs),
}
