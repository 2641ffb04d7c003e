"""DICOM JSON Model decoder (PS3.18 Annex F): metadata of the web to data sets.

Strict about structure, because what comes out is stored; every refusal names the attribute. Taken although the standard
has it otherwise: attribute names in lower case (PS3.18 §F.2.2), InlineBinary as an array (the example of §F.4 writes it
so), numbers as strings, a person name as a string (as drafts had it), `null` alone for an empty value, group lengths
and group 0002, which are left out.

Numbers keep the characters they were written with, so that a DS ``1.10`` comes back as it was. A BulkDataURI is noted
with the place of its element and never followed: whoever stores the instance looks it up among the parts of the same
request (`dicomcore.data.bulkdata`).

Text is encoded in UTF-8; Specific Character Set becomes ISO_IR 192 if it was given or if any text is beyond ASCII.
"""

from __future__ import annotations

import binascii
import math
import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dicomcore.data.dataset import SPECIFIC_CHARACTER_SET, Dataset, new_dataset
from dicomcore.data.json_model import MAX_DEPTH, is_shown
from dicomcore.data.json_parser import Number, parse_json
from dicomcore.data.values import format_decimal
from dicomcore.data.vr import VRS, Kind
from dicomcore.errors import LimitExceeded, MalformedDataset

_NAME = re.compile(r"[0-9A-Fa-f]{8}").fullmatch
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_CONTENTS = ("Value", "BulkDataURI", "InlineBinary")
_NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
# PS3.18 §10.4.3.3.2
_BULKDATA_VRS = frozenset(
    (
        "DS",
        "FL",
        "FD",
        "IS",
        "LT",
        "OB",
        "OD",
        "OF",
        "OL",
        "OV",
        "OW",
        "SL",
        "SS",
        "ST",
        "SV",
        "UC",
        "UL",
        "UN",
        "US",
        "UT",
        "UV",
    )
)
_WHOLE = re.compile(r"[+-]?[0-9]{1,40}").fullmatch
_DECIMAL = re.compile(r" *[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)? *").fullmatch


@dataclass(frozen=True)
class Metadata:
    """A decoded data set, and the URIs of the bulk data that are not in it, by path (``00081140/0/00420011``).

    The elements of the bulk data are there with their VR and without a value.
    """

    dataset: Dataset
    references: dict[str, str] = field(default_factory=dict)


def decode_json(document: bytes | bytearray | memoryview | Mapping[str, Any]) -> Metadata:
    """Decode one object of the DICOM JSON Model, given as JSON text or already parsed.

    Raises:
        MalformedDataset: it breaks the model; the message names the attribute by its path.
        LimitExceeded: it is larger than metadata may be.
    """
    parsed = document if isinstance(document, Mapping) else parse_json(document)
    return _Decoding().run(parsed)


def decode_json_instances(document: bytes | bytearray | memoryview) -> list[Metadata]:
    """Decode an array of objects, one per instance, as STOW-RS and metadata have it; a single object is taken, too."""
    parsed = parse_json(document)
    return [_Decoding().run(one) for one in (parsed if isinstance(parsed, list) else [parsed])]


class _Decoding:
    """One run over the metadata of one instance."""

    def __init__(self) -> None:
        self._references: dict[str, str] = {}
        self._has_unicode = False

    def run(self, members: Any) -> Metadata:
        dataset = new_dataset()
        dataset.put(SPECIFIC_CHARACTER_SET, "CS", "ISO_IR 192")
        has_character_set = self._fill(dataset, members, "", 0)
        if not (has_character_set or self._has_unicode):
            dataset.remove(SPECIFIC_CHARACTER_SET)
        return Metadata(dataset, self._references)

    def _fill(self, dataset: Dataset, members: Any, path: str, depth: int) -> bool:
        if depth > MAX_DEPTH:
            raise LimitExceeded("levels of sequences", MAX_DEPTH)
        if not isinstance(members, Mapping):
            raise MalformedDataset(f"{path.rstrip('/') or 'the metadata'}: an object is expected")
        has_character_set = False
        for tag, name in sorted((_tag(name, path), name) for name in members):
            if tag == SPECIFIC_CHARACTER_SET:
                has_character_set = True
            elif is_shown(tag):
                self._attribute(dataset, tag, members[name], f"{path}{tag:08X}", depth)
        return has_character_set

    def _attribute(self, dataset: Dataset, tag: int, attribute: Any, path: str, depth: int) -> None:
        if tag in dataset:
            raise _malformed(path, "the attribute is there twice")
        vr = attribute.get("vr") if isinstance(attribute, Mapping) else None
        if not isinstance(vr, str) or vr not in VRS:
            raise _malformed(path, "a valid vr is missing")
        contents = [name for name in _CONTENTS if name in attribute]
        if len(contents) > 1:
            raise _malformed(path, f"{contents[0]} and {contents[1]} exclude each other")
        if not contents:
            dataset.put_items(tag, ()) if vr == "SQ" else dataset.put_raw(tag, vr, b"")
            return
        content = attribute[contents[0]]
        if contents[0] == "BulkDataURI":
            self._reference(dataset, tag, vr, content, path)
        elif contents[0] == "InlineBinary":
            dataset.put_raw(tag, vr, _inline_binary(vr, content, path))
        elif vr == "SQ":
            self._sequence(dataset, tag, content, path, depth + 1)
        else:
            dataset.put_raw(tag, vr, self._values(vr, content, path))

    def _reference(self, dataset: Dataset, tag: int, vr: str, uri: Any, path: str) -> None:
        if not isinstance(uri, str) or not uri or isinstance(uri, Number):
            raise _malformed(path, "BulkDataURI is no URI")
        if vr not in _BULKDATA_VRS:
            raise _malformed(path, f"a value of VR {vr} cannot be bulk data")
        self._references[path] = uri
        dataset.put_raw(tag, vr, b"")

    def _sequence(self, dataset: Dataset, tag: int, content: Any, path: str, depth: int) -> None:
        if not isinstance(content, list):
            raise _malformed(path, "Value is no array")
        items = []
        for number, members in enumerate(content):
            item = new_dataset(dataset)
            self._fill(item, members, f"{path}/{number}/", depth)
            items.append(item)
        dataset.put_items(tag, items)

    def _values(self, vr: str, content: Any, path: str) -> bytes:
        if not isinstance(content, list):
            raise _malformed(path, "Value is no array")
        if not content or content == [None]:
            return b""
        rule = VRS[vr]
        if rule.kind is Kind.BINARY:
            raise _malformed(path, f"a value of VR {vr} is InlineBinary or a BulkDataURI")
        if rule.kind is Kind.NUMBER:
            return _numbers(vr, content, path)
        if rule.kind is Kind.TAG:
            return b"".join(_attribute_tag(value, path) for value in content)
        texts = [_TEXTS.get(vr, _text)(value, path) for value in content]
        return self._encode_texts(vr, texts, path)

    def _encode_texts(self, vr: str, texts: list[str], path: str) -> bytes:
        rule = VRS[vr]
        if rule.multi_valued and any("\\" in text for text in texts):
            raise _malformed(path, "a value holds a backslash")
        if not rule.multi_valued and len(texts) > 1:
            raise _malformed(path, f"a value of VR {vr} is there more than once")
        try:
            raw = "\\".join(texts).encode("utf-8")
        except UnicodeEncodeError as error:
            raise _malformed(path, "a value holds half of a surrogate pair") from error
        if not raw.isascii():
            if not rule.charset_dependent:
                raise _malformed(path, f"a value of VR {vr} is not in the default character repertoire")
            self._has_unicode = True
        return raw + rule.padding if len(raw) & 1 else raw


