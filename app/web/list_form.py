"""The form of the study list: what the address of the page says, as it was typed, and what is wrong with it.

The address holds the whole form, so that reload, back and bookmarks work. What cannot be is no error of the request:
it is told at its field, and the rest of the form stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

MAX_TEXT = 128
MAX_MODALITIES = 32
SIZES = (25, 50, 100)
"""How many studies a page may have."""
DEFAULT_SIZE = 50
ARCHIVE = ""
"""The source that is this archive."""

DATES: Mapping[str, str] = {
    "any": "Any date",
    "today": "Today",
    "yesterday": "Yesterday",
    "week": "Last 7 days",
    "month": "Last 30 days",
    "range": "From / to",
}
"""What can be chosen for the study date."""

MODALITIES: Mapping[str, str] = {
    "CT": "Computed tomography",
    "MR": "Magnetic resonance",
    "US": "Ultrasound",
    "CR": "Computed radiography",
    "DX": "Digital radiography",
    "MG": "Mammography",
    "XA": "X-ray angiography",
    "RF": "Fluoroscopy",
    "NM": "Nuclear medicine",
    "PT": "Positron emission tomography",
    "ECG": "Electrocardiography",
    "SM": "Slide microscopy",
    "OT": "Other",
    "SR": "Structured report",
    "SEG": "Segmentation",
    "RTSTRUCT": "Radiotherapy structures",
}
"""The modalities that are offered (PS3.3 §C.7.3.1.1.1); an address may name others."""

_CONTROLS = re.compile("[\0-\x1f\x7f]")
_MODALITY = re.compile(r"[A-Z0-9_ ]{1,16}")
_DIGITS = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class ListForm:
    """What the form says; ``errors`` has a sentence for each field at fault.

    ``date`` is one of `DATES`, ``first`` and ``last`` are dates such as 2026-11-23. ``source`` is empty for this
    archive, the AE title of a node, or ``*``. ``everything`` asks a node even without a criterion.
    """

    name: str = ""
    fuzzy: bool = False
    id: str = ""
    accession: str = ""
    description: str = ""
    date: str = "any"
    first: str = ""
    last: str = ""
    modalities: tuple[str, ...] = ()
    source: str = ARCHIVE
    size: int = DEFAULT_SIZE
    page: int = 1
    everything: bool = False
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_here(self) -> bool:
        """Whether this archive is searched, and nobody else."""
        return self.source == ARCHIVE

    @property
    def has_criteria(self) -> bool:
        """Whether anything narrows the search."""
        texts = (self.name, self.id, self.accession, self.description)
        has_dates = self.date not in ("any", "range") or bool(self.first or self.last)
        return any(text.strip("* ") for text in texts) or has_dates or bool(self.modalities)

    def address(self, page: int = 1) -> str:
        """Return the query string that says the same, without what is as it is anyway: empty, or from ``?`` on."""
        needed = {"everything": not self.is_here and not self.has_criteria, "page": False, "errors": False}
        known = [each for each in fields(self) if needed.get(each.name, True)]
        said = [(_NAMES.get(each.name, each.name), getattr(self, each.name), each.default) for each in known]
        pairs = [(name, _written(value)) for name, value, default in said if value != default]
        if page > 1:
            pairs.append(("page", str(page)))
        return f"?{urlencode(pairs, doseq=True)}" if pairs else ""


# Where the address calls a field otherwise.
_NAMES = {"first": "from", "last": "to", "modalities": "modality", "everything": "all"}


def _written(value: object) -> str | tuple[str, ...]:
    if isinstance(value, tuple):
        return value
    return "1" if value is True else str(value)


def read_form(parameters: QueryParams) -> ListForm:
    """Read an address; what it does not say is as it is by default."""
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for each in fields(ListForm):
        name = _NAMES.get(each.name, each.name)
        given = [value for value in parameters.getlist(name) if value.strip()]
        if not given or each.name == "errors":
            continue
        try:
            values[each.name] = _READERS.get(each.name, _text)(given)
        except ValueError as error:
            errors[name] = str(error)
    if "date" not in values and ("first" in values or "last" in values):
        values["date"] = "range"
    return ListForm(**values, errors=errors)


def _text(given: list[str]) -> str:
    text = given[-1]
    if len(text) > MAX_TEXT:
        raise ValueError(f"Not more than {MAX_TEXT} characters, please.")
    if _CONTROLS.search(text):
        raise ValueError("There are control characters in it.")
    return text.strip()


def _flag(given: list[str]) -> bool:
    return given[-1] == "1"


def _date(given: list[str]) -> str:
    if given[-1] not in DATES:
        raise ValueError(f"One of {', '.join(DATES)}, please.")
    return given[-1]


def _modalities(given: list[str]) -> tuple[str, ...]:
    names = dict.fromkeys(text.strip().upper() for text in given)
    if len(names) > MAX_MODALITIES or not all(map(_MODALITY.fullmatch, names)):
        raise ValueError(f"At most {MAX_MODALITIES} codes such as CT, please.")
    return tuple(names)


def _size(given: list[str]) -> int:
    if given[-1] not in map(str, SIZES):
        raise ValueError(f"One of {', '.join(map(str, SIZES))}, please.")
    return int(given[-1])


def _page(given: list[str]) -> int:
    if not _DIGITS.fullmatch(given[-1]) or int(given[-1]) < 1:
        raise ValueError("A page is a number from 1 on.")
    return int(given[-1])


_READERS: Mapping[str, Callable[[list[str]], object]] = {
    "fuzzy": _flag,
    "everything": _flag,
    "date": _date,
    "modalities": _modalities,
    "size": _size,
    "page": _page,
}
