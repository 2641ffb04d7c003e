"""DICOM JSON Model encoder (PS3.18 Annex F), straight from the spans of a data set to bytes.

This is the hot path of ingest: one JSON fragment per element, no value objects in between. Elements repeat a lot from
instance to instance and from item to item, so that a bounded memo keeps fragments by the raw bytes of the element,
header included; it is dropped as a whole when it is full. Each character set, byte order and kind of VR has its own.

Values are in `json_values`. The decisions taken here:

- Pixel Data, Float and Double Float Pixel Data of the instance itself are always a BulkDataURI, encapsulated pixel data
  everywhere; OB OD OF OL OV OW UN over `BulkdataPolicy.threshold` bytes too. PS3.18 §10.4.3.3.2 would allow it for text
  and numbers as well, but clients look for those in place.
- A UN element that holds a sequence is shown as SQ, every other UN as base64, never guessed as text.
- Specific Character Set is shown as ISO_IR 192, because that is what the JSON text is in (PS3.18 §F.2).
- Groups 0000 and 0002 and group lengths are left out.
- A numeric value field of the wrong length is shown as UN, with all its bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from dicomcore.data.charset import Charset
from dicomcore.data.dataset import SPECIFIC_CHARACTER_SET, Buffer, Dataset, Element
from dicomcore.data.json_values import ValueEncoder, WrongLength, inline_binary, value_encoders
from dicomcore.data.vr import VRS, Kind
from dicomcore.errors import LimitExceeded

PLACEHOLDER = b"\xff"
"""Stands for the Base URI in stored metadata. It occurs in no UTF-8 text, so that it can be replaced blindly."""

MAX_METADATA = 64 * 1024 * 1024
MAX_VALUE = 4 * 1024 * 1024  # of one that is no bulk data: as numbers in memory it takes twenty times as much
MAX_DEPTH = 64

BULKDATA_VRS = frozenset(vr for vr, rule in VRS.items() if rule.kind is Kind.BINARY)
PIXEL_DATA_TAGS = frozenset((0x7FE00008, 0x7FE00009, 0x7FE00010))

_FIRST_COMMON = 0x00040000
_MEMO_ELEMENT = 96
_MEMO_SEQUENCE = 256
_MEMO_ENTRIES = 50_000
_MEMO_RUN = 20_000  # of them from one instance, which keeps the memo it began with
_CONTEXT_ENTRIES = 500  # what the tables of a context take in memory, counted in entries of a memo

Memo: TypeAlias = dict[bytes, bytes]
Location: TypeAlias = "tuple[Location | None, int, int]"  # of an item: that of the data set around it, tag, item number


@dataclass(frozen=True)
class BulkdataPolicy:
    """Which values leave the metadata, and what the URI of a value starts with; its path is appended."""

    uri_prefix: bytes
    threshold: int = 1024

    def takes(self, element: Element, *, is_nested: bool) -> bool:
        """Say whether the value of this element is a BulkDataURI in the metadata."""
        if element.fragments is not None:
            return True
        if element.items is not None or element.vr in _VALUE_VRS:
            return False
        length = element.end - element.start
        return length > self.threshold or (not is_nested and length > 0 and element.tag in PIXEL_DATA_TAGS)


_VALUE_VRS = frozenset(VRS) - BULKDATA_VRS


def encode_elements(dataset: Dataset, policy: BulkdataPolicy) -> dict[int, bytes]:
    """Encode each element of a data set: its tag -> ``"00080020":{"vr":"DA","Value":["20200101"]}``, in order of tags.

    Raises:
        LimitExceeded: sequences are nested too deep, or there is too much metadata to hold in memory.
    """
    fragments = _Encoding(policy).run(dataset)
    if sum(map(len, fragments.values())) > MAX_METADATA:
        raise LimitExceeded("bytes of metadata", MAX_METADATA)
    return fragments


def join(fragments: Iterable[bytes]) -> bytes:
    """Make an object of encoded elements, given in ascending order of their tags."""
    return b"{%b}" % b",".join(fragments)


def encode_json(dataset: Dataset, policy: BulkdataPolicy) -> bytes:
    """Encode a data set as one object of the DICOM JSON Model."""
    return join(encode_elements(dataset, policy).values())


def is_shown(tag: int) -> bool:
    """Say whether the metadata have this attribute: no File Meta Information, no command, no group length."""
    return bool(tag & 0xFFFF) and tag >> 16 not in (0x0000, 0x0002)


def bulkdata_path(location: Location | None, tag: int) -> bytes:
    """Write where an element is: tags and item numbers from 0, as in ``00081140/0/00420011``."""
    path = b"%08X" % tag
    while location is not None:
        location, sequence, number = location
        path = b"%08X/%d/%b" % (sequence, number, path)
    return path


class _Context:
    """What data sets of one encoding share: memo and encoder of each VR that has a Value, and a memo of sequences."""

    __slots__ = ("explicit", "little_endian", "sequences", "values")

    def __init__(self, charset: Charset, explicit: bool, little_endian: bool) -> None:
        self.explicit = explicit
        self.little_endian = little_endian
        self.sequences: Memo = {}
        self.values: dict[str, tuple[Memo, ValueEncoder]] = {
            vr: ({}, encoder) for vr, encoder in value_encoders(charset, little_endian).items()
        }


class _Contexts:
    """All contexts in use, forgotten together when their memos hold too much. One of these serves all threads.

    Threads may lose an entry to each other, never get a wrong one; the count is as good as that.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[Charset, bool, bool, int], _Context] = {}
        self._entries = 0

    def of(self, dataset: Dataset, policy: BulkdataPolicy) -> _Context:
        key = (dataset.charset, dataset.explicit, dataset.little_endian, policy.threshold)
        context = self._known.get(key)
        if context is None:
            context = self._known[key] = _Context(dataset.charset, dataset.explicit, dataset.little_endian)
            self.count(_CONTEXT_ENTRIES)
        return context

    def count(self, entries: int) -> None:
        """Note that memos or tables have grown by so many entries."""
        self._entries += entries
        if self._entries > _MEMO_ENTRIES:
            self._entries = 0
            self._known = {}


