"""The corpus: what is stored in both servers before anything is measured.

A CT study of three series of 100 images, an enhanced CT of 200 frames, a whole slide image of 5,000 JPEG tiles, a JPEG
cine without offset table, a deep structured report, and many tiny studies with names, identifiers and dates to search
for. Every byte follows from the seed below and from the JPEG encoder of pillow. The large files are kept under
``benchmarks/.corpus``; the tiny ones are made when they are needed.
"""

from __future__ import annotations

import functools
import io
import mmap
import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from benchmarks import headers, part10
from benchmarks.instance import CT_FRAME, Instance, uid
from benchmarks.part10 import EXPLICIT_VR_LITTLE_ENDIAN, JPEG_BASELINE, Elements
from benchmarks.tiny import TinyStudy, tiny_studies

SEED = 20260101
VERSION = 1
ROOT = Path(__file__).parent / ".corpus"
CT_SERIES, CT_IMAGES = 3, 100
ENHANCED_FRAMES = 200
WSI_COLUMNS, WSI_ROWS, TILE = 100, 50, 256
CINE_FRAMES, CINE_SIZE = 100, (1024, 768)
SR_DEPTH, SR_FAN = 40, 4
TINY_STUDIES = 1000


@dataclass(frozen=True)
class Corpus:
    """All that is loaded: ``ct`` in order of series and image, the single objects, the tiny studies."""

    ct: list[Instance]
    enhanced: Instance
    wsi: Instance
    cine: Instance
    sr: Instance
    tiny: list[TinyStudy]

    @property
    def large(self) -> list[Instance]:
        """The objects that are one study each."""
        return [self.enhanced, self.wsi, self.cine, self.sr]


def load(root: Path = ROOT, tiny: int = TINY_STUDIES) -> Corpus:
    """Open the corpus, and make those files first that are not there."""
    directory = root / f"v{VERSION}"
    directory.mkdir(parents=True, exist_ok=True)
    ct_count = _count(ct_elements(0))
    ct = [_open(directory, f"ct-{n:03d}", *_ct_names(n), ct_count) for n in range(CT_SERIES * CT_IMAGES)]
    return Corpus(
        ct,
        _open(directory, "enhanced", *_names("enhanced"), _count(enhanced_elements()), ENHANCED_FRAMES),
        _open(directory, "wsi", *_names("wsi"), _count(wsi_elements()), WSI_COLUMNS * WSI_ROWS),
        _open(directory, "cine", *_names("cine"), _count(cine_elements()), CINE_FRAMES),
        _open(directory, "sr", *_names("sr"), _count(sr_elements(), pixels=0)),
        tiny_studies(tiny),
    )


def _count(elements: Elements, pixels: int = 1) -> int:
    return part10.count_elements(elements) + pixels


def _open(directory: Path, name: str, study: str, series: str, sop: str, elements: int, frames: int = 1) -> Instance:
    path = directory / f"{name}.dcm"
    if not path.exists():
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(make(name))
        unfinished.rename(path)
    with path.open("rb") as file:
        return Instance(study, series, sop, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), elements, frames)


def _names(name: str) -> tuple[str, str, str]:
    return uid(name), uid(name, "series"), uid(name, "instance")


