"""The operations below `/fhir`: the same three times, for the version that a path names or does not."""

from collections.abc import Iterator, Mapping

from app.api_description.components import Json, reference
from app.api_description.operation import Operation, response
from app.fhir.search_parameters import DEFAULT_COUNT, MAX_COUNT
from app.fhir.subset import Summary
from app.fhir.version import MEDIA_TYPE

FHIR_RESOURCE = "FhirResource"
OPERATION_OUTCOME = "OperationOutcome"
_FORM = "application/x-www-form-urlencoded"
_MOUNTS = {"/fhir/R4": "R4", "/fhir/R5": "R5", "/fhir": ""}
_TEXT: Json = {"type": "string"}


def _resource(description: str) -> Json:
    return {
        "type": "object",
        "description": description,
        "required": ["resourceType"],
        "properties": {"resourceType": _TEXT, "id": _TEXT},
    }


FHIR_SCHEMAS: Mapping[str, Json] = {
    FHIR_RESOURCE: _resource("A resource of FHIR, whose specification says what is in it."),
    OPERATION_OUTCOME: _resource("What went wrong (FHIR OperationOutcome)."),
}


def _query(name: str, description: str, schema: Json = _TEXT) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": schema}


_COUNT: Json = {"type": "integer", "minimum": 0}
_PAGE = {
    "fhirCount": _query("_count", "How many resources a page has.", {**_COUNT, "default": DEFAULT_COUNT}),
    "fhirOffset": _query("_offset", "Where a page begins; links to pages have it.", {**_COUNT, "default": 0}),
    "fhirElements": _query("_elements", "The elements that are wanted, with commas between them."),
    "fhirSummary": _query("_summary", "How much is wanted.", {**_TEXT, "enum": [one.value for one in Summary]}),
}
_FORMS = {
    "fhirFormat": _query("_format", "`json`, or a media type; goes before Accept. There is no XML."),
    "fhirPretty": _query("_pretty", "Whether the answer has line ends.", {**_TEXT, "enum": ["true", "false"]}),
}
_STUDY_KEYS = {
    "fhirStudyId": _query("_id", "Study Instance UIDs"),
    "fhirLastUpdated": _query("_lastUpdated", "An instant of the last change in a study, with a prefix as `started`"),
    "fhirIdentifier": _query("identifier", "`urn:dicom:uid|urn:oid:...`, or an accession number"),
    "fhirPatient": _query("patient", "Patient ID, as a reference"),
    "fhirSubject": _query("subject", "As `patient`."),
    "fhirPatientIdentifier": _query("patient.identifier", "Patient ID, with the system of its issuer or not"),
    "fhirSubjectIdentifier": _query("subject.identifier", "As `patient.identifier`."),
    "fhirStarted": _query("started", "A date or dateTime, with a prefix: eq, ne, gt, lt, ge, le, sa, eb, ap"),
    "fhirModality": _query("modality", "Modalities of series"),
    "fhirDicomClass": _query("dicom-class", "SOP Classes, as `urn:oid:...`"),
    "fhirStudyStatus": _query("status", "`available` is everything."),
    "fhirEndpoint": _query("endpoint", "An Endpoint, as a reference; each has everything."),
    "fhirInclude": _query("_include", "`ImagingStudy:endpoint` adds the Endpoints."),
    "fhirSort": _query("_sort", "`-started`, which is the order in any case, or `started`."),
}
_ENDPOINT_KEYS = {
    "fhirEndpointId": _query("_id", "Ids of endpoints"),
    "fhirConnectionType": _query("connection-type", "`dicom-wado-rs`, `dicom-wado-uri` or `ihe-iid`"),
    "fhirEndpointStatus": _query("status", "`active` is everything."),
}
_CONDITIONS = {
    "fhirPrefer": {
        "name": "Prefer",
        "in": "header",
        "description": "`handling=strict` refuses parameters that are not known.",
        "schema": _TEXT,
    },
}

