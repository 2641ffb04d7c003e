"""The operations on `/transfers`: what is done in the background between the archive and nodes."""

from collections.abc import Iterator, Mapping

from app.api_description.components import Json, reference
from app.api_description.operation import Operation, response
from app.routers.transfers import DEFAULT_LISTED, MAX_LISTED
from dicomcore.nodes import MAX_AE_TITLE
from dicomcore.transfer import MAX_PROBLEMS, MAX_RESOURCES, TransferKind, TransferState

TRANSFER = "Transfer"
TRANSFER_REQUEST = "TransferRequest"
TRANSFER_RESOURCE = "TransferResource"
_JSON = "application/json"
_PATH = "/transfers/{transfer_id}"
_COUNT: Json = {"type": "integer", "minimum": 0}
_UID: Json = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)*$", "maxLength": 64}

_ASKED: Mapping[str, Json] = {
    "kind": {
        "type": "string",
        "enum": [kind.value for kind in TransferKind],
        "description": "from here to the node, or from the node to here",
    },
    "node": {"type": "string", "minLength": 1, "maxLength": MAX_AE_TITLE, "description": "AE title of a node"},
    "resources": {
        "type": "array",
        "items": reference("schemas", TRANSFER_RESOURCE),
        "minItems": 1,
        "maxItems": MAX_RESOURCES,
        "description": "what is named twice, or with its study or series, is left out",
    },
}
_TOLD: Mapping[str, Json] = {
    "id": {"type": "string", "description": "by chance, so that nobody can guess it"},
    "state": {"type": "string", "enum": [state.value for state in TransferState]},
    "total": {"type": ["integer", "null"], "minimum": 0, "description": "instances; null while that is not known"},
    "completed": _COUNT | {"description": "instances that are where they belong"},
    "failed": _COUNT | {"description": "instances that are not, and why not is told"},
    "problems": {
        "type": "array",
        "items": {"type": "string"},
        "description": f"sentences; of {MAX_PROBLEMS} instances at most, then how many more there are",
    },
    "created": _COUNT | {"description": "microseconds since 1970-01-01 UTC"},
    "changed": _COUNT | {"description": "microseconds since 1970-01-01 UTC; grows from change to change"},
    "attempts": _COUNT | {"description": "how often it was begun, or gone on with"},
}

TRANSFER_SCHEMAS: Mapping[str, Json] = {
    TRANSFER: {"type": "object", "required": [*_ASKED, *_TOLD], "properties": {**_ASKED, **_TOLD}},
    TRANSFER_REQUEST: {
        "type": "object",
        "required": list(_ASKED),
        "additionalProperties": False,
        "properties": dict(_ASKED),
    },
    TRANSFER_RESOURCE: {
        "type": "object",
        "description": "A study, a series or an instance, with the UIDs of the levels above.",
        "required": ["study_instance_uid"],
        "additionalProperties": False,
        "properties": {
            "study_instance_uid": _UID,
            "series_instance_uid": _UID | {"type": ["string", "null"]},
            "sop_instance_uid": _UID | {"type": ["string", "null"]},
        },
    },
}

TRANSFER_PARAMETERS: Mapping[str, Json] = {
    "transfer_id": {
        "name": "transfer_id",
        "in": "path",
        "required": True,
        "description": "The id of a transfer",
        "schema": {"type": "string", "maxLength": 64},
    },
    "limitOfTransfers": {
        "name": "limit",
        "in": "query",
        "description": "How many to list.",
        "schema": {"type": "integer", "minimum": 1, "maximum": MAX_LISTED, "default": DEFAULT_LISTED},
    },
}


def _operations() -> Iterator[Operation]:
    shown = {_JSON: reference("schemas", TRANSFER)}
    yield Operation(
        path="/transfers",
        name="listTransfers",
        summary="List the transfers",
        tag="Operation",
        parameters=("limitOfTransfers",),
        responses={"200": response("The newest ones, the last one first.", {_JSON: _list()})},
        errors=("400", "503"),
    )
    yield Operation(
        path="/transfers",
        name="addTransfer",
        summary="Transfer studies, series or instances",
        tag="Operation",
        method="post",
        description="They go to a node, or come from there, in the background; restarts of this server do not matter.",
        body={"required": True, "content": {_JSON: {"schema": reference("schemas", TRANSFER_REQUEST)}}},
        responses={"202": response("It begins as soon as there is room.", shown, ("Location",))},
        errors=("400", "404", "410", "413", "415", "503", "507"),
    )
    yield Operation(
        path=_PATH,
        name="showTransfer",
        summary="Show a transfer",
        tag="Operation",
        responses={"200": response("The transfer.", shown)},
        errors=("404", "503"),
    )
    yield Operation(
        path=_PATH,
        name="deleteTransfer",
        summary="Forget a transfer",
        tag="Operation",
        method="delete",
        description="One that runs is interrupted. What has arrived stays where it is.",
        responses={"204": response("Forgotten.")},
        errors=("404", "503"),
    )
    for word, summary in (("cancel", "Cancel a transfer"), ("retry", "Try a transfer again")):
        yield Operation(
            path=f"{_PATH}/{word}",
            name=f"{word}Transfer",
            summary=summary,
            tag="Operation",
            method="post",
            responses={"200": response("What it is now.", shown)},
            errors=("404", "409", "503"),
        )


def _list() -> Json:
    return {"type": "array", "items": reference("schemas", TRANSFER)}


TRANSFER_OPERATIONS: tuple[Operation, ...] = tuple(_operations())
