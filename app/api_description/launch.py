"""The operations that open studies in a viewer: `/launch`, and the path that IHE has for it."""

from collections.abc import Mapping

from app.api_description.components import Json
from app.api_description.operation import Operation, response

_TEXT: Json = {"type": "string"}
_FLAG: Json = {"type": "string", "enum": ["true", "false"]}


def _query(name: str, description: str, schema: Json = _TEXT) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": schema}


_SHORT = {
    "launchStudy": _query("study", "Short for `studyUID`."),
    "launchAccession": _query("accession", "Short for `accessionNumber`."),
    "launchPatient": _query("patient", "Short for `patientID`."),
    "launchViewer": _query("viewer", "`builtin`, `ohif` if it is installed, or a viewer of the settings"),
    "launchSource": _query("source", "AE title of a node that has the studies, or `*` for all"),
}
_IHE = {
    "launchRequestType": _query("requestType", "What is asked for.", {**_TEXT, "enum": ["STUDY", "PATIENT"]}),
    "launchStudyUid": _query("studyUID", "Study Instance UIDs, with commas between them"),
    "launchAccessionNumber": _query("accessionNumber", "Accession Numbers, with commas between them"),
    "launchPatientId": _query("patientID", "Patient ID, with its issuer as HL7 CX has it: `ID^^^NAME&OID&ISO`"),
    "launchPatientName": _query("patientName", "Not matched."),
    "launchPatientBirthDate": _query("patientBirthDate", "A study with another birth date is not opened."),
    "launchLowerDateTime": _query("lowerDateTime", "The earliest study date and time"),
    "launchUpperDateTime": _query("upperDateTime", "The latest study date and time"),
    "launchMostRecentResults": _query("mostRecentResults", "How many studies", {"type": "integer", "minimum": 1}),
    "launchModalitiesInStudy": _query("modalitiesInStudy", "Modalities, with commas between them"),
    "launchViewerType": _query("viewerType", "A viewer's name; `IHE_BIR` and others leave it to the server."),
    "launchDiagnosticQuality": _query("diagnosticQuality", "Checked; what is stored is shown.", _FLAG),
    "launchKeyImagesOnly": _query("keyImagesOnly", "Checked; all images are shown.", _FLAG),
}
LAUNCH_PARAMETERS: Mapping[str, Json] = {**_SHORT, **_IHE}


def _launch(path: str, name: str, summary: str) -> Operation:
    return Operation(
        path=path,
        name=name,
        summary=summary,
        tag="Launch",
        description="For links from other systems. One of study, accession and patient has to be there; all that is "
        "given must match. Browsers get errors as pages.",
        parameters=tuple(LAUNCH_PARAMETERS),
        responses={"302": response("The viewer.", None, ("Location",))},
        errors=("400", "404", "502", "503", "504"),
    )


LAUNCH_OPERATIONS: tuple[Operation, ...] = (
    _launch("/launch", "launch", "Open studies in a viewer"),
    _launch("/IHEInvokeImageDisplay", "invokeImageDisplay", "Open studies in a viewer (IHE Invoke Image Display)"),
)