FHIR_PARAMETERS: Mapping[str, Json] = {
    "fhir_id": {
        "name": "fhir_id",
        "in": "path",
        "required": True,
        "description": "The id of a resource: of an ImagingStudy its Study Instance UID",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9.-]{1,64}$"},
    },
    **_PAGE,
    **_FORMS,
    **_STUDY_KEYS,
    **_ENDPOINT_KEYS,
    **_CONDITIONS,
}

_PROBLEMS = {
    "400": "A parameter is wrong; it is named.",
    "404": "There is no such resource.",
    "406": "Only JSON, of versions 4.0 and 5.0, can be made.",
    "410": "The study was here and has been deleted.",
    "413": "The search would take too much reading.",
    "415": "A search is sent as a form.",
    "503": "The index does not answer at the moment.",
}
_READ = ("404", "406", "503")
_SEARCH = ("400", "406", "413", "503")


def _responses(description: str, errors: tuple[str, ...], headers: tuple[str, ...] = ()) -> dict[str, Json]:
    outcome = {MEDIA_TYPE: reference("schemas", OPERATION_OUTCOME)}
    return {
        "200": response(description, {MEDIA_TYPE: reference("schemas", FHIR_RESOURCE)}, ("Vary", *headers)),
        **{status: response(_PROBLEMS[status], outcome) for status in errors},
    }


def _operations() -> Iterator[Operation]:
    for mount, version in _MOUNTS.items():
        yield _operation(
            f"{mount}/metadata", f"showFhirCapabilities{version}", "Show what FHIR is supported",
            _responses("A CapabilityStatement.", ("406",)),
        )  # fmt: skip
        responses = _responses("The study with its series and instances.", ("400", "410", *_READ), ("ETag",))
        yield _operation(
            f"{mount}/ImagingStudy/{{fhir_id}}", f"showImagingStudy{version}", "Show a study",
            responses | {"304": response("The client has it: If-None-Match names its ETag.", None, ("ETag",))},
            ("If-None-Match", "fhirElements", "fhirSummary"),
        )  # fmt: skip
        yield _operation(
            f"{mount}/Endpoint/{{fhir_id}}", f"showEndpoint{version}", "Show an endpoint",
            _responses("The endpoint.", _READ),
        )  # fmt: skip
        yield from _searches(mount, version, "ImagingStudy", "Search for studies", tuple(_STUDY_KEYS))
        yield from _searches(mount, version, "Endpoint", "Search for endpoints", tuple(_ENDPOINT_KEYS))


def _searches(mount: str, version: str, kind: str, summary: str, keys: tuple[str, ...]) -> Iterator[Operation]:
    found = f"A Bundle of at most {MAX_COUNT} resources, with the number of all matches and links to other pages."
    parameters = ("fhirPrefer", *_PAGE, *keys)
    yield _operation(f"{mount}/{kind}", f"search{kind}{version}", summary, _responses(found, _SEARCH), parameters)
    yield _operation(
        f"{mount}/{kind}/_search", f"post{kind}Search{version}", f"{summary} by a form",
        _responses(found, (*_SEARCH, "415")), ("fhirPrefer",), "post",
        {"content": {_FORM: {"schema": {"type": "object", "additionalProperties": _TEXT}}}},
    )  # fmt: skip


def _operation(
    path: str,
    name: str,
    summary: str,
    responses: Mapping[str, Json],
    parameters: tuple[str, ...] = (),
    method: str = "get",
    body: Json | None = None,
) -> Operation:
    version = "The version is that of `fhirVersion` in Accept, else R4." if "/R" not in path else ""
    return Operation(
        path=path,
        name=name,
        summary=summary,
        tag="FHIR",
        method=method,
        description=version,
        parameters=(*_FORMS, *parameters),
        responses=responses,
        body=body or {},
    )


FHIR_OPERATIONS: tuple[Operation, ...] = tuple(_operations())
