"""The operations on `/events` and `/changes`: the same list, as a stream and in pages."""

from collections.abc import Mapping

from app.api_description.components import Json, reference
from app.api_description.operation import Operation, response
from app.change_documents import LEVELS
from app.event_stream import CONTENT_TYPE, KEEP_ALIVE
from app.routers.events import CHANGES, DEFAULT_LIMIT, EVENTS, LAST_EVENT_ID, MAX_LIMIT
from dicomcore.delivery import ChangeKind

CHANGE = "Change"
CHANGE_PAGE = "ChangePage"
SINCE, LEVEL, LIMIT = "sinceOfChanges", "levelOfChanges", "limitOfChanges"

_NUMBER: Json = {"type": "integer", "minimum": 0}
_UID: Json = {"type": ["string", "null"]}
_UIDS = ("study_instance_uid", "series_instance_uid", "sop_instance_uid")

EVENT_PARAMETERS: Mapping[str, Json] = {
    SINCE: {
        "name": "since",
        "in": "query",
        "description": "The number of the last change that one has; 0 for all. Without it a stream begins at now, and "
        "a list at the beginning. A number that was not reached yet is refused.",
        "schema": _NUMBER,
    },
    LEVEL: {
        "name": "level",
        "in": "query",
        "description": "Sum changes up: of each batch the last for each study or series; `instance` leaves out what "
        "is said of studies and series. Without it all changes are given.",
        "schema": {"type": "string", "enum": list(LEVELS)},
    },
    LIMIT: {
        "name": "limit",
        "in": "query",
        "description": "How many changes are looked at for a page.",
        "schema": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    },
    LAST_EVENT_ID: {
        "name": LAST_EVENT_ID,
        "in": "header",
        "description": "The `id` of the last event that one has, as browsers send it; it goes before `since`.",
        "schema": _NUMBER,
    },
}

EVENT_SCHEMAS: Mapping[str, Json] = {
    CHANGE: {
        "type": "object",
        "description": "Something that happened to a study, a series or an instance.",
        "required": ["sequence", "kind", "level", *_UIDS, "time"],
        "properties": {
            "sequence": {"type": "integer", "minimum": 1, "description": "numbers grow in the order of commits"},
            "kind": {
                "type": "string",
                "enum": [kind.name.lower() for kind in ChangeKind],
                "description": "of a sum: deleted as a whole, stored if something was added, else replaced",
            },
            "level": {"type": "string", "enum": list(LEVELS)},
            **dict.fromkeys(_UIDS, _UID),
            "time": {"type": "string", "format": "date-time", "description": "when; order is by sequence"},
        },
    },
    CHANGE_PAGE: {
        "type": "object",
        "required": ["changes", "last", "newest", "next"],
        "properties": {
            "changes": {"type": "array", "items": reference("schemas", CHANGE)},
            "last": {**_NUMBER, "description": "where this page ends: the `since` of the next one"},
            "newest": {**_NUMBER, "description": "the last change of the archive"},
            "next": {
                "type": ["string", "null"],
                "format": "uri-reference",
                "description": "the next page, relative to this one; null if there is none yet",
            },
        },
    },
}

EVENT_OPERATIONS: tuple[Operation, ...] = (
    Operation(
        path=EVENTS,
        name="followEvents",
        summary="Follow what happens",
        tag="Operation",
        description="Server-sent events: `change` with a Change and its number as `id`; `transfer` with a transfer "
        "whenever it changes, and at the beginning with each that has not ended; `position` with the number where the "
        f"stream stands. When nothing happens there is a comment every {KEEP_ALIVE:g} seconds.",
        parameters=(SINCE, LEVEL, LAST_EVENT_ID),
        responses={"200": response("Events, without an end.", {CONTENT_TYPE: {"type": "string"}})},
        errors=("400", "503"),
    ),
    Operation(
        path=CHANGES,
        name="listChanges",
        summary="List changes",
        tag="Operation",
        description="The changes after a number, in the order of their commits.",
        parameters=(SINCE, LEVEL, LIMIT),
        responses={
            "200": response("A page of them.", {"application/json": reference("schemas", CHANGE_PAGE)}, ("Link",))
        },
        errors=("400", "503"),
    ),
)
