"""WADO-URI (PS3.18 §9): one instance by a query, as it is or rendered, at ``/wado``.

The parameters are read by `app.wado_uri_parameters`; what is found and how it is rendered is as in WADO-RS.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.dependencies import Asked, AskedDep
from app.negotiation import Acceptable, acceptable, check_charset
from app.rendered_negotiation import select_rendered
from app.rendered_responses import Picture, nothing_at_once, rendered_response, warnings_as_fields
from app.rendering_parameters import parameters_of
from app.retrieval import Leaving, select_form, single_file
from app.routers.levels import READ
from app.urls import base_uri
from app.wado_uri_parameters import DICOM, UriRequest, parse_uri_request
from dicomcore.content import Content
from dicomcore.documents import is_written_here
from dicomcore.errors import InvalidParameter, NotAcceptable, ResourceGone, ResourceNotFound
from dicomcore.instance import Instance
from dicomcore.pictures import Kind, kind_of, media_types_of, no_picture, still_media_types
from dicomcore.uids import EXPLICIT_VR_LITTLE_ENDIAN

router = APIRouter(tags=["WADO-URI"])

_HAS_FRAMES = frozenset((Kind.FRAMES, Kind.VIDEO))


@router.api_route("/wado", methods=READ, summary="Retrieve an instance by WADO-URI")
async def retrieve_by_uri(asked: AskedDep) -> Response:
    """Retrieve an instance, as DICOM or rendered."""
    request = parse_uri_request(asked.query)
    if request.is_anonymized:
        raise HTTPException(501, "De-identification is not implemented: anonymize=yes cannot be answered.")
    instance = await asked.source.instance(request.resource)
    header = asked.accept_header
    if request.names_dicom or (request.content_type is None and _wants_dicom(header)):
        return await _instance(asked, instance, request, acceptable(header))
    return await _rendered(asked, instance, request, _accepted(asked, request))


def _wants_dicom(header: str | None) -> bool:
    """Without a contentType what Accept names is given, and a rendered form for its wildcards (§9.3)."""
    return any(one.name == DICOM for one in acceptable(header).header)


def _accepted(asked: Asked, request: UriRequest) -> Acceptable:
    """What is accepted of rendered forms, for which Accept is mandatory (§9.5.1.3); for DICOM it is not (§9.4.1.3)."""
    charset = parameters_of(asked.query, ("charset",)).get("charset")
    if charset is not None:
        check_charset(charset)
    return acceptable(asked.accept_header, request.content_type, strict=asked.settings.strict_accept)


async def _instance(asked: Asked, instance: Instance, request: UriRequest, accepted: Acceptable) -> Response:
    if not any(one.covers(DICOM) and one.weight for one in accepted.header):
        raise NotAcceptable("Accept and contentType don't go together", (DICOM,))
    uid = request.transfer_syntax_uid or EXPLICIT_VR_LITTLE_ENDIAN
    try:
        selection = await select_form(instance, acceptable(f"{DICOM}; transfer-syntax={uid}"), single=True)
    except NotAcceptable:
        if request.transfer_syntax_uid is not None:
            raise
        # What cannot be decoded leaves as it is stored (§8.7.3.4).
        selection = await select_form(instance, acceptable(f"{DICOM}; transfer-syntax=*"), single=True)
    return await single_file(Leaving(instance, selection), asked.base, asked.request.receive)


async def _rendered(asked: Asked, instance: Instance, request: UriRequest, accepted: Acceptable) -> Response:
    kind = kind_of(instance)
    if kind is None:
        raise no_picture(instance)
    number = await _frame_number(asked, instance, kind, request.frame_number)
    is_still = number is not None or request.presentation is not None
    media_types = still_media_types() if is_still else media_types_of(instance)
    selection = select_rendered(accepted, media_types, single=True)
    if selection.multipart:
        raise NotAcceptable("the URI Service gives single parts", media_types)
    options = replace(request.options, media_type=selection.media_type)
    renderer, source = asked.services.renderer, asked.source
    identity = await renderer.identity(source, instance, options, number)
    make = partial(renderer.instance, source, instance, options, to_base=asked.base)
    at_once: Callable[[], Content | None] = partial(renderer.at_once, instance, options, number)
    if request.presentation is not None:
        state = await _presentation_state(asked, request)
        identity += await renderer.made_of(source, state, options)
        make = partial(renderer.presented, source, state, instance, options)
        at_once = nothing_at_once
    elif number is not None:
        make = partial(renderer.frame, source, instance, number, options)
    written_here = is_written_here(instance.sop_class_uid)
    picture = Picture(_location(asked), selection, identity, make, written_here, at_once)
    fields = warnings_as_fields(request.warnings, asked.base)
    return await rendered_response([picture], fields, receive=asked.request.receive)


async def _frame_number(asked: Asked, instance: Instance, kind: Kind, number: int | None) -> int | None:
    """Check ``frameNumber`` (§9.5.1.2.1)."""
    if number is None:
        return None
    count = await asked.services.renderer.frames.count(instance)
    if kind not in _HAS_FRAMES and count < 2:
        raise InvalidParameter("frameNumber", "the instance is no multi-frame image")
    if number > count:
        raise InvalidParameter("frameNumber", f"there are {count} frames")
    return number


async def _presentation_state(asked: Asked, request: UriRequest) -> Instance:
    """The presentation state; one that is not there is the fault of a parameter (§9.5.1.2.7)."""
    if request.presentation is None:
        raise InvalidParameter("presentationUID", "is missing")
    try:
        found = await asked.source.instance(request.presentation)
    except (ResourceNotFound, ResourceGone) as error:
        raise InvalidParameter("presentationUID", "there is no such presentation state in the study") from error
    if kind_of(found) is not Kind.PRESENTATION_STATE:
        raise InvalidParameter("presentationUID", "is no presentation state")
    return found


def _location(asked: Asked) -> str:
    root = base_uri(asked.request.scope, replace(asked.services.urls, service_path=""))
    return f"{root}/wado?{asked.query.decode('ascii', 'replace')}"
