"""WADO-RS: frames, pixel data and bulk data (PS3.18 §10.4, Tables 10.4.1-5 and -6)."""

from fastapi import APIRouter
from starlette.responses import Response

from app import bulk_retrieval
from app.dependencies import AskedDep
from app.routers.levels import INSTANCE, LEVELS, READ

router = APIRouter(tags=["WADO-RS"])


@router.api_route(INSTANCE.path + "/frames/{frames}", methods=READ, summary="Retrieve frames")
async def retrieve_frames(asked: AskedDep) -> Response:
    """Retrieve frames, in the order asked for."""
    instance = await asked.source.instance(asked.resource)
    receive = asked.request.receive
    return await bulk_retrieval.frames(instance, asked.frame_numbers, asked.accepted, asked.base, receive)


@router.api_route(INSTANCE.path + "/bulkdata/{path:path}", methods=READ, summary="Retrieve a bulk data value")
async def retrieve_bulkdata(asked: AskedDep) -> Response:
    """Retrieve the value that a BulkDataURI names."""
    instance = await asked.source.instance(asked.resource)
    path = asked.request.path_params["path"]
    return await bulk_retrieval.bulkdata(instance, path, asked.accepted, asked.base, asked.request.receive)


async def retrieve_all_bulkdata(asked: AskedDep) -> Response:
    """Retrieve everything that the metadata of a resource refer to."""
    return await bulk_retrieval.all_bulkdata(asked)


async def retrieve_pixel_data(asked: AskedDep) -> Response:
    """Retrieve the pixel data of the instances themselves, not that of icons in them."""
    return await bulk_retrieval.pixel_data(asked)


for level in LEVELS:
    router.add_api_route(
        f"{level.path}/bulkdata", retrieve_all_bulkdata, methods=READ, summary=f"Retrieve bulk data of {level.article}"
    )
    router.add_api_route(
        f"{level.path}/pixeldata", retrieve_pixel_data, methods=READ, summary=f"Retrieve pixel data of {level.article}"
    )
