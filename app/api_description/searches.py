"""The searches (PS3.18 §10.6): their paths, and the matching keys of each level from the table of the index."""

from collections.abc import Iterator

from app.api_description.components import DICOM_JSON_OBJECT, Json, reference
from app.api_description.operation import NEGOTIATION, SERIES, STUDY, XML, Operation, multipart, response
from app.negotiation import DICOM_JSON, DICOM_XML, JSON
from dicomcore.index.attributes import ATTRIBUTES
from dicomcore.resources import Level

OBJECTS: Json = {"type": "array", "items": reference("schemas", DICOM_JSON_OBJECT)}

REQUEST_ATTRIBUTES = {
    "RequestAttributesSequence.ScheduledProcedureStepID": 0x00400009,
    "RequestAttributesSequence.RequestedProcedureID": 0x00401001,
}

_SEARCHES = (
    ("/studies", Level.STUDY, "searchStudies", "Search for studies"),
    ("/series", Level.SERIES, "searchSeries", "Search for series"),
    ("/instances", Level.INSTANCE, "searchInstances", "Search for instances"),
    (f"{STUDY}/series", Level.SERIES, "searchStudySeries", "Search for the series of a study"),
    (f"{STUDY}/instances", Level.INSTANCE, "searchStudyInstances", "Search for the instances of a study"),
    (f"{SERIES}/instances", Level.INSTANCE, "searchSeriesInstances", "Search for the instances of a series"),
    ("/patients", Level.PATIENT, "searchPatients", "Search for patients (extension)"),
)
_SEARCH_PARAMETERS = (
    *NEGOTIATION,
    "Accept-Encoding",
    "includefield",
    "limit",
    "offset",
    "fuzzymatching",
    "emptyvaluematching",
    "multiplevaluematching",
    "TimezoneOffsetFromUTC",
    "attributes",
)


def key_name(keyword: str) -> str:
    """Name the component of a matching key."""
    return f"key.{keyword}"


def matching_keys(level: Level) -> list[str]:
    """List the attributes that a search at ``level`` matches in the database, by keyword.

    The levels above are matched too, whatever the search is below; a patient has only its own.
    """
    levels = [each for each in Level if min(level, Level.STUDY) <= each <= level]
    found = {row.tag: row.keyword for each in levels for row in ATTRIBUTES[each].values() if row.column}
    keywords = [keyword for _, keyword in sorted(found.items())]
    if level is Level.INSTANCE:
        keywords.append("AvailableTransferSyntaxUID")
    return [*keywords, *REQUEST_ATTRIBUTES] if level >= Level.SERIES else keywords


def searches() -> Iterator[Operation]:
    """Describe each search."""
    content = {DICOM_JSON: OBJECTS, JSON: OBJECTS, multipart(DICOM_XML): XML}
    headers = ("X-Total-Count", "Warning")
    for path, level, name, summary in _SEARCHES:
        keys = tuple(map(key_name, matching_keys(level)))
        yield Operation(
            path=path,
            name=name,
            summary=summary,
            tag="Extensions" if level is Level.PATIENT else "QIDO-RS",
            description="Matching keys by keyword or tag (PS3.18 §8.3.4, PS3.4 §C.2.2.2); results in a stable order.",
            parameters=(*_SEARCH_PARAMETERS, *keys),
            responses={
                "200": response("The matches.", content, (*headers, "Vary", "Content-Encoding", "Accept-Ranges")),
                "204": response("Nothing matches, or nothing is left within limit and offset.", None, headers),
            },
            errors=("400", "406", "413", "500", "503"),
        )
