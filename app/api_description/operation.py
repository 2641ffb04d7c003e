"""One operation of the description: a method of a path, and how its responses are written as OpenAPI objects.

The Accept header is no parameter: OpenAPI has it said by the media types of the responses.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from app.api_description.components import Json, reference
from app.negotiation import DICOM_XML
from app.routers import levels

STUDY, SERIES, INSTANCE = (level.path for level in levels.LEVELS)
FRAMES = INSTANCE + "/frames/{frames}"
LEVELS = {"Study": STUDY, "Series": SERIES, "Instance": INSTANCE}

NEGOTIATION = ("accept", "charset")

BINARY: Json = {"type": "string", "format": "binary"}
XML: Json = {"type": "string", "contentMediaType": DICOM_XML}


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path; ``parameters`` besides those of the path and ``errors`` are names of components."""

    path: str
    name: str
    summary: str
    tag: str
    responses: Mapping[str, Json]
    method: str = "get"
    description: str = ""
    parameters: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    body: Json = field(default_factory=dict)


def multipart(media_type: str) -> str:
    """Write the media type of a multipart payload."""
    return f'multipart/related; type="{media_type}"'


def response(description: str, content: Mapping[str, Json] | None = None, headers: Iterable[str] = ()) -> Json:
    """Describe a response; ``content`` is its schemas by media type, ``headers`` are names of components."""
    described: Json = {
        "description": description,
        "headers": {name: reference("headers", name) for name in (*headers, "X-Request-ID")},
    }
    return described | ({"content": {name: {"schema": schema} for name, schema in content.items()}} if content else {})
