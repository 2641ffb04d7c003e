"""OperationOutcome: what went wrong, or was ignored (FHIR R4 and R5, operationoutcome.html). Pure."""

from __future__ import annotations

from collections.abc import Sequence

from app.fhir.dicom_values import Json, clean, without_empty

# HTTP status code -> IssueType; others are exceptions of the server, or plainly invalid.
_CODES = {
    400: "invalid",
    404: "not-found",
    405: "not-supported",
    406: "not-supported",
    410: "deleted",
    413: "too-costly",
    415: "not-supported",
    501: "not-supported",
    503: "transient",
}


def failure(status: int, detail: str, parameter: str = "") -> Json:
    """Say why a request was not answered; ``parameter`` is the one at fault."""
    code = _CODES.get(status, "invalid" if status < 500 else "exception")
    return _outcome([_issue("error", code, detail, [parameter] if parameter else [])])


def warnings(sentences: Sequence[str]) -> Json:
    """Say what was left out of account."""
    return _outcome([_issue("warning", "not-supported", sentence) for sentence in sentences])


def _outcome(issues: Sequence[Json]) -> Json:
    return {"resourceType": "OperationOutcome", "issue": list(issues)}


def _issue(severity: str, code: str, detail: str, expression: Sequence[str] = ()) -> Json:
    sentence = clean(detail) or "no more is known"
    return without_empty(
        {
            "severity": severity,
            "code": code,
            "details": {"text": sentence},
            "diagnostics": sentence,
            "expression": [clean(f"http.{name}") for name in expression],
        }
    )
