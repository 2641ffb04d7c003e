"""DELETE of studies, series and instances: an extension, since PS3.18 has no such transaction (row EXT-001)."""

from fastapi import APIRouter
from starlette.responses import Response

from app.dependencies import AskedDep
from app.responses import no_content
from app.routers.levels import LEVELS

router = APIRouter(tags=["Extensions"])


async def delete(asked: AskedDep) -> Response:
    """Delete all instances of a resource; from then on it is gone (410)."""
    await asked.source.delete(asked.resource)
    return no_content()


for level in LEVELS:
    router.add_api_route(level.path, delete, methods=["DELETE"], status_code=204, summary=f"Delete {level.article}")
