"""`ImageHeader`: the Image Pixel Description (PS3.3 §C.7.6.3) as far as a codestream knows it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """The pixel description of a codestream and the transfer syntax that it is encoded in.

    ``photometric_interpretation`` is that of the samples in the codestream (PS3.5 §8.2). ``start`` and ``end`` are
    where the codestream lies in the bytes given: DICOM has JPEG 2000 without the boxes of a file. ``frame_time`` is in
    milliseconds.
    """

    rows: int
    columns: int
    samples_per_pixel: int
    bits_stored: int
    photometric_interpretation: str
    transfer_syntax_uid: str
    is_signed: bool = False
    start: int = 0
    end: int | None = None
    number_of_frames: int = 1
    frame_time: float | None = None

    @property
    def bits_allocated(self) -> int:
        """The whole bytes that hold a sample, 1, 2 or 4 of them, in bits (PS3.5 §8.1.1)."""
        return 8 if self.bits_stored <= 8 else 16 if self.bits_stored <= 16 else 32


HeaderReader = Callable[[memoryview], ImageHeader]

JPEG_FAMILY = "1.2.840.10008.1.2.4."
"""The start of the UIDs of all transfer syntaxes of ISO's image and video standards."""
