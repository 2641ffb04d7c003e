"""The answer to a store: the Store Instances Response Module (PS3.18 Annex I) and its status (Table 10.5.3-1)."""

from collections.abc import Sequence
from typing import Any

import orjson

from app.storing import StoreResult
from dicomcore.source import FailureReason, StoreOutcome, failure_reason

RETRIEVE_URL = "00081190"
FAILURE_REASON = "00081197"
FAILED_SOP_SEQUENCE = "00081198"
REFERENCED_SOP_SEQUENCE = "00081199"
OTHER_FAILURES_SEQUENCE = "0008119A"
WARNING_REASON = "00081196"
REFERENCED_SOP_CLASS_UID = "00081150"
REFERENCED_SOP_INSTANCE_UID = "00081155"

_MAX_WARNINGS = 10

Attributes = dict[str, dict[str, Any]]


def store_status(result: StoreResult) -> int:
    """200: all stored; 202: some, or with warnings; 409: none."""
    stored = [outcome for outcome in result.outcomes if outcome.is_stored]
    if not stored:
        return 409
    is_perfect = len(stored) == len(result.outcomes) and result.problem is None
    return 200 if is_perfect and not any(outcome.warning for outcome in stored) else 202


def store_response(result: StoreResult, base_uri: str) -> bytes:
    """Write the module in DICOM JSON: what was stored where, and each instance that was not, with its reason.

    Type 1C sequences are there only when they have items, since clients take their presence for a failure.
    """
    stored = [outcome for outcome in result.outcomes if outcome.is_stored]
    refused = [outcome for outcome in result.outcomes if not outcome.is_stored]
    named = [outcome for outcome in refused if outcome.resource.sop_instance_uid]
    others = [_reason(outcome) for outcome in refused if not outcome.resource.sop_instance_uid]
    if result.problem is not None:
        others.append({FAILURE_REASON: _number(failure_reason(result.problem))})
    module: Attributes = {RETRIEVE_URL: _study_url(stored, base_uri)}
    for tag, items in (
        (FAILED_SOP_SEQUENCE, [_failure(outcome) for outcome in named]),
        (REFERENCED_SOP_SEQUENCE, [_reference(outcome, base_uri) for outcome in stored]),
        (OTHER_FAILURES_SEQUENCE, others),
    ):
        if items:
            module[tag] = {"vr": "SQ", "Value": items}
    return orjson.dumps(module)


def store_warnings(result: StoreResult) -> list[str]:
    """Sentences for people: why something was refused, and what was changed; each once, and not too many."""
    details = [outcome.detail for outcome in result.outcomes if outcome.detail]
    if result.problem is not None:
        details.append(str(result.problem))
    return list(dict.fromkeys(details))[:_MAX_WARNINGS]


def is_out_of_resources(result: StoreResult) -> bool:
    """Whether something was refused for lack of room, which PS3.18 §10.5.3.2 wants told in a Warning header."""
    return any(outcome.failure is FailureReason.OUT_OF_RESOURCES for outcome in result.outcomes)


def _study_url(stored: Sequence[StoreOutcome], base_uri: str) -> dict[str, Any]:
    """Retrieve URL of the study; empty (it is type 2) when instances of several studies came together."""
    studies = {outcome.resource.study_instance_uid for outcome in stored}
    return _text("UR", f"{base_uri}/studies/{studies.pop()}") if len(studies) == 1 else {"vr": "UR"}


def _reference(outcome: StoreOutcome, base_uri: str) -> Attributes:
    item = {
        REFERENCED_SOP_CLASS_UID: _text("UI", outcome.sop_class_uid),
        REFERENCED_SOP_INSTANCE_UID: _text("UI", outcome.resource.sop_instance_uid),
        RETRIEVE_URL: _text("UR", base_uri + outcome.resource.path),
    }
    if outcome.warning is not None:
        item[WARNING_REASON] = _number(outcome.warning)
    return dict(sorted(item.items()))


def _failure(outcome: StoreOutcome) -> Attributes:
    return {
        REFERENCED_SOP_CLASS_UID: _text("UI", outcome.sop_class_uid),
        REFERENCED_SOP_INSTANCE_UID: _text("UI", outcome.resource.sop_instance_uid),
        **_reason(outcome),
    }


def _reason(outcome: StoreOutcome) -> Attributes:
    return {FAILURE_REASON: _number(outcome.failure or FailureReason.PROCESSING_FAILURE)}


def _text(vr: str, value: str | None) -> dict[str, Any]:
    return {"vr": vr, "Value": [value]} if value else {"vr": vr}


def _number(value: int) -> dict[str, Any]:
    return {"vr": "US", "Value": [int(value)]}
