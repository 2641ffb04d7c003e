"""The page of an instance: shown in place as what it is, what is stored of it, and its metadata."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.web.display import Json, date_text, first_value, integer, number_text, size_text, time_text
from app.web.metadata import Metadata, metadata_of, sizes_of_bulkdata, tree_context
from app.web.metadata_tree import Tree, tree_of
from app.web.origin import Origin, origin_of, resource_of
from app.web.pages import PageRoute, render, services_of
from app.web.series import class_name, series_label
from app.web.series_geometry import Facts, geometry_facts
from app.web.study import label_of, patient_of
from dicomcore.data import uid_name
from dicomcore.instance import Instance
from dicomcore.pictures import Kind, kind_of, media_types_of
from dicomcore.resources import Resource

router = APIRouter(route_class=PageRoute, include_in_schema=False)

MAX_SIDE = 1_600
"""Pixels of a picture on the page; larger ones are reduced."""

_NUMBER, _SOP_CLASS, _DESCRIPTION = 0x00200013, 0x00080016, 0x0008103E
_ROWS, _COLUMNS, _TITLE = 0x00280010, 0x00280011, 0x00420010
_CONTENT_DATE, _CONTENT_TIME = 0x00080023, 0x00080033
_PICTURES = frozenset((Kind.IMAGE, Kind.FRAMES, Kind.SEGMENTATION, Kind.PRESENTATION_STATE))
# What a browser plays, of what a video can be stored as.
_PLAYABLE = ("video/mp4",)
_ELEMENTS = {"text/html": "frame", "application/pdf": "frame", "text/xml": "xml"}
"""How documents are shown by their media types: browsers show two of them, `clinical_document.js` the third."""
_LABELS = {"text/html": "a page", "text/plain": "text", "text/xml": "XML", "application/pdf": "PDF"}


@dataclass(frozen=True, slots=True)
class Shown:
    """How an instance is shown: ``element`` is ``picture``, ``video``, ``frame``, ``drawing``, ``xml`` or ``nothing``.

    ``address`` is what is loaded, ``others`` are further forms of it: labels and addresses.
    """

    element: str
    address: str = ""
    about: str = ""
    others: tuple[tuple[str, str], ...] = ()
    is_inert: bool = False


@router.get("/ui/studies/{study}/series/{series}/instances/{instance}")
async def instance_page(request: Request) -> Response:
    """Show the instance."""
    origin, resource = await origin_of(request), resource_of(request)
    instance = await origin.source.instance(resource)
    metadata = await metadata_of(origin, resource)
    if metadata.is_too_large:
        study, series = _above(resource)
        facts: Json = {}
        for level in (study, series, resource):
            facts = {**facts, **await origin.one(level)}
        return _page(request, origin, instance, metadata, facts, None)
    sizes = await sizes_of_bulkdata(instance, services_of(request).settings.inline_threshold_bytes)

    def page(parsed: Json) -> Response:
        return _page(request, origin, instance, metadata, parsed, tree_of(parsed, sizes))

    return await metadata.read(page)


def _page(
    request: Request, origin: Origin, instance: Instance, metadata: Metadata, facts: Json, tree: Tree | None
) -> Response:
    """Make the page; ``tree`` is None if there is too much of it."""
    resource = instance.resource
    study, series = _above(resource)
    number = first_value(facts, _NUMBER)
    return render(
        request,
        "instance.html",
        page="studies",
        origin=origin,
        resource=resource,
        study=study,
        series=series,
        series_title=series_label(facts),
        patient=patient_of(facts),
        title=first_value(facts, _TITLE) or class_name(instance.sop_class_uid),
        number=number,
        label=f"{label_of(facts)}: instance {number}".strip(),
        facts=_facts(facts, instance, metadata),
        shown=shown_as(origin, instance, facts),
        is_viewed=kind_of(instance) in _PICTURES,
        metadata=metadata,
        tree=tree,
        **tree_context(origin, resource),
    )


def _above(resource: Resource) -> tuple[Resource, Resource]:
    """The study and the series that an instance is in."""
    study_instance_uid = resource.study_instance_uid
    return Resource(study_instance_uid), Resource(study_instance_uid, resource.series_instance_uid)


def shown_as(origin: Origin, instance: Instance, facts: Json) -> Shown:
    """Choose how an instance is shown."""
    kind, resource = kind_of(instance), instance.resource
    about = f"{class_name(instance.sop_class_uid)}, instance {first_value(facts, _NUMBER)}".strip()
    if kind in (Kind.IMAGE, Kind.FRAMES):
        return Shown("picture", origin.web(resource, "frames/1/rendered", **_picture(facts)), f"First frame of {about}")
    if kind in _PICTURES:
        return Shown("picture", origin.web(resource, "rendered", accept="image/png"), about)
    if kind is Kind.VIDEO:
        return _video(origin, instance, about)
    if kind is Kind.WAVEFORM:
        drawing = origin.web(resource, "rendered", accept="image/svg+xml")
        return Shown(
            "drawing", drawing, about, (("As PDF", origin.web(resource, "rendered", accept="application/pdf")),)
        )
    if kind is Kind.DOCUMENT:
        return _document(origin, instance, about)
    return Shown("nothing")


def _picture(facts: Json) -> dict[str, str]:
    """The parameters of a picture: without loss if it is small, and no larger than a screen."""
    largest = max(integer(first_value(facts, tag)) or 0 for tag in (_ROWS, _COLUMNS))
    if largest > MAX_SIDE:
        return {"accept": "image/jpeg", "viewport": f"{MAX_SIDE},{MAX_SIDE}"}
    return {"accept": "image/png"}


def _video(origin: Origin, instance: Instance, about: str) -> Shown:
    media_type = media_types_of(instance)[0]
    address = origin.web(instance.resource, "rendered", accept=media_type)
    picture = origin.web(instance.resource, "frames/1/rendered", accept="image/jpeg")
    if media_type in _PLAYABLE:
        return Shown("video", address, about, (("First frame", picture), ("Video file", address)))
    return Shown("picture", picture, f"First frame of {about}", ((f"Video file ({media_type})", address),))


def _document(origin: Origin, instance: Instance, about: str) -> Shown:
    media_types = media_types_of(instance)
    address = origin.web(instance.resource, "rendered", accept=media_types[0])
    others = tuple(
        (f"As {_LABELS.get(one, one)}", origin.web(instance.resource, "rendered", accept=one)) for one in media_types
    )
    is_inert = media_types[0].startswith("text/")
    return Shown(_ELEMENTS.get(media_types[0], "nothing"), address, about, others, is_inert)


def _facts(facts: Json, instance: Instance, metadata: Metadata) -> Facts:
    when = f"{date_text(first_value(facts, _CONTENT_DATE))} {time_text(first_value(facts, _CONTENT_TIME))}".strip()
    frames = instance.number_of_frames
    known = (
        ("Kind", class_name(instance.sop_class_uid)),
        ("Number", first_value(facts, _NUMBER)),
        ("Made", when),
        ("Frames", number_text(frames) if frames > 1 else ""),
        *geometry_facts(facts),
        ("Transfer syntax", uid_name(instance.transfer_syntax_uid) or instance.transfer_syntax_uid),
        ("Stored", size_text(instance.size)),
        ("Metadata", f"{size_text(metadata.size)} as JSON"),
        ("SHA-256", instance.digest.hex()),
        ("SOP Instance UID", str(instance.resource.sop_instance_uid)),
    )
    return [fact for fact in known if fact[1]]
