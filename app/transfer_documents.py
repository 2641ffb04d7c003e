"""Transfers as JSON objects, as `/transfers` takes and gives them: the fields of `dicomcore.transfer.Transfer` by name.

Of what is sent here only what is to be transferred is taken: the rest is for us to say. UIDs are checked, since they go
to other application entities and into URLs.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from dicomcore.errors import InvalidParameter
from dicomcore.nodes import check_ae_title
from dicomcore.resources import Resource
from dicomcore.transfer import Transfer, TransferKind
from dicomcore.uids import check_uid

_MEMBERS = ("kind", "node", "resources")
_UIDS = ("study_instance_uid", "series_instance_uid", "sop_instance_uid")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for."""

    kind: TransferKind
    node: str
    resources: tuple[Resource, ...]


def document_of(transfer: Transfer) -> dict[str, object]:
    """Give a transfer as it is shown."""
    return {
        "id": transfer.id,
        "kind": transfer.kind.value,
        "node": transfer.node,
        "resources": [{name: getattr(resource, name) for name in _UIDS} for resource in transfer.resources],
        "state": transfer.state.value,
        "total": transfer.total,
        "completed": transfer.completed,
        "failed": transfer.failed,
        "problems": list(transfer.problems),
        "created": transfer.created,
        "changed": transfer.changed,
        "attempts": transfer.attempts,
    }


def wanted_of(body: bytes) -> Wanted:
    """Read what is to be transferred; raises `InvalidParameter` or `InvalidUid` with the member that is at fault."""
    members = _object(_parsed(body), "body", _MEMBERS)
    for name in _MEMBERS:
        if name not in members:
            raise InvalidParameter(name, "is missing")
    return Wanted(_kind(members["kind"]), _node(members["node"]), _resources(members["resources"]))


def _parsed(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise InvalidParameter("body", f"is no JSON: {exc}") from exc


def _object(value: object, name: str, members: tuple[str, ...]) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise InvalidParameter(name, "must be a JSON object")
    for unknown in value.keys() - set(members):
        raise InvalidParameter(unknown, f"is not one of {', '.join(members)}")
    return value


def _kind(value: object) -> TransferKind:
    kinds = {kind.value: kind for kind in TransferKind}
    if not isinstance(value, str) or value not in kinds:
        raise InvalidParameter("kind", f"must be one of {', '.join(kinds)}")
    return kinds[value]


def _node(value: object) -> str:
    if not isinstance(value, str):
        raise InvalidParameter("node", "must be an AE title")
    return check_ae_title(value, "node")


def _resources(value: object) -> tuple[Resource, ...]:
    if not isinstance(value, list):
        raise InvalidParameter("resources", "must be an array")
    return tuple(_resource(_object(one, "resources", _UIDS)) for one in value)


def _resource(members: Mapping[str, object]) -> Resource:
    return Resource(*(_uid(members.get(name), name) for name in _UIDS))


def _uid(value: object, name: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidParameter(name, "must be a UID or null")
    return check_uid(value, name)
