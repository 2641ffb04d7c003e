"""The corpus: what is stored in both servers before anything is measured.

A CT study of three series of 100 images, an enhanced CT of 200 frames, a whole slide image of 5,000 JPEG tiles, a JPEG
cine without offset table, a deep structured report, and many tiny studies with names, identifiers and dates to search
for. Every byte follows from the seed below and from the JPEG encoder of pillow. The large files are kept under
``benchmarks/.corpus``; the tiny ones are made when they are needed.
"""

from __future__ import annotations

import datetime
import functools
import hashlib
import io
import mmap
import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from benchmarks import headers, part10
from benchmarks.part10 import EXPLICIT_VR_LITTLE_ENDIAN, JPEG_BASELINE, Elements

SEED = 20260101
VERSION = 1
ROOT = Path(__file__).parent / ".corpus"
CT_SERIES, CT_IMAGES = 3, 100
ENHANCED_FRAMES = 200
WSI_COLUMNS, WSI_ROWS, TILE = 100, 50, 256
CINE_FRAMES, CINE_SIZE = 100, (1024, 768)
SR_DEPTH, SR_FAN = 40, 4
TINY_STUDIES = 1000
SAME_NAME = 20
_CT_FRAME = 512 * 512 * 2
_FIRST_DAY = datetime.date(1998, 1, 1)
_SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprst" for vowel in "aeiou"]


@dataclass(frozen=True)
class Instance:
    """One stored instance: its UIDs, the bytes of its file and how many elements it has, nested ones included."""

    study: str
    series: str
    sop: str
    file: bytes | mmap.mmap
    frame_count: int = 1

    @functools.cached_property
    def dataset(self) -> memoryview:
        """The data set behind the File Meta Information."""
        return memoryview(self.file)[part10.dataset_start(self.file[:148]) :]

    @functools.cached_property
    def frames(self) -> list[tuple[int, int]]:
        """Spans of the frames in the file; Pixel Data is the last element of every file here."""
        fragments = self.file.find(struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, part10.UNDEFINED))
        if fragments < 0:
            return [(len(self.file) - n * _CT_FRAME, _CT_FRAME) for n in range(self.frame_count, 0, -1)]
        return list(_fragments(self.file, fragments + 12))[1:]

    def frame(self, number: int) -> bytes:
        """Copy frame ``number``, counted from 1."""
        start, length = self.frames[number - 1]
        return bytes(self.file[start : start + length])


def _fragments(file: bytes | mmap.mmap, at: int) -> Iterator[tuple[int, int]]:
    while True:
        _, element, length = struct.unpack_from("<HHI", file, at)
        if element == 0xE0DD:
            return
        yield at + 8, length
        at += 8 + length


def uid(*names: object) -> str:
    """Derive a UID of 44 characters from a name: always the same length, so that one can replace another in a file."""
    digest = hashlib.md5("/".join(map(str, names)).encode(), usedforsecurity=False).digest()
    return f"2.25.{int.from_bytes(digest, 'big') | 1 << 127}"