_CONTEXTS = _Contexts()


class _Encoding:
    """One run over a data set.

    ``_volatile`` counts what may not be remembered with a sequence: URIs, which hold the place of the element, and
    items in implicit VR, whose VRs may depend on elements outside of them.
    """

    def __init__(self, policy: BulkdataPolicy) -> None:
        self._policy = policy
        self._volatile = 0
        self._remembered = 0
        self._size = 0  # of what is too large to be remembered

    def run(self, dataset: Dataset) -> dict[int, bytes]:
        fragments = self._dataset(dataset, _CONTEXTS.of(dataset, self._policy), None, 0)
        _CONTEXTS.count(self._remembered)
        return fragments

    def _dataset(self, dataset: Dataset, context: _Context, location: Location | None, depth: int) -> dict[int, bytes]:
        values = context.values
        encoded: dict[int, bytes] = {}
        for element in dataset:
            tag, vr, buffer, header, start, end, items, _ = element
            if not tag & 0xFFFF or (tag < _FIRST_COMMON and not is_shown(tag)):
                continue
            with_value = values.get(vr)
            if with_value is None:
                if items is None:
                    encoded[tag] = self._binary(element, context, location)
                else:
                    encoded[tag] = self._sequence(element, items, context, location, depth + 1)
                continue
            memo, encode = with_value
            if header < 0 or end - header > _MEMO_ELEMENT:
                encoded[tag] = _with_value(tag, vr, _read(buffer, start, end), encode, context)
                self._size += len(encoded[tag])
                if self._size > MAX_METADATA:
                    raise LimitExceeded("bytes of metadata", MAX_METADATA)
                continue
            raw = buffer[header:end]
            if type(raw) is not bytes:
                raw = bytes(raw)
            fragment = memo.get(raw)
            if fragment is None:
                fragment = _with_value(tag, vr, raw[start - header :], encode, context)
                if self._remembered < _MEMO_RUN:
                    memo[raw] = fragment
                    self._remembered += 1
            encoded[tag] = fragment
        return encoded

    def _binary(self, element: Element, context: _Context, location: Location | None) -> bytes:
        head = _head(element.tag, element.vr if element.vr in VRS else "UN")
        if self._policy.takes(element, is_nested=location is not None):
            self._volatile += 1
            path = bulkdata_path(location, element.tag)
            return b'%b,"BulkDataURI":"%b%b"}' % (head, self._policy.uri_prefix, path)
        if element.start == element.end:
            return head + b"}"
        raw = _read(element.buffer, element.start, element.end)
        return b'%b,"InlineBinary":"%b"}' % (head, inline_binary(raw, element.vr, context.little_endian))

    def _sequence(
        self, element: Element, items: tuple[Dataset, ...], context: _Context, location: Location | None, depth: int
    ) -> bytes:
        if element.header < 0 or element.end - element.header > _MEMO_SEQUENCE:
            return self._items(element.tag, items, context, location, depth)
        raw = _read(element.buffer, element.header, element.end)
        fragment = context.sequences.get(raw)
        if fragment is None:
            volatile = self._volatile
            fragment = self._items(element.tag, items, context, location, depth)
            if volatile == self._volatile and self._remembered < _MEMO_RUN:
                context.sequences[raw] = fragment
                self._remembered += 1
        return fragment

    def _items(
        self, tag: int, items: tuple[Dataset, ...], context: _Context, location: Location | None, depth: int
    ) -> bytes:
        if depth > MAX_DEPTH:
            raise LimitExceeded("levels of sequences", MAX_DEPTH)
        objects: list[bytes] = []
        size = 0
        for number, item in enumerate(items):
            is_alike = item.explicit is context.explicit and item.little_endian is context.little_endian
            is_alike = is_alike and SPECIFIC_CHARACTER_SET not in item.elements
            inner = context if is_alike else _CONTEXTS.of(item, self._policy)
            self._volatile += not item.explicit
            objects.append(join(self._dataset(item, inner, (location, tag, number), depth).values()))
            size += len(objects[-1]) + 1
            if size > MAX_METADATA:
                raise LimitExceeded("bytes of metadata", MAX_METADATA)
        value = b",".join(objects)
        return _value_head(tag, "SQ") + value + b"]}" if items else _head(tag, "SQ") + b"}"


