"""Instances from metadata and bulk data, as STOW-RS sends them apart (PS3.18 §10.5.1.4, §10.5.2).

Each BulkDataURI of the metadata is the Content-Location of parts of the same request; nothing else is looked at, and
certainly not fetched. Pixel data come in one part, or in one part per frame:

- as octets: native, little endian;
- as PNG or GIF: decoded to native pixel data (`raster`);
- in another media type: encapsulated as they are. The transfer syntax is the one that the part declares, else the one
  that the codestream shows (`codestream`): a client that leaves it out seldom means the default of Table 8.7.3-5.

What the metadata do not say about the pixels is taken from the codestream (`pixel_description`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dicomcore.data.bulkdata import ENCAPSULATED_DOCUMENT, MIME_TYPE_OF_ENCAPSULATED_DOCUMENT, find_element
from dicomcore.data.codestream import ImageHeader, read_image_header
from dicomcore.data.dataset import Buffer, Dataset
from dicomcore.data.file_format import file_header
from dicomcore.data.pixel_description import (
    describe,
    forget_samples,
    note_lossy_compression,
    put_number_of_frames,
    require_size,
)
from dicomcore.data.raster import Raster, read_raster
from dicomcore.data.transfer_syntax import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    OCTET_STREAM,
    TransferSyntax,
    canonical_media_type,
    transfer_syntax,
    transfer_syntaxes_of,
)
from dicomcore.data.vr import VRS
from dicomcore.data.writer import write_dataset
from dicomcore.errors import MalformedDataset, UnsupportedMediaType
from dicomcore.uids import check_uid

PIXEL_DATA = 0x7FE00010

_SOP_CLASS_UID, _SOP_INSTANCE_UID = 0x00080016, 0x00080018
_BITS_ALLOCATED = 0x00280100
_DOCUMENT_LENGTH = 0x00420015

_RASTERS = frozenset(("image/png", "image/gif"))
# Their frames have no header that would describe them.
_WITHOUT_HEADER = frozenset(("image/dicom-rle", "application/x-deflate", OCTET_STREAM))


@dataclass(frozen=True)
class BulkdataPart:
    """A part of a store request that holds bulk data; the transfer syntax is that of its media type, if it has one."""

    media_type: str
    transfer_syntax_uid: str | None
    value: Buffer


@dataclass(frozen=True)
class AssembledInstance:
    """An instance as it is to be stored. Encapsulated pixel data are not in ``dataset`` but in ``frames``."""

    dataset: Dataset
    transfer_syntax: TransferSyntax
    frames: tuple[Buffer, ...] = field(default=())

    @property
    def sop_class_uid(self) -> str:
        """The SOP Class UID of the data set."""
        return self.dataset.text(_SOP_CLASS_UID)

    @property
    def sop_instance_uid(self) -> str:
        """The SOP Instance UID of the data set."""
        return self.dataset.text(_SOP_INSTANCE_UID)

    def pieces(self) -> Iterator[Buffer]:
        """Yield the Part 10 file; large values are the very buffers that were given."""
        yield file_header(
            sop_class_uid=self.sop_class_uid,
            sop_instance_uid=self.sop_instance_uid,
            transfer_syntax_uid=self.transfer_syntax.uid,
        )
        if not self.frames:
            yield from write_dataset(self.dataset, self.transfer_syntax)
            return
        before, after = self.dataset.copy(), self.dataset.copy()
        for tag in self.dataset.elements:
            (after if tag < PIXEL_DATA else before).remove(tag)
        yield from write_dataset(before, self.transfer_syntax)
        yield from _encapsulated(self.frames)
        yield from write_dataset(after, self.transfer_syntax)


def _encapsulated(frames: Sequence[Buffer]) -> Iterator[Buffer]:
    """Encapsulate frames, one fragment each, with a Basic Offset Table where its 32 bits reach (PS3.5 §A.4)."""
    lengths = [len(frame) + (len(frame) & 1) for frame in frames]
    offsets, position = [], 0
    for length in lengths:
        offsets.append(position)
        position += 8 + length
    has_table = len(frames) > 1 and position <= 0xFFFFFFFF
    table = struct.pack(f"<{len(offsets)}I", *offsets) if has_table else b""
    yield struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF)
    yield struct.pack("<HHI", 0xFFFE, 0xE000, len(table)) + table
    for frame, length in zip(frames, lengths, strict=True):
        yield struct.pack("<HHI", 0xFFFE, 0xE000, length)
        yield frame
        if length > len(frame):
            yield b"\0"
    yield struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)


def instance_from_metadata(
    dataset: Dataset, references: Mapping[str, str], parts: Mapping[str, Sequence[BulkdataPart]]
) -> AssembledInstance:
    """Complete a decoded data set, in place, with the parts that its references name.

    Args:
        dataset: what the JSON or XML decoder gave.
        references: its bulk data, path -> BulkDataURI.
        parts: the parts of the request by Content-Location, in their order.

    Raises:
        MalformedDataset: a part is missing or cannot be the value that it is referred to as.
        UnsupportedMediaType: pixel data come in a media type that is not taken.
    """
    check_uid(dataset.text(_SOP_CLASS_UID), "SOP Class UID")
    check_uid(dataset.text(_SOP_INSTANCE_UID), "SOP Instance UID")
    syntax = EXPLICIT_VR_LITTLE_ENDIAN
    frames: tuple[Buffer, ...] = ()
    for path, uri in references.items():
        found = parts.get(uri)
        if not found:
            raise MalformedDataset(f"{path}: no part has the Content-Location {uri[:200]!r}")
        holder, element = find_element(dataset, path)
        if path == f"{PIXEL_DATA:08X}":
            syntax, frames = _put_pixel_data(dataset, found)
        elif len(found) > 1:
            raise MalformedDataset(f"{path}: {len(found)} parts have the Content-Location {uri[:200]!r}")
        elif element.tag == ENCAPSULATED_DOCUMENT:
            _put_document(holder, found[0])
        elif canonical_media_type(found[0].media_type) != OCTET_STREAM:
            raise UnsupportedMediaType(f"{path}: the value is taken as octets only", (OCTET_STREAM,))
        else:
            holder.put_raw(element.tag, element.vr, _padded(found[0].value, element.vr, path))
    return AssembledInstance(dataset, syntax, frames)


def _padded(value: Buffer, vr: str, path: str) -> Buffer:
    rule = VRS[vr]
    if len(value) % rule.width:
        raise MalformedDataset(f"{path}: {len(value)} bytes are no whole number of values of VR {vr}")
    return b"".join((value, rule.padding)) if len(value) & 1 else value


def _put_document(dataset: Dataset, part: BulkdataPart) -> None:
    """Put an encapsulated document (PS3.3 §C.24.2), with its media type and, as it may be padded, its length."""
    if not dataset.text(MIME_TYPE_OF_ENCAPSULATED_DOCUMENT):
        dataset.put(MIME_TYPE_OF_ENCAPSULATED_DOCUMENT, "LO", part.media_type)
    if _DOCUMENT_LENGTH not in dataset:
        dataset.put(_DOCUMENT_LENGTH, "UL", len(part.value))
    dataset.put_raw(ENCAPSULATED_DOCUMENT, "OB", _padded(part.value, "OB", f"{ENCAPSULATED_DOCUMENT:08X}"))


def _put_pixel_data(dataset: Dataset, parts: Sequence[BulkdataPart]) -> tuple[TransferSyntax, tuple[Buffer, ...]]:
    """Put native pixel data, or return the frames of encapsulated ones and their transfer syntax."""
    media_type = canonical_media_type(parts[0].media_type)
    declared_uid = parts[0].transfer_syntax_uid
    kinds = {(canonical_media_type(part.media_type), part.transfer_syntax_uid) for part in parts}
    if len(kinds) > 1:
        raise MalformedDataset("the frames of the pixel data have different media types")
    declared = None if declared_uid is None else transfer_syntax(declared_uid)
    if media_type in _RASTERS:
        _put_rasters(dataset, [read_raster(part.value) for part in parts])
        return EXPLICIT_VR_LITTLE_ENDIAN, ()
    if media_type == OCTET_STREAM and not (declared and declared.encapsulated):
        _put_native(dataset, parts)
        return EXPLICIT_VR_LITTLE_ENDIAN, ()
    if media_type != OCTET_STREAM and not transfer_syntaxes_of(media_type):
        raise UnsupportedMediaType(f"pixel data are not taken as {media_type}", sorted(_RASTERS))
    return _encapsulate(dataset, media_type, declared, parts)


def _put_native(dataset: Dataset, parts: Sequence[BulkdataPart]) -> None:
    value = parts[0].value if len(parts) == 1 else b"".join(part.value for part in parts)
    vr = "OB" if (dataset.integer(_BITS_ALLOCATED) or 16) <= 8 else "OW"
    dataset.put_raw(PIXEL_DATA, vr, _padded(value, vr, f"{PIXEL_DATA:08X}"))


def _put_rasters(dataset: Dataset, rasters: Sequence[Raster]) -> None:
    first = rasters[0]
    for raster in rasters:
        if (raster.rows, raster.columns, raster.samples_per_pixel, raster.bits_allocated) != (
            first.rows,
            first.columns,
            first.samples_per_pixel,
            first.bits_allocated,
        ):
            raise MalformedDataset("the frames of the pixel data differ in size or samples")
    forget_samples(dataset)
    header = ImageHeader(
        rows=first.rows,
        columns=first.columns,
        samples_per_pixel=first.samples_per_pixel,
        bits_stored=first.bits_allocated,
        photometric_interpretation="MONOCHROME2" if first.samples_per_pixel == 1 else "RGB",
        transfer_syntax_uid=EXPLICIT_VR_LITTLE_ENDIAN.uid,
        frame_time=first.frame_time,
    )
    describe(dataset, header, sum(raster.number_of_frames for raster in rasters))
    vr = "OB" if first.bits_allocated == 8 else "OW"
    value = b"".join(raster.value for raster in rasters)
    dataset.put_raw(PIXEL_DATA, vr, _padded(value, vr, f"{PIXEL_DATA:08X}"))


def _encapsulate(
    dataset: Dataset, media_type: str, declared: TransferSyntax | None, parts: Sequence[BulkdataPart]
) -> tuple[TransferSyntax, tuple[Buffer, ...]]:
    dataset.remove(PIXEL_DATA)
    if media_type in _WITHOUT_HEADER:
        require_size(dataset, media_type)
        if len(parts) > 1:
            put_number_of_frames(dataset, len(parts))
        return declared or transfer_syntaxes_of(media_type)[0], tuple(part.value for part in parts)
    headers = [read_image_header(part.value) for part in parts]
    first = headers[0]
    if any(_shape(header) != _shape(first) for header in headers):
        raise MalformedDataset("the frames of the pixel data differ in size, samples or transfer syntax")
    detected = transfer_syntax(first.transfer_syntax_uid)
    syntax = detected if declared is None else _agreed(declared, detected)
    if syntax.video and len(parts) > 1:
        raise MalformedDataset("a video is one part, with all its frames")
    describe(dataset, first, first.number_of_frames if syntax.video else len(parts))
    note_lossy_compression(dataset, syntax)
    views = (memoryview(part.value)[header.start : header.end] for part, header in zip(parts, headers, strict=True))
    return syntax, tuple(views)


def _shape(header: ImageHeader) -> tuple[int, int, int, int, str]:
    return header.rows, header.columns, header.samples_per_pixel, header.bits_stored, header.transfer_syntax_uid


def _agreed(declared: TransferSyntax, detected: TransferSyntax) -> TransferSyntax:
    """Return the declared transfer syntax, unless the codestream is of another kind, or lossy while that is lossless.

    JPEG XL does not show whether it is lossless; reversible JPEG 2000 may be declared as the general syntax.
    """
    is_same_kind = declared.media_type == detected.media_type
    may_differ = declared.media_type == "image/jxl" or detected.lossless
    if declared.media_type == "image/jpeg" and declared.lossless != detected.lossless:
        may_differ = False
    if not is_same_kind or (declared.lossless != detected.lossless and not may_differ):
        raise MalformedDataset(f"the pixel data are declared as {declared.name}, but are {detected.name}")
    return declared
