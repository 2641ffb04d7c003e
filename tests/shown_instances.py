"""Instances to be shown on a page: a PDF, a video, an image of many frames, and what is wrong with names."""

from __future__ import annotations

import numpy as np
from builders import ct_dataset, ct_instance, element, encapsulated, part10, sequence

from dicomcore.pixels.codecs.video import encode_mp4

ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"
ENCAPSULATED_CDA = "1.2.840.10008.5.1.4.1.1.104.2"
ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1"
VIDEO_PHOTOGRAPHIC = "1.2.840.10008.5.1.4.1.1.77.1.4.1"
H264_HIGH = "1.2.840.10008.1.2.4.102"
HOSTILE_NAME = "<img src=x onerror=alert(1)>^<script>alert(2)</script>"

_NO_IMAGE = {"Rows": None, "Columns": None, "PixelData": None, "BitsAllocated": None, "BitsStored": None}


def pdf(text: str = "Discharge letter") -> bytes:
    """A PDF of one page, with a blue field and a line of text."""
    drawing = f"0 0 1 rg 40 40 220 120 re f BT /F1 18 Tf 40 200 Td ({text}) Tj ET".encode("ascii")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 250] /Contents 4 0 R"
        b" /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(drawing), drawing),
    ]
    written = bytearray(b"%PDF-1.4\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    start = len(written)
    written += b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(written + b"trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % start)


def pdf_instance(**overrides: object) -> bytes:
    content = pdf()
    attributes = {"SOPClassUID": ENCAPSULATED_PDF, "Modality": "DOC", **_NO_IMAGE, **overrides}
    document = (
        element(0x00420010, "ST", "Discharge letter")
        + element(0x00420011, "OB", content + b"\0" * (len(content) & 1))
        + element(0x00420012, "LO", "application/pdf")
        + element(0x00420015, "UL", len(content))
    )
    return part10(
        ct_dataset(**attributes) + document,
        sop_class=ENCAPSULATED_PDF,
        sop_instance=str(attributes.get("SOPInstanceUID", "1.2.3.4")),
    )


def clinical_document_instance(document: str, **overrides: object) -> bytes:
    attributes = {"SOPClassUID": ENCAPSULATED_CDA, "Modality": "DOC", **_NO_IMAGE, **overrides}
    content = document.encode()
    return part10(
        ct_dataset(**attributes) + element(0x00420011, "OB", content + b" " * (len(content) & 1)),
        sop_class=ENCAPSULATED_CDA,
        sop_instance=str(attributes.get("SOPInstanceUID", "1.2.3.4")),
    )


def video_instance(**overrides: object) -> bytes:
    """Two seconds of a field that becomes red."""
    pictures = (np.full((96, 128, 3), (40 + 4 * number, 30, 60), np.uint8) for number in range(50))
    stream = encode_mp4(pictures, 40)
    attributes = {
        "SOPClassUID": VIDEO_PHOTOGRAPHIC,
        "Modality": "XC",
        "SamplesPerPixel": 3,
        "PhotometricInterpretation": "YBR_PARTIAL_420",
        "Rows": 96,
        "Columns": 128,
        "BitsAllocated": 8,
        "BitsStored": 8,
        "HighBit": 7,
        "PixelData": None,
        "ImagePositionPatient": None,
        "SliceThickness": None,
        **overrides,
    }
    frames = element(0x00181063, "DS", "40") + element(0x00280008, "IS", "50")
    dataset = _sorted_in(ct_dataset(**attributes), frames) + encapsulated([stream])
    return part10(
        dataset, H264_HIGH, sop_class=VIDEO_PHOTOGRAPHIC, sop_instance=str(attributes.get("SOPInstanceUID", "1.2.3.4"))
    )


def enhanced_instance(frames: int, **overrides: object) -> bytes:
    """An image of many frames, each with functional groups of its own."""
    groups = [
        sequence(0x00209113, element(0x00200032, "DS", ["0", "0", str(2 * number)]))
        + sequence(0x00209111, element(0x00209157, "UL", [1, number + 1]))
        for number in range(frames)
    ]
    shared = sequence(0x00209116, element(0x00200037, "DS", ["1", "0", "0", "0", "1", "0"])) + sequence(
        0x00289110, element(0x00180050, "DS", "2") + element(0x00280030, "DS", ["0.5", "0.75"])
    )
    attributes = {
        "SOPClassUID": ENHANCED_CT,
        "ImagePositionPatient": None,
        "SliceThickness": None,
        "PixelData": None,
        **overrides,
    }
    dataset = (
        _sorted_in(ct_dataset(**attributes), element(0x00280008, "IS", str(frames)))
        + sequence(0x52009229, shared)
        + sequence(0x52009230, *groups)
        + element(0x7FE00010, "OW", bytes(range(32)) * frames)
    )
    return part10(dataset, sop_class=ENHANCED_CT, sop_instance=str(attributes.get("SOPInstanceUID", "1.2.3.4")))


def wide_instance(**overrides: object) -> bytes:
    """An image with a sequence of forty items, each of sixty attributes."""
    attributes = b"".join(element(0x00111000 + number, "LO", f"Value {number}") for number in range(60))
    items = [element(0x00110010, "LO", "MAKER") + attributes for _ in range(40)]
    return ct_instance(extra=element(0x00E10010, "LO", "MAKER") + sequence(0x00E11001, *items), **overrides)


def coded_instance(**overrides: object) -> bytes:
    """An image with codes, private attributes that our dictionary knows, binary values and a long text."""
    code = element(0x00080100, "SH", "T-D3000") + element(0x00080102, "SH", "SRT") + element(0x00080104, "LO", "Chest")
    early = sequence(0x00082218, code) + (
        element(0x00090010, "LO", "GEMS_IDEN_01")
        + element(0x00091001, "LO", "GE_GENESIS_FF")
        + element(0x00091002, "UN", b"CT01")
    )
    late = element(0x00204000, "LT", "A long comment. " * 100)
    private = (
        element(0x00E10010, "LO", "NOBODY KNOWS")
        + element(0x00E11001, "OB", bytes(range(40)))
        + element(0x00E11002, "OB", bytes(5000))
    )
    return _instance(early, late, private, **overrides)


def _instance(early: bytes, late: bytes, private: bytes, **overrides: object) -> bytes:
    dataset = ct_dataset(**{**overrides, "PixelData": None})
    placed = _sorted_in(_sorted_in(dataset, late), early) + private + element(0x7FE00010, "OW", bytes(range(32)))
    return part10(placed, sop_instance=str(overrides.get("SOPInstanceUID", "1.2.3.4")))


def _sorted_in(dataset: bytes, elements: bytes) -> bytes:
    """Put elements, in explicit VR, where their first tag belongs."""
    wanted = _tag(elements, 0)
    place = 0
    while place < len(dataset) and _tag(dataset, place) < wanted:
        is_long = dataset[place + 4 : place + 6] in (b"OB", b"OW", b"SQ", b"UN", b"UT")
        length = dataset[place + 8 : place + 12] if is_long else dataset[place + 6 : place + 8]
        place += (12 if is_long else 8) + int.from_bytes(length, "little")
    return dataset[:place] + elements + dataset[place:]


def _tag(dataset: bytes, place: int) -> int:
    first, last = dataset[place : place + 2], dataset[place + 2 : place + 4]
    return int.from_bytes(first, "little") << 16 | int.from_bytes(last, "little")
