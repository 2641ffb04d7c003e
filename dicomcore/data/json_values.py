"""Value fields to the Value of the DICOM JSON Model (PS3.18 §F.2.3 to F.2.5), from bytes to bytes.

`value_encoders` makes, for one character set and byte order, a table from VR to a function that turns the bytes of a
value field into the inside of the JSON array. None says that the field is empty: then the attribute has only its `vr`.

Decisions where the standard leaves a choice, or is silent:

- IS and DS are numbers, written with the very characters of the data set (``1.10`` stays ``1.10``), if those are a JSON
  number whose value survives in a double and, for IS, an integer. Anything else (``+1``, ``.5``, ``007``, ``1e400``,
  17 digits, no number at all) is a string: PS3.18 §F.2.3 allows strings to preserve format and precision.
- SV and UV are numbers up to 2^53, strings beyond.
- FL has the shortest digits that give the same float32 back. NaN and the infinities, for which JSON has no token, are
  the strings "NaN", "Infinity" and "-Infinity".
- A numeric value field whose length is no multiple of its width raises `WrongLength`; the caller shows it as UN.
"""

from __future__ import annotations

import binascii
import math
import re
import struct
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import orjson

from dicomcore.data.charset import Charset
from dicomcore.data.values import decode_values, swap
from dicomcore.data.vr import VRS, Kind, VrRule

ValueEncoder = Callable[[bytes], bytes | None]

_EXACT = 1 << 53
_PADDING = b" \0"
# No quotation mark, no control character, nothing beyond ASCII: what JSON takes as it is, but for the backslash.
_PLAIN = re.compile(rb"[ !#-\[\]-~]*+").fullmatch
_PLAIN_LIST = re.compile(rb"[ !#-~]*+").fullmatch
# Numbers that a double holds without doubt: at most 15 significant digits and an exponent below 100.
_INTEGER = rb"-?+(?:0|[1-9][0-9]{0,14}+)"
_DECIMAL = (
    rb"-?+(?:0\.[0-9]{1,15}+|(?:0|[1-9][0-9]{0,5}+)(?:\.[0-9]{1,9}+)?+|[1-9][0-9]{0,14}+)(?:[eE][+-]?+0?[0-9]{1,2})?+"
)
_INTEGERS = re.compile(rb"%b(?:\\%b)*+ *+" % (_INTEGER, _INTEGER)).fullmatch
_DECIMALS = re.compile(rb"%b(?:\\%b)*+ *+" % (_DECIMAL, _DECIMAL)).fullmatch
_JSON_INTEGER = re.compile(rb"-?(?:0|[1-9][0-9]*)").fullmatch
_JSON_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?").fullmatch


class WrongLength(Exception):
    """The value field is not a whole number of values."""


def value_encoders(charset: Charset, little_endian: bool) -> dict[str, ValueEncoder]:
    """Make the table of encoders for this character set and byte order, by VR; binary VRs and SQ have none."""
    encoders: dict[str, ValueEncoder] = {}
    for vr, rule in VRS.items():
        if rule.kind is Kind.PERSON_NAME:
            encoders[vr] = _person_name_encoder(charset)
        elif vr in ("IS", "DS"):
            encoders[vr] = _numeric_string_encoder(vr)
        elif rule.kind is Kind.TEXT:
            encoders[vr] = _text_encoder(rule, charset)
        elif rule.kind is Kind.NUMBER:
            encoders[vr] = _number_encoder(rule, little_endian)
        elif rule.kind is Kind.TAG:
            encoders[vr] = _tag_encoder(little_endian)
    return encoders


def inline_binary(raw: bytes, vr: str, little_endian: bool) -> bytes:
    """Encode a binary value field as base64 of its little endian bytes (PS3.18 §F.2.7)."""
    if not little_endian:
        raw = swap(memoryview(raw), vr)
    return binascii.b2a_base64(raw, newline=False)


