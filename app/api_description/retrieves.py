"""The retrieves (PS3.18 §10.4): instances, metadata, bulk data, pixel data, frames, by level."""

from collections.abc import Iterator, Mapping

from app.api_description.components import Json
from app.api_description.operation import (
    BINARY,
    FRAMES,
    INSTANCE,
    LEVELS,
    NEGOTIATION,
    XML,
    Operation,
    multipart,
    response,
)
from app.api_description.searches import OBJECTS
from app.negotiation import DICOM, DICOM_JSON, DICOM_XML, JSON, ZIP
from dicomcore.data.transfer_syntax import DEFAULT_TRANSFER_SYNTAXES, OCTET_STREAM

_COMPRESSED = tuple(media_type for media_type in DEFAULT_TRANSFER_SYNTAXES if media_type != OCTET_STREAM)
_READ_ERRORS = ("400", "404", "406", "410", "500", "503")
_PIXEL_ERRORS = (*_READ_ERRORS, "413", "416", "422")
_CONDITIONS = (*NEGOTIATION, "If-None-Match", "Range", "If-Range")
_CACHED = ("ETag", "Vary", "Cache-Control")
_WHOLE = (*_CACHED, "Accept-Ranges", "Content-Location")


def _retrieved(content: Mapping[str, Json], *headers: str, partial: str = "The bytes asked for.") -> dict[str, Json]:
    """Describe the successful answers to a GET that has an ETag and ranges."""
    return {
        "200": response("The whole representation.", content, (*_WHOLE, *headers)),
        "206": response(partial, content, (*_WHOLE, *headers, "Content-Range")),
        "304": response("The client has it: If-None-Match names its ETag.", None, _CACHED),
    }


def _bulkdata_content(*, single: bool, document: bool = False) -> dict[str, Json]:
    """List the media types of bulk data (PS3.18 Tables 8.7.3-4 and 8.7.3-5)."""
    names = (OCTET_STREAM, *_COMPRESSED, *(("application/pdf",) if document else ()))
    return dict.fromkeys([*map(multipart, names), *(names if single else ())], BINARY)


def _instance_content(*, single: bool) -> dict[str, Json]:
    forms = (multipart(DICOM), *((DICOM,) if single else ()), ZIP)
    return dict.fromkeys(forms, BINARY) | _bulkdata_content(single=False)


def retrieves() -> Iterator[Operation]:
    """Describe each retrieve."""
    for word, path in LEVELS.items():
        single = word == "Instance"
        lower = word.lower()
        yield Operation(
            path=path,
            name=f"retrieve{word}",
            summary=f"Retrieve {'an' if single else 'a'} {lower}",
            tag="WADO-RS",
            description="Instances as files (PS3.18 §10.4.1.1.1), or their bulk data by its media types.",
            parameters=(*_CONDITIONS, "dicomdir"),
            responses=_retrieved(
                _instance_content(single=single),
                "Warning",
                "Content-Disposition",
                partial="The bytes asked for; or some instances are left out, and a Warning says how many.",
            ),
            errors=_PIXEL_ERRORS,
        )
        yield _metadata(path, word)
        yield _bulkdata(path, word, "bulkdata", "bulk data", "Everything that the metadata refer to (§10.4.3.3.5).")
        yield _bulkdata(path, word, "pixeldata", "pixel data", "Pixel data, not that of icons (§10.4.3.3.6).")
    yield _frames()
    yield _bulkdata_value()


def _metadata(path: str, word: str) -> Operation:
    content = {DICOM_JSON: OBJECTS, JSON: OBJECTS, multipart(DICOM_XML): XML}
    if word == "Instance":
        content[DICOM_XML] = XML
    return Operation(
        path=f"{path}/metadata",
        name=f"retrieve{word}Metadata",
        summary=f"Retrieve {word.lower()} metadata",
        tag="WADO-RS",
        description="The attributes of each instance, large binary values as BulkDataURI (PS3.18 §10.4.1.1.2).",
        parameters=(*_CONDITIONS, "Accept-Encoding", "includefieldOfMetadata"),
        responses=_retrieved(content, "Content-Encoding", partial="The bytes asked for (XML only)."),
        errors=(*_READ_ERRORS, "416"),
    )


def _bulkdata(path: str, word: str, name: str, what: str, description: str) -> Operation:
    single = word == "Instance" and name == "pixeldata"
    return Operation(
        path=f"{path}/{name}",
        name=f"retrieve{word}{what.title().replace(' ', '')}",
        summary=f"Retrieve {word.lower()} {what}",
        tag="WADO-RS",
        description=description,
        parameters=_CONDITIONS,
        responses=_retrieved(_bulkdata_content(single=single, document=name == "bulkdata")),
        errors=_PIXEL_ERRORS,
    )


def _frames() -> Operation:
    return Operation(
        path=FRAMES,
        name="retrieveFrames",
        summary="Retrieve frames",
        tag="WADO-RS",
        description="Frames as stored or, as octets, native (PS3.18 §10.4.1.1.6); one frame may be a single part.",
        parameters=_CONDITIONS,
        responses=_retrieved(_bulkdata_content(single=True)),
        errors=_PIXEL_ERRORS,
    )


def _bulkdata_value() -> Operation:
    return Operation(
        path=f"{INSTANCE}/bulkdata/{{path}}",
        name="retrieveBulkDataValue",
        summary="Retrieve a bulk data value",
        tag="WADO-RS",
        description="The value that a BulkDataURI names (PS3.18 §10.4.1.1.5); a document has its own media type.",
        parameters=_CONDITIONS,
        responses=_retrieved(_bulkdata_content(single=True, document=True)),
        errors=_PIXEL_ERRORS,
    )
