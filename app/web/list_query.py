"""The form of the study list as a `Query` (PS3.4 §C.2.2.2): what people type, made into what archives match.

People type a part of a name or a description, the beginning of an identifier, and no wild cards. Our own index is
asked for each word by itself, in whatever order, and for the usual ways to write it in large and small letters, since
all but names are matched case-sensitively. Of other archives only the plainest is expected: one pattern a field.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from app.web.list_form import ListForm
from dicomcore.errors import InvalidParameter
from dicomcore.matching_keys import match_of
from dicomcore.query import MatchingKey, Query, ReturnKey, Universal
from dicomcore.resources import Level
from dicomcore.times import normalize_date

STUDY_DATE = 0x00080020
ACCESSION_NUMBER = 0x00080050
MODALITIES_IN_STUDY = 0x00080061
STUDY_DESCRIPTION = 0x00081030
PATIENT_NAME = 0x00100010
PATIENT_ID = 0x00100020

MAX_WORDS = 8
MAX_OFFSET = 2**31 - 1
"""What comes after that is not asked for; databases count no further."""

_SPACES = re.compile(r"[\s,^\\]+")
_EARLIEST_DAYS: Mapping[str, int] = {"week": 6, "month": 29}


@dataclass(slots=True)
class Criteria:
    """The matching keys of a form, and a sentence for each field that none can be made of."""

    keys: list[MatchingKey] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)

    def query(self, form: ListForm, page: int) -> Query:
        """Ask for one page of the studies that match."""
        return Query(
            Level.STUDY,
            keys=tuple(self.keys),
            include=(ReturnKey((STUDY_DESCRIPTION,)),),
            limit=form.size,
            offset=min((page - 1) * form.size, MAX_OFFSET),
            fuzzy=form.fuzzy and bool(form.name),
        )


def criteria_of(form: ListForm, today: date) -> Criteria:
    """Make the matching keys; ``today`` is what "today" and "the last 7 days" are counted from."""
    criteria = Criteria()
    for name, tag, vr, texts_of in _FIELDS:
        try:
            criteria.keys += _keys(name, tag, vr, texts_of(form))
        except InvalidParameter as error:
            criteria.errors[name] = f"This {error.problem}."
    try:
        criteria.keys += _keys("from", STUDY_DATE, "DA", _days(form, today))
    except InvalidParameter as error:
        criteria.errors[error.name] = error.problem
    return criteria


def _keys(name: str, tag: int, vr: str, texts: Sequence[Sequence[str]]) -> list[MatchingKey]:
    """Make a key of each group of texts, any of which may match."""
    matches = [match_of(name, vr, group) for group in texts]
    return [MatchingKey((tag,), vr, match) for match in matches if match != Universal()]


def _words(name: str, text: str) -> list[str]:
    words = list(dict.fromkeys(word for word in _SPACES.split(text) if word))
    if len(words) > MAX_WORDS:
        raise InvalidParameter(name, f"has more than {MAX_WORDS} words")
    return words


def _name(form: ListForm) -> Sequence[Sequence[str]]:
    return _contained(_words("name", form.name), not form.is_here or form.fuzzy, lambda word: [word])


def _description(form: ListForm) -> Sequence[Sequence[str]]:
    return _contained(_words("description", form.description), not form.is_here, _spellings)


def _contained(words: list[str], in_one: bool, spelled: Callable[[str], list[str]]) -> Sequence[Sequence[str]]:
    """Look for each word by itself, or for all in one pattern: fuzzy matching takes the words out of it again."""
    if in_one:
        return [[f"*{'*'.join(words)}*"]] if words else []
    return [[f"*{spelling}*" for spelling in spelled(word)] for word in words]


def _beginning(text: str, form: ListForm) -> Sequence[Sequence[str]]:
    plain = text.replace("\\", " ").strip()
    if not plain:
        return []
    return [[f"{spelling}*" for spelling in (_spellings(plain) if form.is_here else [plain])]]


def _spellings(text: str) -> list[str]:
    """Give a text as it was typed, in small and in large letters, and with a large one at the start."""
    return list(dict.fromkeys((text, text.lower(), text.upper(), text.capitalize())))


def _days(form: ListForm, today: date) -> Sequence[Sequence[str]]:
    if form.date == "range":
        low, high = _day("from", form.first), _day("to", form.last)
        if low and high and low > high:
            raise InvalidParameter("to", "The last day is before the first.")
        return [[f"{low}-{high}"]] if low or high else []
    if form.date in _EARLIEST_DAYS:
        return [[f"{today - timedelta(days=_EARLIEST_DAYS[form.date]):%Y%m%d}-"]]
    days = {"today": today, "yesterday": today - timedelta(days=1)}
    return [[f"{days[form.date]:%Y%m%d}"]] if form.date in days else []


def _day(name: str, text: str) -> str:
    plain = normalize_date(text.replace("-", "")) if text else ""
    if plain is None:
        raise InvalidParameter(name, "A date is written like 2026-11-23.")
    return plain


_FIELDS: Sequence[tuple[str, int, str, Callable[[ListForm], Sequence[Sequence[str]]]]] = (
    ("name", PATIENT_NAME, "PN", _name),
    ("id", PATIENT_ID, "LO", lambda form: _beginning(form.id, form)),
    ("accession", ACCESSION_NUMBER, "SH", lambda form: _beginning(form.accession, form)),
    ("description", STUDY_DESCRIPTION, "LO", _description),
    ("modality", MODALITIES_IN_STUDY, "CS", lambda form: [form.modalities] if form.modalities else []),
)
