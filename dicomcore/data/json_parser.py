"""JSON text to Python, within limits and without losing how a number was written.

Strict JSON in UTF-8: no NaN, no name twice in one object. The limits are checked before anything is built, because a
few bytes of text can become a hundred of objects.

Large documents are read so that other threads have their turn meanwhile: in pieces, and calling functions of ours,
since code in C keeps the interpreter until it is done.
"""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from dicomcore.data.json_model import MAX_METADATA
from dicomcore.errors import LimitExceeded, MalformedDataset

MAX_VALUES = 2_000_000
MAX_JSON_DEPTH = 128

_LITTLE = 1 << 20  # bytes that are parsed in some ten milliseconds
_IN_QUOTES = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_STRING = re.compile(_IN_QUOTES, re.DOTALL)
_PIECE = re.compile(rb'(?:[^"]++|%b){1,10000}+' % _IN_QUOTES, re.DOTALL)
"""Some thousand strings and what is between them."""
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


class Number(str):
    """A JSON number, by its characters."""

    __slots__ = ()


def parse_json(document: bytes | bytearray | memoryview) -> Any:
    """Parse a JSON document within limits, numbers as `Number`.

    Raises:
        MalformedDataset: it is not JSON.
        LimitExceeded: it is too large, too deep or of too many values.
    """
    if len(document) > MAX_METADATA:
        raise LimitExceeded("bytes of metadata", MAX_METADATA)
    raw = bytes(document)
    if raw.count(b",") + raw.count(b"[") + raw.count(b"{") > MAX_VALUES:
        raise LimitExceeded("values in JSON metadata", MAX_VALUES)
    _check_depth(raw)
    return load_json(raw)


def load_json(raw: bytes) -> Any:
    """Parse JSON text that was checked before, or written here; numbers become `Number`."""
    try:
        return json.loads(
            raw.decode("utf-8-sig"),
            parse_int=Number,
            parse_float=Number,
            parse_constant=_refuse_constant,
            object_pairs_hook=_unique,
        )
    except (ValueError, RecursionError) as error:
        raise MalformedDataset(f"the metadata are no valid JSON: {error}") from error


def load_plain(raw: bytes) -> Any:
    """Parse JSON text that was written here, numbers as Python has them."""
    if len(raw) < _LITTLE:
        return orjson.loads(raw)
    return json.loads(raw.decode(), object_pairs_hook=_members)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(pairs)


def _check_depth(raw: bytes) -> None:
    depth = 0
    for piece in _PIECE.finditer(raw):
        for bracket in _STRING.sub(b"", piece[0]).translate(None, _NOT_BRACKETS):
            depth += 1 if bracket in b"[{" else -1
            if depth > MAX_JSON_DEPTH:
                raise LimitExceeded("levels of JSON", MAX_JSON_DEPTH)


def _refuse_constant(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)[:80]!r} is there twice")
    return members
