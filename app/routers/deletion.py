"""DELETE of studies, series and instances: an extension, since PS3.18 has no such transaction (row EXT-001)."""

from fastapi import APIRouter
from starlette.responses import Response

from app.dependencies import InstanceDep, SeriesDep, SourceDep, StudyDep
from app.responses import no_content

router = APIRouter(tags=["Extensions"])


@router.delete("/studies/{study}", status_code=204, summary="Delete a study")
async def delete_study(resource: StudyDep, source: SourceDep) -> Response:
    """Delete all instances of a study."""
    await source.delete(resource)
    return no_content()


@router.delete("/studies/{study}/series/{series}", status_code=204, summary="Delete a series")
async def delete_series(resource: SeriesDep, source: SourceDep) -> Response:
    """Delete all instances of a series."""
    await source.delete(resource)
    return no_content()


@router.delete("/studies/{study}/series/{series}/instances/{instance}", status_code=204, summary="Delete an instance")
async def delete_instance(resource: InstanceDep, source: SourceDep) -> Response:
    """Delete an instance."""
    await source.delete(resource)
    return no_content()
