"""What pixels mean: the Image Pixel Module (PS3.3 §C.7.6.3) as codecs and rendering need it, and decoded pixels.

`ImagePixel` is what the index keeps of an image, to find frames; this is what it takes to decode, encode or show one.
Both are plain values, so that they can be handed to a worker process.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dicomcore.data import Dataset
from dicomcore.pixels.image import (
    DOUBLE_FLOAT_PIXEL_DATA,
    FLOAT_PIXEL_DATA,
    PHOTOMETRIC_INTERPRETATION,
    PIXEL_DATA,
    ImagePixel,
)

BITS_STORED = 0x00280101
HIGH_BIT = 0x00280102
PIXEL_REPRESENTATION = 0x00280103

Pixels = NDArray[Any]
"""(rows, columns) or, of colour images, (rows, columns, samples), colour by pixel."""

_FLOATS = {FLOAT_PIXEL_DATA: np.dtype("<f4"), DOUBLE_FLOAT_PIXEL_DATA: np.dtype("<f8")}

_LARGEST = 8  # bytes of an integer


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """How the pixels of an image are described; of a frame that is encapsulated, this is what it decodes to.

    ``signed`` is Pixel Representation; ``floating`` says that the pixels are Float or Double Float Pixel Data.
    """

    image: ImagePixel
    photometric_interpretation: str = "MONOCHROME2"
    bits_stored: int = 16
    high_bit: int = 15
    signed: bool = False
    floating: bool = False

    @classmethod
    def of(cls, dataset: Dataset, tag: int = PIXEL_DATA) -> PixelFormat:
        """Take the format from a data set; Bits Stored and High Bit are made to fit into Bits Allocated."""
        image = ImagePixel.of(dataset, tag)
        allocated = image.bits_allocated
        stored = dataset.integer(BITS_STORED) or allocated
        stored = stored if 0 < stored <= allocated else allocated
        high_bit = dataset.integer(HIGH_BIT)
        return cls(
            image=image,
            photometric_interpretation=dataset.text(PHOTOMETRIC_INTERPRETATION) or _assumed(image),
            bits_stored=stored,
            high_bit=high_bit if high_bit is not None and stored - 1 <= high_bit < allocated else stored - 1,
            signed=dataset.integer(PIXEL_REPRESENTATION) == 1 and tag not in _FLOATS,
            floating=tag in _FLOATS,
        )

    @property
    def dtype(self) -> np.dtype[Any]:
        """The little endian type of one sample; single bits are bytes of 0 and 1.

        Bits Allocated may be any number: of cells that do not exist this is the nearest type, and nothing decodes them.
        """
        if self.floating:
            return np.dtype("<f8" if self.image.bits_allocated == 64 else "<f4")
        size = min(max(1, self.image.bits_allocated // 8), _LARGEST)
        size = 1 << (size - 1).bit_length()
        return np.dtype(f"{'<i' if self.signed else '<u'}{size}")

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of a decoded frame."""
        image = self.image
        plane = (image.rows, image.columns)
        return plane if image.samples_per_pixel == 1 else (*plane, image.samples_per_pixel)


def _assumed(image: ImagePixel) -> str:
    return "MONOCHROME2" if image.samples_per_pixel == 1 else "RGB"


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """One decoded frame: `Pixels` of `PixelFormat.dtype`, and what they mean after decoding.

    The photometric interpretation may differ from the stored one: what a codec converts (YBR_RCT, YBR_ICT, the
    YBR_FULL_422 of JPEG) comes out as RGB, subsampled native pixels as YBR_FULL. Bits outside Bits Stored are gone:
    signed samples are sign-extended, others have zeros there; embedded overlay bits are cut off.
    """

    pixels: Pixels
    photometric_interpretation: str