def json_string(text: str) -> bytes:
    """Encode text as a JSON string; lone surrogates, which UTF-8 does not have, become U+FFFD."""
    try:
        return orjson.dumps(text)
    except orjson.JSONEncodeError:
        return orjson.dumps(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _array(values: list[bytes | None]) -> bytes | None:
    """Join values, None being null; nothing and a single null are an empty value."""
    if not any(values) and len(values) < 2:
        return None
    return b",".join(b"null" if value is None else value for value in values)


def _text_encoder(rule: VrRule, charset: Charset) -> ValueEncoder:
    vr, multi_valued = rule.name, rule.multi_valued
    strip = bytes.rstrip if rule.leading_spaces_significant else bytes.strip
    is_ascii_superset = charset.is_ascii_superset or not rule.charset_dependent

    def encode(raw: bytes) -> bytes | None:
        text = strip(raw, _PADDING)
        if is_ascii_superset:
            if _PLAIN(text):
                return b'"%b"' % text if text else None
            if multi_valued and _PLAIN_LIST(text):
                parts = [strip(part, _PADDING) for part in text.split(b"\\")]
                return b",".join([b'"%b"' % part if part else b"null" for part in parts])
        decoded: list[str] = decode_values(raw, vr, charset, True)
        return _array([json_string(value) if value else None for value in decoded])

    return encode


def _person_name_encoder(charset: Charset) -> ValueEncoder:
    is_ascii_superset = charset.is_ascii_superset

    def encode(raw: bytes) -> bytes | None:
        text = raw.strip(_PADDING)
        if is_ascii_superset and b"=" not in text and _PLAIN(text):
            return b'{"Alphabetic":"%b"}' % text if text else None
        return _array([_person_name(name) for name in decode_values(raw, "PN", charset, True)])

    return encode


def _person_name(name: str) -> bytes | None:
    """Encode the component groups (PS3.5 §6.2.1) that have something in them; None if none has."""
    groups = zip((b"Alphabetic", b"Ideographic", b"Phonetic"), name.split("=", 3), strict=False)
    members = [
        b'"%b":%b' % (group, json_string(text)) for group, text in ((g, t.strip(" \0")) for g, t in groups) if text
    ]
    return b"{%b}" % b",".join(members) if members else None


def _numeric_string_encoder(vr: str) -> ValueEncoder:
    plain, number = (_INTEGERS, _JSON_INTEGER) if vr == "IS" else (_DECIMALS, _JSON_NUMBER)

    def encode(raw: bytes) -> bytes | None:
        if plain(raw):
            return raw.rstrip().replace(b"\\", b",")
        return _array([_numeric_string(part.strip(_PADDING), number) for part in raw.split(b"\\")])

    return encode


def _numeric_string(text: bytes, number: Callable[[bytes], object]) -> bytes | None:
    if not text:
        return None
    if number(text) and _survives(text.decode("ascii")):
        return text
    return json_string(text.decode("ascii", "replace"))


def _survives(text: str) -> bool:
    """Say whether a double, written with its shortest digits, has the value that the text has."""
    if len(text) > 64:
        return False
    value = float(text)
    return math.isfinite(value) and Decimal(repr(value)) == Decimal(text)


def _number_encoder(rule: VrRule, little_endian: bool) -> ValueEncoder:
    order = "<" if little_endian else ">"
    dtype, width = np.dtype(order + rule.item_format), rule.width
    unpack_one = struct.Struct(order + rule.item_format).unpack
    write_one = _WRITERS.get(rule.name)
    is_long = dtype.kind in "iu" and width == 8

    def encode(raw: bytes) -> bytes | None:
        if len(raw) == width and write_one is not None:
            return write_one(*unpack_one(raw))
        if not raw:
            return None
        if len(raw) % width:
            raise WrongLength
        values = np.frombuffer(raw, dtype)
        if is_long:
            return b",".join(map(_long, values.tolist()))
        native = values if dtype.isnative else values.astype(dtype.newbyteorder("="))
        encoded = orjson.dumps(native, option=orjson.OPT_SERIALIZE_NUMPY)
        return b",".join(map(_float, native)) if b"null" in encoded else encoded[1:-1]

    return encode


def _long(value: int) -> bytes:
    return b"%d" % value if -_EXACT <= value <= _EXACT else b'"%d"' % value


def _float(value: float | np.floating) -> bytes:
    """Write a number, for which orjson has null if it is not finite."""
    encoded = orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)
    if encoded != b"null":
        return encoded
    return b'"NaN"' if math.isnan(value) else b'"Infinity"' if value > 0 else b'"-Infinity"'


# A single FL is a Python float, which does not know that it has 32 bits: it goes the way of arrays.
_WRITERS: dict[str, Callable[..., bytes]] = {
    **dict.fromkeys(("US", "SS", "UL", "SL"), b"%d".__mod__),
    **dict.fromkeys(("UV", "SV"), _long),
    "FD": _float,
}


def _tag_encoder(little_endian: bool) -> ValueEncoder:
    order = "<" if little_endian else ">"

    def encode(raw: bytes) -> bytes | None:
        if not raw:
            return None
        if len(raw) % 4:
            raise WrongLength
        return b",".join([b'"%04X%04X"' % (group, element) for group, element in struct.iter_unpack(order + "HH", raw)])

    return encode
