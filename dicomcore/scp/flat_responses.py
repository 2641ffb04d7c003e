"""C-FIND responses of the usual kind, from the JSON of an answer straight to bytes.

A workstation that lists studies asks for a dozen attributes with short ASCII values, and gets a thousand responses. For
these the way over a data set costs several times what they are worth. Whatever is not of this kind (sequences, private
attributes, other characters than ASCII, floating point numbers) gives None here, and goes that way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from struct import Struct
from typing import Any, NamedTuple

import orjson

from dicomcore.data import PLACEHOLDER, TransferSyntax
from dicomcore.net.dimse.status import PENDING, PENDING_WITH_WARNING
from dicomcore.scp.find_request import (
    INSTANCE_AVAILABILITY,
    QUERY_RETRIEVE_LEVEL,
    RETRIEVE_AE_TITLE,
    WORDS,
    FindRequest,
)

_TAG = Struct("<HH")
_EXPLICIT_LENGTH = Struct("<H")
_IMPLICIT_LENGTH = Struct("<I")
_TEXTS = frozenset(("AE", "AS", "CS", "DA", "DT", "LO", "SH", "TM", "UI"))
_LONGEST = 0xFFFE
_ONLINE = "ONLINE"


class _Unusual(Exception):
    """A value that has to go the long way."""


def _text(values: list[Any]) -> str:
    if len(values) == 1 and type(values[0]) is str:
        return values[0]
    return "\\".join("" if value is None else value for value in values)


def _name(values: list[Any]) -> str:
    if not values:
        return ""
    if len(values) > 1:
        raise _Unusual
    groups = values[0] or {}
    name = groups.get("Alphabetic")
    if len(groups) != (name is not None):
        raise _Unusual
    return name or ""


def _integer(values: list[Any]) -> str:
    if not all(type(value) is int for value in values):
        raise _Unusual
    return "\\".join(map(str, values))


_WRITERS: Mapping[str, Callable[[list[Any]], str]] = {**dict.fromkeys(_TEXTS, _text), "PN": _name, "IS": _integer}


class FlatResponses:
    """Makes responses to one request in one transfer syntax; `of` says whether the request is of the usual kind."""

    def __init__(self, request: FindRequest, syntax: TransferSyntax, ae_title: str) -> None:
        always = {
            QUERY_RETRIEVE_LEVEL: ("CS", WORDS[request.query.level]),
            RETRIEVE_AE_TITLE: ("AE", ae_title),
            INSTANCE_AVAILABILITY: ("CS", _ONLINE),
        }
        fixed = {tag: ("UI", uid) for tag, uid in request.fixed.items()}
        asked = {one.tag: (one.vr, None) for one in request.attributes}
        columns = {**always, **asked, **fixed, QUERY_RETRIEVE_LEVEL: always[QUERY_RETRIEVE_LEVEL]}
        self._columns = [
            _Column.of(tag, vr, always.get(tag, ("", default))[1] or default, tag in fixed, syntax.explicit)
            for tag, (vr, default) in sorted(columns.items())
        ]
        self._is_supported = request.is_supported

    @classmethod
    def of(cls, request: FindRequest, syntax: TransferSyntax, ae_title: str) -> FlatResponses | None:
        """The responses to a request that asks for nothing unusual; else None."""
        is_flat = all(
            one.private_creator is None and not one.within and one.vr in _WRITERS for one in request.attributes
        )
        if not is_flat or not syntax.little_endian or syntax.deflated:
            return None
        return cls(request, syntax, ae_title)

    def response(self, answer: bytes, *, is_complete: bool = True) -> tuple[int, bytes] | None:
        """Status and identifier for one JSON object that `Source.search` gives; None if it is unusual."""
        found = orjson.loads(answer.replace(PLACEHOLDER, b""))
        pieces: list[bytes] = []
        is_known = True
        try:
            for name, default, encode in self._columns:
                element = found.get(name)
                if element is not None and (default is None or "Value" in element):
                    pieces.append(encode(element))
                elif default is not None:
                    pieces.append(default)
                else:
                    is_known = False
        except _Unusual:
            return None
        status = PENDING if is_known and is_complete and self._is_supported else PENDING_WITH_WARNING
        return status, b"".join(pieces)


_Encode = Callable[[Mapping[str, Any]], bytes]


class _Column(NamedTuple):
    """An attribute of the responses: its name in JSON, none if it is in no answer; the element if it has no value."""

    name: str
    default: bytes | None
    encode: _Encode

    @classmethod
    def of(cls, tag: int, vr: str, default: str | None, is_fixed: bool, is_explicit: bool) -> _Column:
        """A column that is ``default`` where the answer has no value, or always."""
        encode = _encoder(tag, vr, is_explicit)
        element = None if default is None else encode({"vr": vr, "Value": [default]})
        return cls("" if is_fixed else f"{tag:08X}", element, encode)


def _encoder(tag: int, vr: str, is_explicit: bool) -> _Encode:
    """Make what writes elements of this attribute; it raises `_Unusual`."""
    write, padding = _WRITERS[vr], b"\0" if vr == "UI" else b" "
    head = _TAG.pack(tag >> 16, tag & 0xFFFF) + (vr.encode() if is_explicit else b"")
    pack_length = (_EXPLICIT_LENGTH if is_explicit else _IMPLICIT_LENGTH).pack

    def encode(element: Mapping[str, Any]) -> bytes:
        values = element.get("Value")
        if element["vr"] != vr or len(element) != (1 if values is None else 2):
            raise _Unusual
        try:
            raw = write(values or []).encode("ascii")
        except UnicodeEncodeError:
            raise _Unusual from None
        if len(raw) % 2:
            raw += padding
        if len(raw) > _LONGEST:
            raise _Unusual
        return b"%b%b%b" % (head, pack_length(len(raw)), raw)

    return encode