def _with_value(tag: int, vr: str, raw: bytes, encode: ValueEncoder, context: _Context) -> bytes:
    if tag == SPECIFIC_CHARACTER_SET:
        return _UTF8
    try:
        value = encode(raw)
    except WrongLength:
        return b'%b,"InlineBinary":"%b"}' % (_head(tag, "UN"), inline_binary(raw, vr, context.little_endian))
    return _head(tag, vr) + b"}" if value is None else _value_head(tag, vr) + value + b"]}"


def _read(buffer: Buffer, start: int, end: int) -> bytes:
    if end - start > MAX_VALUE:
        raise LimitExceeded("bytes of a value that is no bulk data", MAX_VALUE)
    raw = buffer[start:end]
    return raw if type(raw) is bytes else bytes(raw)


@lru_cache(maxsize=1 << 14)
def _head(tag: int, vr: str) -> bytes:
    """Return the start of a fragment: the name of the attribute and its VR."""
    return b'"%08X":{"vr":"%b"' % (tag, vr.encode("ascii"))


@lru_cache(maxsize=1 << 14)
def _value_head(tag: int, vr: str) -> bytes:
    """Return the start of a fragment up to its first value."""
    return _head(tag, vr) + b',"Value":['


_UTF8 = _head(SPECIFIC_CHARACTER_SET, "CS") + b',"Value":["ISO_IR 192"]}'
