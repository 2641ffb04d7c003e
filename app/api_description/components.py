"""The reusable parts of the API description: schemas, headers, parameters and error responses, as OpenAPI objects.

The keys of the tables are the names of the components.
"""

from collections.abc import Mapping
from typing import Any

from app.errors import RETRY_AFTER_SECONDS
from app.parameters import DEFAULT_RESULTS, MAX_RESULTS
from app.ranges import MAX_RANGES
from dicomcore.data.dictionary import keyword_of, name_of, vr_of
from dicomcore.nodes import MAX_AE_TITLE

Json = dict[str, Any]

DICOM_JSON_OBJECT = "DicomJsonObject"
PROBLEM = "Problem"
HEALTH = "Health"
STORE_INSTANCES_RESPONSE = "StoreInstancesResponse"


def reference(kind: str, name: str) -> Json:
    """Refer to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


_TEXT: Json = {"type": "string"}
_INTEGER: Json = {"type": "integer"}

_ATTRIBUTE: Json = {
    "type": "object",
    "description": "One attribute (PS3.18 §F.2.2): its VR and at most one of Value, BulkDataURI and InlineBinary.",
    "required": ["vr"],
    "additionalProperties": False,
    "properties": {
        "vr": {"type": "string", "pattern": "^[A-Z]{2}$"},
        "Value": {
            "type": "array",
            "minItems": 1,
            "items": {
                "anyOf": [
                    {"type": ["string", "number", "null"]},
                    reference("schemas", "PersonName"),
                    reference("schemas", DICOM_JSON_OBJECT),
                ]
            },
        },
        "BulkDataURI": {"type": "string", "format": "uri-reference"},
        "InlineBinary": {"type": "string", "contentEncoding": "base64"},
    },
}

_PERSON_NAME: Json = {
    "type": "object",
    "description": "The component groups of a name that are not empty (PS3.18 §F.2.2).",
    "additionalProperties": False,
    "properties": dict.fromkeys(("Alphabetic", "Ideographic", "Phonetic"), _TEXT),
}

_DICOM_JSON: Json = {
    "type": "object",
    "description": "A data set in the DICOM JSON Model (PS3.18 Annex F): attributes by tag, ascending.",
    "patternProperties": {"^[0-9A-F]{8}$": reference("schemas", "DicomAttribute")},
    "additionalProperties": False,
}

_PROBLEM: Json = {
    "type": "object",
    "description": "A problem document (RFC 9457), the Status Report of PS3.18 §8.6.3.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "urn:isocenter:problem:..., or about:blank"},
        "title": _TEXT,
        "status": _INTEGER,
        "detail": {"type": "string", "description": "what happened, in a sentence that one can act on"},
        "parameter": {"type": "string", "description": "the parameter, header or path segment at fault"},
        "tag": {"type": "string", "pattern": "^[0-9A-F]{8}$", "description": "the attribute at fault"},
        "offset": {"type": "integer", "description": "the byte at fault"},
        "limit": {"type": "string", "description": "the limit that was exceeded"},
        "allowed": {"type": "integer", "description": "its value"},
        "available": {"type": "array", "items": _TEXT, "description": "the media types that there are"},
        "uid": _TEXT,
        "resource": {"type": "string", "description": "the resource that is not there"},
        "size": {"type": "integer", "description": "how many bytes there are"},
        "frame_number": {"type": "integer", "description": "the frame at fault, from 1"},
    },
}

# The Store Instances Response Module (PS3.18 Table I.1-1): sequences that have no item are absent.
_STORE_ATTRIBUTES = (0x00081190, 0x00081198, 0x00081199, 0x0008119A)
_STORE_ITEMS = (0x00081150, 0x00081155, 0x00081190, 0x00081196, 0x00081197)


def _named(tag: int) -> Json:
    return {"allOf": [reference("schemas", "DicomAttribute")], "description": f"{keyword_of(tag)}, {vr_of(tag)}"}


_STORE_RESPONSE: Json = {
    "type": "object",
    "description": "The Store Instances Response Module (PS3.18 §I.1). Items of its sequences have "
    + ", ".join(f"{keyword_of(tag)} ({tag:08X})" for tag in _STORE_ITEMS)
    + " as they apply; reasons are decimal numbers of Tables I.2-1 and I.2-2.",
    "required": ["00081190"],
    "properties": {f"{tag:08X}": _named(tag) for tag in _STORE_ATTRIBUTES},
}

_CHECK_STATUS: Json = {"type": "string", "enum": ["pass", "fail"]}

SCHEMAS: Mapping[str, Json] = {
    "DicomAttribute": _ATTRIBUTE,
    DICOM_JSON_OBJECT: _DICOM_JSON,
    "PersonName": _PERSON_NAME,
    PROBLEM: _PROBLEM,
    STORE_INSTANCES_RESPONSE: _STORE_RESPONSE,
    HEALTH: {
        "type": "object",
        "required": ["status", "checks"],
        "properties": {
            "status": _CHECK_STATUS,
            "checks": {"type": "object", "additionalProperties": reference("schemas", "CheckResult")},
        },
    },
    "CheckResult": {
        "type": "object",
        "required": ["status", "detail"],
        "properties": {"status": _CHECK_STATUS, "detail": _TEXT},
    },
}


def _header(description: str, schema: Json = _TEXT) -> Json:
    return {"description": description, "schema": schema}


HEADERS: Mapping[str, Json] = {
    "Accept-Ranges": _header("`bytes`: parts of this representation can be asked for."),
    "Allow": _header("The methods that this resource has."),
    "Cache-Control": _header("Ask again before using a kept copy; If-None-Match makes that cheap."),
    "Content-Disposition": _header("A name for the file."),
    "Content-Encoding": _header("The content coding: gzip or zstd."),
    "Content-Location": _header("Where the resource in the payload is (PS3.18 §8.4.2); in multipart, on each part."),
    "Content-Range": _header("Which bytes these are (RFC 9110 §14.4); of 416, how many there are."),
    "ETag": _header("A strong validator of this representation."),
    "Link": _header('The next page, `rel="next"` (RFC 8288), if there is one.'),
    "Location": _header("Where what was stored is: the instance, or the study of all of them (Table 10.5.3-2)."),
    "Retry-After": _header(f"Seconds to wait: {RETRY_AFTER_SECONDS}.", _INTEGER),
    "Vary": _header("The request headers that this answer depends on."),
    "Warning": _header("`299 {Base URI}: ...` (PS3.18 §8.3.4), once for each warning."),
    "X-Request-ID": _header("The id of this request in the log."),
    "X-Total-Count": _header("How many matches there are in all (extension).", _INTEGER),
}


def _query(name: str, description: str, schema: Json = _TEXT, **more: Any) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": schema, **more}


def _request_header(name: str, description: str) -> Json:
    return {"name": name, "in": "header", "description": description, "schema": _TEXT}


def _path(name: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": "path", "required": True, "description": description, "schema": schema}


_UID: Json = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)*$", "maxLength": 64}
_BOOLEAN: Json = {"type": "string", "enum": ["true", "false"], "default": "false"}
_COUNT: Json = {"type": "integer", "minimum": 0}

PARAMETERS: Mapping[str, Json] = {
    "study": _path("study", "Study Instance UID", _UID),
    "series": _path("series", "Series Instance UID", _UID),
    "instance": _path("instance", "SOP Instance UID", _UID),
    "frames": _path(
        "frames",
        "Frame numbers from 1, separated by commas; answered in the order asked for.",
        {"type": "string", "pattern": "^[1-9][0-9]*(,[1-9][0-9]*)*$"},
    ),
    "path": _path(
        "path",
        "Where the value is, as its BulkDataURI says: a tag, or tags and item numbers with slashes between.",
        {"type": "string", "pattern": "^[0-9A-F]{8}(/[0-9]+/[0-9A-F]{8})*$"},
    ),
    "ae_title": _path("ae_title", "AE title of a node", {"type": "string", "minLength": 1, "maxLength": MAX_AE_TITLE}),
    "accept": _query(
        "accept",
        "Media types with weights, without wildcards; each must be allowed by the Accept header (PS3.18 §8.3.3.1).",
    ),
    "charset": _query("charset", "Character sets with weights; UTF-8 must be among them (PS3.18 §8.3.3.2)."),
    "Range": _request_header("Range", f"Byte ranges, `bytes=0-499`; at most {MAX_RANGES} (RFC 9110 §14.2)."),
    "If-Range": _request_header("If-Range", "The ETag for which the Range holds (RFC 9110 §13.1.5)."),
    "If-None-Match": _request_header("If-None-Match", "ETags of what the client has; 304 if it is one of them."),
    "Accept-Encoding": _request_header("Accept-Encoding", "Content codings for JSON: gzip, zstd."),
    "Content-Encoding": _request_header("Content-Encoding", "The content coding of the body: gzip, deflate or zstd."),
    "includefield": _query(
        "includefield",
        "Attributes to return besides: keywords or tags, with dots for sequences; or `all` (PS3.18 §8.3.4.3).",
        {"type": "array", "items": _TEXT},
        style="form",
        explode=False,
    ),
    "includefieldOfMetadata": _query(
        "includefield",
        "The attributes that are wanted of the metadata, all without it (extension).",
        {"type": "array", "items": _TEXT},
        style="form",
        explode=False,
    ),
    "dicomdir": _query("dicomdir", "With `application/zip`: a File-set with its DICOMDIR (extension).", _BOOLEAN),
    "limit": _query(
        "limit",
        f"How many results to return; by default {DEFAULT_RESULTS}, never more than {MAX_RESULTS} (both are settings).",
        _COUNT,
    ),
    "offset": _query("offset", "How many results to skip.", {**_COUNT, "default": 0}),
    "fuzzymatching": _query(
        "fuzzymatching", "Match person names by words that begin or sound alike (PS3.18 §8.3.4.2).", _BOOLEAN
    ),
    "emptyvaluematching": _query(
        "emptyvaluematching", 'The value `""` matches what is absent or empty (PS3.4 §C.2.2.2.7).', _BOOLEAN
    ),
    "multiplevaluematching": _query(
        "multiplevaluematching", "Commas separate values, any of which may match (PS3.4 §C.2.2.2.8).", _BOOLEAN
    ),
    "TimezoneOffsetFromUTC": _query(
        "TimezoneOffsetFromUTC",
        "The offset, such as `+0100`, that dates and times of this request are meant in; not matched (§8.3.4.1.1).",
    ),
    "attributes": _query(
        "attributes",
        "Any other attribute, by keyword or tag, with dots for sequences, such as `00280010=512`. One that has no "
        "column is matched if another key narrows the search; if it cannot be matched a Warning says so.",
        {"type": "object", "additionalProperties": _TEXT},
        style="form",
        explode=True,
    ),
}

_BY_VR: Mapping[str, str] = {
    "DA": "a date, or a range of dates with `-`",
    "TM": "a time, or a range of times with `-`",
    "UI": "UIDs, separated by commas",
    "PN": "a name; `*` and `?` are wild cards, case and accents do not count",
    "IS": "a number",
    "US": "a number",
}
_WILD = "text; `*` and `?` are wild cards"


def matching_key(name: str, tag: int) -> Json:
    """Describe an attribute as a query parameter; ``name`` is its keyword, behind those of the sequences it is in."""
    vr = vr_of(tag)
    return _query(name, f"{name_of(tag)} ({tag >> 16:04X},{tag & 0xFFFF:04X}), {vr}: {_BY_VR.get(vr, _WILD)}.")


def problem(description: str, *headers: str) -> Json:
    """Describe an error response."""
    return {
        "description": description,
        "headers": {name: reference("headers", name) for name in (*headers, "X-Request-ID")},
        "content": {
            "application/problem+json": {"schema": reference("schemas", PROBLEM)},
            "text/html": {"schema": _TEXT},
        },
    }


ERRORS: Mapping[str, Json] = {
    "400": problem("The request is wrong; the parameter, header or byte at fault is named."),
    "403": problem("A page of an origin that may not call us wanted to change something."),
    "404": problem("There is no such resource."),
    "405": problem("The resource has no such method.", "Allow"),
    "406": problem("Nothing that the client accepts can be made; `available` lists what can."),
    "409": problem("Nothing was stored; or there is a node of this title; or the transfer has ended."),
    "410": problem("The resource was here and has been deleted."),
    "413": problem("A limit was exceeded; it is named, with its value."),
    "415": problem("The media type or content coding of the body is not taken; `available` lists those that are."),
    "416": problem("No range that was asked for lies within the representation.", "Content-Range"),
    "422": problem("The stored bytes of a frame do not decode."),
    "500": problem("Something went wrong here, or the stored bytes are damaged; the log knows more."),
    "501": problem("This resource is not implemented."),
    "502": problem("A node cannot be reached, has ended the association, or answered with a failure."),
    "503": problem(
        "Storage or index do not answer at the moment, a node has rejected us, or too many streams are open.",
        "Retry-After",
    ),
    "504": problem("A node did not answer in time."),
    "507": problem("Storage is full."),
}
"""The error responses by status code: components ``Problem400`` and so on."""
