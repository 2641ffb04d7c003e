"""Windows, look-up tables, rescaling and padding as they stand in data sets (PS3.3 §C.11.1, §C.11.2, §C.7.5.1.1.2).

They stand alike in images, in functional groups and in presentation states. What is nonsense is taken as absent: an
image whose window cannot be read is still an image.
"""

from __future__ import annotations

import math
from struct import unpack

import numpy as np

from dicomcore.data import Dataset
from dicomcore.pixels.pixel_format import PixelFormat
from dicomcore.rendering.luts import MAX_ENTRIES, Lut, Modality, Rescale
from dicomcore.rendering.options import VoiFunction, Window

WINDOW_CENTER = 0x00281050
WINDOW_WIDTH = 0x00281051
RESCALE_INTERCEPT = 0x00281052
RESCALE_SLOPE = 0x00281053
VOI_LUT_FUNCTION = 0x00281056
MODALITY_LUT_SEQUENCE = 0x00283000
LUT_DESCRIPTOR = 0x00283002
LUT_DATA = 0x00283006
VOI_LUT_SEQUENCE = 0x00283010
PRESENTATION_LUT_SEQUENCE = 0x20500010
PRESENTATION_LUT_SHAPE = 0x20500020
PIXEL_PADDING_VALUE = 0x00280120
PIXEL_PADDING_RANGE_LIMIT = 0x00280121
_FLOAT_PADDINGS = ((0x00280122, 0x00280124), (0x00280123, 0x00280125))

# Numbers beyond it are no measurements, and leave no room to compute with.
_LARGEST = 1e100
_FUNCTIONS = {
    "LINEAR": VoiFunction.LINEAR,
    "LINEAR_EXACT": VoiFunction.LINEAR_EXACT,
    "SIGMOID": VoiFunction.SIGMOID,
}


