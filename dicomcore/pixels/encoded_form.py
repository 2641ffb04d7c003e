"""What the Image Pixel Module of a data set says once its pixels are encoded (PS3.5 §8.2; PS3.3 §C.7.6.3.1)."""

from __future__ import annotations

from dataclasses import replace

from dicomcore.pixels.encoding import Encoding
from dicomcore.pixels.pixel_format import Decoded, PixelFormat

_ROOT = "1.2.840.10008.1.2.4"
JPEG_BASELINE, JPEG_EXTENDED = f"{_ROOT}.50", f"{_ROOT}.51"
_WAVELETS = frozenset(f"{_ROOT}.{last}" for last in ("90", "91", "92", "93", "201", "202", "203"))
_JPEG_XL = f"{_ROOT}.112"

# What RGB becomes inside of a codestream, by whether it loses something; other colours go in as they are.
_TRANSFORMS = {
    JPEG_BASELINE: ("YBR_FULL_422", "YBR_FULL_422"),
    JPEG_EXTENDED: ("YBR_FULL_422", "YBR_FULL_422"),
    **{uid: ("YBR_RCT", "YBR_ICT") for uid in _WAVELETS},
    _JPEG_XL: ("RGB", "XYB"),
}
# Samples that may leave their range by loss have all bits that the codestream has.
_PRECISIONS = {JPEG_BASELINE: 8, JPEG_EXTENDED: 12}


def after_encoding(
    form: PixelFormat, decoded: Decoded, transfer_syntax_uid: str, encoding: Encoding | None = None
) -> str:
    """Return the Photometric Interpretation of a data set whose pixels were encoded by `encode_pixels`."""
    lossless = (encoding or Encoding()).of(transfer_syntax_uid).lossless
    before = decoded.photometric_interpretation
    if form.image.samples_per_pixel != 3:
        return before
    if before == "YBR_FULL" and transfer_syntax_uid in _PRECISIONS:
        return "YBR_FULL_422"
    if before != "RGB" or transfer_syntax_uid not in _TRANSFORMS:
        return before
    return _TRANSFORMS[transfer_syntax_uid][0 if lossless else 1]


def encoded_form(
    form: PixelFormat, decoded: Decoded, transfer_syntax_uid: str, encoding: Encoding | None = None
) -> PixelFormat:
    """Return the format of a data set whose pixels were encoded by `encode_pixels`.

    Colour is by pixel (Planar Configuration 0), High Bit is Bits Stored - 1 everywhere; JPEG has 8 or 12 Bits Stored.
    """
    bits_stored = _PRECISIONS.get(transfer_syntax_uid, form.bits_stored)
    return replace(
        form,
        image=replace(form.image, planar_configuration=0, subsampled=False),
        photometric_interpretation=after_encoding(form, decoded, transfer_syntax_uid, encoding),
        bits_stored=bits_stored,
        high_bit=bits_stored - 1,
    )


def colored_by_pixel(form: PixelFormat) -> PixelFormat:
    """Return the format of a frame that has all samples of a pixel together, as RLE and image codecs give them."""
    name = form.photometric_interpretation
    return replace(
        form,
        image=replace(form.image, planar_configuration=0, subsampled=False),
        photometric_interpretation="YBR_FULL" if name == "YBR_FULL_422" else name,
    )
