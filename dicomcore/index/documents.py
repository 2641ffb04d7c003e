"""The JSON objects of the index as bytes: put together and taken apart without parsing values (PS3.18 Annex F).

A fragment is one attribute: ``"00080020":{"vr":"DA","Value":["20200101"]}``. Parsing and encoding again would lose
how numbers were written, so that attributes only ever travel as fragments.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

import orjson

from dicomcore.index.attributes import RESPONSE, Attribute
from dicomcore.resources import Level

SEPARATOR = b",\n"
"""Between the attributes of an object. JSON strings hold no line feed, so that it is nowhere else."""

_EMPTY_LENGTH = len(b'"00080020":{"vr":"DA"}')
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[{}\[\],]', re.DOTALL)
_OPENING = frozenset(b"{[")
_COMMA = ord(",")
_QUOTE = ord('"')


def tag_of_fragment(fragment: bytes) -> int:
    """Return the tag of a fragment."""
    return int(fragment[1:9], 16)


def is_empty(fragment: bytes) -> bool:
    """Say whether the attribute is there without a value."""
    return len(fragment) <= _EMPTY_LENGTH or fragment.endswith(b'"Value":[]}')


def join_lines(fragments: Iterable[bytes]) -> bytes:
    """Make an object of fragments that are in ascending order."""
    return b"{" + SEPARATOR.join(fragments) + b"}"


def split_lines(document: bytes) -> list[bytes]:
    """Return the fragments of an object that `join_lines` made."""
    return document[1:-1].split(SEPARATOR) if len(document) > 2 else []


def split_object(document: bytes) -> Iterator[bytes]:
    """Give the fragments of any JSON object, byte for byte."""
    depth, start = 0, 1
    for token in _TOKEN.finditer(document):
        mark = document[token.start()]
        if mark == _QUOTE:
            continue
        if mark == _COMMA:
            if depth == 1:
                yield document[start : token.start()].strip()
                start = token.end()
        else:
            depth += 1 if mark in _OPENING else -1
    last = document.rstrip()[start:-1].strip()
    if last:
        yield last


def fragment(attribute: Attribute, values: Iterable[str | int]) -> bytes:
    """Write an attribute that the index itself makes; empty values are left out."""
    kept = [value for value in values if value != ""]
    start = b'"%08X":{"vr":"%s"' % (attribute.tag, attribute.vr.encode())
    return start + (b',"Value":' + orjson.dumps(kept) if kept else b"") + b"}"


def retrieve_url(path: str) -> bytes:
    """Write the Retrieve URL (0008,1190) of a resource, with the placeholder of the Base URI."""
    return b'"00081190":{"vr":"UR","Value":["' + PLACEHOLDER + path.encode() + b'"]}'


PLACEHOLDER = b"\xff"
"""Stands for the Base URI; not a byte of UTF-8, so it is nowhere else."""

_SLOTS = {
    level: tuple(
        (attribute.tag, fragment(attribute, ()) if attribute.required else None) for attribute in RESPONSE[level]
    )
    for level in Level
}


def response(level: Level, fragments: Mapping[int, bytes], dynamic: Mapping[int, bytes]) -> bytes:
    """Write the answer of a plain search at ``level``: what is required, and what is known of the rest."""
    lines = []
    for tag, absent in _SLOTS[level]:
        found = dynamic.get(tag) or fragments.get(tag) or absent
        if found is not None:
            lines.append(found)
    return join_lines(lines)
