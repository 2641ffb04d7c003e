import re

from app.api_description.uploads import INSTANCES_TO_UPLOAD, KNOWN_INSTANCES, UPLOAD_OPERATIONS, UPLOAD_SCHEMAS
from app.routers.uploads import MEMBERS, PATH, router


def test_the_operation_is_the_one_of_the_router() -> None:
    described = {(operation.path, operation.method.upper()) for operation in UPLOAD_OPERATIONS}
    assert described == {(PATH, "POST")} == {(route.path, *route.methods) for route in router.routes}  # type: ignore[attr-defined]


def test_what_is_asked_about_has_the_members_that_are_read() -> None:
    items = UPLOAD_SCHEMAS[INSTANCES_TO_UPLOAD]["properties"]["instances"]["items"]
    assert tuple(items["properties"]) == MEMBERS
    assert re.fullmatch(items["properties"]["sha256"]["pattern"], "0" * 64)


def test_what_is_known_is_described_whole() -> None:
    items = UPLOAD_SCHEMAS[KNOWN_INSTANCES]["properties"]["instances"]["items"]
    assert items["required"] == list(items["properties"])
