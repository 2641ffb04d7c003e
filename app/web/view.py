"""The image view: a study's series in a strip, and the pictures of one of them.

The page has what a browser cannot know before it asks: who the patient is, which series there are and what they are.
Metadata, pixels and pictures come from the web services, asked by ``static/view``, so that a remote study is seen
through the bridge like one of ours.
"""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.web.display import Json, age_text, count_text, date_text, first_value, integer, sex_text, time_text
from app.web.origin import Origin, origin_of, resource_of, return_keys, uid_in
from app.web.pages import PageRoute, render
from dicomcore.errors import InvalidParameter, ResourceNotFound
from dicomcore.query import MatchingKey, Query, UidList
from dicomcore.resources import Level, Resource
from dicomcore.uids import check_uid

router = APIRouter(route_class=PageRoute, include_in_schema=False)

MAX_SERIES = 1_000
_MOST_LOOKED_INTO = 24  # series without images whose instances are searched for, to lead to them
_MAX_FRAME = 1_000_000

_SOP_INSTANCE_UID = 0x00080018
_MODALITY = 0x00080060
_DESCRIPTION = 0x0008103E
_SERIES_INSTANCE_UID = 0x0020000E
_SERIES_NUMBER = 0x00200011
_NUMBER_OF_INSTANCES = 0x00201209
_OF_SERIES = (_MODALITY, _DESCRIPTION, _SERIES_NUMBER, _NUMBER_OF_INSTANCES)
_OF_STUDY = (0x00081030, 0x00100010, 0x00100020, 0x00100030, 0x00100040, 0x00101010, 0x00080050)

_SIGNALS = ("AU", "ECG", "EEG", "EMG", "EOG", "EPS", "HC", "HD", "RESP")
_DOCUMENTS = ("ASMT", "DOC", "KO", "M3D", "PLAN", "RTPLAN", "RTRECORD", "RTSTRUCT", "SR", "STAIN", "TEXTUREMAP")
_ABOUT_IMAGES = ("FID", "PR", "REG", "RWV", "SEG", "SMR")
NO_IMAGES = frozenset((*_SIGNALS, *_DOCUMENTS, *_ABOUT_IMAGES))
"""Modalities (PS3.3 §C.7.3.1.1.1) whose instances have a page of their own, and are no pictures to scroll through."""
_LAID_OVER = frozenset(("PR", "SEG"))


@dataclass(frozen=True, slots=True)
class SeriesEntry:
    """A series in the strip: ``href`` leads to its pictures or to a page about it, ``page`` always to the latter."""

    uid: str
    number: str
    modality: str
    description: str
    count: str
    href: str
    page: str
    thumbnail: str
    has_images: bool

    @property
    def is_laid_over(self) -> bool:
        """Whether it says how images of other series are to be shown."""
        return self.modality in _LAID_OVER


@router.get("/ui/view/{study}")
async def view_page(request: Request) -> Response:
    """Show the pictures of a study."""
    origin, study = await origin_of(request), resource_of(request)
    start = await _start(request, origin, study)
    facts = await origin.one(study, _OF_STUDY)
    found = await origin.search(Query(Level.SERIES, study, include=return_keys(_OF_SERIES), limit=MAX_SERIES))
    series = [await _entry(origin, study, one, number) for number, one in enumerate(_in_order(found.objects))]
    return render(
        request,
        "view.html",
        page="studies",
        origin=origin,
        study=study,
        patient=_patient(facts),
        about=_about(facts),
        series=series,
        start=start,
        frame=_frame(request),
    )


async def _start(request: Request, origin: Origin, study: Resource) -> Resource:
    """What is to be seen first: the series and the instance of the query, whose series is looked for if need be."""
    asked = request.query_params
    series = check_uid(asked["series"], "series") if asked.get("series") else None
    instance = check_uid(asked["instance"], "instance") if asked.get("instance") else None
    if instance is not None and series is None:
        key = MatchingKey((_SOP_INSTANCE_UID,), "UI", UidList((instance,)))
        found = await origin.search(Query(Level.INSTANCE, study, (key,), limit=1))
        if not found.objects:
            raise ResourceNotFound(f"instance {instance}")
        series = uid_in(found.objects[0], _SERIES_INSTANCE_UID) or None
    return Resource(study.study_instance_uid, series, instance)


def _frame(request: Request) -> int | None:
    text = request.query_params.get("frame")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 8 and 0 < int(text) <= _MAX_FRAME):
        raise InvalidParameter("frame", "must be a frame number from 1")
    return int(text)


def _in_order(series: list[Json]) -> list[Json]:
    """By number, those without one last; pictures before everything else."""

    def place(one: Json) -> tuple[bool, bool, int, str]:
        number = integer(first_value(one, _SERIES_NUMBER))
        modality = first_value(one, _MODALITY)
        return modality in NO_IMAGES, number is None, number or 0, first_value(one, _DESCRIPTION)

    return sorted((one for one in series if uid_in(one, _SERIES_INSTANCE_UID)), key=place)


async def _entry(origin: Origin, study: Resource, one: Json, place: int) -> SeriesEntry:
    resource = Resource(study.study_instance_uid, first_value(one, _SERIES_INSTANCE_UID))
    modality = first_value(one, _MODALITY)
    has_images = modality not in NO_IMAGES
    count = integer(first_value(one, _NUMBER_OF_INSTANCES))
    href = origin.view(resource) if has_images else await _page(origin, resource, looks=place < _MOST_LOOKED_INTO)
    return SeriesEntry(
        uid=str(resource.series_instance_uid),
        number=first_value(one, _SERIES_NUMBER),
        modality=modality,
        description=first_value(one, _DESCRIPTION),
        count="" if count is None else count_text(count, "image" if has_images else "object"),
        href=href,
        page=origin.page(resource),
        thumbnail=origin.web(resource, "thumbnail", viewport="128,128"),
        has_images=has_images,
    )


async def _page(origin: Origin, series: Resource, *, looks: bool) -> str:
    """The page of the only instance of a series, or of the series if there are more."""
    if looks:
        found = await origin.search(Query(Level.INSTANCE, series, limit=2))
        uids = [uid_in(one, _SOP_INSTANCE_UID) for one in found.objects]
        if len(uids) == 1 and uids[0]:
            return origin.page(Resource(series.study_instance_uid, series.series_instance_uid, uids[0]))
    return origin.page(series)


def _patient(facts: Json) -> list[str]:
    """The lines that say who this is: name; ID; birth date, age and sex."""
    age, sex = age_text(first_value(facts, 0x00101010)), sex_text(first_value(facts, 0x00100040))
    born = date_text(first_value(facts, 0x00100030))
    person = ", ".join(part for part in (f"born {born}" if born else "", age, sex) if part)
    lines = [first_value(facts, 0x00100010) or "No name", first_value(facts, 0x00100020), person]
    return [line for line in lines if line]


def _about(facts: Json) -> list[str]:
    """The lines that say what was done: description, date and time."""
    moment = (date_text(first_value(facts, 0x00080020)), time_text(first_value(facts, 0x00080030)))
    lines = [first_value(facts, 0x00081030), " ".join(part for part in moment if part)]
    return [line for line in lines if line]
