"""Value fields and Python values (PS3.5 §6.2): decoding and encoding by VR, swapping of byte order (PS3.5 §7.3).

Decoding never raises: a value that breaks the rules of its VR comes out as the text it is, and bytes that are left over
after the last whole number are not looked at.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from struct import Struct, pack, unpack_from
from typing import TYPE_CHECKING, Any

import numpy as np

from dicomcore.data.charset import DEFAULT, Charset
from dicomcore.data.vr import VRS, Kind

if TYPE_CHECKING:
    from dicomcore.data.dataset import Buffer

_NUMBERS = {vr: rule.item_format for vr, rule in VRS.items() if rule.kind is Kind.NUMBER and rule.item_format}
_TEXTS = frozenset(vr for vr, rule in VRS.items() if rule.kind in (Kind.TEXT, Kind.PERSON_NAME))
_CHARSET_DEPENDENT = frozenset(vr for vr, rule in VRS.items() if rule.charset_dependent)
_SINGLE = frozenset(vr for vr in _TEXTS if not VRS[vr].multi_valued)
_LEADING_SPACES = frozenset(("ST", "LT", "UT", "UC", "UR"))
_SWAP_WIDTHS = {vr: rule.swap_width for vr, rule in VRS.items()}
_STRUCTS = {(letter, order): Struct(order + letter) for letter in "bBhHiIqQfd" for order in "<>"}
_WHOLE = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def decode_values(raw: bytes, vr: str, charset: Charset, little_endian: bool) -> list[Any]:
    """Decode a value field into its values."""
    if not raw:
        return []
    if vr in _TEXTS:
        texts = _decode_texts(raw, vr, charset)
        if vr == "IS" or vr == "DS":
            return [_to_number(text, vr) for text in texts]
        return texts
    letter = _NUMBERS.get(vr)
    if letter is not None:
        count = len(raw) // _STRUCTS[letter, "<"].size
        return list(unpack_from(f"{'<' if little_endian else '>'}{count}{letter}", raw))
    if vr == "AT":
        return _decode_tags(raw, little_endian)
    return [raw if little_endian else swap(memoryview(raw), vr)]


def _decode_texts(raw: bytes, vr: str, charset: Charset) -> list[Any]:
    if vr in _CHARSET_DEPENDENT:
        if not raw.isascii() or b"\x1b" in raw or not charset.is_ascii_superset:
            return list(charset.decode_values(raw, vr))
    elif not raw.isascii():
        return list(DEFAULT.decode_values(raw, vr))
    text = raw.decode("ascii")
    if vr in _LEADING_SPACES:
        values = [text] if vr in _SINGLE else text.split("\\")
        return _without_emptiness([value.rstrip(" \0") for value in values])
    return _without_emptiness([value.strip(" \0") for value in text.split("\\")])


def _without_emptiness(values: list[str]) -> list[str]:
    return [] if values == [""] else values


def _to_number(text: str, vr: str) -> int | float | str:
    if vr == "IS" and _WHOLE.fullmatch(text):
        return int(text)
    if vr == "DS" and _DECIMAL.fullmatch(text):
        return float(text)
    return text


def _decode_tags(raw: bytes, little_endian: bool) -> list[int]:
    halves = unpack_from(f"{'<' if little_endian else '>'}{len(raw) // 4 * 2}H", raw)
    return [group << 16 | element for group, element in zip(halves[::2], halves[1::2], strict=True)]


def decode_number(raw: bytes, vr: str, little_endian: bool) -> int | float | None:
    """Decode the first value of a numeric or textual value field as a number; None if it is none."""
    letter = _NUMBERS.get(vr)
    if letter is not None:
        number = _STRUCTS[letter, "<" if little_endian else ">"]
        return number.unpack_from(raw)[0] if len(raw) >= number.size else None
    if vr not in _TEXTS:
        return None
    text = raw.split(b"\\", 1)[0].decode("ascii", "replace").strip(" \0")
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else None


def encode_values(values: Sequence[Any], vr: str, charset: Charset, little_endian: bool) -> bytes:
    """Encode values of a VR, padded to even length."""
    rule = VRS[vr]
    if rule.kind is Kind.NUMBER and rule.item_format:
        raw = pack(f"{'<' if little_endian else '>'}{len(values)}{rule.item_format}", *values)
    elif rule.kind is Kind.TAG:
        halves = [half for tag in values for half in (tag >> 16, tag & 0xFFFF)]
        raw = pack(f"{'<' if little_endian else '>'}{len(halves)}H", *halves)
    elif rule.kind is Kind.BINARY:
        raw = b"".join(values)
        raw = raw if little_endian else swap(memoryview(raw), vr)
    else:
        raw = charset.encode("\\".join(_to_text(value, vr) for value in values), vr)
    return raw + rule.padding if len(raw) & 1 else raw


def _to_text(value: Any, vr: str) -> str:
    if isinstance(value, float) and vr == "IS":
        return str(int(value))
    return format_decimal(value) if isinstance(value, float) else str(value)


def format_decimal(number: float) -> str:
    """Write a number as a DS of at most 16 characters (PS3.5 §6.2) with as many digits as fit."""
    if not math.isfinite(number):
        return ""
    text = repr(number)
    digits = 17
    while len(text) > 16:
        digits -= 1
        text = f"{number:.{digits}g}"
    return text


def encode_fragments(fragments: Iterable[Buffer]) -> tuple[bytes, tuple[tuple[int, int], ...]]:
    """Wrap fragments into items (PS3.5 §A.4), padded to even length; return the field and the spans."""
    value = bytearray()
    spans: list[tuple[int, int]] = []
    for fragment in fragments:
        value += pack("<HHI", 0xFFFE, 0xE000, len(fragment) + (len(fragment) & 1))
        start = len(value)
        value += fragment
        value += b"\0" * (len(fragment) & 1)
        spans.append((start, len(value)))
    return bytes(value), tuple(spans)


def swap(value: memoryview, vr: str) -> bytes:
    """Swap the bytes of every number in a value field of this VR."""
    return swap_units(value, swap_width(vr))


def swap_width(vr: str) -> int:
    """Return the number of bytes that are swapped together in values of this VR, 1 for text and bytes."""
    return _SWAP_WIDTHS.get(vr, 1)


def swap_units(value: memoryview, width: int) -> bytes:
    """Swap the bytes of every ``width`` bytes; left-over bytes at the end stay as they are."""
    if width == 1:
        return bytes(value)
    whole = len(value) // width * width
    swapped = np.frombuffer(value[:whole], f"<u{width}").byteswap().tobytes() if whole else b""
    return swapped + bytes(value[whole:])
