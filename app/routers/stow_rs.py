"""STOW-RS: the Store transaction of the Studies Service (PS3.18 §10.5)."""

from fastapi import APIRouter
from starlette.responses import Response

from app.dependencies import AskedDep
from app.headers import warning
from app.multipart import Limits
from app.negotiation import DICOM_XML, Category, select_document
from app.request_body import read_body
from app.responses import CodedResponse
from app.routers.levels import STUDY
from app.store_response import is_out_of_resources, store_response, store_status, store_warnings
from app.storing import StoreResult, store_body
from dicomcore.data import xml_of_json
from dicomcore.resources import Resource

router = APIRouter(tags=["STOW-RS"])


async def store(asked: AskedDep) -> Response:
    """Store instances, of any study or all of the study in the path."""
    selection = select_document(asked.accepted, Category.STORE)
    result = await store_body(
        asked.request.headers.get("content-type"),
        read_body(asked.request, asked.settings.max_request_bytes),
        asked.source,
        asked.services.gate,
        study_instance_uid=asked.resource.study_instance_uid,
        limits=Limits(parts=asked.settings.max_parts),
    )
    base = asked.base
    module = store_response(result, base)
    return CodedResponse(
        [xml_of_json(module) if selection.media_type == DICOM_XML else module],
        content_type=selection.media_type,
        status=store_status(result),
        headers=[*_location(result, base), *_warnings(result, base)],
    )


def _location(result: StoreResult, base: str) -> list[tuple[str, str]]:
    """Where the new resource is (Table 10.5.3-2): the instance, or the study that all instances belong to."""
    stored = [outcome.resource for outcome in result.outcomes if outcome.is_stored]
    studies = {resource.study_instance_uid for resource in stored}
    if len(studies) != 1:
        return []
    resource = stored[0] if len(stored) == 1 else Resource(*studies)
    return [("Location", base + resource.path), ("Content-Location", base + resource.path)]


def _warnings(result: StoreResult, base: str) -> list[tuple[str, str]]:
    found = [("Warning", warning(base, "Out of memory", "A700"))] if is_out_of_resources(result) else []
    return [*found, *(("Warning", warning(base, sentence)) for sentence in store_warnings(result))]


router.add_api_route("/studies", store, methods=["POST"], summary="Store instances")
router.add_api_route(STUDY.path, store, methods=["POST"], summary="Store instances of one study")