@dataclass(frozen=True)
class TinyStudy:
    """A study of a patient of its own, with ``instance_count`` images of 8x8 pixels."""

    number: int
    instance_count: int

    @property
    def uid(self) -> str:
        """Study Instance UID."""
        return uid("tiny", self.number)

    @property
    def series_uid(self) -> str:
        """Series Instance UID of its one series."""
        return uid("tiny", self.number, "series")

    @property
    def patient_id(self) -> str:
        """Patient ID, unique to the study."""
        return f"P{self.number:06d}"

    @property
    def family_name(self) -> str:
        """Family name, shared by 20 studies, however many studies there are."""
        number = self.number // SAME_NAME * 7919 % len(_SYLLABLES) ** 3
        parts = [number // len(_SYLLABLES) ** power % len(_SYLLABLES) for power in range(3)]
        return "".join(_SYLLABLES[part] for part in parts).capitalize()

    @property
    def name(self) -> str:
        """Patient's Name."""
        return f"{self.family_name}^{_SYLLABLES[self.number % 60].capitalize()}ra^{'ABCDE'[self.number % 5]}"

    @property
    def date(self) -> str:
        """Study Date: one study a day, so that a range of dates finds as many of them in any number of studies."""
        return (_FIRST_DAY + datetime.timedelta(days=self.number)).strftime("%Y%m%d")

    @functools.cached_property
    def instances(self) -> list[Instance]:
        """The instances, made at the first call."""
        return [self._instance(number) for number in range(1, self.instance_count + 1)]

    def _instance(self, number: int) -> Instance:
        sop = uid("tiny", self.number, number)
        elements = [
            (0x00080005, "CS", "ISO_IR 192"),
            (0x00080008, "CS", "ORIGINAL\\PRIMARY"),
            (0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.1"),
            (0x00080018, "UI", sop),
            (0x00080020, "DA", self.date),
            (0x00080021, "DA", self.date),
            (0x00080030, "TM", f"{self.number % 24:02d}{self.number % 60:02d}00"),
            (0x00080050, "SH", f"T{self.number:07d}"),
            (0x00080060, "CS", "CR"),
            (0x00080070, "LO", "Isocenter"),
            (0x00080090, "PN", "Referring^Doctor"),
            (0x00081030, "LO", f"Chest {self.number % 7}"),
            (0x0008103E, "LO", "PA"),
            (0x00100010, "PN", self.name),
            (0x00100020, "LO", self.patient_id),
            (0x00100030, "DA", f"{1930 + self.number % 70}0704"),
            (0x00100040, "CS", "FM"[self.number % 2]),
            (0x00180015, "CS", "CHEST"),
            (0x00185101, "CS", "PA"),
            (0x0020000D, "UI", self.uid),
            (0x0020000E, "UI", self.series_uid),
            (0x00200010, "SH", str(self.number)),
            (0x00200011, "IS", "1"),
            (0x00200013, "IS", str(number)),
            (0x00280002, "US", 1),
            (0x00280004, "CS", "MONOCHROME2"),
            (0x00280010, "US", 8),
            (0x00280011, "US", 8),
            (0x00280100, "US", 8),
            (0x00280101, "US", 8),
            (0x00280102, "US", 7),
            (0x00280103, "US", 0),
        ]
        header = part10.file_header("1.2.840.10008.5.1.4.1.1.1", sop, EXPLICIT_VR_LITTLE_ENDIAN)
        pixels = part10.encode_native_pixels(bytes((number * 3 + at) % 256 for at in range(64)))
        return Instance(self.uid, self.series_uid, sop, header + part10.encode(elements) + pixels)


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


def load(root: Path = ROOT, tiny_studies: int = TINY_STUDIES) -> Corpus:
    """Open the corpus, and make those files first that are not there."""
    directory = root / f"v{VERSION}"
    directory.mkdir(parents=True, exist_ok=True)
    ct = [_open(directory, f"ct-{n:03d}", *_ct_names(n)) for n in range(CT_SERIES * CT_IMAGES)]
    return Corpus(
        ct,
        _open(directory, "enhanced", *_names("enhanced"), ENHANCED_FRAMES),
        _open(directory, "wsi", *_names("wsi"), WSI_COLUMNS * WSI_ROWS),
        _open(directory, "cine", *_names("cine"), CINE_FRAMES),
        _open(directory, "sr", *_names("sr")),
        tiny(tiny_studies),
    )


def tiny(count: int, instances: int | None = None) -> list[TinyStudy]:
    """List ``count`` tiny studies of ``instances`` images each, by default of one and two in turn."""
    return [TinyStudy(number, instances or 1 + number % 2) for number in range(count)]


def _open(directory: Path, name: str, study: str, series: str, sop: str, frames: int = 1) -> Instance:
    path = directory / f"{name}.dcm"
    if not path.exists():
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(make(name))
        unfinished.rename(path)
    with path.open("rb") as file:
        return Instance(study, series, sop, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), frames)


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
    study, series, sop = _ct_names(number)
    series_number, image = divmod(number, CT_IMAGES)
    elements = headers.ct_elements(
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
    return _file(headers.CT_IMAGE, sop, elements, part10.encode_native_pixels(_slice(number)))


def _file(sop_class: str, sop: str, elements: Elements, pixels: bytes = b"", syntax: str = "") -> bytes:
    header = part10.file_header(sop_class, sop, syntax or EXPLICIT_VR_LITTLE_ENDIAN)
    return header + part10.encode(elements) + pixels


@functools.cache
def _noise() -> bytes:
    noise = bytearray(_CT_FRAME)
    noise[0::2] = random.Random(SEED).randbytes(_CT_FRAME // 2)
    noise[1::2] = bytes(3 + at // 128 % 5 for at in range(_CT_FRAME // 2))
    return bytes(noise)


def _slice(number: int) -> bytes:
    """Make 512x512 pixels of 16 bits: the same noise, turned and signed with the number."""
    at = number * 1026 % _CT_FRAME
    return struct.pack("<H", number) + _noise()[at + 2 :] + _noise()[:at]


def make_enhanced() -> bytes:
    """Make the enhanced CT: 200 frames of 512x512x16 bit with their functional groups, 105 MB."""
    study, series, sop = _names("enhanced")
    shared = [[(0x00189341, "SQ", [[(0x00189342, "CS", "NO")]]), (0x00189080, "CS", "YES")]]
    elements = [
        *headers.general(headers.ENHANCED_CT_IMAGE, sop, study, series, "CT", "EN000001"),
        *headers.image_pixel(512, 512, ENHANCED_FRAMES, colour=False),
        (0x00080008, "CS", "ORIGINAL\\PRIMARY\\VOLUME\\NONE"),
        (0x52009229, "SQ", shared),
        (0x52009230, "SQ", [headers.ct_frame_groups(number + 1) for number in range(ENHANCED_FRAMES)]),
    ]
    pixels = b"".join(_slice(number) for number in range(ENHANCED_FRAMES))
    return _file(headers.ENHANCED_CT_IMAGE, sop, elements, part10.encode_native_pixels(pixels))


def make_wsi() -> bytes:
    """Make the whole slide image: 5,000 tiles of 256x256 pixels with positions and a Basic Offset Table."""
    study, series, sop = _names("wsi")
    columns, rows = WSI_COLUMNS * TILE, WSI_ROWS * TILE
    places = [(column, row) for row in range(WSI_ROWS) for column in range(WSI_COLUMNS)]
    elements = [
        *headers.general(headers.WSI_IMAGE, sop, study, series, "SM", "WS000001"),
        *headers.image_pixel(TILE, TILE, len(places), colour=True),
        (0x00080008, "CS", "ORIGINAL\\PRIMARY\\VOLUME\\NONE"),
        (0x00209311, "CS", "TILED_SPARSE"),
        (0x00480006, "UL", columns),
        (0x00480007, "UL", rows),
        (0x00282110, "CS", "01"),
        (0x52009230, "SQ", [headers.tile_groups(column, row, TILE) for column, row in places]),
    ]
    pixels = part10.encode_fragments(_jpegs(len(places), (TILE, TILE)), offset_table=True)
    return _file(headers.WSI_IMAGE, sop, elements, pixels, JPEG_BASELINE)


def make_cine() -> bytes:
    """Make the cine: 100 JPEG frames of 1024x768 pixels, and an empty Basic Offset Table."""
    study, series, sop = _names("cine")
    elements = [
        *headers.general(headers.US_MULTIFRAME_IMAGE, sop, study, series, "US", "CI000001"),
        *headers.image_pixel(CINE_SIZE[1], CINE_SIZE[0], CINE_FRAMES, colour=True),
        (0x00181063, "DS", "33.3"),
        (0x00280009, "AT", 0x00181063),
        (0x00282110, "CS", "01"),
    ]
    pixels = part10.encode_fragments(_jpegs(CINE_FRAMES, CINE_SIZE), offset_table=False)
    return _file(headers.US_MULTIFRAME_IMAGE, sop, elements, pixels, JPEG_BASELINE)


def make_sr() -> bytes:
    """Make the structured report: 40 containers in each other, four measurements in each."""
    study, series, sop = _names("sr")
    elements = [
        *headers.general(headers.COMPREHENSIVE_SR, sop, study, series, "SR", "SR000001"),
        (0x0040A491, "CS", "COMPLETE"),
        (0x0040A493, "CS", "UNVERIFIED"),
        *headers.content_item(SR_DEPTH, SR_FAN),
    ]
    return _file(headers.COMPREHENSIVE_SR, sop, elements)


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
