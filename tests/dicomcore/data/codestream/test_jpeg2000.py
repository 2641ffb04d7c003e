import struct

import pytest

from dicomcore.data.codestream import read_image_header
from dicomcore.errors import MalformedDataset

SOT = struct.pack(">HH", 0xFF90, 10)


def siz(
    *, components: int = 1, precision: int = 7, rsiz: int = 0, size: tuple[int, int, int, int] = (4, 3, 0, 0)
) -> bytes:
    content = struct.pack(">HIIIIIIIIH", rsiz, *size, 4, 3, 0, 0, components) + bytes((precision, 1, 1)) * components
    return b"\xff\x4f\xff\x51" + struct.pack(">H", 2 + len(content)) + content


def cod(*, wavelet: int = 1, component_transform: int = 0, progression: int = 0) -> bytes:
    return struct.pack(">HHBBHBBBBBB", 0xFF52, 12, 0, progression, 1, component_transform, 0, 4, 4, 0, wavelet)


def cap(capabilities: int = 0x00020000) -> bytes:
    return struct.pack(">HHIH", 0xFF50, 8, capabilities, 0)


TLM = struct.pack(">HHBBI", 0xFF55, 8, 0, 0x40, 5)


@pytest.mark.parametrize(
    ("codestream", "component"),
    [
        (siz() + cod() + SOT, "90"),
        (siz() + cod(wavelet=0) + SOT, "91"),
        (siz(rsiz=0x8000) + cod() + SOT, "92"),
        (siz(rsiz=0x8000) + cod(wavelet=0) + SOT, "93"),
        (siz(rsiz=0x4000) + cap() + cod() + SOT, "201"),
        (siz(rsiz=0x4000) + cap() + cod(progression=2) + SOT, "201"),
        (siz(rsiz=0x4000) + cap() + cod(progression=2) + TLM + SOT, "202"),
        (siz(rsiz=0x4000) + cap() + cod(wavelet=0) + SOT, "203"),
        (siz() + cap(1) + cod() + SOT, "90"),
    ],
)
def test_the_transfer_syntax_follows_from_the_main_header(codestream: bytes, component: str) -> None:
    assert read_image_header(codestream).transfer_syntax_uid == f"1.2.840.10008.1.2.4.{component}"


@pytest.mark.parametrize(
    ("codestream", "colour"),
    [
        (siz() + cod() + SOT, "MONOCHROME2"),
        (siz(components=3) + cod() + SOT, "RGB"),
        (siz(components=3) + cod(component_transform=1) + SOT, "YBR_RCT"),
        (siz(components=3) + cod(component_transform=1, wavelet=0) + SOT, "YBR_ICT"),
    ],
)
def test_the_photometric_interpretation_is_that_of_the_samples(codestream: bytes, colour: str) -> None:
    assert read_image_header(codestream).photometric_interpretation == colour


def test_size_depth_and_sign_are_in_the_header() -> None:
    header = read_image_header(siz(precision=0x80 | 11, size=(14, 9, 4, 2)) + cod() + SOT)
    assert (header.columns, header.rows) == (10, 7)
    assert (header.bits_stored, header.bits_allocated, header.is_signed) == (12, 16, True)


def test_the_boxes_of_a_file_are_left_out() -> None:
    codestream = siz() + cod() + SOT
    signature = struct.pack(">I4s4s", 12, b"jP  ", b"\r\n\x87\n")
    file = signature + struct.pack(">I4sI", 12, b"ftyp", 0) + struct.pack(">I4s", 0, b"jp2c") + codestream
    header = read_image_header(file)
    assert file[header.start : header.end] == codestream
    with pytest.raises(MalformedDataset):
        read_image_header(signature + struct.pack(">I4sI", 12, b"ftyp", 0))


@pytest.mark.parametrize(
    "codestream",
    [
        siz()[:20],
        siz() + SOT,
        siz() + cod(),
        siz() + b"\0\0\0\0",
        siz(components=4) + cod() + SOT,
        siz(size=(4, 3, 4, 0)) + cod() + SOT,
        siz(size=(70000, 3, 0, 0)) + cod() + SOT,
        siz(precision=37) + cod() + SOT,
    ],
)
def test_a_broken_header_or_one_that_dicom_has_no_form_for_is_refused(codestream: bytes) -> None:
    with pytest.raises(MalformedDataset):
        read_image_header(codestream)
