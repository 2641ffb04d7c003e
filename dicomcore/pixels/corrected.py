"""The data set after its pixels were coded anew (row ENC-010): PS3.3 §C.7.6.3.1, §C.7.6.1.1.5, PS3.5 §8.2.

Only what is no longer true is changed. What was lossy once stays marked as lossy whatever becomes of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from dicomcore.data import TRANSFER_SYNTAXES, Dataset
from dicomcore.pixels.encoding import Encoding
from dicomcore.pixels.image import PHOTOMETRIC_INTERPRETATION, PLANAR_CONFIGURATION
from dicomcore.pixels.pixel_format import BITS_STORED, HIGH_BIT, PixelFormat

LOSSY_IMAGE_COMPRESSION = 0x00282110
LOSSY_IMAGE_COMPRESSION_RATIO = 0x00282112
LOSSY_IMAGE_COMPRESSION_METHOD = 0x00282114

_JPEG_ROOT = "1.2.840.10008.1.2.4"
# PS3.3 §C.7.6.1.1.5.1, by media type: the method is that of the standard a codestream follows.
_METHODS = {
    "image/jpeg": "ISO_10918_1",
    "image/jls": "ISO_14495_1",
    "image/jp2": "ISO_15444_1",
    "image/jpx": "ISO_15444_2",
    "image/jphc": "ISO_15444_15",
    "image/jxl": "ISO_18181_1",
}
# Whatever comes out of these has lost something; of the other lossy ones some are lossless after all.
_ALWAYS_LOSSY = frozenset(f"{_JPEG_ROOT}.{last}" for last in ("50", "51", "53", "55"))


@dataclass(frozen=True, slots=True)
class Coding:
    """How pixels were coded anew, and what came of it.

    ``form`` describes them before, ``coded`` after. ``ratio`` is native to compressed length.
    """

    source_uid: str
    target_uid: str
    form: PixelFormat
    coded: PixelFormat
    encoding: Encoding
    ratio: Fraction = Fraction(1)

    @property
    def is_lossy(self) -> bool:
        """Whether coding may have lost something."""
        return not self.encoding.of(self.target_uid).lossless


def correct(dataset: Dataset, coding: Coding) -> None:
    """Make a data set, a copy of the one that was read, say what is true of its pixels now."""
    coded = coding.coded
    image = coded.image
    _put(dataset, PHOTOMETRIC_INTERPRETATION, "CS", coded.photometric_interpretation)
    if image.samples_per_pixel > 1:
        _put(dataset, PLANAR_CONFIGURATION, "US", image.planar_configuration)
    for tag, value, before in (
        (BITS_STORED, coded.bits_stored, coding.form.bits_stored),
        (HIGH_BIT, coded.high_bit, coding.form.high_bit),
    ):
        if value != before:
            dataset.put(tag, "US", value)
    if coding.is_lossy:
        _append_loss(dataset, coding)
    elif coding.source_uid in _ALWAYS_LOSSY:
        _put(dataset, LOSSY_IMAGE_COMPRESSION, "CS", "01")


def _append_loss(dataset: Dataset, coding: Coding) -> None:
    """Add one more step of lossy compression to those that came before (PS3.3 §C.7.6.1.1.5.2)."""
    ratios = dataset.texts(LOSSY_IMAGE_COMPRESSION_RATIO)
    methods = dataset.texts(LOSSY_IMAGE_COMPRESSION_METHOD)
    media_type = TRANSFER_SYNTAXES[coding.target_uid].media_type or ""
    dataset.put(LOSSY_IMAGE_COMPRESSION, "CS", "01")
    dataset.put(LOSSY_IMAGE_COMPRESSION_RATIO, "DS", *ratios, f"{float(coding.ratio):.6g}")
    dataset.put(LOSSY_IMAGE_COMPRESSION_METHOD, "CS", *methods, _METHODS[media_type])


def _put(dataset: Dataset, tag: int, vr: str, value: str | int) -> None:
    """Set an element unless it says this already: what is not touched leaves as the bytes that came."""
    before = dataset.texts(tag)[:1] if isinstance(value, str) else [dataset.integer(tag)]
    if before != [value]:
        dataset.put(tag, vr, value)
