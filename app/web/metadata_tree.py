"""Metadata as a tree for people: from the DICOM JSON model to rows with tag, VR, name, value and children. Pure.

Private attributes get the names that our dictionary has for their creator, UIDs and codes their meanings. A tree has a
budget of rows: what is beyond it is left for when it is opened, so that an instance with thousands of frames is a page
like any other. Nothing here raises but for paths that lead nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from app.web.display import Json, first_value
from app.web.metadata_summaries import item_summary, items_in
from app.web.metadata_values import LONG, SHORT, binary_text, note_of, text_of
from dicomcore.data import dictionary
from dicomcore.errors import ResourceNotFound

ROWS = 1_500
"""How many rows are made at once."""
ITEMS = 100
"""How many items of a sequence are made at once."""
LETTERS = 500_000
"""How many characters the values of a tree have together, before of each only the beginning is in the page."""
MOST_MATCHES = 300
"""How many rows a search shows."""
MOST_SEARCHED = 50_000
"""How many attributes a search looks at."""
MOST_SIBLINGS = 5_000
"""How many rows one data set has at most."""

_PATH = re.compile(r"(?:[0-9A-Fa-f]{8}/[0-9]{1,7}/){0,64}(?:[0-9A-Fa-f]{8})?").fullmatch
_NAME = re.compile(r"[0-9A-Fa-f]{8}").fullmatch
_MOST_SUMMARIES = 3


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a sequence, ``number`` from 0; ``rows`` is None as long as nobody opened it."""

    path: str
    number: int
    summary: str
    rows: tuple[Row, ...] | None


@dataclass(frozen=True, slots=True)
class Row:
    """One attribute. ``path`` is where it is, as a BulkDataURI has it; ``note`` what its value means.

    ``text`` is not all of the value if ``is_cut``. A private attribute has a ``creator``; ``bulkdata`` is the address
    of a value that is not in the metadata, ``size`` how many bytes it has, if that is known. A sequence has
    ``item_count`` items, of which ``items`` are some.
    """

    path: str
    tag: str
    vr: str
    name: str
    keyword: str = ""
    creator: str = ""
    text: str = ""
    is_cut: bool = False
    note: str = ""
    bulkdata: str = ""
    size: int | None = None
    is_sequence: bool = False
    item_count: int = 0
    items: tuple[Item, ...] = ()

    @property
    def is_long(self) -> bool:
        """Whether the text takes more room than a line has."""
        return self.is_cut or len(self.text) > SHORT

    @property
    def short(self) -> str:
        """The beginning of the text."""
        return self.text[:SHORT]

    @property
    def next_item(self) -> int | None:
        """The number of the first item that is not among ``items``, None if there is none."""
        following = self.items[-1].number + 1 if self.items else 0
        return following if following < self.item_count else None


@dataclass(frozen=True, slots=True)
class Tree:
    """Rows; not complete if there are items that were left for later, or attributes that were ``left_out``.

    ``matches`` is what a search found.
    """

    rows: tuple[Row, ...]
    is_complete: bool
    matches: int = 0
    left_out: int = 0


@dataclass(slots=True)
class _Making:
    """What is under way: how many rows may be made yet, and what was not made."""

    budget: int
    sizes: Mapping[str, int]
    wanted: Callable[[Row], bool] | None = None
    is_complete: bool = True
    matches: int = 0
    left_out: int = 0
    letters: int = LETTERS

    def keeps(self, row: Row) -> bool:
        """Whether a row is shown: all are, unless some are wanted; these are counted."""
        if self.wanted is None:
            return True
        is_found = self.wanted(row)
        self.matches += is_found
        return bool(row.items) or (is_found and self.matches <= MOST_MATCHES)

    def tree(self, rows: tuple[Row, ...]) -> Tree:
        """What was made."""
        return Tree(rows, self.is_complete and not self.left_out, self.matches, self.left_out)


def tree_of(dataset: Json, sizes: Mapping[str, int] | None = None) -> Tree:
    """Make the tree of a whole instance; ``sizes`` are those of bulk data values, by path."""
    making = _Making(ROWS, sizes or {})
    return making.tree(_rows(dataset, "", making))


def items_of(dataset: Json, path: str, first: int, sizes: Mapping[str, int] | None = None) -> Row:
    """Make a sequence with its items from number ``first`` on; raises `ResourceNotFound`."""
    holder, element, creators = _walk(dataset, path)
    if not isinstance(holder.get(path[-8:]), Mapping) or element.get("vr") != "SQ":
        raise ResourceNotFound(path)
    return _row(path[-8:], element, path[:-8], creators, _Making(ROWS, sizes or {}), first)


def item_of(dataset: Json, path: str, sizes: Mapping[str, int] | None = None) -> Item:
    """Make one item of a sequence, ``00081140/0``; raises `ResourceNotFound`."""
    holder = _dataset_at(dataset, f"{path}/")
    number = int(path.rpartition("/")[2])
    rows = _rows(holder, f"{path}/", _Making(ROWS, sizes or {}))
    return Item(path, number, item_summary(holder), rows)


