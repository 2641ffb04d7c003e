"""Cells as they are (PS3.5 §8): frames of the native transfer syntaxes, little endian, and of the encapsulated one.

Big endian is undone before, where the frame is taken out of its pixel data (`dicomcore.pixels.native`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dicomcore.data import Buffer
from dicomcore.pixels.encoding import Encoding
from dicomcore.pixels.pixel_format import Decoded, PixelFormat, Pixels
from dicomcore.pixels.stored_bits import sample_values

BITS_ALLOCATED = frozenset((1, *range(8, 72, 8)))
"""The sizes of cells there are (PS3.5 §8.1.1): one bit, or whole bytes."""


def decode_native(frame: Buffer, form: PixelFormat) -> Decoded:
    """Read the cells of a frame; what follows the last of them is padding.

    The pixels are a view of the frame where nothing has to be changed. Chroma that two pixels share (YBR_FULL_422,
    PS3.3 §C.7.6.3.1.2) is repeated for both, and the photometric interpretation is YBR_FULL then.
    """
    image = form.image
    if image.bits_allocated not in BITS_ALLOCATED:
        raise ValueError(f"{image.bits_allocated} bits are no cell")
    if len(frame) < image.length:
        raise ValueError(f"{len(frame)} bytes instead of {image.length}")
    if image.bits_allocated == 1:
        return Decoded(_unpacked(frame, form), form.photometric_interpretation)
    samples = sample_values(_cells(memoryview(frame)[: image.length], form), form) if not form.floating else None
    if samples is None:
        samples = np.frombuffer(frame, form.dtype, image.length // form.dtype.itemsize)
    if image.subsampled and image.samples_per_pixel == 3:
        return Decoded(_resampled(samples, form), _full(form.photometric_interpretation))
    return Decoded(_by_pixel(samples, form), form.photometric_interpretation)


def encode_native(decoded: Decoded, form: PixelFormat, encoding: Encoding) -> bytes:
    """Write the cells, colour by pixel, padded to even length; signs are repeated up to the highest bit of a cell."""
    native = bytes(cells_of(decoded.pixels, form))
    return native + b"\0" * (len(native) & 1)


def cells_of(pixels: Pixels, form: PixelFormat) -> memoryview:
    """Return pixels as little endian cells, single bits packed (PS3.5 §8.1.1): a view if they are in order already."""
    if form.image.bits_allocated == 1:
        return np.packbits(pixels.ravel() != 0, bitorder="little").data
    cells = np.ascontiguousarray(pixels, form.dtype)
    size = form.image.bits_allocated // 8
    if size != form.dtype.itemsize:
        cells = np.ascontiguousarray(cells.reshape(-1).view(np.uint8).reshape(-1, form.dtype.itemsize)[:, :size])
    return cells.reshape(-1).view(np.uint8).data


def _cells(frame: Buffer, form: PixelFormat) -> NDArray[np.unsignedinteger[Any]]:
    """Read cells of whole bytes; three make four with a zero on top."""
    size = form.image.bits_allocated // 8
    unsigned = np.dtype(f"<u{form.dtype.itemsize}")
    if size == unsigned.itemsize:
        return np.frombuffer(frame, unsigned)
    narrow = np.frombuffer(frame, np.uint8).reshape(-1, size)
    wide = np.zeros((len(narrow), unsigned.itemsize), np.uint8)
    wide[:, :size] = narrow
    cells: NDArray[np.unsignedinteger[Any]] = wide.view(unsigned).reshape(-1)
    return cells


def _unpacked(frame: Buffer, form: PixelFormat) -> Pixels:
    bits = np.unpackbits(np.frombuffer(frame, np.uint8), count=form.image.bits, bitorder="little")
    return _by_pixel(bits, form).view(form.dtype)


def _by_pixel(samples: Pixels, form: PixelFormat) -> Pixels:
    image = form.image
    if image.samples_per_pixel > 1 and image.planar_configuration == 1:
        planes = samples.reshape(image.samples_per_pixel, image.rows, image.columns)
        return np.ascontiguousarray(planes.transpose(1, 2, 0))
    return samples.reshape(form.shape)


def _resampled(samples: Pixels, form: PixelFormat) -> Pixels:
    """Spread two luminances, a blue and a red difference over two pixels; an odd row ends with half of such a group."""
    image = form.image
    groups = samples.reshape(image.rows, (image.columns + 1) // 2, 4)
    pixels = np.empty((*groups.shape[:2], 2, 3), form.dtype)
    pixels[..., 0] = groups[..., :2]
    pixels[..., 1] = groups[..., 2:3]
    pixels[..., 2] = groups[..., 3:]
    return np.ascontiguousarray(pixels.reshape(image.rows, -1, 3)[:, : image.columns])


def _full(photometric_interpretation: str) -> str:
    return "YBR_FULL" if photometric_interpretation == "YBR_FULL_422" else photometric_interpretation
