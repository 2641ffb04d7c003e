"""What handlers ask for: the source, who the resource is, what the client accepts, what our own address is.

Handlers name these by their aliases (``SourceDep``) and never look at the application's state themselves.
"""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Path, Query
from starlette.requests import Request

from app.negotiation import Acceptable, acceptable, check_charset
from app.settings import Settings
from app.storing import Gate
from app.urls import UrlPolicy, base_uri
from dicomcore.errors import InvalidParameter, LimitExceeded
from dicomcore.resources import Resource
from dicomcore.source import Source
from dicomcore.uids import check_uid

MAX_FRAMES = 10_000


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that `create_app` builds and handlers use."""

    settings: Settings
    source: Source
    urls: UrlPolicy
    gate: Gate


def services(request: Request) -> Services:
    """The services of this application."""
    return cast(Services, request.app.state.services)


def source(request: Request) -> Source:
    """Whoever holds the instances that the request is about."""
    return services(request).source


def settings(request: Request) -> Settings:
    """The settings of this application."""
    return services(request).settings


def base(request: Request) -> str:
    """The Base URI as the client sees it."""
    return base_uri(request.scope, services(request).urls)


def accept(
    request: Request,
    accept: Annotated[
        str | None, Query(description="Media types, as in the Accept header but without wildcards (PS3.18 §8.3.3.1).")
    ] = None,
    charset: Annotated[str | None, Query(description="Character sets; UTF-8 is written (PS3.18 §8.3.3.2).")] = None,
) -> Acceptable:
    """What the client accepts, by header and by parameter."""
    if accept is not None:
        # FastAPI reads + as a space, which media types such as application/dicom+json do not survive.
        accept = accept.replace(" ", "+")
    if charset is not None:
        check_charset(charset)
    header = ", ".join(request.headers.getlist("accept"))
    return acceptable(header or None, accept, strict=services(request).settings.strict_accept)


StudyUid = Annotated[str, Path(description="Study Instance UID")]
SeriesUid = Annotated[str, Path(description="Series Instance UID")]
InstanceUid = Annotated[str, Path(description="SOP Instance UID")]


def study_resource(study: StudyUid) -> Resource:
    """The study of the path."""
    return Resource(check_uid(study, "study"))


def series_resource(study: StudyUid, series: SeriesUid) -> Resource:
    """The series of the path."""
    return Resource(check_uid(study, "study"), check_uid(series, "series"))


def instance_resource(study: StudyUid, series: SeriesUid, instance: InstanceUid) -> Resource:
    """The instance of the path."""
    return Resource(check_uid(study, "study"), check_uid(series, "series"), check_uid(instance, "instance"))


def frame_numbers(
    frames: Annotated[str, Path(description="Frame numbers from 1, separated by commas")],
) -> list[int]:
    """The frames of the path. PS3.18 §10.1.1 wants them ascending; any order is taken, and kept in the answer."""
    pieces = frames.split(",")
    if len(pieces) > MAX_FRAMES:
        raise LimitExceeded("frames in a request", MAX_FRAMES)
    if not all(piece.isascii() and piece.isdigit() and len(piece) < 10 and int(piece) > 0 for piece in pieces):
        raise InvalidParameter("frames", "must be frame numbers from 1, separated by commas")
    return [int(piece) for piece in pieces]


SourceDep = Annotated[Source, Depends(source)]
ServicesDep = Annotated[Services, Depends(services)]
SettingsDep = Annotated[Settings, Depends(settings)]
BaseDep = Annotated[str, Depends(base)]
AcceptDep = Annotated[Acceptable, Depends(accept)]
StudyDep = Annotated[Resource, Depends(study_resource)]
SeriesDep = Annotated[Resource, Depends(series_resource)]
InstanceDep = Annotated[Resource, Depends(instance_resource)]
FramesDep = Annotated[list[int], Depends(frame_numbers)]