def _malformed(path: str, problem: str) -> MalformedDataset:
    return MalformedDataset(f"{path}: {problem}")


def _tag(name: Any, path: str) -> int:
    if not isinstance(name, str) or not _NAME(name):
        raise _malformed(
            f"{path}{str(name)[:80]!r}", "an attribute is named by the eight hexadecimal digits of its tag"
        )
    return int(name, 16)


def _inline_binary(vr: str, content: Any, path: str) -> bytes:
    rule = VRS[vr]
    if rule.kind is not Kind.BINARY:
        raise _malformed(path, f"a value of VR {vr} cannot be InlineBinary")
    pieces = content if isinstance(content, list) else [content]
    try:
        raw = b"".join(binascii.a2b_base64(piece, strict_mode=True) for piece in pieces if piece)
    except (TypeError, ValueError) as error:
        raise _malformed(path, "InlineBinary is no base64") from error
    if len(raw) % rule.width:
        raise _malformed(path, f"InlineBinary is no whole number of {rule.width}-byte values")
    return raw + b"\0" if len(raw) & 1 else raw


def _text(value: Any, path: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or isinstance(value, Number):
        raise _malformed(path, "a value is no string")
    return value


def _person_name(value: Any, path: str) -> str:
    if value is None or (isinstance(value, str) and not isinstance(value, Number)):
        return value or ""
    if not isinstance(value, Mapping) or not set(value) <= set(_GROUPS):
        raise _malformed(path, "a person name is an object of Alphabetic, Ideographic and Phonetic")
    groups = [_text(value.get(group), path) for group in _GROUPS]
    if any("=" in group for group in groups):
        raise _malformed(path, "a component group of a person name holds an equals sign")
    return "=".join(groups).rstrip("=")


def _integer_string(value: Any, path: str) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float, type(None))):
        raise _malformed(path, "a value is no number")
    return "" if value is None else str(value)


def _decimal_string(value: Any, path: str) -> str:
    """Write a DS with the characters given; only a number longer than the 16 characters of a DS is rounded."""
    text = _integer_string(value, path)
    is_number = isinstance(value, (Number, int, float))
    return format_decimal(float(text)) if is_number and len(text) > 16 else text


_TEXTS: dict[str, Callable[[Any, str], str]] = {"PN": _person_name, "DS": _decimal_string, "IS": _integer_string}


def _attribute_tag(value: Any, path: str) -> bytes:
    if not isinstance(value, str) or not _NAME(value):
        raise _malformed(path, "a value is no tag")
    return struct.pack("<HH", int(value[:4], 16), int(value[4:], 16))


def _numbers(vr: str, content: list[Any], path: str) -> bytes:
    rule = VRS[vr]
    read = _real if rule.item_format in "fd" else _integer
    try:
        return struct.pack(f"<{len(content)}{rule.item_format}", *[read(value) for value in content])
    except (struct.error, OverflowError, ValueError, TypeError) as error:
        raise _malformed(path, f"a value is no number that {vr} can hold") from error


def _integer(value: Any) -> int:
    if isinstance(value, str) and _WHOLE(value):
        return int(value)
    number = _real(value)
    if isinstance(value, bool) or number != int(number):
        raise ValueError
    return int(number)


def _real(value: Any) -> float:
    if isinstance(value, str):
        if value in _NOT_FINITE:
            return _NOT_FINITE[value]
        if not _DECIMAL(value):
            raise ValueError
    if value is None or isinstance(value, bool):
        raise ValueError
    return float(value)
