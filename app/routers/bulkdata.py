"""WADO-RS: frames, pixel data and bulk data (PS3.18 §10.4, Tables 10.4.1-5 and -6)."""

from collections.abc import Callable

from fastapi import APIRouter, Depends
from starlette.responses import Response

from app import bulk_retrieval
from app.dependencies import (
    AcceptDep,
    BaseDep,
    FramesDep,
    InstanceDep,
    ServicesDep,
    SourceDep,
    instance_resource,
    series_resource,
    study_resource,
)
from dicomcore.resources import Resource

router = APIRouter(tags=["WADO-RS"])

_METHODS = ["GET", "HEAD"]
_INSTANCE = "/studies/{study}/series/{series}/instances/{instance}"
_LEVELS: tuple[tuple[str, str, Callable[..., Resource]], ...] = (
    ("/studies/{study}", "study", study_resource),
    ("/studies/{study}/series/{series}", "series", series_resource),
    (_INSTANCE, "instance", instance_resource),
)


@router.api_route(_INSTANCE + "/frames/{frames}", methods=_METHODS, summary="Retrieve frames")
async def retrieve_frames(
    resource: InstanceDep, frames: FramesDep, source: SourceDep, accepted: AcceptDep, base: BaseDep
) -> Response:
    """Retrieve frames, in the order asked for."""
    return await bulk_retrieval.frames(await source.instance(resource), frames, accepted, base)


@router.api_route(_INSTANCE + "/bulkdata/{path:path}", methods=_METHODS, summary="Retrieve a bulk data value")
async def retrieve_bulkdata(
    resource: InstanceDep, path: str, source: SourceDep, accepted: AcceptDep, base: BaseDep
) -> Response:
    """Retrieve the value that a BulkDataURI names."""
    return await bulk_retrieval.bulkdata(await source.instance(resource), path, accepted, base)


def _add_level(path: str, word: str, resource_of: Callable[..., Resource]) -> None:
    async def all_bulkdata(
        services: ServicesDep,
        accepted: AcceptDep,
        base: BaseDep,
        resource: Resource = Depends(resource_of),  # noqa: B008 - how FastAPI declares it
    ) -> Response:
        return await bulk_retrieval.all_bulkdata(services, resource, accepted, base)

    async def pixel_data(
        services: ServicesDep,
        accepted: AcceptDep,
        base: BaseDep,
        resource: Resource = Depends(resource_of),  # noqa: B008 - how FastAPI declares it
    ) -> Response:
        return await bulk_retrieval.pixel_data(services, resource, accepted, base)

    router.add_api_route(f"{path}/bulkdata", all_bulkdata, methods=_METHODS, summary=f"Retrieve {word} bulk data")
    router.add_api_route(f"{path}/pixeldata", pixel_data, methods=_METHODS, summary=f"Retrieve {word} pixel data")


for _level in _LEVELS:
    _add_level(*_level)
