"""QIDO-RS: the Search transaction of the Studies Service (PS3.18 §10.6), and a search for patients as an extension.

The resources of Table 10.6.1-1 are a table here: a path, the level of what is found, and what the search is below.
"""

from collections.abc import Callable

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from app.dependencies import AcceptDep, BaseDep, ServicesDep, SourceDep, series_resource, study_resource
from app.headers import warning
from app.negotiation import Category, multipart_content_type, select_document
from app.parameters import parse_search
from app.representations import json_array, xml_parts
from app.responses import BufferResponse, CodedResponse, no_content
from dicomcore.resources import Level, Resource

router = APIRouter(tags=["QIDO-RS"])

ADDITIONAL = "There are {} additional results that can be requested"


def _everything() -> Resource:
    return Resource()


_RESOURCES: tuple[tuple[str, Level, Callable[..., Resource], str], ...] = (
    ("/studies", Level.STUDY, _everything, "Search for studies"),
    ("/series", Level.SERIES, _everything, "Search for series"),
    ("/instances", Level.INSTANCE, _everything, "Search for instances"),
    ("/studies/{study}/series", Level.SERIES, study_resource, "Search for the series of a study"),
    ("/studies/{study}/instances", Level.INSTANCE, study_resource, "Search for the instances of a study"),
    (
        "/studies/{study}/series/{series}/instances",
        Level.INSTANCE,
        series_resource,
        "Search for the instances of a series",
    ),
    ("/patients", Level.PATIENT, _everything, "Search for patients (extension)"),
)


def _add(path: str, level: Level, resource_of: Callable[..., Resource], summary: str) -> None:
    async def search(
        request: Request,
        source: SourceDep,
        services: ServicesDep,
        accepted: AcceptDep,
        base: BaseDep,
        resource: Resource = Depends(resource_of),  # noqa: B008 - how FastAPI declares it
    ) -> Response:
        selection = select_document(accepted, Category.SEARCH)
        asked = parse_search(
            request.scope["query_string"],
            level,
            resource,
            default_limit=services.settings.search_default_limit,
            maximum_limit=services.settings.search_max_limit,
        )
        answer = await source.search(asked.query)
        remaining = answer.total - asked.query.offset - len(answer.objects)
        sentences = [*asked.warnings, *answer.warnings]
        if remaining > 0:
            sentences.append(ADDITIONAL.format(remaining))
        headers = [("X-Total-Count", str(answer.total)), *(("Warning", warning(base, text)) for text in sentences)]
        if not answer.objects:
            return no_content(headers)
        if selection.multipart:
            boundary, parts = xml_parts(answer.objects, base)
            content_type = multipart_content_type(selection.media_type, boundary)
            return BufferResponse(parts, content_type=content_type, headers=headers)
        return CodedResponse([json_array(answer.objects, base)], content_type=selection.media_type, headers=headers)

    router.add_api_route(path, search, methods=["GET", "HEAD"], summary=summary, description=search.__doc__)


for _resource in _RESOURCES:
    _add(*_resource)
