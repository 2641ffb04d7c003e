"""Any instance that needs no image codec as a Part 10 file in Explicit VR Little Endian, frame by frame.

Explicit VR Little Endian is what the web gets where nothing else was asked for (PS3.18 §8.7.3.4), and what implicit VR
and big endian instances become, because PS3.18 knows no other form of them. What does need an image codec is
`dicomcore.pixels.recoding`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from dicomcore.data import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
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
from dicomcore.pixels.encapsulation import native_start
from dicomcore.pixels.frames import FrameIndex, frame_index
from dicomcore.pixels.icons import replaced_icons, with_native_pixels
from dicomcore.pixels.image import PHOTOMETRIC_INTERPRETATION, PIXEL_DATA, PLANAR_CONFIGURATION
from dicomcore.pixels.native import packed_bits
from dicomcore.pixels.offset_tables import EXTENDED_OFFSET_TABLE, EXTENDED_OFFSET_TABLE_LENGTHS
from dicomcore.uids import RLE_LOSSLESS

MAX_NATIVE_LENGTH = 0xFFFFFFFE
_SOP_CLASS_UID, _SOP_INSTANCE_UID, _TRANSFER_SYNTAX_UID = 0x00080016, 0x00080018, 0x00020010


def to_explicit_little_endian(part10: Part10) -> Iterator[Buffer]:
    """Yield a file in Explicit VR Little Endian; what cannot be done is raised before the first byte.

    The preamble stays; so does the File Meta Information, but for the transfer syntax. The first buffer is all that
    comes before the data set.
    """
    syntax = part10.transfer_syntax
    dataset = replaced_icons(part10.dataset, lambda item: _native_icon(item, syntax))
    element = dataset.get(PIXEL_DATA)
    start = file_start(part10, EXPLICIT_VR_LITTLE_ENDIAN.uid)
    if element is None or element.fragments is None:
        return _chain(start, write_dataset(dataset, EXPLICIT_VR_LITTLE_ENDIAN))
    if not is_decodable(syntax):
        raise CodecUnavailable(syntax.uid)
    frames = _frames_to_decode(dataset, syntax)
    check_complete(frames)
    check_native_length(frames.count * frames.image.length)
    return _chain(start, _write_decoded(dataset, element, frames, syntax))


def to_deflated(part10: Part10) -> Iterator[Buffer]:
    """Yield a file whose pixel data is native, or that has none, in Deflated Explicit VR Little Endian."""
    syntax = DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
    return _chain(file_start(part10, syntax.uid), write_dataset(part10.dataset, syntax))


def check_complete(frames: FrameIndex) -> None:
    """Raise `CorruptFrame` unless all frames that are declared are there."""
    if frames.count < frames.declared:
        raise CorruptFrame(frames.count + 1, f"pixel data ends after frame {frames.count}")


def check_native_length(length: int) -> None:
    """Raise `LimitExceeded` where 32 bits cannot tell the length of native pixel data."""
    if length > MAX_NATIVE_LENGTH:
        raise LimitExceeded("bytes of native pixel data", MAX_NATIVE_LENGTH)


def file_start(part10: Part10, transfer_syntax_uid: str) -> bytes:
    """Return all of a file that comes before its data set, with another transfer syntax."""
    if not len(part10.file_meta):
        return file_header(
            sop_class_uid=part10.dataset.text(_SOP_CLASS_UID),
            sop_instance_uid=part10.dataset.text(_SOP_INSTANCE_UID),
            transfer_syntax_uid=transfer_syntax_uid,
            preamble=part10.preamble,
        )
    file_meta = part10.file_meta.copy()
    file_meta.put(_TRANSFER_SYNTAX_UID, "UI", transfer_syntax_uid)
    return (part10.preamble or bytes(128)) + b"DICM" + encode_file_meta(file_meta)


def around_pixel_data(dataset: Dataset) -> tuple[Dataset, Dataset]:
    """Return the data sets before and behind the pixel data, without its offset tables."""
    before, after = dataset.copy(), dataset.copy()
    for tag in list(dataset.elements):
        (after if tag <= PIXEL_DATA else before).remove(tag)
    for tag in (PIXEL_DATA, EXTENDED_OFFSET_TABLE, EXTENDED_OFFSET_TABLE_LENGTHS):
        before.remove(tag)
    return before, after


def _frames_to_decode(dataset: Dataset, syntax: TransferSyntax) -> FrameIndex:
    """Find the frames; RLE holds all samples of all pixels, whatever Photometric Interpretation says."""
    frames = frame_index(dataset)
    if syntax.uid == RLE_LOSSLESS:
        return replace(frames, image=replace(frames.image, subsampled=False))
    return frames


def _chain(start: bytes, rest: Iterable[Buffer]) -> Iterator[Buffer]:
    yield start
    yield from rest


def _write_decoded(dataset: Dataset, element: Element, frames: FrameIndex, syntax: TransferSyntax) -> Iterator[Buffer]:
    """Yield the data set with its pixel data native, one frame after the other."""
    before, after = around_pixel_data(dataset)
    _correct(before, frames, syntax)
    yield from write_dataset(before, EXPLICIT_VR_LITTLE_ENDIAN)
    length = (frames.count * frames.image.bits + 7) // 8
    yield native_start(frames.image.bits_allocated, length + (length & 1))
    yield from packed_bits(_decoded(frames, syntax, element), frames.image.bits)
    if length & 1:
        yield b"\0"
    yield from write_dataset(after, EXPLICIT_VR_LITTLE_ENDIAN)


def _decoded(frames: FrameIndex, syntax: TransferSyntax, element: Element) -> Iterator[memoryview]:
    for frame_number in range(1, frames.count + 1):
        yield decode_frame(frames, syntax, element.buffer, frame_number)


def _correct(dataset: Dataset, frames: FrameIndex, syntax: TransferSyntax) -> None:
    """Say how the samples of RLE come out: those of a pixel together, none of them shared."""
    if syntax.uid == RLE_LOSSLESS and frames.image.samples_per_pixel > 1:
        dataset.put(PLANAR_CONFIGURATION, "US", 0)
        if dataset.text(PHOTOMETRIC_INTERPRETATION) == "YBR_FULL_422":
            dataset.put(PHOTOMETRIC_INTERPRETATION, "CS", "YBR_FULL")


def _native_icon(item: Dataset, syntax: TransferSyntax) -> Dataset:
    element = item.elements[PIXEL_DATA]
    if not is_decodable(syntax):
        raise CodecUnavailable(syntax.uid)
    frames = _frames_to_decode(item, syntax)
    image = frames.image
    native = with_native_pixels(
        item, image.bits_allocated, [*packed_bits(_decoded(frames, syntax, element), image.bits)]
    )
    _correct(native, frames, syntax)
    return native