def element_at(dataset: Json, path: str) -> Mapping[str, Any]:
    """Find an attribute; raises `ResourceNotFound`."""
    return _walk(dataset, path)[1]


def found_in(dataset: Json, words: str, sizes: Mapping[str, int] | None = None) -> Tree:
    """Make the tree of the attributes that have all ``words`` in tag, name, keyword or value, and what they are in."""
    sought = words.casefold().split()

    def is_wanted(row: Row) -> bool:
        text = f"{row.tag} {row.path[-8:]} {row.vr} {row.name} {row.keyword} {row.creator} {row.text} {row.note}"
        text = text.casefold()
        return all(word in text for word in sought)

    making = _Making(MOST_SEARCHED, sizes or {}, wanted=is_wanted)
    return making.tree(_rows(dataset, "", making))


def _rows(dataset: Json, path: str, making: _Making) -> tuple[Row, ...]:
    creators = _creators(dataset)
    last = MOST_SEARCHED if making.wanted is not None else MOST_SIBLINGS
    making.left_out += max(0, len(dataset) - last)
    rows = (
        _row(name, element, path, creators, making)
        for name, element in islice(dataset.items(), last)
        if _NAME(name) and isinstance(element, Mapping)
    )
    return tuple(row for row in rows if making.keeps(row))


def _row(
    name: str, element: Mapping[str, Any], path: str, creators: Mapping[int, str], making: _Making, first: int = 0
) -> Row:
    making.budget -= 1
    tag, vr = int(name, 16), str(element.get("vr", ""))[:2]
    creator = creators.get(dictionary.private_creator_tag(tag), "") if _is_private(tag) else ""
    row = Row(
        path + name,
        f"({name[:4].upper()},{name[4:].upper()})",
        vr,
        dictionary.private_name_of(tag, creator) if creator else dictionary.name_of(tag),
        dictionary.keyword_of(tag),
        creator,
    )
    if vr == "SQ":
        return _sequence(row, element, making, first)
    if "BulkDataURI" in element:
        return replace(row, bulkdata=str(element["BulkDataURI"]), size=making.sizes.get(row.path))
    if "InlineBinary" in element:
        known_vr = dictionary.vr_of(tag, creator or None) if vr == "UN" else vr
        text, note = binary_text(element["InlineBinary"], known_vr)
        return replace(row, text=text, note=note)
    text, is_whole = text_of(element, LONG if making.letters > 0 or making.wanted is not None else SHORT)
    making.letters -= len(text)
    return replace(row, text=text, is_cut=not is_whole, note=note_of(element, vr))


def _sequence(row: Row, element: Mapping[str, Any], making: _Making, first: int) -> Row:
    found = list(items_in(element))
    last = len(found) if making.wanted is not None else min(len(found), first + ITEMS)
    items = [_item(found[number], f"{row.path}/{number}", number, making) for number in range(first, last)]
    making.is_complete = making.is_complete and (first, last) == (0, len(found))
    if making.wanted is not None:
        items = [item for item in items if item.rows]
    summaries = list(dict.fromkeys(filter(None, map(item_summary, found[:_MOST_SUMMARIES]))))
    note = "; ".join(summaries) + ("; …" if len(found) > _MOST_SUMMARIES and summaries else "")
    return replace(row, note=note, is_sequence=True, item_count=len(found), items=tuple(items))


def _item(dataset: Json, path: str, number: int, making: _Making) -> Item:
    if making.budget <= 0:
        making.is_complete = False
        return Item(path, number, "" if making.wanted else item_summary(dataset), None)
    rows = _rows(dataset, f"{path}/", making)
    return Item(path, number, "" if making.wanted and not rows else item_summary(dataset), rows)


def _creators(dataset: Json) -> dict[int, str]:
    """Who reserved the blocks of private attributes in a data set, by the tag that says so (PS3.5 §7.8.1)."""
    names = [name for name in dataset if name[4:6] == "00" and _NAME(name)]
    tags = [tag for name in names if dictionary.is_private_creator(tag := int(name, 16))]
    return {tag: first_value(dataset, tag).strip() for tag in tags}


def _is_private(tag: int) -> bool:
    return dictionary.is_private(tag) and not dictionary.is_private_creator(tag)


def _walk(dataset: Json, path: str) -> tuple[Json, Mapping[str, Any], dict[int, str]]:
    """Find an attribute, the data set that holds it, and the private creators there."""
    holder = _dataset_at(dataset, path[:-8])
    element = holder.get(path[-8:].upper())
    if not isinstance(element, Mapping):
        raise ResourceNotFound(path)
    return holder, element, _creators(holder)


def _dataset_at(dataset: Json, path: str) -> Json:
    """Find a data set: "" is the whole, ``00081140/0/`` an item."""
    if not _PATH(path):
        raise ResourceNotFound(path[:200])
    steps = path.split("/")[:-1]
    for name, number in zip(steps[::2], steps[1::2], strict=True):
        element = dataset.get(name.upper(), {})
        items = list(items_in(element)) if element.get("vr") == "SQ" else []
        if int(number) >= len(items):
            raise ResourceNotFound(path)
        dataset = items[int(number)]
    return dataset
