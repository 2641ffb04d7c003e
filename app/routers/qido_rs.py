"""QIDO-RS: the Search transaction of the Studies Service (PS3.18 §10.6), and a search for patients as an extension."""

import asyncio
from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from starlette.responses import Response

from app.dependencies import Asked, AskedDep
from app.headers import warning
from app.negotiation import Category, multipart_content_type, select_document
from app.parameters import parse_search
from app.representations import json_array, xml_parts
from app.responses import BufferResponse, CodedResponse, no_content
from app.routers.levels import READ, SERIES, STUDY
from dicomcore.resources import Level

router = APIRouter(tags=["QIDO-RS"])

ADDITIONAL = "There are {} additional results that can be requested"

# Table 10.6.1-1: where a search is sent, what it finds, and its summary.
_SEARCHES = (
    ("/studies", Level.STUDY, "Search for studies"),
    ("/series", Level.SERIES, "Search for series"),
    ("/instances", Level.INSTANCE, "Search for instances"),
    (f"{STUDY.path}/series", Level.SERIES, "Search for the series of a study"),
    (f"{STUDY.path}/instances", Level.INSTANCE, "Search for the instances of a study"),
    (f"{SERIES.path}/instances", Level.INSTANCE, "Search for the instances of a series"),
    ("/patients", Level.PATIENT, "Search for patients (extension)"),
)


async def _search(asked: Asked, level: Level) -> Response:
    """Answer a search: 200 with what was found, 204 if that is nothing, with the Warnings of PS3.18 §8.3.4."""
    selection = select_document(asked.accepted, Category.SEARCH)
    search = parse_search(
        asked.query,
        level,
        asked.resource,
        default_limit=asked.settings.search_default_limit,
        maximum_limit=asked.settings.search_max_limit,
    )
    answer = await asked.source.search(search.query)
    base = asked.base
    sentences = [*search.warnings, *answer.warnings]
    remaining = answer.total - search.query.offset - len(answer.objects)
    if remaining > 0:
        sentences.append(ADDITIONAL.format(remaining))
    headers = [("X-Total-Count", str(answer.total)), *(("Warning", warning(base, text)) for text in sentences)]
    if not answer.objects:
        return no_content(headers)
    if selection.multipart:
        boundary, parts = await asyncio.to_thread(xml_parts, answer.objects, base)
        content_type = multipart_content_type(selection.media_type, boundary)
        return BufferResponse(parts, content_type=content_type, headers=headers)
    return CodedResponse([json_array(answer.objects, base)], content_type=selection.media_type, headers=headers)


def _search_for(level: Level) -> Callable[..., Awaitable[Response]]:
    async def search(asked: AskedDep) -> Response:
        return await _search(asked, level)

    return search


for _path, _level, _summary in _SEARCHES:
    router.add_api_route(_path, _search_for(_level), methods=READ, summary=_summary)
