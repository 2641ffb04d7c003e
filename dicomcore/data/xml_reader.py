"""Native DICOM Model decoder (PS3.19 §A.1): XML metadata of the web to data sets.

The document is turned, while it is parsed, into the DICOM JSON Model, which `json_reader` decodes; one set of rules
holds for both. The parser takes no document type declaration, no entities and nothing external, and has limits of size,
number and depth.

Private elements get a block (PS3.5 §7.8.1): the one whose creator stands in the document, else the first that is free,
from 10 on. Taken although the standard has it otherwise: a missing namespace, private tags that kept their block, a
missing ``vr`` that the dictionary knows, missing numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]  # it has no types
from defusedxml.ElementTree import XMLParser  # type: ignore[import-untyped]  # it has no types

from dicomcore.data.dictionary import is_private, is_private_creator, parse_tag, vr_of
from dicomcore.data.json_model import MAX_DEPTH, MAX_METADATA
from dicomcore.data.json_parser import MAX_VALUES
from dicomcore.data.json_reader import Metadata, decode_json
from dicomcore.data.xml_model import COMPONENTS, NAMESPACE
from dicomcore.errors import LimitExceeded, MalformedDataset

_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_CONTENTS = ("Value", "Item", "PersonName", "BulkData", "InlineBinary")
_CHILDREN: dict[str, tuple[str, ...]] = {
    "": ("NativeDicomModel",),
    "NativeDicomModel": ("DicomAttribute",),
    "Item": ("DicomAttribute",),
    "DicomAttribute": _CONTENTS,
    "PersonName": _GROUPS,
    **dict.fromkeys(_GROUPS, COMPONENTS),
}
_MAX_XML_DEPTH = 2 * MAX_DEPTH + 6  # an attribute and an item for each sequence, then name, group, component


def decode_xml(document: bytes | bytearray | memoryview) -> Metadata:
    """Decode one Native DICOM Model document.

    Raises:
        MalformedDataset: it is not well-formed, has a document type declaration, or breaks the model.
        LimitExceeded: it is larger than metadata may be.
    """
    if len(document) > MAX_METADATA:
        raise LimitExceeded("bytes of metadata", MAX_METADATA)
    parser = XMLParser(target=_Target(), forbid_dtd=True)
    try:
        parser.feed(bytes(document))
        members = parser.close()
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise MalformedDataset(f"the metadata are no valid XML: {error}") from error
    return decode_json(members)


class _Node:
    """An element that is open: what it has got so far."""

    __slots__ = ("attributes", "children", "name", "texts")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.children: list[Any] = []
        self.texts: list[str] = []

    @property
    def text(self) -> str:
        return "".join(self.texts)


class _Target:
    """What the parser calls; `close` gives the members of the data set."""

    def __init__(self) -> None:
        self._open = [_Node("", {})]
        self._count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MAX_VALUES:
            raise LimitExceeded("elements in XML metadata", MAX_VALUES)
        if len(self._open) > _MAX_XML_DEPTH:
            raise LimitExceeded("levels of XML", _MAX_XML_DEPTH)
        name = name.removeprefix(f"{{{NAMESPACE}}}")
        parent = self._open[-1]
        if name not in _CHILDREN.get(parent.name, ()):
            raise MalformedDataset(f"{self._path()}{name[:80]} cannot stand in {parent.name or 'the document'}")
        self._open.append(_Node(name, attributes))

    def end(self, _: str) -> None:
        node = self._open.pop()
        try:
            self._open[-1].children.append(_FINISH.get(node.name, _component)(node))
        except ValueError as error:
            raise MalformedDataset(f"{self._path()}{node.name}: {error}") from error

    def data(self, text: str) -> None:
        self._open[-1].texts.append(text)

    def close(self) -> Any:
        return self._open[0].children[0]

    def _path(self) -> str:
        tags = [node.attributes.get("tag", "")[:8] for node in self._open if node.name == "DicomAttribute"]
        return "/".join(tags) + ": " if tags else ""


def _component(node: _Node) -> tuple[str, str]:
    return node.name, node.text


def _group(node: _Node) -> tuple[str, str]:
    parts: dict[str, str] = dict(node.children)
    return node.name, "^".join(parts.get(component, "") for component in COMPONENTS).rstrip("^")


def _person_name(node: _Node) -> tuple[int | None, dict[str, str] | None]:
    return _number(node), {group: text for group, text in node.children if text} or None


def _value(node: _Node) -> tuple[int | None, str | None]:
    return _number(node), node.text or None


def _item(node: _Node) -> tuple[int | None, dict[str, Any]]:
    return _number(node), _members(node.children)


def _number(node: _Node) -> int | None:
    number = node.attributes.get("number")
    if number is None:
        return None
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise ValueError("number is no positive integer")
    return int(number)


def _bulkdata(node: _Node) -> tuple[str, str]:
    return "BulkDataURI", node.attributes.get("uri") or node.attributes.get("uuid") or ""


def _inline_binary(node: _Node) -> tuple[str, str]:
    return "InlineBinary", "".join(node.text.split())


def _attribute(node: _Node) -> tuple[int, str, dict[str, Any]]:
    """Return tag, private creator and the attribute as the JSON model has it."""
    tag = parse_tag(node.attributes.get("tag", ""))
    if tag is None:
        raise ValueError("tag is not made of eight hexadecimal digits")
    creator = node.attributes.get("privateCreator", "") if is_private(tag) else ""
    vr = node.attributes.get("vr") or vr_of(tag | 0x1000 if creator else tag, creator or None)
    return tag, creator, {"vr": vr, **_content(node.children)}


def _content(children: list[tuple[Any, Any]]) -> dict[str, Any]:
    """Return Value, BulkDataURI or InlineBinary; values in the order of their numbers, which count from 1."""
    members = {name: content for name, content in children if isinstance(name, str)}
    values = [(number, value) for number, value in children if not isinstance(number, str)]
    if not values:
        return members
    if any(number is not None for number, _ in values):
        values.sort(key=lambda numbered: numbered[0] or 0)
        if [number for number, _ in values] != list(range(1, len(values) + 1)):
            raise ValueError("numbers do not count from 1 in steps of 1")
    return {**members, "Value": [value for _, value in values]}


def _members(attributes: Iterable[tuple[int, str, dict[str, Any]]]) -> dict[str, Any]:
    """Put the attributes of a data set together and give private ones a block."""
    members: dict[str, Any] = {}
    private = []
    for tag, creator, attribute in attributes:
        if creator:
            private.append((tag, creator, attribute))
        elif members.setdefault(f"{tag:08X}", attribute) is not attribute:
            raise ValueError(f"{tag:08X} is there twice")
    blocks = _Blocks(members)
    for tag, creator, attribute in private:
        members[blocks.place(tag, creator)] = attribute
    return members


class _Blocks:
    """The blocks of private elements in a data set (PS3.5 §7.8.1), by group and creator.

    A tag that is there again with the same creator came from another block of that creator.
    """

    def __init__(self, members: dict[str, Any]) -> None:
        self._members = members
        self._blocks: dict[tuple[int, str], list[int]] = {}
        self._next_free: dict[int, int] = {}
        self._placed: dict[tuple[int, str], int] = {}
        for name, attribute in members.items():
            tag = int(name, 16)
            if is_private_creator(tag):
                self._blocks.setdefault((tag >> 16, (attribute.get("Value") or [""])[0]), []).append(tag & 0xFF)

    def place(self, tag: int, creator: str) -> str:
        """Return the name for an attribute, in a block of its creator that is reserved now if it was not."""
        tag &= 0xFFFF00FF
        blocks = self._blocks.setdefault((tag >> 16, creator), [])
        for number in range(self._placed.get((tag, creator), 0), 0x100):
            if number == len(blocks):
                blocks.append(self._reserve(tag >> 16, creator))
            name = f"{tag | blocks[number] << 8:08X}"
            if name not in self._members:
                self._placed[tag, creator] = number + 1
                return name
        raise ValueError(f"group {tag >> 16:04X} has no block left")

    def _reserve(self, group: int, creator: str) -> int:
        for block in range(self._next_free.get(group, 0x10), 0x100):
            name = f"{group:04X}{block:04X}"
            if name not in self._members:
                self._members[name] = {"vr": "LO", "Value": [creator]}
                self._next_free[group] = block + 1
                return block
        raise ValueError(f"group {group:04X} has no block left")


_FINISH: dict[str, Callable[[_Node], Any]] = {
    "NativeDicomModel": lambda node: _members(node.children),
    "Item": _item,
    "DicomAttribute": _attribute,
    "PersonName": _person_name,
    **dict.fromkeys(_GROUPS, _group),
    "Value": _value,
    "BulkData": _bulkdata,
    "InlineBinary": _inline_binary,
}
