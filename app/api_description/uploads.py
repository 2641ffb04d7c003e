"""The operation on `/uploads/known`."""

from collections.abc import Mapping

from app.api_description.components import Json, reference
from app.api_description.operation import Operation, response
from app.routers.uploads import MAX_INSTANCES, PATH

INSTANCES_TO_UPLOAD = "InstancesToUpload"
KNOWN_INSTANCES = "KnownInstances"
_JSON = "application/json"
_UID: Json = {"type": "string", "maxLength": 64}


def _list_of(properties: Json, required: list[str], **bounds: int) -> Json:
    item: Json = {"type": "object", "required": required, "properties": properties}
    instances: Json = {"type": "array", "items": item, **bounds}
    return {"type": "object", "required": ["instances"], "properties": {"instances": instances}}


UPLOAD_SCHEMAS: Mapping[str, Json] = {
    INSTANCES_TO_UPLOAD: _list_of(
        {
            "sop_instance_uid": _UID,
            "sha256": {
                "type": ["string", "null"],
                "pattern": "^[0-9a-fA-F]{64}$",
                "description": "of the file; without it nothing is the same",
            },
        },
        ["sop_instance_uid"],
        maxItems=MAX_INSTANCES,
    ),
    KNOWN_INSTANCES: _list_of(
        {
            "sop_instance_uid": _UID,
            "series_instance_uid": _UID,
            "study_instance_uid": _UID,
            "is_same": {"type": "boolean", "description": "whether it is stored as this very file, byte for byte"},
        },
        ["sop_instance_uid", "series_instance_uid", "study_instance_uid", "is_same"],
    ),
}

UPLOAD_OPERATIONS: tuple[Operation, ...] = (
    Operation(
        path=PATH,
        name="knownInstances",
        summary="Ask which instances are stored already",
        tag="Extensions",
        method="post",
        description="For who is about to upload many files: what is stored as this very file need not be sent. What is "
        "not stored is left out of the answer.",
        body={"required": True, "content": {_JSON: {"schema": reference("schemas", INSTANCES_TO_UPLOAD)}}},
        responses={
            "200": response("Those that are stored.", {_JSON: reference("schemas", KNOWN_INSTANCES)}),
        },
        errors=("400", "413", "415", "503"),
    ),
)
