"""The data dictionary (PS3.6), the private dictionary and the UIDs, with the tag rules of PS3.5 §7.

Tags are integers, group in the upper 16 bits. Nothing here raises: what is unknown has the VR ``UN`` and the empty
string for a name, because data sets are full of elements that no dictionary knows. The tables themselves are in
generated modules; the private one is loaded when the first private element is looked up.
"""

import re
from functools import lru_cache

from dicomcore.data import dictionary_data, uid_data

Entry = tuple[str, str, str, str]  # VR list ("US/SS"), VM, keyword, name

_EIGHT_DIGITS = re.compile(r"[0-9A-Fa-f]{8}")

_UNKNOWN: Entry = ("UN", "1-n", "", "")
_GROUP_LENGTH: Entry = ("UL", "1", "", "Group Length")  # PS3.5 §7.2
_PRIVATE_CREATOR: Entry = ("LO", "1", "", "Private Creator")  # PS3.5 §7.8.1


def _load_elements() -> dict[int, Entry]:
    elements: dict[int, Entry] = {}
    for line in dictionary_data.ELEMENTS.splitlines():
        tag, vrs, vm, keyword, name = line.split("|")
        elements[int(tag, 16)] = (vrs, vm, keyword, name)
    return elements


def _load_repeating() -> dict[int, dict[int, Entry]]:
    """Return for each mask (0 where the pattern has an x) the entries by what remains of the tag."""
    repeating: dict[int, dict[int, Entry]] = {}
    for line in dictionary_data.REPEATING_ELEMENTS.splitlines():
        pattern, vrs, vm, keyword, name = line.split("|")
        mask = int("".join("0" if digit == "x" else "F" for digit in pattern), 16)
        repeating.setdefault(mask, {})[int(pattern.replace("x", "0"), 16)] = (vrs, vm, keyword, name)
    return repeating


_ELEMENTS = _load_elements()
_REPEATING = _load_repeating()
# The first VR of each element: the one way through this module that every element of every implicit VR data set takes.
_VRS = {tag: entry[0].partition("/")[0] or "UN" for tag, entry in _ELEMENTS.items()}
_TAGS = {entry[2]: tag for entries in (*_REPEATING.values(), _ELEMENTS) for tag, entry in entries.items() if entry[2]}


def _load_uids() -> dict[str, tuple[str, str, str, str]]:
    uids = {}
    for line in uid_data.UIDS.splitlines():
        uid, kind, keyword, retired, name = line.split("|")
        uids[uid] = (kind, keyword, retired, name)
    return uids


_UIDS = _load_uids()

# "Storage" also ends the names of SOP Classes that store nothing in an archive.
_NOT_STORED = {"MediaStorageDirectoryStorage", "StorageCommitmentPushModel", "StorageCommitmentPullModel"}
STORAGE_SOP_CLASSES: frozenset[str] = frozenset(
    uid
    for uid, (kind, keyword, _, _) in _UIDS.items()
    if kind == "SOP Class" and "Storage" in keyword and keyword not in _NOT_STORED
)


def is_private(tag: int) -> bool:
    """Say whether the group is odd and not one of those that PS3.5 §7.8 forbids (0001 to 0007 and FFFF)."""
    return bool(tag & 0x10000)


def is_private_creator(tag: int) -> bool:
    """Say whether this is a Private Creator Data Element, (gggg,0010-00FF) with gggg odd (PS3.5 §7.8.1)."""
    return bool(tag & 0x10000) and 0x10 <= tag & 0xFFFF <= 0xFF


def private_creator_tag(tag: int) -> int:
    """Return the tag of the element that names the creator of the block of this private element."""
    return tag & 0xFFFF0000 | (tag & 0xFF00) >> 8


def tag_of(keyword: str) -> int | None:
    """Return the tag with this keyword, None when there is none; the first group of a repeating group."""
    return _TAGS.get(keyword)


def parse_tag(text: str) -> int | None:
    """Read a tag written as PS3.18 §8.3.1.1 has it, keyword or eight hexadecimal digits; None when it is neither."""
    tag = _TAGS.get(text)
    return int(text, 16) if tag is None and _EIGHT_DIGITS.fullmatch(text) else tag


