"""WADO-RS: instances and metadata of the Retrieve transaction (PS3.18 §10.4); bulk data is in `app.routers.bulkdata`.

The resources of Tables 10.4.1-1 and 10.4.1-2 are the same for each level, so they are made from a table.
"""

from collections.abc import Callable

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from app.bulk_retrieval import all_bulkdata
from app.dependencies import (
    AcceptDep,
    BaseDep,
    ServicesDep,
    instance_resource,
    series_resource,
    study_resource,
)
from app.headers import warning
from app.negotiation import DICOM, ZIP, Category, multipart_content_type, select_document, select_instances
from app.parameters import parse_metadata_includefield
from app.representations import json_array, revision_tag, select_attributes, xml_parts
from app.responses import BufferResponse, CodedResponse
from app.retrieval import Leaving, can_decode, instances_of, parts, single_file, stored_syntaxes, zip_file
from dicomcore.resources import Level, Resource

router = APIRouter(tags=["WADO-RS"])

_LEVELS: tuple[tuple[str, str, Callable[..., Resource]], ...] = (
    ("/studies/{study}", "study", study_resource),
    ("/studies/{study}/series/{series}", "series", series_resource),
    ("/studies/{study}/series/{series}/instances/{instance}", "instance", instance_resource),
)


def _add_level(path: str, word: str, resource_of: Callable[..., Resource]) -> None:
    async def retrieve(
        services: ServicesDep,
        accepted: AcceptDep,
        base: BaseDep,
        resource: Resource = Depends(resource_of),  # noqa: B008 - how FastAPI declares it
    ) -> Response:
        instances = await instances_of(services.source, resource)
        is_single = resource.level is Level.INSTANCE
        chosen = select_instances(accepted, stored_syntaxes(instances), can_decode=can_decode, single=is_single)
        found = [(one, chosen.get(one.transfer_syntax_uid)) for one in instances]
        leaving = [Leaving(one, selection) for one, selection in found if selection is not None]
        selection = leaving[0].selection
        if selection.media_type not in (DICOM, ZIP):
            return await all_bulkdata(services, resource, accepted, base)
        left_out = len(instances) - len(leaving)
        headers = [("Warning", warning(base, _LEFT_OUT.format(left_out)))] if left_out else []
        status = 206 if left_out else 200
        if selection.media_type == ZIP:
            return zip_file(leaving, resource, headers, status)
        return parts(leaving, base, headers, status) if selection.multipart else await single_file(leaving[0], base)

    async def metadata(
        request: Request,
        services: ServicesDep,
        accepted: AcceptDep,
        base: BaseDep,
        resource: Resource = Depends(resource_of),  # noqa: B008 - how FastAPI declares it
    ) -> Response:
        selection = select_document(accepted, Category.METADATA)
        query = request.scope["query_string"]
        include = parse_metadata_includefield(query)
        found = await services.source.metadata(resource)
        objects = found.objects
        if include is not None:
            objects = select_attributes(objects, frozenset(f"{key.path[0]:08X}" for key in include))
        etag = revision_tag(resource, found.revision, selection.media_type, base, query)
        headers = [("Content-Location", f"{base}{resource.path}/metadata"), ("Cache-Control", "private, no-cache")]
        if selection.multipart:
            boundary, buffers = xml_parts(objects, base)
            content_type = multipart_content_type(selection.media_type, boundary)
            return BufferResponse(buffers, content_type=content_type, etag=etag, headers=headers)
        body = [json_array(objects, base)]
        return CodedResponse(body, content_type=selection.media_type, etag=etag, headers=headers)

    router.add_api_route(path, retrieve, methods=["GET", "HEAD"], summary=f"Retrieve a {word}")
    router.add_api_route(f"{path}/metadata", metadata, methods=["GET", "HEAD"], summary=f"Retrieve {word} metadata")


_LEFT_OUT = "{} instances are left out, because they cannot be had in the form that was asked for"

for _level in _LEVELS:
    _add_level(*_level)
