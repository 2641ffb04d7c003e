"""WADO-RS: rendered resources and thumbnails (PS3.18 §10.4.1.1.3, §10.4.1.1.4, Tables 10.4.1-3 and -4).

Each instance of a study or series is rendered in the media type of its own category; what cannot be had in a form that
is asked for is left out, and the answer says so (206).
"""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter
from starlette.responses import Response

from app.dependencies import Asked, AskedDep
from app.rendered_negotiation import select_rendered
from app.rendered_responses import Picture, rendered_response, warnings_as_fields
from app.rendering_parameters import RenderingRequest, parse_presented, parse_rendering, parse_thumbnail
from app.retrieval import instances_of
from app.routers.levels import INSTANCE, LEVELS, READ
from dicomcore.documents import is_written_here
from dicomcore.errors import NotAcceptable, ResourceNotFound, UnsupportedSopClass
from dicomcore.instance import Instance
from dicomcore.pictures import (
    THUMBNAIL_MEDIA_TYPES,
    Kind,
    kind_of,
    media_types_of,
    no_picture,
    representative,
    still_media_types,
    thumbnail,
)
from dicomcore.rendering import RenderingOptions
from dicomcore.resources import Level

router = APIRouter(tags=["Rendered"])

_LEFT_OUT = "{} of {} instances are left out, because they cannot be rendered in the form that was asked for"
_STILL = RenderingOptions(is_still=True)
_FRAMES = INSTANCE.path + "/frames/{frames}"


async def retrieve_rendered(asked: AskedDep) -> Response:
    """Retrieve a study, series or instance, rendered."""
    request = parse_rendering(asked.query)
    instances = await instances_of(asked.source, asked.resource)
    is_single = asked.resource.level is Level.INSTANCE
    pictures: list[Picture] = []
    refusals: list[NotAcceptable | ResourceNotFound | UnsupportedSopClass] = []
    for one in instances:
        try:
            pictures.append(await _picture(asked, one, request, is_single))
        except (NotAcceptable, ResourceNotFound, UnsupportedSopClass) as refusal:
            refusals.append(refusal)
    if not pictures:
        raise next((one for one in refusals if isinstance(one, NotAcceptable)), refusals[0])
    texts = [*request.warnings, *([_LEFT_OUT.format(len(refusals), len(instances))] if refusals else ())]
    fields = warnings_as_fields(texts, asked.base)
    status = 206 if refusals else 200
    return await rendered_response(pictures, fields, status=status, receive=asked.request.receive)


@router.api_route(_FRAMES + "/rendered", methods=READ, summary="Retrieve rendered frames")
async def retrieve_rendered_frames(asked: AskedDep) -> Response:
    """Retrieve frames, rendered, in the order asked for."""
    request = parse_rendering(asked.query)
    numbers = asked.frame_numbers
    instance = await asked.source.instance(asked.resource)
    await asked.services.renderer.frames.check(instance, numbers)
    selection = select_rendered(asked.accepted, still_media_types(), single=len(numbers) == 1)
    options = request.of(selection.media_type)
    renderer, source, base = asked.services.renderer, asked.source, asked.base
    pictures = [
        Picture(
            f"{base}{instance.resource.path}/frames/{number}/rendered",
            selection,
            await renderer.identity(source, instance, options, number),
            partial(renderer.frame, source, instance, number, options),
            at_once=partial(renderer.at_once, instance, options, number),
        )
        for number in numbers
    ]
    fields = warnings_as_fields(request.warnings, base)
    return await rendered_response(pictures, fields, receive=asked.request.receive)


async def retrieve_thumbnail(asked: AskedDep) -> Response:
    """Retrieve one small picture that stands for a study, series or instance."""
    return await _thumbnail(asked, representative(await instances_of(asked.source, asked.resource)))


@router.api_route(_FRAMES + "/thumbnail", methods=READ, summary="Retrieve a thumbnail of frames")
async def retrieve_frame_thumbnail(asked: AskedDep) -> Response:
    """Retrieve one small picture that stands for frames: the middle one."""
    numbers = asked.frame_numbers
    instance = await asked.source.instance(asked.resource)
    await asked.services.renderer.frames.check(instance, numbers)
    return await _thumbnail(asked, instance, numbers[len(numbers) // 2])


async def _picture(asked: Asked, instance: Instance, request: RenderingRequest, is_single: bool) -> Picture:
    kind = kind_of(instance)
    if kind is None:
        raise no_picture(instance)
    if kind is Kind.PRESENTATION_STATE:
        request = parse_presented(asked.query) if is_single else request.presented
    selection = select_rendered(asked.accepted, media_types_of(instance), single=is_single)
    options = request.of(selection.media_type)
    renderer, source = asked.services.renderer, asked.source
    return Picture(
        f"{asked.base}{instance.resource.path}/rendered",
        selection,
        await renderer.identity(source, instance, options),
        partial(renderer.instance, source, instance, options),
        written_here=is_written_here(instance.sop_class_uid),
        at_once=partial(renderer.at_once, instance, options),
    )


async def _thumbnail(asked: Asked, instance: Instance, frame_number: int | None = None) -> Response:
    viewport = parse_thumbnail(asked.query)
    renderer, source = asked.services.renderer, asked.source
    selection = select_rendered(asked.accepted, THUMBNAIL_MEDIA_TYPES, single=True)
    path = asked.request.url.path.partition("/studies/")[2]
    picture = Picture(
        f"{asked.base}/studies/{path}",
        selection,
        await renderer.made_of(source, instance, _STILL, frame_number) + repr((viewport, frame_number)).encode(),
        partial(thumbnail, renderer, source, instance, selection.media_type, viewport, frame_number),
    )
    return await rendered_response([picture], [], receive=asked.request.receive)


for level in LEVELS:
    router.add_api_route(
        f"{level.path}/rendered", retrieve_rendered, methods=READ, summary=f"Retrieve {level.article} rendered"
    )
    router.add_api_route(
        f"{level.path}/thumbnail", retrieve_thumbnail, methods=READ, summary=f"Retrieve a thumbnail of {level.article}"
    )
