"""Data sets as spans of a buffer (PS3.5 §7).

An `Element` says where in a buffer its value lies; nothing is decoded before somebody asks for it. A `Dataset` is an
ordered table of them and knows how the values are encoded. Values that are put in are encoded at once, in the data
set's own byte order, into a small buffer of their own, so that a reader of the data set sees no difference.

Character sets (PS3.3 §C.12.1.1.2) are inherited: an item without Specific Character Set has that of the data set
around it. Items know it through a `CharacterSetScope` and not through their parent, so that data sets form no cycles
and the buffer, often an mmap of gigabytes, is let go with the last reference to the data set.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias

from dicomcore.data.charset import DEFAULT, Charset
from dicomcore.data.values import (
    decode_number,
    decode_values,
    encode_fragments,
    encode_values,
    swap_units,
    swap_width,
)

Buffer: TypeAlias = bytes | bytearray | memoryview | mmap.mmap

SPECIFIC_CHARACTER_SET = 0x00080005
BITS_ALLOCATED = 0x00280100
PIXEL_DATA = 0x7FE00010
_EMPTY = memoryview(b"")


class Element(NamedTuple):
    """One data element: its tag, its VR and the span of its value field.

    ``header`` is the offset of the element's first byte, -1 if the element was built here. ``start`` and ``end`` bound
    the value field; of a sequence or of encapsulated pixel data that is everything between the header and the sequence
    delimiter. ``items`` belong to a sequence (or to a UN that holds one), ``fragments`` to encapsulated pixel data: the
    spans of its items, the Basic Offset Table first.
    """

    tag: int
    vr: str
    buffer: Buffer
    header: int
    start: int
    end: int
    items: tuple[Dataset, ...] | None = None
    fragments: tuple[tuple[int, int], ...] | None = None

    @property
    def has_undefined_length(self) -> bool:
        """Whether the element was read with length FFFFFFFF; built ones never are, but for encapsulated pixel data."""
        if self.header < 0:
            return self.fragments is not None
        if self.items is None and self.fragments is None:
            return False
        return bytes(self.buffer[self.start - 4 : self.start]) == b"\xff\xff\xff\xff"


class CharacterSetScope:
    """What the items of a data set inherit: its Specific Character Set, or that of the data set around it."""

    __slots__ = ("_charset", "_known", "element", "outer")

    def __init__(self, outer: CharacterSetScope | None, element: Element | None = None) -> None:
        self.outer = outer
        self.element = element
        self._known: Element | None = None
        self._charset = DEFAULT

    def charset(self) -> Charset:
        """Return the character set in force here."""
        element = self.element
        if element is None:
            return DEFAULT if self.outer is None else self.outer.charset()
        if element is not self._known:
            raw = bytes(element.buffer[element.start : element.end])
            self._charset = Charset.of(tuple(decode_values(raw, "CS", DEFAULT, True)))
            self._known = element
        return self._charset


class Dataset:
    """Elements by tag, and how their values are encoded."""

    __slots__ = ("elements", "explicit", "is_modified", "is_ordered", "little_endian", "outer_scope", "scope")

    def __init__(
        self,
        elements: dict[int, Element] | None = None,
        *,
        little_endian: bool = True,
        explicit: bool = True,
        outer_scope: CharacterSetScope | None = None,
    ) -> None:
        self.elements: dict[int, Element] = {} if elements is None else elements
        self.little_endian = little_endian
        self.explicit = explicit
        self.is_ordered = not elements
        self.is_modified = False
        self.outer_scope = outer_scope
        self.scope: CharacterSetScope | None = None

    @property
    def charset(self) -> Charset:
        """The character set of the text values."""
        own = self.elements.get(SPECIFIC_CHARACTER_SET)
        if own is None:
            return DEFAULT if self.outer_scope is None else self.outer_scope.charset()
        return self.item_scope().charset()

    def item_scope(self) -> CharacterSetScope:
        """Return the scope that items of this data set inherit from."""
        scope = self.scope
        if scope is None:
            scope = self.scope = CharacterSetScope(self.outer_scope, self.elements.get(SPECIFIC_CHARACTER_SET))
        return scope

    def __contains__(self, tag: object) -> bool:
        return tag in self.elements

    def __len__(self) -> int:
        return len(self.elements)

    def __iter__(self) -> Iterator[Element]:
        """Iterate over the elements in ascending order of their tags."""
        if not self.is_ordered:
            self.elements = dict(sorted(self.elements.items()))
            self.is_ordered = True
        return iter(self.elements.values())

    def __repr__(self) -> str:
        return f"<Dataset of {len(self.elements)} elements>"

    def get(self, tag: int) -> Element | None:
        """Return the element with this tag, if there is one."""
        return self.elements.get(tag)

    def raw(self, tag: int) -> memoryview:
        """Return the bytes of the value field in little endian byte order; none if absent.

        The view is a slice of the buffer that was read, or a swapped copy if the data set is big endian.
        """
        element = self.elements.get(tag)
        if element is None:
            return _EMPTY
        return self.in_little_endian(element)

    def in_little_endian(self, element: Element) -> memoryview:
        """Return the value field of one of the elements: a view of its buffer, or a swapped copy."""
        view = memoryview(element.buffer)[element.start : element.end]
        return view if self.little_endian else memoryview(swap_units(view, self.swap_width(element)))

    def swap_width(self, element: Element) -> int:
        """Return how many bytes of the element's value belong together when byte order changes.

        Pixel Data of 32 or 64 bits allocated is swapped by pixel cells and not by the words of its VR: so do those who
        write and read such objects in big endian.
        """
        if element.tag == PIXEL_DATA and element.vr == "OW":
            return {32: 4, 64: 8}.get(self.integer(BITS_ALLOCATED) or 0, 2)
        return swap_width(element.vr)

    def values(self, tag: int) -> list[Any]:
        """Return all values: str, int, float, bytes or `Dataset` according to the VR; tags (AT) are int.

        IS and DS values that are no numbers stay text. A binary value (OB, OW, UN and their like) is one ``bytes``.
        """
        element = self.elements.get(tag)
        if element is None:
            return []
        if element.items is not None:
            return list(element.items)
        if element.tag == PIXEL_DATA and element.end > element.start:
            return [bytes(self.in_little_endian(element))]
        raw = bytes(element.buffer[element.start : element.end])
        return decode_values(raw, element.vr, self.charset, self.little_endian)

    def texts(self, tag: int) -> list[str]:
        """Return all values as text, padding stripped."""
        element = self.elements.get(tag)
        if element is None or element.items is not None:
            return []
        raw = bytes(element.buffer[element.start : element.end])
        vr = "LO" if element.vr in ("IS", "DS") else element.vr
        return [value if isinstance(value, str) else str(value) for value in self._decoded(raw, vr)]

    def _decoded(self, raw: bytes, vr: str) -> list[Any]:
        return decode_values(raw, vr, self.charset, self.little_endian)

    def text(self, tag: int) -> str:
        """Return the first value as text; empty when absent or empty."""
        values = self.texts(tag)
        return values[0] if values else ""

    def integer(self, tag: int) -> int | None:
        """Return the first value as an integer; None if absent, empty or not a whole number."""
        number = self._number(tag)
        if number is None or number != number or number in (float("inf"), float("-inf")) or int(number) != number:
            return None
        return int(number)

    def number(self, tag: int) -> float | None:
        """Return the first value as a floating point number; None if absent, empty or no number."""
        number = self._number(tag)
        return None if number is None else float(number)

    def _number(self, tag: int) -> int | float | None:
        element = self.elements.get(tag)
        if element is None:
            return None
        raw = bytes(element.buffer[element.start : min(element.end, element.start + 64)])
        return decode_number(raw, element.vr, self.little_endian)

    def items(self, tag: int) -> tuple[Dataset, ...]:
        """Return the items of a sequence; none if absent or no sequence."""
        element = self.elements.get(tag)
        return () if element is None or element.items is None else element.items

    def private_creator(self, tag: int) -> str | None:
        """Return the private creator that reserved the block of a private element (PS3.5 §7.8.1), if any."""
        block = (tag >> 8) & 0xFF
        if not tag & 0x10000 or block < 0x10:
            return None
        return self.text((tag & 0xFFFF0000) | block) or None

    def put(self, tag: int, vr: str, *values: Any) -> None:
        """Set an element to values of its VR: str, int, float or bytes; tags (AT) are int, items are data sets."""
        if vr == "SQ":
            self.put_items(tag, values)
            return
        charset = Charset.of(values) if tag == SPECIFIC_CHARACTER_SET else self.charset
        self._set(tag, vr, encode_values(values, vr, charset, self.little_endian))

    def put_raw(self, tag: int, vr: str, value: Buffer) -> None:
        """Set an element to an encoded value, given in little endian byte order; it is not copied and not padded."""
        element = Element(tag, vr, value, -1, 0, len(value))
        self._store(element if self.little_endian else element._replace(buffer=bytes(self.in_little_endian(element))))

    def put_items(self, tag: int, items: Iterable[Dataset]) -> None:
        """Set a sequence to these items.

        An item that reads its text in another character set than this data set's, and does not say so itself, is
        replaced by a copy that does.
        """
        adopted = tuple(self._adopt(item) for item in items)
        self._store(Element(tag, "SQ", b"", -1, 0, 0, adopted))

    def put_fragments(self, tag: int, vr: str, fragments: Iterable[Buffer]) -> None:
        """Set encapsulated pixel data (PS3.5 §A.4) to these fragments, the Basic Offset Table (often empty) first."""
        value, spans = encode_fragments(fragments)
        self._store(Element(tag, vr, value, -1, 0, len(value), None, spans))

    def remove(self, tag: int) -> None:
        """Remove an element if it is there."""
        if self.elements.pop(tag, None) is not None:
            self._modify(tag)

    def copy(self) -> Dataset:
        """Return a data set with the same elements, to be changed on its own; items are shared."""
        copied = Dataset(
            dict(self.elements),
            little_endian=self.little_endian,
            explicit=self.explicit,
            outer_scope=self.outer_scope,
        )
        copied.is_ordered = self.is_ordered
        copied.is_modified = self.is_modified
        return copied

    def _adopt(self, item: Dataset) -> Dataset:
        adopted = item.copy()
        adopted.is_modified = True
        adopted.outer_scope = self.item_scope()
        if SPECIFIC_CHARACTER_SET in item or item.charset is self.charset or not len(item):
            return adopted
        inherited = item.outer_scope.element if item.outer_scope is not None else None
        outer = item.outer_scope
        while inherited is None and outer is not None:
            inherited, outer = outer.element, outer.outer
        if inherited is not None:
            terms = bytes(inherited.buffer[inherited.start : inherited.end])
            adopted._set(SPECIFIC_CHARACTER_SET, "CS", terms)
        return adopted

    def _set(self, tag: int, vr: str, value: Buffer) -> None:
        self._store(Element(tag, vr, value, -1, 0, len(value)))

    def _store(self, element: Element) -> None:
        if self.is_ordered and element.tag not in self.elements and self.elements:
            self.is_ordered = element.tag > next(reversed(self.elements))
        self.elements[element.tag] = element
        self._modify(element.tag)

    def _modify(self, tag: int) -> None:
        """Forget what a change makes untrue: the group length (PS3.5 §7.2) and an inherited character set."""
        self.is_modified = True
        if tag & 0xFFFF:
            self.elements.pop(tag & 0xFFFF0000, None)
        if tag == SPECIFIC_CHARACTER_SET and self.scope is not None:
            self.scope.element = self.elements.get(tag)


def new_dataset(parent: Dataset | None = None) -> Dataset:
    """Make an empty data set in explicit VR little endian; an item of ``parent`` inherits its character set."""
    return Dataset(outer_scope=None if parent is None else parent.item_scope())
