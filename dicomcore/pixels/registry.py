"""The registry of codecs: one entry for each transfer syntax whose frames can be decoded or encoded.

An entry says which functions do it, whether they belong into a worker process that can be killed (all that hand bytes
of strangers to a compression library), and what pixels the syntax can hold (PS3.5 §8.2, Table 8.2.1-1 and its
followers). Native transfer syntaxes stand here too: their frames are the cells themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dicomcore import uids
from dicomcore.data import TRANSFER_SYNTAXES, Buffer
from dicomcore.pixels.codecs.deflate import decode_deflated, encode_deflated
from dicomcore.pixels.codecs.jpeg import decode_jpeg, encode_jpeg, encode_jpeg_extended
from dicomcore.pixels.codecs.jpeg2000 import decode_htj2k, decode_jpeg2000, encode_htj2k, encode_jpeg2000
from dicomcore.pixels.codecs.jpeg_lossless import encode_first_order, encode_jpeg_lossless
from dicomcore.pixels.codecs.jpegls import decode_jpegls, encode_jpegls
from dicomcore.pixels.codecs.jpegxl import decode_jpegxl, encode_jpegxl
from dicomcore.pixels.codecs.native import BITS_ALLOCATED, decode_native, encode_native
from dicomcore.pixels.codecs.rle import MAX_SEGMENTS, decode_rle_frame, encode_rle_frame
from dicomcore.pixels.encoding import ALWAYS_LOSSY, Encoding
from dicomcore.pixels.pixel_format import Decoded, PixelFormat

Decode = Callable[[Buffer, PixelFormat], Decoded]
"""Decode one frame; raise ValueError if it is broken."""

Encode = Callable[[Decoded, PixelFormat, Encoding], bytes]
"""Encode one frame that the syntax can hold."""

Holds = Callable[[PixelFormat], bool]
"""Say whether an image of this format goes into a transfer syntax."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """Which images an image codec can hold (PS3.5 §8.2).

    ``bits`` are Bits Stored. Palette colour goes in only where nothing is lost: the numbers index a table.
    """

    bits: range
    signed: bool = True
    palette: bool = True
    samples: tuple[int, ...] = (1, 3)
    allocated: tuple[int, ...] = (8, 16)

    def __call__(self, form: PixelFormat) -> bool:
        """Say whether an image of this format goes in."""
        return (
            form.bits_stored in self.bits
            and form.image.bits_allocated in self.allocated
            and form.image.samples_per_pixel in self.samples
            and (self.signed or not form.signed)
            and (self.palette or form.photometric_interpretation != "PALETTE COLOR")
            and not form.floating
        )


@dataclass(frozen=True, slots=True)
class Codec:
    """How frames of one transfer syntax are decoded and encoded.

    ``is_sandboxed`` says that a worker process has to do it, because a compression library reads what strangers wrote.
    """

    transfer_syntax_uid: str
    decode: Decode
    encode: Encode | None
    is_sandboxed: bool
    holds: Holds


@dataclass(frozen=True, slots=True)
class Targets:
    """The transfer syntaxes that an image can be encoded to; one that can be both stands in both."""

    lossless: tuple[str, ...]
    lossy: tuple[str, ...]


def _anything(form: PixelFormat) -> bool:
    return form.image.bits_allocated in BITS_ALLOCATED


def _integers(form: PixelFormat) -> bool:
    return _anything(form) and not form.floating


def _segments(form: PixelFormat) -> bool:
    return _integers(form) and 1 <= form.image.samples_per_pixel * (form.image.bits_allocated // 8) <= MAX_SEGMENTS


_ROOT = "1.2.840.10008.1.2"
_BASELINE = Capacity(range(8, 9), signed=False, palette=False, allocated=(8,))
_EXTENDED = Capacity(range(9, 13), signed=False, palette=False, samples=(1,), allocated=(16,))
_LOSSLESS = Capacity(range(2, 17))
_LOSSY = Capacity(range(2, 17), palette=False)
_UNSIGNED = Capacity(range(2, 17), signed=False, palette=False)

_CODECS = (
    *(
        Codec(uid, decode_native, encode_native, False, _anything)
        for uid in (
            uids.IMPLICIT_VR_LITTLE_ENDIAN,
            uids.EXPLICIT_VR_LITTLE_ENDIAN,
            uids.DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
        )
    ),
    Codec(uids.EXPLICIT_VR_BIG_ENDIAN, decode_native, None, False, _anything),
    Codec(uids.ENCAPSULATED_UNCOMPRESSED, decode_native, encode_native, False, _integers),
    Codec(f"{_ROOT}.8.1", decode_deflated, encode_deflated, False, _integers),
    Codec(uids.RLE_LOSSLESS, decode_rle_frame, encode_rle_frame, False, _segments),
    Codec(f"{_ROOT}.4.50", decode_jpeg, encode_jpeg, True, _BASELINE),
    Codec(f"{_ROOT}.4.51", decode_jpeg, encode_jpeg_extended, True, _EXTENDED),
    Codec(f"{_ROOT}.4.53", decode_jpeg, None, True, _EXTENDED),
    Codec(f"{_ROOT}.4.55", decode_jpeg, None, True, _EXTENDED),
    Codec(f"{_ROOT}.4.57", decode_jpeg, encode_jpeg_lossless, True, _LOSSLESS),
    Codec(f"{_ROOT}.4.70", decode_jpeg, encode_first_order, True, _LOSSLESS),
    Codec(f"{_ROOT}.4.80", decode_jpegls, encode_jpegls, True, _LOSSLESS),
    Codec(f"{_ROOT}.4.81", decode_jpegls, encode_jpegls, True, _LOSSY),
    Codec(f"{_ROOT}.4.90", decode_jpeg2000, encode_jpeg2000, True, _LOSSLESS),
    Codec(f"{_ROOT}.4.91", decode_jpeg2000, encode_jpeg2000, True, _LOSSY),
    Codec(f"{_ROOT}.4.92", decode_jpeg2000, None, True, _LOSSLESS),
    Codec(f"{_ROOT}.4.93", decode_jpeg2000, None, True, _LOSSY),
    Codec(f"{_ROOT}.4.110", decode_jpegxl, encode_jpegxl, True, _LOSSLESS),
    Codec(f"{_ROOT}.4.111", decode_jpegxl, None, True, _LOSSY),
    Codec(f"{_ROOT}.4.112", decode_jpegxl, encode_jpegxl, True, _UNSIGNED),
    Codec(f"{_ROOT}.4.201", decode_htj2k, encode_htj2k, True, _LOSSLESS),
    Codec(f"{_ROOT}.4.202", decode_htj2k, encode_htj2k, True, _LOSSLESS),
    Codec(f"{_ROOT}.4.203", decode_htj2k, encode_htj2k, True, _LOSSY),
)

CODECS: dict[str, Codec] = {codec.transfer_syntax_uid: codec for codec in _CODECS}


def codec_of(transfer_syntax_uid: str) -> Codec | None:
    """Return the entry of a transfer syntax; None if its frames cannot be decoded here."""
    return CODECS.get(transfer_syntax_uid)


def is_decodable(transfer_syntax_uid: str) -> bool:
    """Say whether frames of this transfer syntax can be decoded."""
    return transfer_syntax_uid in CODECS


def is_encodable(transfer_syntax_uid: str) -> bool:
    """Say whether frames can be encoded in this transfer syntax, if it can hold them."""
    codec = CODECS.get(transfer_syntax_uid)
    return codec is not None and codec.encode is not None


def targets(form: PixelFormat) -> Targets:
    """Return what an image of this format can be encoded to, in the order of the registry."""
    able = [codec.transfer_syntax_uid for codec in _CODECS if codec.encode is not None and codec.holds(form)]
    return Targets(
        lossless=tuple(uid for uid in able if uid not in ALWAYS_LOSSY),
        lossy=tuple(uid for uid in able if not TRANSFER_SYNTAXES[uid].lossless),
    )
