"""C-FIND responses of the usual kind, from the JSON of an answer straight to bytes.

A workstation that lists studies asks for a dozen attributes with short ASCII values, and gets a thousand responses. For
these the way over a data set costs several times what they are worth. Whatever is not of this kind (sequences, private
attributes, other characters than ASCII, floating point numbers) gives None here, and goes that way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from struct import Struct
from typing import Any

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

_EXPLICIT = Struct("<HH2sH")
_IMPLICIT = Struct("<HHI")
_TEXTS = frozenset(("AE", "AS", "CS", "DA", "DT", "LO", "SH", "TM", "UI"))
_LONGEST = 0xFFFE
_ONLINE = "ONLINE"


class _Unusual(Exception):
    """A value that has to go the long way."""


def _text(values: list[Any]) -> str:
    return "\\".join("" if value is None else value for value in values)


def _name(values: list[Any]) -> str:
    if not values:
        return ""
    if len(values) > 1:
        raise _Unusual
    groups = values[0] or {}
    if groups.keys() - {"Alphabetic"}:
        raise _Unusual
    return str(groups.get("Alphabetic", ""))


def _integer(values: list[Any]) -> str:
    if not all(type(value) is int for value in values):
        raise _Unusual
    return "\\".join(map(str, values))


_Write = Callable[[list[Any]], str]
_WRITERS: Mapping[str, _Write] = {**dict.fromkeys(_TEXTS, _text), "PN": _name, "IS": _integer}


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
            (tag, f"{tag:08X}", vr, _WRITERS[vr], always.get(tag, ("", default))[1] or default, tag in fixed)
            for tag, (vr, default) in sorted(columns.items())
        ]
        self._is_explicit = syntax.explicit
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
            for tag, name, vr, write, default, is_fixed in self._columns:
                element = None if is_fixed else found.get(name)
                if element is None or (default is not None and "Value" not in element):
                    if default is None:
                        is_known = False
                        continue
                    text = default
                else:
                    text = self._text(element, vr, write)
                pieces.append(self._element(tag, vr, text))
        except _Unusual:
            return None
        status = PENDING if is_known and is_complete and self._is_supported else PENDING_WITH_WARNING
        return status, b"".join(pieces)

    def _text(self, element: Mapping[str, Any], vr: str, write: _Write) -> str:
        if element["vr"] != vr or element.keys() - {"vr", "Value"}:
            raise _Unusual
        text = write(element.get("Value", []))
        if not text.isascii() or len(text) > _LONGEST:
            raise _Unusual
        return text

    def _element(self, tag: int, vr: str, text: str) -> bytes:
        raw = text.encode("ascii")
        if len(raw) % 2:
            raw += b"\0" if vr == "UI" else b" "
        if self._is_explicit:
            return _EXPLICIT.pack(tag >> 16, tag & 0xFFFF, vr.encode(), len(raw)) + raw
        return _IMPLICIT.pack(tag >> 16, tag & 0xFFFF, len(raw)) + raw
