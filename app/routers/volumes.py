"""WADO-RS: rendered MPR and 3D volumes (PS3.18 §10.4.1.1.7, §10.4.1.1.8).

The standard's examples and its readers write the names in different cases, so that each form is known.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import orjson
from fastapi import APIRouter
from starlette.responses import Response

from app.dependencies import Asked, AskedDep
from app.negotiation import DICOM_JSON
from app.rendered_negotiation import select_rendered
from app.rendered_responses import Picture, rendered_response, warnings_as_fields
from app.rendering_parameters import parse_rendering
from app.retrieval import instances_of
from app.routers.levels import INSTANCE, LEVELS, READ
from app.volume_parameters import InstanceSelection, check_presentation, parse_volume
from dicomcore.content import Content
from dicomcore.data import PLACEHOLDER
from dicomcore.errors import ResourceNotFound
from dicomcore.instance import Instance
from dicomcore.pictures import moving_media_types, rendered_volume, still_media_types
from dicomcore.volumes import VolumeKind, VolumeOptions

router = APIRouter(tags=["Rendered"])

_SOP_INSTANCE_UID = "00080018"
# Planar MPR and volume rendering: they say how a volume is shown, and are not shown yet.
_VOLUMETRIC_PRESENTATION_STATES = frozenset(f"1.2.840.10008.5.1.4.1.1.11.{last}" for last in (6, 7, 9, 10, 11))

RESOURCES = {"renderedmpr": VolumeKind.MPR, "rendered3D": VolumeKind.THREE_D}
"""The last segment of a path, and what it is."""

_NAMES = {"renderedmpr": "rendered MPR volume", "rendered3D": "rendered 3D volume"}
_OTHER_FORMS = {"renderedmpr": ("renderedMPR",), "rendered3D": ("rendered3d",)}
_PATHS = (*((level.path, level.article) for level in LEVELS), (f"{INSTANCE.path}/frames/{{frames}}", "frames"))


async def retrieve_volume(asked: Asked, kind: VolumeKind) -> Response:
    """Retrieve a picture of the volume that a study, a series, an instance or some frames make up."""
    wanted = parse_volume(asked.query, kind)
    request = parse_rendering(asked.query)
    options = wanted.options
    instances = await _selected(asked, wanted.selection)
    if all(one.sop_class_uid in _VOLUMETRIC_PRESENTATION_STATES for one in instances):
        check_presentation(asked.query)
    frame_numbers = asked.frame_numbers if "frames" in asked.request.path_params else []
    if frame_numbers:
        await asked.services.renderer.frames.check(instances[0], frame_numbers)
    selection = select_rendered(asked.accepted, _media_types(options), single=True)
    rendering = request.of(selection.media_type)
    renderer = asked.services.renderer

    async def make() -> Content:
        return Content.of([await rendered_volume(renderer, instances, options, rendering, frame_numbers)])

    identity = b"".join(one.digest for one in instances) + repr((options, rendering, frame_numbers)).encode()
    path = asked.request.url.path.partition("/studies/")[2]
    picture = Picture(f"{asked.base}/studies/{path}", selection, identity, make)
    warnings = (*wanted.warnings, *request.warnings)
    fields = warnings_as_fields(warnings, asked.base)
    return await rendered_response([picture], fields, receive=asked.request.receive)


async def _selected(asked: Asked, selection: InstanceSelection) -> list[Instance]:
    """The instances of the resource, or those of them that match keys (§8.3.5.3.2)."""
    instances = await instances_of(asked.source, asked.resource)
    if selection == InstanceSelection():
        return instances
    metadata = await asked.source.metadata(asked.resource)
    uids = await asyncio.to_thread(_taken, metadata.objects, selection)
    found = [one for one in instances if one.resource.sop_instance_uid in uids]
    if not found:
        raise ResourceNotFound(f"matching instances of {asked.resource}")
    return found


def _taken(objects: Sequence[bytes], selection: InstanceSelection) -> set[str]:
    datasets = (orjson.loads(one.replace(PLACEHOLDER, b"")) for one in objects)
    return {one[_SOP_INSTANCE_UID]["Value"][0] for one in datasets if selection.takes(one)}


def _media_types(options: VolumeOptions) -> tuple[str, ...]:
    """Metadata, or a picture; what is asked to move does so in media types that can."""
    if options.wants_metadata:
        return (DICOM_JSON,)
    still, moving = still_media_types(), moving_media_types()
    return (*moving, *still) if options.is_animated else (*still, *(one for one in moving if one not in still))


def _endpoint(kind: VolumeKind) -> Callable[[Asked], Awaitable[Response]]:
    async def retrieve(asked: AskedDep) -> Response:
        return await retrieve_volume(asked, kind)

    return retrieve


for _path, _article in _PATHS:
    for _name, _kind in RESOURCES.items():
        for _form in (_name, *_OTHER_FORMS[_name]):
            router.add_api_route(
                f"{_path}/{_form}",
                _endpoint(_kind),
                methods=READ,
                summary=f"Retrieve a {_NAMES[_name]} of {_article}",
                include_in_schema=_form == _name,
            )
