"""The VR of elements that come without one, or with one that says nothing (PS3.5 §6.2.2, Annex A.1).

In Implicit VR the dictionary says what an element is; private elements are looked up with their creator. Where the
dictionary leaves a choice, other elements decide: Pixel Representation between US and SS, the number of entries of a
LUT between US and OW; between OB and OW it is always OW (PS3.5 §A.1), unless the value is encapsulated.

A VR of UN is replaced by the dictionary's when that is known and the value fits it. The bytes of the element stay as
they are, only readers of the data set see the better VR.
"""

from __future__ import annotations

from struct import unpack_from

from dicomcore.data.dataset import Element
from dicomcore.data.dictionary import is_private, is_private_creator, private_creator_tag, vr_of, vrs_of
from dicomcore.data.vr import VRS

PIXEL_REPRESENTATION = 0x00280103
LUT_DESCRIPTOR = 0x00283002

_known: dict[int, str] = {}


def known_vrs() -> dict[int, str]:
    """Return the memo of unambiguous standard VRs that readers consult first; `dictionary_vr` fills it.

    Sequences are not in it: they need more than a VR to be read.
    """
    return _known


def dictionary_vr(tag: int, elements: dict[int, Element]) -> tuple[str, bool]:
    """Return the dictionary's VR of a tag and whether it is one of several; ``elements`` hold the private creators."""
    if is_private(tag) and tag & 0xFFFF:
        return _private_vr(tag, elements), False
    vrs = vrs_of(tag)
    vr = vrs[0]
    if len(vrs) > 1:
        return vr, True
    if vr not in ("UN", "SQ") and tag:
        _known[tag] = vr
    return vr, False


def _private_vr(tag: int, elements: dict[int, Element]) -> str:
    if is_private_creator(tag):
        return "LO"
    creator = elements.get(private_creator_tag(tag))
    if creator is None or tag & 0xFFFF < 0x1000 or creator.end - creator.start > 64:
        return "UN"
    name = bytes(creator.buffer[creator.start : creator.end]).decode("ascii", "replace")
    return vr_of(tag, name.strip(" \0"))


def fits(vr: str, length: int) -> bool:
    """Say whether a value of this length can be one of this VR."""
    rule = VRS.get(vr)
    return rule is not None and length % rule.width == 0


def choose_vr(element: Element, ancestors: tuple[dict[int, Element], ...], little_endian: bool) -> Element:
    """Decide between the VRs that the dictionary allows; ``ancestors`` begin with the data set of the element."""
    if element.fragments is not None:
        return element._replace(vr="OB")
    choices = vrs_of(element.tag)
    if "SS" not in choices:
        if "US" in choices and _entries_of_lut(ancestors[0], little_endian) == 1:
            return element._replace(vr="US")
        return element._replace(vr="OW")
    if "OW" in choices and element.end - element.start > 2:
        return element._replace(vr="OW")
    found = (_first_short(one, PIXEL_REPRESENTATION, little_endian) for one in ancestors)
    return element._replace(vr="SS" if next((value for value in found if value is not None), 0) == 1 else "US")


def _entries_of_lut(elements: dict[int, Element], little_endian: bool) -> int | None:
    return _first_short(elements, LUT_DESCRIPTOR, little_endian)


def _first_short(elements: dict[int, Element], tag: int, little_endian: bool) -> int | None:
    element = elements.get(tag)
    if element is None or element.end - element.start < 2:
        return None
    value: int = unpack_from("<H" if little_endian else ">H", element.buffer, element.start)[0]
    return value
