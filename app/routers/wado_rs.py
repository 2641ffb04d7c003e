"""WADO-RS: instances and metadata of the Retrieve transaction (PS3.18 §10.4); `bulkdata` has the rest of it."""

import asyncio
from collections.abc import AsyncGenerator
from typing import cast

from fastapi import APIRouter
from starlette.responses import Response

from app.bulk_retrieval import all_bulkdata
from app.dependencies import AskedDep
from app.headers import warning
from app.negotiation import DICOM, DICOM_XML, ZIP, Category, multipart_content_type, select_document
from app.parameters import parse_metadata_includefield
from app.representations import json_array, revision_tag, select_attributes, xml_document, xml_parts
from app.responses import BufferResponse, CodedResponse
from app.retrieval import (
    Leaving,
    arriving_parts,
    instances_of,
    leaving_alone,
    parts,
    select_forms,
    single_file,
    small_instance,
)
from app.routers.levels import LEVELS, READ
from app.zip_download import zip_file, zip_file_set
from dicomcore.instance import Instance
from dicomcore.resources import Level

router = APIRouter(tags=["WADO-RS"])

_LEFT_OUT = "{} instances are left out, because they cannot be had in the form that was asked for"


async def retrieve(asked: AskedDep) -> Response:
    """Retrieve instances; those that cannot be had in the form asked for are left out, and told of (206)."""
    resource, base = asked.resource, asked.base
    if asked.mount and resource.level is not Level.INSTANCE:
        arriving = cast(AsyncGenerator[Instance, None], asked.source.retrieve(resource))
        first = await anext(arriving)
        if await leaving_alone(first, asked.accepted) is not None:
            return await arriving_parts(first, arriving, asked)
        instances = [first, *[one async for one in arriving]]
    else:
        instances = await instances_of(asked.source, resource)
    is_single = resource.level is Level.INSTANCE
    found = await select_forms(instances, asked.accepted, single=is_single)
    leaving = [Leaving(one, selection) for one, selection in found if selection is not None]
    selection = leaving[0].selection
    if selection.media_type not in (DICOM, ZIP):
        return await all_bulkdata(asked)
    if is_single and leaving[0].is_small and selection.media_type == DICOM:
        return await small_instance(leaving[0], base)
    left_out = len(instances) - len(leaving)
    headers = [("Warning", warning(base, _LEFT_OUT.format(left_out)))] if left_out else []
    status = 206 if left_out else 200
    if selection.media_type == ZIP:
        if asked.flag("dicomdir"):
            return zip_file_set(asked.source, leaving, resource, headers, status)
        return zip_file(leaving, resource, headers, status)
    if selection.multipart:
        return parts(leaving, base, headers, status)
    return await single_file(leaving[0], base, asked.request.receive)


async def retrieve_metadata(asked: AskedDep) -> Response:
    """Retrieve metadata, as it was encoded when the instances were stored."""
    resource, base = asked.resource, asked.base
    selection = select_document(asked.accepted, Category.METADATA, single=resource.level is Level.INSTANCE)
    include = parse_metadata_includefield(asked.query)
    metadata = await asked.source.metadata(resource)
    objects = metadata.objects
    if include is not None:
        keep = frozenset(f"{key.path[0]:08X}" for key in include)
        objects = await asyncio.to_thread(select_attributes, objects, keep)
    form = selection.media_type, str(selection.multipart)
    etag = revision_tag(resource, metadata.revision, *form, base, asked.query)
    headers = [("Content-Location", f"{base}{resource.path}/metadata"), ("Cache-Control", "private, no-cache")]
    if selection.multipart:
        boundary, buffers = await asyncio.to_thread(xml_parts, objects, base)
        content_type = multipart_content_type(selection.media_type, boundary)
        return BufferResponse(buffers, content_type=content_type, etag=etag, headers=headers)
    if selection.media_type == DICOM_XML:
        body = await asyncio.to_thread(xml_document, objects[0], base)
    elif include is None:
        body = base.encode("ascii").join(metadata.array)
    else:
        body = json_array(objects, base)
    return CodedResponse([body], content_type=selection.media_type, etag=etag, headers=headers)


for level in LEVELS:
    router.add_api_route(level.path, retrieve, methods=READ, summary=f"Retrieve {level.article}")
    router.add_api_route(
        f"{level.path}/metadata", retrieve_metadata, methods=READ, summary=f"Retrieve metadata of {level.article}"
    )
