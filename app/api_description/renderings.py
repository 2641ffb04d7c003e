"""Rendered resources, thumbnails, volumes (PS3.18 §10.4.1.1.3, .4, .7, .8) and the URI Service (§9)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.api_description.components import Json
from app.api_description.operation import BINARY, FRAMES, LEVELS, NEGOTIATION, Operation, multipart, response
from app.api_description.rendering_components import RENDERING_PARAMETERS, URI_PARAMETERS, VOLUME_PARAMETERS
from app.api_description.searches import OBJECTS
from app.negotiation import DICOM, DICOM_JSON
from dicomcore.pictures import THUMBNAIL_MEDIA_TYPES, still_media_types

URI_SERVICE = "/wado"
_ERRORS = ("400", "404", "406", "410", "413", "422", "500", "501", "503")
_CONDITIONS = (*NEGOTIATION, "If-None-Match", "Range", "If-Range")
_CACHED = ("ETag", "Vary", "Cache-Control")
_WHOLE = (*_CACHED, "Accept-Ranges", "Content-Location", "Warning")
_MOVING = ("image/gif", "image/webp", "video/mp4")
_STORED_VIDEO = ("video/mpeg", "video/H265")
_DOCUMENTS = (
    "text/html",
    "text/plain",
    "text/xml",
    "application/pdf",
    "image/svg+xml",
    "model/stl",
    "model/obj",
    "model/mtl",
)
_TEXT: Json = {"type": "string"}


def _content(media_types: Iterable[str], *, single: bool) -> dict[str, Json]:
    names = tuple(dict.fromkeys(media_types))
    forms = (*names, *map(multipart, names)) if single else tuple(map(multipart, names))
    return {name: _TEXT if name.startswith("text/") else BINARY for name in forms}


def _rendered(content: dict[str, Json], partial: str = "The bytes asked for.") -> dict[str, Json]:
    return {
        "200": response("Rendered.", content, _WHOLE),
        "206": response(partial, content, (*_WHOLE, "Content-Range")),
        "304": response("The client has it: If-None-Match names its ETag.", None, _CACHED),
    }


def renderings() -> Iterator[Operation]:
    """Describe what is rendered below the Base URI."""
    still = still_media_types()
    for word, path in (*LEVELS.items(), ("Frames", FRAMES)):
        is_frames = word == "Frames"
        single = word in ("Instance", "Frames")
        lower = "frames" if is_frames else f"{'an' if word == 'Instance' else 'a'} {word.lower()}"
        yield Operation(
            path=f"{path}/rendered",
            name=f"retrieveRendered{word}",
            summary=f"Retrieve {lower}, rendered",
            tag="Rendered",
            description="Pictures, documents and drawings that can be looked at without DICOM (PS3.18 §10.4.1.1.3).",
            parameters=(*_CONDITIONS, *RENDERING_PARAMETERS),
            responses=_rendered(
                _content(still if is_frames else (*still, *_MOVING, *_STORED_VIDEO, *_DOCUMENTS), single=single),
                "The bytes asked for; or some instances are left out, and a Warning says how many.",
            ),
            errors=_ERRORS,
        )
        yield Operation(
            path=f"{path}/thumbnail",
            name=f"retrieve{word}Thumbnail",
            summary=f"Retrieve a thumbnail of {lower}",
            tag="Rendered",
            description="One small picture that names nobody (PS3.18 §10.4.1.1.4).",
            parameters=(*_CONDITIONS, "viewport"),
            responses=_rendered(_content(THUMBNAIL_MEDIA_TYPES, single=True)),
            errors=_ERRORS,
        )
        yield from _volumes(path, word, lower)


def _volumes(path: str, word: str, lower: str) -> Iterator[Operation]:
    for name, what in {"renderedmpr": "MPR", "rendered3D": "3D"}.items():
        content = _content((*still_media_types(), *_MOVING), single=True)
        yield Operation(
            path=f"{path}/{name}",
            name=f"retrieve{word}Rendered{what}",
            summary=f"Retrieve a rendered {what} volume of {lower}",
            tag="Rendered",
            description="A section or a projection of the volume that slices make up (PS3.18 §10.4.1.1.7 and .8), or "
            "an animation of it.",
            parameters=(*_CONDITIONS, *VOLUME_PARAMETERS, *RENDERING_PARAMETERS),
            responses=_rendered(content | {DICOM_JSON: OBJECTS}),
            errors=_ERRORS,
        )


def uri_service() -> Operation:
    """Describe the URI Service."""
    content = _content((*still_media_types(), *_MOVING, *_STORED_VIDEO, *_DOCUMENTS), single=True)
    single = {name: schema for name, schema in content.items() if not name.startswith("multipart/")}
    return Operation(
        path=URI_SERVICE,
        name="retrieveByUri",
        summary="Retrieve an instance by WADO-URI",
        tag="WADO-URI",
        description="One instance by a query (PS3.18 §9): as it is, or rendered, by default to JPEG or HTML.",
        parameters=("charset", *URI_PARAMETERS, "annotation"),
        responses=_rendered({DICOM: BINARY, **single}),
        errors=_ERRORS,
    )
