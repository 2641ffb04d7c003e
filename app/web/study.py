"""The page of a study: who the patient is, its series as cards with thumbnails, what can be done, and prior studies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.web.display import (
    Json,
    age_text,
    all_values,
    count_text,
    date_text,
    first_value,
    integer,
    integer_text,
    sex_text,
    time_text,
)
from app.web.origin import Found, Origin, origin_of, resource_of, return_keys, uid_in
from app.web.pages import PageRoute, render
from app.web.view import NO_IMAGES
from dicomcore.errors import NetworkError
from dicomcore.query import Literal, MatchingKey, Query
from dicomcore.resources import Level, Resource

router = APIRouter(route_class=PageRoute, include_in_schema=False)

MAX_SERIES = 500
MAX_PRIORS = 50

_PATIENT_NAME, _PATIENT_ID, _ISSUER = 0x00100010, 0x00100020, 0x00100021
_BIRTH_DATE, _SEX, _AGE = 0x00100030, 0x00100040, 0x00101010
_DATE, _TIME, _ACCESSION, _DESCRIPTION = 0x00080020, 0x00080030, 0x00080050, 0x00081030
_MODALITIES, _STUDY_ID, _STUDY_UID = 0x00080061, 0x00200010, 0x0020000D
_REFERRING, _READING, _REQUESTING = 0x00080090, 0x00081060, 0x00321033
_SERIES_COUNT, _INSTANCE_COUNT = 0x00201206, 0x00201208
_RETRIEVE_AE_TITLE = 0x00080054
_OF_STUDY = (_DESCRIPTION, _AGE, _ISSUER, _READING, _REQUESTING, _MODALITIES, _SERIES_COUNT, _INSTANCE_COUNT)

_SERIES_UID, _NUMBER, _MODALITY, _SERIES_DESCRIPTION = 0x0020000E, 0x00200011, 0x00080060, 0x0008103E
_COUNT, _BODY_PART, _PROTOCOL, _LATERALITY = 0x00201209, 0x00180015, 0x00181030, 0x00200060
_SERIES_DATE, _SERIES_TIME = 0x00080021, 0x00080031
_OF_SERIES = (_SERIES_DESCRIPTION, _COUNT, _BODY_PART, _PROTOCOL, _LATERALITY, _SERIES_DATE, _SERIES_TIME)


@dataclass(frozen=True, slots=True)
class Patient:
    """Who was examined, as the banner shows it."""

    name: str
    patient_id: str
    issuer: str
    birth_date: str
    sex: str
    age: str


@dataclass(frozen=True, slots=True)
class SeriesCard:
    """A series among those of its study."""

    resource: Resource
    number: str
    modality: str
    description: str
    count: str
    when: str
    about: str

    @property
    def has_images(self) -> bool:
        """Whether there is something for the image view."""
        return self.modality not in NO_IMAGES

    @property
    def title(self) -> str:
        """What it is called."""
        return self.description or (f"Series {self.number}" if self.number else "Series without a name")


@router.get("/ui/studies/{study}")
async def study_page(request: Request) -> Response:
    """Show the study."""
    origin, study = await origin_of(request), resource_of(request)
    found = await origin.one(study, _OF_STUDY)
    return render(
        request,
        "study.html",
        page="studies",
        origin=origin,
        resource=study,
        patient=patient_of(found),
        facts=_facts(found),
        title=first_value(found, _DESCRIPTION) or "Study",
        when=_when(found, _DATE, _TIME),
        label=label_of(found),
        counts=counts_of(found),
        holders=all_values(found, _RETRIEVE_AE_TITLE, "\\"),
        has_patient_id=bool(first_value(found, _PATIENT_ID)),
        **await _series(origin, study),
    )


@router.get("/ui/parts/studies/{study}/series")
async def series_part(request: Request) -> Response:
    """Show the series alone, for when they have changed."""
    origin, study = await origin_of(request), resource_of(request)
    found = await origin.one(study, _OF_STUDY)
    series = await _series(origin, study)
    return render(request, "study_series.html", origin=origin, resource=study, counts=counts_of(found), **series)


@router.get("/ui/parts/studies/{study}/priors")
async def priors_part(request: Request) -> Response:
    """Show the other studies of the patient: those with the same Patient ID, of the same issuer if there is one."""
    origin, study = await origin_of(request), resource_of(request)
    try:
        found = await _priors(origin, await origin.one(study, (_ISSUER,)))
    except NetworkError as error:
        return render(request, "error_part.html", title="Other studies cannot be found", detail=str(error))
    others = [one for one in found.objects if first_value(one, _STUDY_UID) != study.study_instance_uid]
    rows = [_prior(one) for one in others if uid_in(one, _STUDY_UID)]
    return render(request, "study_priors.html", origin=origin, priors=rows, more=found.total - len(found.objects))


async def _series(origin: Origin, study: Resource) -> dict[str, Any]:
    found = await origin.search(Query(Level.SERIES, study, include=return_keys(_OF_SERIES), limit=MAX_SERIES))
    cards = [card_of(one, study) for one in found.objects if uid_in(one, _SERIES_UID)]
    return {"series": sorted(cards, key=_order), "more_series": found.total - len(found.objects)}


async def _priors(origin: Origin, patient: Json) -> Found:
    patient_id, issuer = first_value(patient, _PATIENT_ID), first_value(patient, _ISSUER)
    if not patient_id:
        return Found([], 0)
    keys = [MatchingKey((_PATIENT_ID,), "LO", Literal((patient_id,)))]
    if issuer:
        keys.append(MatchingKey((_ISSUER,), "LO", Literal((issuer,))))
    include = return_keys((_DESCRIPTION, _MODALITIES, _SERIES_COUNT, _INSTANCE_COUNT))
    return await origin.search(Query(Level.STUDY, keys=tuple(keys), include=include, limit=MAX_PRIORS))


def patient_of(study: Json) -> Patient:
    """Read who was examined."""
    return Patient(
        all_values(study, _PATIENT_NAME, "; "),
        first_value(study, _PATIENT_ID),
        first_value(study, _ISSUER),
        date_text(first_value(study, _BIRTH_DATE)),
        sex_text(first_value(study, _SEX)),
        age_text(first_value(study, _AGE)),
    )


def label_of(study: Json) -> str:
    """What a study is called where somebody is asked about it: patient, date, modalities, description."""
    name = all_values(study, _PATIENT_NAME, "; ") or first_value(study, _PATIENT_ID) or "no name"
    more = (date_text(first_value(study, _DATE)), all_values(study, _MODALITIES, " "), first_value(study, _DESCRIPTION))
    return ", ".join((name, *filter(None, more)))


def counts_of(study: Json) -> str:
    """How much a study has: "3 series, 120 instances", as far as that is known."""
    counts = ((_SERIES_COUNT, "series", "series"), (_INSTANCE_COUNT, "instance", "instances"))
    known = ((first_value(study, tag), one, many) for tag, one, many in counts)
    return ", ".join(
        count_text(number, one, many) for count, one, many in known if (number := integer(count)) is not None
    )


def card_of(series: Json, study: Resource) -> SeriesCard:
    """Show a series."""
    about = (_BODY_PART, _LATERALITY, _PROTOCOL)
    texts = [first_value(series, tag) for tag in about]
    return SeriesCard(
        Resource(study.study_instance_uid, first_value(series, _SERIES_UID)),
        first_value(series, _NUMBER),
        first_value(series, _MODALITY),
        first_value(series, _SERIES_DESCRIPTION),
        integer_text(first_value(series, _COUNT)),
        _when(series, _SERIES_DATE, _SERIES_TIME),
        ", ".join(text for text in dict.fromkeys(texts) if text and text != first_value(series, _SERIES_DESCRIPTION)),
    )


def _order(card: SeriesCard) -> tuple[bool, int, str]:
    """By number; those without one come last."""
    number = integer(card.number)
    return number is None, number or 0, card.when


def _facts(study: Json) -> Sequence[tuple[str, str]]:
    return (
        ("Date", _when(study, _DATE, _TIME)),
        ("Accession number", first_value(study, _ACCESSION)),
        ("Modalities", all_values(study, _MODALITIES)),
        ("Study ID", first_value(study, _STUDY_ID)),
        ("Referring physician", all_values(study, _REFERRING, "; ")),
        *_known(("Read by", all_values(study, _READING, "; ")), ("Requested by", first_value(study, _REQUESTING))),
    )


def _known(*facts: tuple[str, str]) -> Sequence[tuple[str, str]]:
    return [fact for fact in facts if fact[1]]


def _prior(study: Json) -> dict[str, object]:
    return {
        "resource": Resource(first_value(study, _STUDY_UID)),
        "when": _when(study, _DATE, _TIME),
        "modalities": all_values(study, _MODALITIES),
        "description": first_value(study, _DESCRIPTION),
        "accession": first_value(study, _ACCESSION),
        "counts": counts_of(study),
    }


def _when(dataset: Json, date: int, time: int) -> str:
    return f"{date_text(first_value(dataset, date))} {time_text(first_value(dataset, time))}".strip()
