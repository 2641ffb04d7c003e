"""STOW-RS: the Store transaction of the Studies Service (PS3.18 §10.5)."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.dependencies import AcceptDep, BaseDep, ServicesDep, StudyDep
from app.headers import warning
from app.multipart import Limits
from app.negotiation import DICOM_XML, Acceptable, Category, select_document
from app.request_body import read_body
from app.responses import CodedResponse
from app.store_response import is_out_of_resources, store_response, store_status, store_warnings
from app.storing import StoreResult, store_body
from dicomcore.data import xml_of_json
from dicomcore.resources import Resource

router = APIRouter(tags=["STOW-RS"])


@router.post("/studies", summary="Store instances")
async def store_instances(request: Request, services: ServicesDep, accepted: AcceptDep, base: BaseDep) -> Response:
    """Store instances of any study; see PS3.18 §10.5."""
    return await _store(request, services, accepted, base, Resource())


@router.post("/studies/{study}", summary="Store instances of one study")
async def store_study(
    request: Request, study: StudyDep, services: ServicesDep, accepted: AcceptDep, base: BaseDep
) -> Response:
    """Store instances, each of which must belong to the study of the path."""
    return await _store(request, services, accepted, base, study)


async def _store(request: Request, services: ServicesDep, accepted: Acceptable, base: str, study: Resource) -> Response:
    selection = select_document(accepted, Category.STORE)
    result = await store_body(
        request.headers.get("content-type"),
        read_body(request, services.settings.max_request_bytes),
        services.source,
        services.gate,
        study_instance_uid=study.study_instance_uid,
        limits=Limits(parts=services.settings.max_parts),
    )
    module = store_response(result, base)
    body = xml_of_json(module) if selection.media_type == DICOM_XML else module
    return CodedResponse(
        [body],
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
