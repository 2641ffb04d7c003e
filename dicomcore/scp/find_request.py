"""What a C-FIND asks for, and the answers of a search as the identifiers of its responses (PS3.4 §C.4.1.1.3.2).

A response has what was requested and its source knows, with or without a value, and besides only what the standard lets
it have: the level, the character set, who to retrieve from and whether that is at hand. What the source does not know
is left out, and the status says so (FF01).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from dicomcore.data import (
    CHARSET_DEPENDENT_VRS,
    PLACEHOLDER,
    UTF8,
    Charset,
    Dataset,
    decode_json,
    new_dataset,
    private_creator_tag,
)
from dicomcore.matching import matches_all
from dicomcore.net.dimse.status import PENDING, PENDING_WITH_WARNING
from dicomcore.query import CombinedRange, MatchingKey, Query
from dicomcore.resources import Level

SPECIFIC_CHARACTER_SET = 0x00080005
QUERY_RETRIEVE_LEVEL = 0x00080052
RETRIEVE_AE_TITLE = 0x00080054
INSTANCE_AVAILABILITY = 0x00080056

WORDS: Mapping[Level, str] = {
    Level.PATIENT: "PATIENT",
    Level.STUDY: "STUDY",
    Level.SERIES: "SERIES",
    Level.INSTANCE: "IMAGE",
}
"""Levels as Query/Retrieve Level (0008,0052) has them."""

Json = Mapping[str, Any]
_ONLINE = "ONLINE"
_RETRIEVE_URL = "00081190"  # of the web only


@dataclass(frozen=True, slots=True)
class FindResponse:
    """A pending response: FF00, or FF01 when it lacks something that was requested."""

    status: int
    identifier: Dataset


@dataclass(frozen=True, slots=True)
class RequestedAttribute:
    """An attribute that is to be returned; of a sequence what is ``within`` its items, or everything."""

    tag: int
    vr: str
    private_creator: str | None = None
    within: tuple[RequestedAttribute, ...] = ()


@dataclass(frozen=True, slots=True)
class FindRequest:
    """A C-FIND identifier as it is understood (see `dicomcore.scp.identifiers`).

    ``fixed`` are the unique keys above the level that all answers have in common. ``is_supported`` is false if a key
    cannot be matched at all, whatever the source.
    """

    query: Query
    attributes: tuple[RequestedAttribute, ...]
    charset: Charset
    fixed: Mapping[int, str]
    is_supported: bool = True

    def response(self, answer: bytes, ae_title: str, *, is_complete: bool = True) -> FindResponse:
        """Make the response of one JSON object that `Source.search` gives.

        ``ae_title`` is who to retrieve from if the answer does not say it. ``is_complete`` is false if the source could
        not match all keys: it warned.
        """
        found: dict[str, Any] = orjson.loads(answer.replace(PLACEHOLDER, b""))
        found.pop(_RETRIEVE_URL, None)
        found |= {f"{tag:08X}": {"vr": "UI", "Value": [uid]} for tag, uid in self.fixed.items()}
        selection = _Selection(self.query.fuzzy)
        selected = selection.select(found, self.attributes, self.query.keys, self.query.combined)
        dataset = decode_json(selected | self._always(found, ae_title)).dataset
        is_known = all(attribute.tag in selection.known for attribute in self.attributes)
        status = PENDING if is_known and is_complete and self.is_supported else PENDING_WITH_WARNING
        return FindResponse(status, in_character_set(dataset, self.charset))

    def _always(self, found: Json, ae_title: str) -> dict[str, Any]:
        """What every response may have (PS3.4 §C.4.1.1.3.2); what is retrieved from us is at hand."""
        level = {"vr": "CS", "Value": [WORDS[self.query.level]]}
        title, availability = {"vr": "AE", "Value": [ae_title]}, {"vr": "CS", "Value": [_ONLINE]}
        defaults = {RETRIEVE_AE_TITLE: title, INSTANCE_AVAILABILITY: availability}
        names = {f"{tag:08X}": default for tag, default in defaults.items()}
        known = {name: found[name] if found.get(name, {}).get("Value") else default for name, default in names.items()}
        return {f"{QUERY_RETRIEVE_LEVEL:08X}": level} | known


class _Selection:
    """Picks what was requested out of one answer; ``known`` are the tags it found."""

    def __init__(self, fuzzy: bool) -> None:
        self._fuzzy = fuzzy
        self.known: set[int] = set()

    def select(
        self,
        found: Json,
        attributes: Iterable[RequestedAttribute],
        keys: Sequence[MatchingKey],
        combined: Sequence[CombinedRange],
    ) -> dict[str, Any]:
        """Pick attributes of an answer; those in sequences by the items that match."""
        selected: dict[str, Any] = {}
        for attribute in attributes:
            name = f"{attribute.tag:08X}"
            element = found.get(_name_in(found, attribute))
            if element is None:
                continue
            self.known.add(attribute.tag)
            if attribute.within and element.get("Value"):
                element = {"vr": "SQ", "Value": self._items(element["Value"], attribute, keys, combined)}
            selected[name] = element
            if attribute.private_creator is not None:
                reserved = f"{private_creator_tag(attribute.tag):08X}"
                selected[reserved] = {"vr": "LO", "Value": [attribute.private_creator]}
        return selected

    def _items(
        self,
        items: Iterable[Json],
        attribute: RequestedAttribute,
        keys: Sequence[MatchingKey],
        combined: Sequence[CombinedRange],
    ) -> list[Any]:
        """The items that match their keys, each with what was requested of it (PS3.4 §C.2.2.2.6)."""
        keys = relative(keys, attribute.tag)
        inner = [replace(one, sequence=one.sequence[1:]) for one in combined if one.sequence[:1] == (attribute.tag,)]
        empty = {f"{one.tag:08X}": {"vr": one.vr} for one in attribute.within if one.private_creator is None}
        return [
            empty | self.select(item, attribute.within, keys, inner)
            for item in items
            if matches_all(keys, inner, item, fuzzy=self._fuzzy)
        ]


def relative(keys: Iterable[MatchingKey], tag: int) -> tuple[MatchingKey, ...]:
    """The keys within a sequence, as they are for one of its items."""
    return tuple(replace(key, path=key.path[1:]) for key in keys if len(key.path) > 1 and key.path[0] == tag)


def _name_in(found: Json, attribute: RequestedAttribute) -> str:
    """Find the name of an attribute in an answer, where a private one may have another block."""
    name = f"{attribute.tag:08X}"
    if attribute.private_creator is None:
        return name
    for block in (f"{number:02X}" for number in range(0x10, 0x100)):
        if attribute.private_creator in found.get(f"{name[:4]}00{block}", {}).get("Value", ()):
            return f"{name[:4]}{block}{name[6:]}"
    return ""


def in_character_set(dataset: Dataset, charset: Charset) -> Dataset:
    """Write a data set, which is in ISO_IR 192, in the requestor's character set, if that has all its characters."""
    if SPECIFIC_CHARACTER_SET not in dataset or charset.terms in ((), UTF8.terms):
        return dataset
    return _written(dataset, charset, new_dataset(), is_outermost=True) or dataset


def _written(dataset: Dataset, charset: Charset, target: Dataset, *, is_outermost: bool = False) -> Dataset | None:
    if is_outermost:
        target.put(SPECIFIC_CHARACTER_SET, "CS", *charset.terms)
    for element in dataset:
        if element.tag == SPECIFIC_CHARACTER_SET:
            continue
        if element.items is not None:
            items = [_written(item, charset, new_dataset(target)) for item in element.items]
            written = [item for item in items if item is not None]
            if len(written) < len(items):
                return None
            target.put_items(element.tag, written)
            continue
        raw = bytes(dataset.raw(element.tag))
        if element.vr in CHARSET_DEPENDENT_VRS:
            text = raw.decode()
            raw = charset.encode(text, element.vr)
            if charset.decode(raw, element.vr) != text:
                return None
            raw += b" " * (len(raw) % 2)
        target.put_raw(element.tag, element.vr, raw)
    return target