def read_lut(
    dataset: Dataset, *, signed: bool, descriptor_tag: int = LUT_DESCRIPTOR, data_tag: int = LUT_DATA
) -> Lut | None:
    """Read a table (PS3.3 §C.11.1.1, §C.7.6.3.1.5); ``signed`` says how the first mapped value is to be read.

    Entries of 8 bits may be packed two to a word. A table that is shorter than it says is taken as long as it is; one
    with larger entries than its bits allow has as many bits as these need.
    """
    descriptor = read_descriptor(dataset, descriptor_tag, signed=signed)
    if descriptor is None:
        return None
    count, first, bits = descriptor
    raw = bytes(dataset.raw(data_tag)[: 2 * MAX_ENTRIES])
    if bits <= 8 and len(raw) < 2 * count:
        entries = np.frombuffer(raw, np.uint8)[:count].astype(np.uint16)
    else:
        entries = np.frombuffer(raw[: len(raw) // 2 * 2], "<u2")[:count]
    if not len(entries):
        return None
    needed = int(entries.max()).bit_length()
    return Lut.of(first, min(16, max(bits, needed, 1)), entries)


def read_descriptor(dataset: Dataset, tag: int, *, signed: bool) -> tuple[int, int, int] | None:
    """Read a LUT Descriptor: the number of entries, the first value mapped, the bits of an entry."""
    raw = bytes(dataset.raw(tag)[:6])
    if len(raw) < 6:
        return None
    is_signed = signed or dataset.elements[tag].vr == "SS"
    count, first, bits = unpack("<HhH" if is_signed else "<3H", raw)
    return count or MAX_ENTRIES, first, bits


def read_modality(dataset: Dataset, *, signed: bool = False) -> Modality:
    """Read the modality transformation (PS3.3 §C.11.1); None where there is none.

    ``signed`` says whether stored values are. An intercept without a slope is one with a slope of 1; of several values
    the first counts. A slope of 0 would show nothing, and is none.
    """
    for item in dataset.items(MODALITY_LUT_SEQUENCE)[:1]:
        lut = read_lut(item, signed=signed)
        if lut is not None:
            return lut
    slope, intercept = finite(dataset, RESCALE_SLOPE), finite(dataset, RESCALE_INTERCEPT)
    if slope is None and intercept is None:
        return None
    return Rescale(slope or 1.0, intercept or 0.0)


def finite(dataset: Dataset, tag: int) -> float | None:
    """Return the first value of an element if it is a number to compute with."""
    number = dataset.number(tag)
    return number if number is not None and abs(number) < _LARGEST else None


def numbers(dataset: Dataset, tag: int) -> list[float | None]:
    """Return all values of an element; None for each that is no number to compute with."""
    values = dataset.values(tag)
    return [float(one) if isinstance(one, (int, float)) and abs(one) < _LARGEST else None for one in values]


def read_windows(dataset: Dataset) -> tuple[Window, ...]:
    """Read the windows (PS3.3 §C.11.2.1.2) in their order; the first is the default, those without width left out."""
    function = _FUNCTIONS.get(dataset.text(VOI_LUT_FUNCTION), VoiFunction.LINEAR)
    pairs = zip(numbers(dataset, WINDOW_CENTER), numbers(dataset, WINDOW_WIDTH), strict=False)
    return tuple(
        Window(center, width, function)
        for center, width in pairs
        if center is not None and width is not None and width > 0
    )


def read_voi_luts(dataset: Dataset, *, signed: bool = False) -> tuple[Lut, ...]:
    """Read the VOI LUT Sequence (PS3.3 §C.11.2.1.1); ``signed`` says whether what goes in may be negative."""
    luts = (read_lut(item, signed=signed) for item in dataset.items(VOI_LUT_SEQUENCE)[:16])
    return tuple(lut for lut in luts if lut is not None)


def may_be_negative(form: PixelFormat, modality: Modality) -> bool:
    """Say whether values after the modality transformation may be negative."""
    if isinstance(modality, Lut):
        return False
    return form.signed or (modality is not None and (modality.intercept < 0 or modality.slope < 0))


def read_presentation(dataset: Dataset, photometric_interpretation: str) -> tuple[bool, Lut | None]:
    """Read whether the grey levels are inverted, and the Presentation LUT (PS3.3 §C.11.6) if there is a table.

    The shape INVERSE and MONOCHROME1 mean the same, and together still one inversion. With a table,
    MONOCHROME1 alone says so.
    """
    is_monochrome1 = photometric_interpretation == "MONOCHROME1"
    for item in dataset.items(PRESENTATION_LUT_SEQUENCE)[:1]:
        lut = read_lut(item, signed=False)
        if lut is not None:
            return is_monochrome1, lut
    return is_monochrome1 or dataset.text(PRESENTATION_LUT_SHAPE) == "INVERSE", None


def read_padding(dataset: Dataset, form: PixelFormat) -> tuple[float, float] | None:
    """Read the range of stored values that are padding (PS3.3 §C.7.5.1.1.2), smallest and largest."""
    if form.floating:
        return _float_padding(dataset)
    if form.image.samples_per_pixel != 1:
        return None
    value = _stored_value(dataset, PIXEL_PADDING_VALUE, form)
    if value is None:
        return None
    limit = _stored_value(dataset, PIXEL_PADDING_RANGE_LIMIT, form)
    limit = value if limit is None else limit
    return min(value, limit), max(value, limit)


def _float_padding(dataset: Dataset) -> tuple[float, float] | None:
    for value_tag, limit_tag in _FLOAT_PADDINGS:
        value = dataset.number(value_tag)
        if value is not None and math.isfinite(value):
            limit = dataset.number(limit_tag)
            limit = value if limit is None or not math.isfinite(limit) else limit
            return min(value, limit), max(value, limit)
    return None


def _stored_value(dataset: Dataset, tag: int, form: PixelFormat) -> int | None:
    """Read a number that has the form of a stored value, whatever VR it was given.

    Unsigned pixels of fewer bits than the number has are compared by the bits that they have.
    """
    raw = bytes(dataset.raw(tag))[:2]
    if len(raw) != 2:
        return None
    value = int.from_bytes(raw, "little", signed=form.signed)
    return value if form.signed or form.bits_stored >= 16 else value & ((1 << form.bits_stored) - 1)