def keyword_of(tag: int) -> str:
    """Return the keyword of a tag, the empty string when it has none."""
    return _standard_entry(tag)[2]


def name_of(tag: int) -> str:
    """Return the name of a tag, the empty string when it has none."""
    return _standard_entry(tag)[3]


def vm_of(tag: int) -> str:
    """Return the value multiplicity as the standard writes it, ``1-n`` when the tag is unknown."""
    return _standard_entry(tag)[1]


def vr_of(tag: int, private_creator: str | None = None) -> str:
    """Return the VR of a tag, ``UN`` when it is unknown.

    Where the standard leaves a choice (``US or SS``) it is the first; `vrs_of` has all of them. A private element is
    looked up by its creator.
    """
    vr = _VRS.get(tag)
    if vr is not None:
        return vr
    return vrs_of(tag, private_creator)[0]


def vrs_of(tag: int, private_creator: str | None = None) -> tuple[str, ...]:
    """Return every VR that the dictionary allows for a tag."""
    if private_creator is not None and is_private(tag):
        return _vr_choices(_private_entry(tag, private_creator)[0])
    return _vr_choices(_standard_entry(tag)[0])


def private_name_of(tag: int, private_creator: str) -> str:
    """Return the name that the private dictionary has for this element of this creator, or the empty string."""
    return _private_entry(tag, private_creator)[3]


def private_vm_of(tag: int, private_creator: str) -> str:
    """Return the VM that the private dictionary has for this element of this creator, ``1-n`` if unknown."""
    return _private_entry(tag, private_creator)[1]


def uid_name(uid: str) -> str:
    """Return the name of a registered UID, the empty string for any other."""
    return _UIDS[uid][3] if uid in _UIDS else ""


def uid_type(uid: str) -> str:
    """Return the type of a registered UID as PS3.6 Table A-1 writes it (``SOP Class``), or the empty string."""
    return _UIDS[uid][0] if uid in _UIDS else ""


def uid_keyword(uid: str) -> str:
    """Return the keyword of a registered UID, the empty string for any other."""
    return _UIDS[uid][1] if uid in _UIDS else ""


def is_retired_uid(uid: str) -> bool:
    """Say whether the standard has retired this UID."""
    return uid in _UIDS and bool(_UIDS[uid][2])


@lru_cache(maxsize=64)
def _vr_choices(vrs: str) -> tuple[str, ...]:
    return tuple(vrs.split("/")) if vrs else ("UN",)


@lru_cache(maxsize=4096)
def _standard_entry(tag: int) -> Entry:
    found = _ELEMENTS.get(tag)
    if found is not None:
        return found
    if tag & 0xFFFF == 0:
        return _GROUP_LENGTH
    if is_private(tag):
        return _PRIVATE_CREATOR if is_private_creator(tag) else _UNKNOWN
    for mask, entries in _REPEATING.items():
        found = entries.get(tag & mask)
        if found is not None:
            return found
    return _UNKNOWN


@lru_cache(maxsize=4096)
def _private_entry(tag: int, private_creator: str) -> Entry:
    """Look up a private element: by its whole tag, then in any block, then in any block of any similar group."""
    if is_private_creator(tag) or tag & 0xFFFF == 0:
        return _standard_entry(tag)
    block = _private_block(private_creator.strip(" \0"))
    digits = f"{tag:08X}"
    for pattern in (digits, f"{digits[:4]}xx{digits[6:]}", f"{digits[:2]}xxxx{digits[6:]}"):
        found = block.get(pattern)
        if found is not None:
            return found
    return _UNKNOWN


@lru_cache(maxsize=64)
def _private_block(private_creator: str) -> dict[str, Entry]:
    from dicomcore.data.private_dictionary_data import PRIVATE_ELEMENTS

    block: dict[str, Entry] = {}
    for line in PRIVATE_ELEMENTS.get(private_creator, "").splitlines():
        pattern, vrs, vm, name = line.split("|")
        block[pattern] = (vrs, vm, "", name)
    return block
