"""The page of a series: what it is, how its images lie in space, and its instances, which come as one scrolls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.web.display import Json, count_text, date_text, first_value, integer, number_text, size_text, time_text
from app.web.metadata import metadata_of
from app.web.origin import Origin, origin_of, resource_of, return_keys, uid_in
from app.web.pages import PageRoute, render
from app.web.series_geometry import (
    BY,
    IMAGE_ORIENTATION,
    IMAGE_POSITION,
    Facts,
    equipment_facts,
    geometry_facts,
)
from app.web.study import label_of, patient_of
from dicomcore.data import uid_name
from dicomcore.errors import InvalidParameter
from dicomcore.query import Query
from dicomcore.resources import Level, Resource

router = APIRouter(route_class=PageRoute, include_in_schema=False)

PAGE = 100
"""How many instances come at once."""

_INSTANCE_UID, _SOP_CLASS, _INSTANCE_NUMBER, _FRAMES = 0x00080018, 0x00080016, 0x00200013, 0x00280008
_ROWS, _COLUMNS, _TITLE, _LABEL, _CONCEPT = 0x00280010, 0x00280011, 0x00420010, 0x00700080, 0x0040A043
_OF_INSTANCES = (_TITLE, _LABEL)
_OF_STUDY = (0x00081030, 0x00101010, 0x00100021, 0x00080061)
_DESCRIPTION, _MODALITY, _NUMBER, _COUNT = 0x0008103E, 0x00080060, 0x00200011, 0x00201209
_DATE, _TIME = 0x00080021, 0x00080031
_OF_SERIES = (_DESCRIPTION, _COUNT, _DATE, _TIME)


@dataclass(frozen=True, slots=True)
class InstanceCard:
    """An instance among those of its series."""

    resource: Resource
    number: str
    kind: str
    about: str

    @property
    def title(self) -> str:
        """What it is called."""
        return f"{self.number}" if self.number else "No number"


@dataclass(frozen=True, slots=True)
class Instances:
    """A page of instances; ``next`` is where the one after it begins, None if there is none."""

    cards: Sequence[InstanceCard]
    found: Sequence[Json]
    total: int
    next: int | None


@router.get("/ui/studies/{study}/series/{series}")
async def series_page(request: Request) -> Response:
    """Show the series."""
    origin, series = await origin_of(request), resource_of(request)
    found = await origin.one(series, _OF_SERIES)
    study = Resource(series.study_instance_uid)
    about_study = await origin.one(study, _OF_STUDY)
    instances = await _instances(origin, series, 0)
    count = integer(first_value(found, _COUNT))
    return render(
        request,
        "series.html",
        page="studies",
        origin=origin,
        resource=series,
        study=study,
        patient=patient_of(about_study),
        study_title=first_value(about_study, 0x00081030) or "Study",
        title=first_value(found, _DESCRIPTION) or f"Series {first_value(found, _NUMBER)}".strip(),
        modality=first_value(found, _MODALITY),
        label=f"{label_of(about_study)}: series {series_label(found)}",
        counts="" if count is None else count_text(count, "instance"),
        facts=[*_series_facts(found), *await _stored_facts(origin, series, instances)],
        instances=instances,
    )


@router.get("/ui/parts/studies/{study}/series/{series}/instances")
async def instances_part(request: Request) -> Response:
    """Show the instances from number ``offset`` on."""
    origin, series = await origin_of(request), resource_of(request)
    text = request.query_params.get("offset", "0")
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise InvalidParameter("offset", "must be an unsigned integer")
    instances = await _instances(origin, series, int(text))
    return render(request, "series_instances.html", origin=origin, resource=series, instances=instances)


async def _instances(origin: Origin, series: Resource, offset: int) -> Instances:
    query = Query(Level.INSTANCE, series, include=return_keys(_OF_INSTANCES), limit=PAGE, offset=offset)
    found = await origin.search(query)
    cards = [_card(one, series) for one in found.objects if uid_in(one, _INSTANCE_UID)]
    following = offset + len(found.objects)
    has_more = bool(found.objects) and following < found.total
    return Instances(cards, found.objects, found.total, following if has_more else None)


def _card(instance: Json, series: Resource) -> InstanceCard:
    rows, columns, frames = (first_value(instance, tag) for tag in (_ROWS, _COLUMNS, _FRAMES))
    number_of_frames = integer(frames) or 0
    about = (
        first_value(instance, _TITLE) or first_value(instance, _LABEL),
        f"{columns} {BY} {rows}" if rows and columns else "",
        f"{number_text(number_of_frames)} frames" if number_of_frames > 1 else "",
    )
    return InstanceCard(
        Resource(series.study_instance_uid, series.series_instance_uid, first_value(instance, _INSTANCE_UID)),
        first_value(instance, _INSTANCE_NUMBER),
        class_name(first_value(instance, _SOP_CLASS)),
        ", ".join(filter(None, about)),
    )


def class_name(sop_class_uid: str) -> str:
    """What kind of object a SOP Class is: its name without the word that all have."""
    return uid_name(sop_class_uid).removesuffix(" Storage") or sop_class_uid


def series_label(series: Json) -> str:
    """What a series is called within its study."""
    texts = (first_value(series, tag) for tag in (_NUMBER, _MODALITY, _DESCRIPTION))
    return " ".join(filter(None, texts)) or "without a number"


def _series_facts(series: Json) -> Facts:
    when = f"{date_text(first_value(series, _DATE))} {time_text(first_value(series, _TIME))}".strip()
    facts = (("Number", first_value(series, _NUMBER)), ("Modality", first_value(series, _MODALITY)), ("Date", when))
    return [fact for fact in facts if fact[1]]


async def _stored_facts(origin: Origin, series: Resource, instances: Instances) -> list[tuple[str, str]]:
    """What only the instances themselves tell; another archive's would have to be retrieved for it."""
    if not origin.is_local or not instances.cards:
        return [("Kind", instances.cards[0].kind)] if instances.cards else []
    metadata = await metadata_of(origin, instances.cards[0].resource)
    image: Json = {} if metadata.is_too_large else await metadata.read(lambda parsed: parsed)
    others = await _positions(origin, series)
    kinds = Counter(class_name(first_value(one, _SOP_CLASS)) for one in instances.found)
    return [
        ("Kind", ", ".join(kinds)),
        *geometry_facts(image, others),
        *equipment_facts(image),
        *await _files(origin, series),
    ]


async def _positions(origin: Origin, series: Resource) -> list[Json]:
    include = return_keys((IMAGE_POSITION, IMAGE_ORIENTATION))
    return (await origin.search(Query(Level.INSTANCE, series, include=include, limit=PAGE))).objects


async def _files(origin: Origin, series: Resource) -> Facts:
    """How much is stored, and how it is encoded."""
    sizes: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    async for one in origin.source.retrieve(series):
        sizes[one.transfer_syntax_uid] += one.size
        counts[one.transfer_syntax_uid] += 1
    names = [
        f"{uid_name(uid) or uid}" + (f" ({number_text(count)})" if len(counts) > 1 else "")
        for uid, count in counts.most_common()
    ]
    return (("Stored", size_text(sizes.total())), ("Transfer syntax", "; ".join(names)))
