"""Values of data sets in the DICOM JSON model (PS3.18 Annex F), as FHIR can take them.

Text of FHIR has no control characters but tabs and line ends, and is not empty; whatever else is stored becomes that,
or nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

Json = dict[str, Any]
DicomJson = Mapping[str, Any]

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+")
_LONGEST_NAME = 500
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_UNSIGNED = 2**31 - 1


def values(dataset: DicomJson, tag: int) -> list[Any]:
    """The values of an attribute that are not empty."""
    return [value for value in dataset.get(f"{tag:08X}", {}).get("Value", ()) if value not in (None, "")]


def texts(dataset: DicomJson, tag: int) -> Iterator[str]:
    """The texts of an attribute."""
    for value in values(dataset, tag):
        text = clean(str(value)) if isinstance(value, (str, int, float)) else ""
        if text:
            yield text


def text(dataset: DicomJson, tag: int) -> str:
    """The first text of an attribute, or nothing."""
    return next(texts(dataset, tag), "")


def items(dataset: DicomJson, tag: int) -> list[DicomJson]:
    """The items of a sequence."""
    return [value for value in values(dataset, tag) if isinstance(value, Mapping)]


def count(dataset: DicomJson, tag: int) -> int | None:
    """An attribute that counts something, if it is an unsigned integer of FHIR (to 2,147,483,647)."""
    found = next(iter(values(dataset, tag)), None)
    try:
        number = int(str(found))
    except ValueError:
        return None
    return number if 0 <= number <= _UNSIGNED else None


def names(dataset: DicomJson, tag: int) -> list[str]:
    """The names of persons, as they are read aloud."""
    found = (spoken_name(value) for value in values(dataset, tag) if isinstance(value, Mapping))
    return [name for name in found if name]


def spoken_name(name: Mapping[str, str]) -> str:
    """Write a person name (PS3.5 §6.2.1.1) from its first group that says anything.

    ``Doe^Jane^M^Dr^MD`` is ``Dr Jane M Doe, MD``; of names in ideographs the family name comes first.
    """
    for group in _GROUPS:
        family, given, middle, prefix, suffix = _components(str(name.get(group, "")))
        words = (prefix, given, middle, family) if group == "Alphabetic" else (prefix, family, given, middle)
        spoken = " ".join(word for word in words if word)
        if spoken or suffix:
            return ", ".join(part for part in (spoken, suffix) if part)
    return ""


def _components(group: str) -> list[str]:
    parts = [clean(part) for part in group[:_LONGEST_NAME].split("^")]
    return (parts + [""] * 5)[:5]


def clean(text: str) -> str:
    """Leave out what a string of FHIR cannot have."""
    sound = text.encode("utf-8", "replace").decode("utf-8")
    return _CONTROLS.sub(" ", sound).strip()


def without_empty(members: Mapping[str, object]) -> Json:
    """Leave out members without a value: FHIR has no empty strings, lists and objects."""
    return {name: value for name, value in members.items() if value not in (None, "", [], {})}