def _ct_names(number: int) -> tuple[str, str, str]:
    return uid("ct"), uid("ct", number // CT_IMAGES), uid("ct", number // CT_IMAGES, number % CT_IMAGES)


def make(name: str) -> bytes:
    """Make one file of the corpus: ``ct-000`` to ``ct-299``, ``enhanced``, ``wsi``, ``cine`` or ``sr``."""
    kind, _, number = name.partition("-")
    return make_ct(int(number)) if number else _MAKERS[kind]()


def make_ct(number: int) -> bytes:
    """Make CT image ``number`` of the CT study."""
    _, _, sop = _ct_names(number)
    return _file(headers.CT_IMAGE, sop, ct_elements(number), part10.encode_native_pixels(_slice(number)))


def ct_elements(number: int) -> Elements:
    """Build the header of CT image ``number``, counted from 0 through the three series."""
    study, series, sop = _ct_names(number)
    series_number, image = divmod(number, CT_IMAGES)
    return headers.ct_elements(
        study=study,
        series=series,
        sop=sop,
        reference=uid("ct", "reference"),
        frame_of_reference=uid("ct", "frame of reference"),
        date="19970228",
        minute=image,
        series_number=series_number + 1,
        number=image + 1,
        z=-image * 1.25,
        current=300 + image % 40,
        description=("Scout axial", "AX 1.25 soft tissue", "AX 1.25 lung")[series_number],
        name="Zzz^CtPatient",
        patient="CT000001",
    )


def _file(sop_class: str, sop: str, elements: Elements, pixels: bytes = b"", syntax: str = "") -> bytes:
    header = part10.file_header(sop_class, sop, syntax or EXPLICIT_VR_LITTLE_ENDIAN)
    return header + part10.encode(elements) + pixels


@functools.cache
def _noise() -> bytes:
    noise = bytearray(CT_FRAME)
    noise[0::2] = random.Random(SEED).randbytes(CT_FRAME // 2)
    noise[1::2] = bytes(3 + at // 128 % 5 for at in range(CT_FRAME // 2))
    return bytes(noise)


def _slice(number: int) -> bytes:
    """Make 512x512 pixels of 16 bits: the same noise, turned and signed with the number."""
    at = number * 1026 % CT_FRAME
    return struct.pack("<H", number) + _noise()[at + 2 :] + _noise()[:at]


def make_enhanced() -> bytes:
    """Make the enhanced CT: 200 frames of 512x512x16 bit with their functional groups, 105 MB."""
    pixels = b"".join(_slice(number) for number in range(ENHANCED_FRAMES))
    _, _, sop = _names("enhanced")
    return _file(headers.ENHANCED_CT_IMAGE, sop, enhanced_elements(), part10.encode_native_pixels(pixels))


def enhanced_elements() -> Elements:
    """Build the header of the enhanced CT."""
    study, series, sop = _names("enhanced")
    shared = [[(0x00189341, "SQ", [[(0x00189342, "CS", "NO")]]), (0x00189080, "CS", "YES")]]
    return [
        *headers.general(headers.ENHANCED_CT_IMAGE, sop, study, series, "CT", "EN000001"),
        *headers.image_pixel(512, 512, ENHANCED_FRAMES, colour=False),
        (0x00080008, "CS", "ORIGINAL\\PRIMARY\\VOLUME\\NONE"),
        (0x52009229, "SQ", shared),
        (0x52009230, "SQ", [headers.ct_frame_groups(number + 1) for number in range(ENHANCED_FRAMES)]),
    ]


def make_wsi() -> bytes:
    """Make the whole slide image: 5,000 tiles of 256x256 pixels with positions and a Basic Offset Table."""
    pixels = part10.encode_fragments(_jpegs(WSI_COLUMNS * WSI_ROWS, (TILE, TILE)), offset_table=True)
    _, _, sop = _names("wsi")
    return _file(headers.WSI_IMAGE, sop, wsi_elements(), pixels, JPEG_BASELINE)


def wsi_elements() -> Elements:
    """Build the header of the whole slide image."""
    study, series, sop = _names("wsi")
    places = [(column, row) for row in range(WSI_ROWS) for column in range(WSI_COLUMNS)]
    return [
        *headers.general(headers.WSI_IMAGE, sop, study, series, "SM", "WS000001"),
        *headers.image_pixel(TILE, TILE, len(places), colour=True),
        (0x00080008, "CS", "ORIGINAL\\PRIMARY\\VOLUME\\NONE"),
        (0x00209311, "CS", "TILED_SPARSE"),
        (0x00282110, "CS", "01"),
        (0x00480006, "UL", WSI_COLUMNS * TILE),
        (0x00480007, "UL", WSI_ROWS * TILE),
        (0x52009230, "SQ", [headers.tile_groups(column, row, TILE) for column, row in places]),
    ]


def make_cine() -> bytes:
    """Make the cine: 100 JPEG frames of 1024x768 pixels, and an empty Basic Offset Table."""
    pixels = part10.encode_fragments(_jpegs(CINE_FRAMES, CINE_SIZE), offset_table=False)
    _, _, sop = _names("cine")
    return _file(headers.US_MULTIFRAME_IMAGE, sop, cine_elements(), pixels, JPEG_BASELINE)


def cine_elements() -> Elements:
    """Build the header of the cine."""
    study, series, sop = _names("cine")
    return [
        *headers.general(headers.US_MULTIFRAME_IMAGE, sop, study, series, "US", "CI000001"),
        *headers.image_pixel(CINE_SIZE[1], CINE_SIZE[0], CINE_FRAMES, colour=True),
        (0x00181063, "DS", "33.3"),
        (0x00280009, "AT", 0x00181063),
        (0x00282110, "CS", "01"),
    ]


def make_sr() -> bytes:
    """Make the structured report."""
    _, _, sop = _names("sr")
    return _file(headers.COMPREHENSIVE_SR, sop, sr_elements())


def sr_elements() -> Elements:
    """Build the structured report: 40 containers in each other, four measurements in each."""
    study, series, sop = _names("sr")
    return [
        *headers.general(headers.COMPREHENSIVE_SR, sop, study, series, "SR", "SR000001"),
        (0x0040A491, "CS", "COMPLETE"),
        (0x0040A493, "CS", "UNVERIFIED"),
        *headers.content_item(SR_DEPTH, SR_FAN),
    ]


def _jpegs(count: int, size: tuple[int, int]) -> Iterator[bytes]:
    """Yield JPEG images: a few pictures in turn, made different by a comment with the number of the frame."""
    pictures = [_picture(variant, size) for variant in range(16)]
    for number in range(count):
        comment = f"frame {number + 1:06d}".encode()
        segment = b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment
        picture = pictures[number % len(pictures)]
        yield picture[:2] + segment + picture[2:]


def _picture(variant: int, size: tuple[int, int]) -> bytes:
    coarse = (size[0] // 8, size[1] // 8)
    image = Image.frombytes("RGB", coarse, random.Random(SEED + variant).randbytes(coarse[0] * coarse[1] * 3))
    encoded = io.BytesIO()
    image.resize(size, Image.Resampling.BICUBIC).save(encoded, "JPEG", quality=75, subsampling="4:2:2")
    return encoded.getvalue()


_MAKERS = {"enhanced": make_enhanced, "wsi": make_wsi, "cine": make_cine, "sr": make_sr}
