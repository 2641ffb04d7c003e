"""Frames from one transfer syntax to another: what can be made of an image, and the making of one frame.

`convert_frame` and `has_same_pixels` are what worker processes are asked for: bytes and values in, bytes out.

Between transfer syntaxes that keep cells as they are (native, RLE, deflated and uncompressed frames) every bit is kept,
used or not. Image codecs know samples: bits beside Bits Stored are gone after them. So an image whose overlays hide in
these bits (PS3.3 §C.9.2, retired) is not given to an image codec; nor are float pixels, which are always native
(PS3.5 §A.4).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dicomcore import uids
from dicomcore.data import TRANSFER_SYNTAXES, Buffer, Dataset
from dicomcore.errors import InvalidParameter
from dicomcore.pixels.decoding import DEFLATED_IMAGE_FRAME, decode_pixels, encode_pixels, native_bytes
from dicomcore.pixels.encoding import Encoding
from dicomcore.pixels.frames import pixel_data
from dicomcore.pixels.image import PIXEL_DATA
from dicomcore.pixels.pixel_format import PixelFormat
from dicomcore.pixels.registry import codec_of, is_encodable, targets

NATIVE = frozenset(
    (
        uids.IMPLICIT_VR_LITTLE_ENDIAN,
        uids.EXPLICIT_VR_LITTLE_ENDIAN,
        uids.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
        uids.EXPLICIT_VR_BIG_ENDIAN,
    )
)
KEEP_CELLS = NATIVE | {uids.ENCAPSULATED_UNCOMPRESSED, DEFLATED_IMAGE_FRAME, uids.RLE_LOSSLESS}
"""The transfer syntaxes whose frames have the cells of native pixel data in them."""

_JPEG_XL = "1.2.840.10008.1.2.4.112"  # lossy: it makes XYB of RGB, and takes no other colour
_OVERLAY_GROUPS = range(0x6000, 0x6020, 2)
_OVERLAY_BIT_POSITION, _OVERLAY_DATA = 0x0102, 0x3000


def encoding_of(transfer_syntax_uid: str, quality: int | None = None) -> Encoding:
    """Return the choices for a transfer syntax that was named: without loss wherever it promises that."""
    syntax = TRANSFER_SYNTAXES.get(transfer_syntax_uid)
    return Encoding(lossless=syntax is None or syntax.lossless, quality=quality)


def is_sandboxed(*transfer_syntax_uids: str) -> bool:
    """Say whether a compression library is needed, whose work belongs into a worker process."""
    codecs = map(codec_of, transfer_syntax_uids)
    return any(codec is not None and codec.is_sandboxed for codec in codecs)


def check_lossless_target(transfer_syntax_uid: str) -> str:
    """Return the UID of a transfer syntax that frames are compressed to without loss here.

    Raises `InvalidParameter` for any other.
    """
    syntax = TRANSFER_SYNTAXES.get(transfer_syntax_uid)
    if syntax is None or not (syntax.encapsulated and syntax.lossless and is_encodable(transfer_syntax_uid)):
        raise InvalidParameter("transfer syntax", f"{transfer_syntax_uid} is none that compresses without loss here")
    return transfer_syntax_uid


def has_whole_pixels(transfer_syntax_uid: str) -> bool:
    """Say whether encapsulated frames have all samples of every pixel, though YBR_FULL_422 is said of them.

    Uncompressed and deflated frames are native ones, in which two pixels share their chroma.
    """
    return transfer_syntax_uid not in KEEP_CELLS or transfer_syntax_uid == uids.RLE_LOSSLESS


def convertible_to(dataset: Dataset, transfer_syntax_uid: str) -> tuple[str, ...]:
    """Return the encapsulated transfer syntaxes that the pixel data of an instance can be put into, but for its own."""
    element = pixel_data(dataset)
    codec = codec_of(transfer_syntax_uid)
    if element is None or element.tag != PIXEL_DATA or codec is None:
        return ()
    if not element.fragments and transfer_syntax_uid not in NATIVE:
        return ()  # pixel data that is native in an encapsulated transfer syntax is damage
    form = PixelFormat.of(dataset)
    if not form.image.bits:
        return ()
    able = targets(form)
    found = dict.fromkeys((*able.lossless, *able.lossy))
    if has_embedded_overlays(dataset):
        found = dict.fromkeys(uid for uid in found if uid in KEEP_CELLS and transfer_syntax_uid in KEEP_CELLS)
    excluded = {*NATIVE, transfer_syntax_uid}
    if form.photometric_interpretation.startswith("YBR") and transfer_syntax_uid in KEEP_CELLS:
        excluded.add(_JPEG_XL)
    return tuple(uid for uid in found if uid not in excluded)


def has_embedded_overlays(dataset: Dataset) -> bool:
    """Say whether overlay planes lie in unused bits of the pixel cells."""
    return any(
        dataset.integer(group << 16 | _OVERLAY_BIT_POSITION) and (group << 16 | _OVERLAY_DATA) not in dataset.elements
        for group in _OVERLAY_GROUPS
    )


def form_between(form: PixelFormat, source_uid: str, target_uid: str) -> PixelFormat:
    """Return the format to convert by: where cells are kept they are plain numbers, of which all bits count."""
    if form.floating or not {source_uid, target_uid} <= KEEP_CELLS:
        return form
    allocated = form.image.bits_allocated
    return replace(form, bits_stored=allocated, high_bit=allocated - 1, signed=False)


def convert_frame(
    frame: Buffer, form: PixelFormat, source_uid: str, target_uid: str, frame_number: int, encoding: Encoding
) -> tuple[bytes, bytes]:
    """Return a frame in another transfer syntax, and the Photometric Interpretation that it decoded to, in ASCII.

    ``frame`` is as `stored_frame` gives it, native ones in little endian. What comes out is of even length when it is
    encapsulated, and as long as its cells when it is native.

    Raises what `decode_pixels` and `encode_pixels` do.
    """
    between = form_between(form, source_uid, target_uid)
    decoded = decode_pixels(frame, between, source_uid, frame_number)
    if target_uid in NATIVE:
        converted = bytes(native_bytes(decoded, between))
    else:
        converted = encode_pixels(decoded, between, target_uid, encoding)
    return converted, decoded.photometric_interpretation.encode("ascii", "replace")


def has_same_pixels(
    one: Buffer, form: PixelFormat, uid: str, other: Buffer, other_form: PixelFormat, other_uid: str, frame_number: int
) -> bytes:
    """Decode a frame in two forms and compare them: b"1" when they are the same in every sample and in colour."""
    first = decode_pixels(one, form, uid, frame_number)
    second = decode_pixels(other, other_form, other_uid, frame_number)
    is_same = first.photometric_interpretation == second.photometric_interpretation
    return b"1" if is_same and np.array_equal(first.pixels, second.pixels) else b"0"
