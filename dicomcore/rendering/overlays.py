"""Overlay planes (PS3.3 §C.9.2): bits of the repeating groups 60xx that lie over an image.

A plane brings its own bits in Overlay Data or, retired but still stored, sits in the bits of the pixel cells that the
image does not use (PS3.5 §8.1.2); those are taken from the undecoded cells by `with_embedded_bits`. Planes may be
larger than the image and begin outside of it; what lies outside is not shown. A plane of several frames (PS3.3 §C.9.3)
belongs to the frames from Image Frame Origin on, any other one to every frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dicomcore.data import Buffer, Dataset
from dicomcore.errors import DicomError, LimitExceeded
from dicomcore.pixels.decoding import MAX_FRAME_LENGTH, decode_pixels
from dicomcore.pixels.pixel_format import PixelFormat

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]

ROWS = 0x60000010
COLUMNS = 0x60000011
NUMBER_OF_FRAMES = 0x60000015
TYPE = 0x60000040
ORIGIN = 0x60000050
IMAGE_FRAME_ORIGIN = 0x60000051
BITS_ALLOCATED = 0x60000100
BIT_POSITION = 0x60000102
ACTIVATION_LAYER = 0x60001001
LABEL = 0x60001500
DATA = 0x60003000

_GROUPS = range(0x6000, 0x6020, 2)
_WHITE = 255


@dataclass(frozen=True, slots=True)
class Overlay:
    """One plane, of one frame.

    ``origin`` is the row and column of the plane's first bit in the image, from 1 and possibly negative. ``bits`` is
    the plane packed row by row, least significant bit first; None says that it is bit ``bit_position`` of the pixel
    cells. ``kind`` is ``G`` (graphics) or ``R`` (region of interest); ``layer`` the graphic layer that it is shown in.
    """

    group: int
    rows: int
    columns: int
    origin: tuple[int, int] = (1, 1)
    bits: bytes | None = None
    bit_position: int = 0
    kind: str = "G"
    label: str = ""
    layer: str = ""


@dataclass(frozen=True, slots=True)
class Plane:
    """One plane as a data set has it, with the bits of all its frames.

    ``frames`` is Number of Frames in Overlay, 0 if the plane is for every frame of the image; ``first`` is Image Frame
    Origin.
    """

    overlay: Overlay
    bits: bytes | None
    frames: int = 0
    first: int = 1

    def of_frame(self, frame_number: int) -> Overlay | None:
        """Return the plane of a frame (from 1); None if it has none, or not all of its bits."""
        number = frame_number - self.first if self.frames else 0
        if number < 0 or number >= max(self.frames, 1):
            return None
        if self.bits is None:
            return self.overlay
        length = self.overlay.rows * self.overlay.columns
        if (number + 1) * length > len(self.bits) * 8:
            return None
        return replace(self.overlay, bits=_part(self.bits, number * length, length))


@dataclass(frozen=True, slots=True)
class OverlayPlanes:
    """All planes of a data set, in the order of their groups; nothing of its buffer is kept."""

    planes: tuple[Plane, ...] = ()

    def of_frame(self, frame_number: int) -> tuple[Overlay, ...]:
        """Return the planes of a frame (from 1)."""
        found = (plane.of_frame(frame_number) for plane in self.planes)
        return tuple(overlay for overlay in found if overlay is not None)


def overlay_planes(dataset: Dataset) -> OverlayPlanes:
    """Read all planes of a data set."""
    found = (_read(dataset, (group - 0x6000) << 16) for group in _GROUPS)
    return OverlayPlanes(tuple(plane for plane in found if plane is not None))


def overlays_of(dataset: Dataset, frame_number: int = 1) -> tuple[Overlay, ...]:
    """Return the planes that a data set has for a frame (from 1)."""
    return overlay_planes(dataset).of_frame(frame_number)


def _read(dataset: Dataset, shift: int) -> Plane | None:
    """Read the plane of one group; what has neither size nor bits is none."""
    rows, columns = dataset.integer(ROWS + shift) or 0, dataset.integer(COLUMNS + shift) or 0
    bit_position = dataset.integer(BIT_POSITION + shift) or 0
    has_bits = DATA + shift in dataset
    if rows < 1 or columns < 1 or not (has_bits or bit_position):
        return None
    origin = [value for value in dataset.values(ORIGIN + shift)[:2] if isinstance(value, int)]
    overlay = Overlay(
        group=0x6000 + (shift >> 16),
        rows=rows,
        columns=columns,
        origin=(origin[0], origin[1]) if len(origin) == 2 else (1, 1),
        bit_position=bit_position,
        kind=dataset.text(TYPE + shift) or "G",
        label=dataset.text(LABEL + shift),
        layer=dataset.text(ACTIVATION_LAYER + shift),
    )
    return Plane(
        overlay,
        bits=bytes(dataset.raw(DATA + shift)) if has_bits else None,
        frames=max(dataset.integer(NUMBER_OF_FRAMES + shift) or 0, 0),
        first=dataset.integer(IMAGE_FRAME_ORIGIN + shift) or 1,
    )


def _part(bits: bytes, first: int, length: int) -> bytes:
    """Cut a part out of packed bits: the frames of a plane follow each other without padding."""
    end = first + length
    packed = bits[first // 8 : (end + 7) // 8]
    if not first % 8:
        return packed
    loose = np.unpackbits(np.frombuffer(packed, np.uint8), bitorder="little")
    return np.packbits(loose[first % 8 : first % 8 + length], bitorder="little").tobytes()


def mask_of(overlay: Overlay, rows: int, columns: int) -> Mask:
    """Return the plane as it lies over an image of this size: (rows, columns) of bool.

    Raises `LimitExceeded` for a plane that would be too large to unpack.
    """
    mask = np.zeros((rows, columns), np.bool_)
    if overlay.bits is None:
        return mask
    top, left = overlay.origin[0] - 1, overlay.origin[1] - 1
    first, last = max(0, -top), min(overlay.rows, rows - top)
    start, end = max(0, -left), min(overlay.columns, columns - left)
    if first >= last or start >= end:
        return mask
    if (last - first) * overlay.columns > MAX_FRAME_LENGTH:
        raise LimitExceeded("pixels in an overlay", MAX_FRAME_LENGTH)
    plane = _unpacked(overlay.bits, first * overlay.columns, last * overlay.columns)
    part = plane.reshape(-1, overlay.columns)[:, start:end]
    mask[first + top : last + top, start + left : end + left] = part
    return mask


def _unpacked(bits: bytes, first: int, end: int) -> NDArray[np.uint8]:
    packed = np.frombuffer(bits, np.uint8, (end + 7) // 8 - first // 8, first // 8)
    return np.unpackbits(packed, bitorder="little")[first % 8 : first % 8 + end - first]


def with_embedded_bits(
    overlays: Sequence[Overlay], frame: Buffer, form: PixelFormat, transfer_syntax_uid: str, frame_number: int = 1
) -> tuple[Overlay, ...]:
    """Fill in the planes that sit in unused bits of the pixel cells, from the undecoded frame.

    Only native, RLE and lossless JPEG frames still have these bits. What cannot be decoded in this way is left out: the
    image is shown without it.
    """
    embedded = [one for one in overlays if one.bits is None]
    if not embedded:
        return tuple(overlays)
    cells = _cells(frame, form, transfer_syntax_uid, frame_number)
    filled = (one if one.bits is not None else _taken(one, cells, form) for one in overlays)
    return tuple(one for one in filled if one is not None)


def _cells(frame: Buffer, form: PixelFormat, transfer_syntax_uid: str, frame_number: int) -> NDArray[Any] | None:
    """Return the pixel cells of a frame with all their bits."""
    allocated = form.image.bits_allocated
    if form.image.samples_per_pixel != 1 or form.floating or allocated not in (8, 16, 32):
        return None
    whole = replace(form, bits_stored=allocated, high_bit=allocated - 1, signed=False)
    try:
        return decode_pixels(frame, whole, transfer_syntax_uid, frame_number).pixels
    except DicomError:
        return None


def _taken(overlay: Overlay, cells: NDArray[Any] | None, form: PixelFormat) -> Overlay | None:
    """Take a plane out of the cells; it covers the image, whatever its own rows, columns and origin say."""
    if cells is None or not 0 < overlay.bit_position < form.image.bits_allocated:
        return None
    plane = (cells >> overlay.bit_position) & 1
    packed = np.packbits(plane.astype(np.uint8), bitorder="little").tobytes()
    return replace(overlay, rows=cells.shape[0], columns=cells.shape[1], origin=(1, 1), bits=packed)


def draw_overlays(picture: Picture, overlays: Iterable[Overlay]) -> Picture:
    """Return the picture, grey (rows, columns) or RGB, with the planes drawn in white; it is copied if any is drawn.

    Both kinds, graphics and regions of interest, are drawn alike. The picture has the size of the image.
    """
    drawn = picture
    for overlay in overlays:
        mask = mask_of(overlay, picture.shape[0], picture.shape[1])
        if mask.any():
            drawn = picture.copy() if drawn is picture else drawn
            drawn[mask] = _WHITE
    return drawn
