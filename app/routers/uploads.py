"""``/uploads``: what somebody who is about to upload many files may leave out.

A client names the instances that it has, by SOP Instance UID and, if it can, by the SHA-256 of the file; the answer
names those that are stored, and whether as this very file. That saves sending what is here already: after a connection
was lost, or when the same disc is put in a second time. Instances themselves are sent by STOW-RS.

Bodies are JSON, so that what a page of another origin can send without being asked (a form) is refused.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.request_body import read_body
from dicomcore.errors import InvalidParameter, InvalidUid, LimitExceeded, UnsupportedMediaType
from dicomcore.holdings import Holding, Holdings
from dicomcore.uids import check_uid

PATH = "/uploads/known"
MAX_BODY = 256 << 10  # bytes
MAX_INSTANCES = 1000
MEMBERS = ("sop_instance_uid", "sha256")
_JSON = "application/json"
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")

router = APIRouter(tags=["Extensions"])


class UploadServices(Protocol):
    """What of the application's services is needed here."""

    @property
    def holdings(self) -> Holdings:
        """What is stored."""


@router.post(PATH, summary="Ask which instances are stored already")
async def known(request: Request) -> Response:
    """Give those of the instances that are stored, each once, in the order in which they were asked for."""
    asked = instances_of(await _body(request))
    holdings = await cast(UploadServices, request.app.state.services).holdings.known([*asked])
    found = [_shown(holdings[uid], digest) for uid, digest in asked.items() if uid in holdings]
    return Response(orjson.dumps({"instances": found}), media_type=_JSON, headers={"cache-control": "no-store"})


def instances_of(body: bytes) -> dict[str, bytes | None]:
    """Read what is asked about: the digest, if there is one, by SOP Instance UID.

    Raises `InvalidParameter` with the member that is at fault.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise InvalidParameter("body", f"is no JSON: {exc}") from exc
    listed = document.get("instances") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise InvalidParameter("instances", "must be a list of JSON objects")
    if len(listed) > MAX_INSTANCES:
        raise LimitExceeded("instances in a request", MAX_INSTANCES)
    return dict(_instance(one, f"instances[{number}]") for number, one in enumerate(cast(Sequence[Any], listed)))


def _instance(members: Any, name: str) -> tuple[str, bytes | None]:
    if not isinstance(members, dict):
        raise InvalidParameter(name, "must be a JSON object")
    for member in members.keys() - {*MEMBERS}:
        raise InvalidParameter(f"{name}.{member}", f"is not one of {', '.join(MEMBERS)}")
    return _uid(members, f"{name}.sop_instance_uid"), _digest(members, f"{name}.sha256")


def _uid(members: Mapping[str, Any], name: str) -> str:
    uid = members.get("sop_instance_uid")
    try:
        return check_uid(uid if isinstance(uid, str) else "", name)
    except InvalidUid as exc:
        raise InvalidParameter(name, "must be a UID") from exc


def _digest(members: Mapping[str, Any], name: str) -> bytes | None:
    digest = members.get("sha256")
    if digest is None:
        return None
    if not isinstance(digest, str) or _SHA256.fullmatch(digest) is None:
        raise InvalidParameter(name, "must be 64 hexadecimal digits, or null")
    return bytes.fromhex(digest)


def _shown(holding: Holding, sha256: bytes | None) -> dict[str, object]:
    resource = holding.resource
    return {
        "sop_instance_uid": resource.sop_instance_uid,
        "series_instance_uid": resource.series_instance_uid,
        "study_instance_uid": resource.study_instance_uid,
        "is_same": holding.is_same(sha256),
    }


async def _body(request: Request) -> bytes:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != _JSON:
        raise UnsupportedMediaType("instances are asked about in JSON", (_JSON,))
    return b"".join([piece async for piece in read_body(request, MAX_BODY)])
