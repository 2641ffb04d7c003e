"""Any instance that needs no image codec as a Part 10 file in Explicit VR Little Endian, frame by frame.

Explicit VR Little Endian is what the web gets where nothing else was asked for (PS3.18 §8.7.3.4), and what implicit VR
and big endian instances become, because PS3.18 knows no other form of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from struct import pack

from dicomcore.data import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    Buffer,
    Dataset,
    Element,
    Part10,
    TransferSyntax,
    encode_file_meta,
    file_header,
    write_dataset,
)
from dicomcore.errors import CodecUnavailable, CorruptFrame, LimitExceeded
from dicomcore.pixels.decoding import decode_frame, is_decodable
from dicomcore.pixels.frames import FrameIndex, frame_index
from dicomcore.pixels.image import PHOTOMETRIC_INTERPRETATION, PIXEL_DATA, PLANAR_CONFIGURATION
from dicomcore.pixels.native import packed_bits
from dicomcore.pixels.offset_tables import EXTENDED_OFFSET_TABLE, EXTENDED_OFFSET_TABLE_LENGTHS
from dicomcore.uids import RLE_LOSSLESS

MAX_NATIVE_LENGTH = 0xFFFFFFFE
_SOP_CLASS_UID, _SOP_INSTANCE_UID, _TRANSFER_SYNTAX_UID = 0x00080016, 0x00080018, 0x00020010


def to_explicit_little_endian(part10: Part10) -> Iterator[Buffer]:
    """Yield a file in Explicit VR Little Endian; what cannot be done is raised before the first byte.

    The preamble stays; so does the File Meta Information, but for the transfer syntax.
    """
    syntax = part10.transfer_syntax
    dataset = _without_encapsulated_icons(part10.dataset, syntax)
    element = dataset.get(PIXEL_DATA)
    start = _file_start(part10)
    if element is None or element.fragments is None:
        return _chain(start, write_dataset(dataset, EXPLICIT_VR_LITTLE_ENDIAN))
    if not is_decodable(syntax):
        raise CodecUnavailable(syntax.uid)
    frames = _frames_to_decode(dataset, syntax)
    if frames.count < frames.declared:
        raise CorruptFrame(frames.count + 1, f"pixel data ends after frame {frames.count}")
    if frames.count * frames.image.length > MAX_NATIVE_LENGTH:
        raise LimitExceeded("bytes of native pixel data", MAX_NATIVE_LENGTH)
    return _chain(start, _write_decoded(dataset, element, frames, syntax))


def _frames_to_decode(dataset: Dataset, syntax: TransferSyntax) -> FrameIndex:
    """Find the frames; RLE holds all samples of all pixels, whatever Photometric Interpretation says."""
    frames = frame_index(dataset)
    if syntax.uid == RLE_LOSSLESS:
        return replace(frames, image=replace(frames.image, subsampled=False))
    return frames


def _chain(start: bytes, rest: Iterable[Buffer]) -> Iterator[Buffer]:
    yield start
    yield from rest


def _file_start(part10: Part10) -> bytes:
    if not len(part10.file_meta):
        return file_header(
            sop_class_uid=part10.dataset.text(_SOP_CLASS_UID),
            sop_instance_uid=part10.dataset.text(_SOP_INSTANCE_UID),
            transfer_syntax_uid=EXPLICIT_VR_LITTLE_ENDIAN.uid,
            preamble=part10.preamble,
        )
    file_meta = part10.file_meta.copy()
    file_meta.put(_TRANSFER_SYNTAX_UID, "UI", EXPLICIT_VR_LITTLE_ENDIAN.uid)
    return (part10.preamble or bytes(128)) + b"DICM" + encode_file_meta(file_meta)


def _write_decoded(dataset: Dataset, element: Element, frames: FrameIndex, syntax: TransferSyntax) -> Iterator[Buffer]:
    """Yield the data set with its pixel data native, one frame after the other."""
    before, after = _split(dataset, syntax, frames)
    yield from write_dataset(before, EXPLICIT_VR_LITTLE_ENDIAN)
    length = (frames.count * frames.image.bits + 7) // 8
    yield _pixel_data_header(frames, length + (length & 1))
    yield from packed_bits(_decoded(frames, syntax, element), frames.image.bits)
    if length & 1:
        yield b"\0"
    yield from write_dataset(after, EXPLICIT_VR_LITTLE_ENDIAN)


def _decoded(frames: FrameIndex, syntax: TransferSyntax, element: Element) -> Iterator[memoryview]:
    for frame_number in range(1, frames.count + 1):
        yield decode_frame(frames, syntax, element.buffer, frame_number)


def _pixel_data_header(frames: FrameIndex, length: int) -> bytes:
    vr = b"OW" if frames.image.bits_allocated > 8 else b"OB"
    return pack("<HH2sHI", PIXEL_DATA >> 16, PIXEL_DATA & 0xFFFF, vr, 0, length)


def _split(dataset: Dataset, syntax: TransferSyntax, frames: FrameIndex) -> tuple[Dataset, Dataset]:
    """Return the data sets before and behind the pixel data."""
    before, after = dataset.copy(), dataset.copy()
    for tag in list(dataset.elements):
        (after if tag <= PIXEL_DATA else before).remove(tag)
    for tag in (PIXEL_DATA, EXTENDED_OFFSET_TABLE, EXTENDED_OFFSET_TABLE_LENGTHS):
        before.remove(tag)
    if syntax.uid == RLE_LOSSLESS and frames.image.samples_per_pixel > 1:
        before.put(PLANAR_CONFIGURATION, "US", 0)
        if before.text(PHOTOMETRIC_INTERPRETATION) == "YBR_FULL_422":
            before.put(PHOTOMETRIC_INTERPRETATION, "CS", "YBR_FULL")
    return before, after


def _without_encapsulated_icons(dataset: Dataset, syntax: TransferSyntax) -> Dataset:
    """Return the data set with the pixel data of icons and the like, in items, native as well."""
    changed: Dataset | None = None
    for element in dataset:
        if not element.items:
            continue
        items = [_with_native_pixels(item, syntax) for item in element.items]
        if any(one is not other for one, other in zip(items, element.items, strict=True)):
            changed = changed or dataset.copy()
            changed.put_items(element.tag, items)
    return changed or dataset


def _with_native_pixels(item: Dataset, syntax: TransferSyntax) -> Dataset:
    item = _without_encapsulated_icons(item, syntax)
    element = item.get(PIXEL_DATA)
    if element is None or element.fragments is None:
        return item
    if not is_decodable(syntax):
        raise CodecUnavailable(syntax.uid)
    frames = _frames_to_decode(item, syntax)
    before, after = _split(item, syntax, frames)
    native = b"".join(packed_bits(_decoded(frames, syntax, element), frames.image.bits))
    before.put_raw(PIXEL_DATA, "OW" if frames.image.bits_allocated > 8 else "OB", native + b"\0" * (len(native) & 1))
    for following in after:
        before.elements[following.tag] = following
    return before
