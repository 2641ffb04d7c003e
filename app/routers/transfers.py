"""``/transfers``: sends to nodes and retrieves from them, in the background; added, watched, cancelled, tried again.

It has nothing to do with PS3.18. Bodies are JSON objects (`app.transfer_documents`), and refused with any other media
type: a page of another origin can send forms without being asked. What has no body names a transfer by an id that
nobody can guess.
"""

from collections.abc import Sequence
from typing import Protocol, cast

import orjson
from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.request_body import read_body
from app.transfer_documents import document_of, wanted_of
from app.urls import UrlPolicy, root_path
from dicomcore.errors import InvalidParameter, ResourceNotFound, UnsupportedMediaType
from dicomcore.resources import Resource
from dicomcore.transfer import Transfer, TransferKind, TransferState

PATH = "/transfers"
MAX_BODY = 256 << 10  # bytes
DEFAULT_LISTED = 100
MAX_LISTED = 1_000
_JSON = "application/json"
_ID = "/{transfer_id}"

router = APIRouter(tags=["Operation"])


class Transfers(Protocol):
    """The transfers of the archive; see `dicomcore.delivery.transfers`."""

    async def add(self, kind: TransferKind, node: str, resources: Sequence[Resource]) -> Transfer:
        """Add a transfer."""

    async def get(self, transfer_id: str) -> Transfer | None:
        """The transfer of this id, or None."""

    async def all(self, limit: int = 100) -> list[Transfer]:
        """The newest transfers, the last one first."""

    async def cancel(self, transfer_id: str) -> Transfer:
        """Cancel a transfer."""

    async def retry(self, transfer_id: str) -> Transfer:
        """Let a transfer wait again."""

    async def remove(self, transfer_id: str) -> None:
        """Forget a transfer."""


class TransferServices(Protocol):
    """What of the application's services is needed here."""

    @property
    def transfers(self) -> Transfers:
        """What is transferred."""

    @property
    def urls(self) -> UrlPolicy:
        """Where we are, as clients see it."""


@router.get(PATH, summary="List the transfers")
async def list_transfers(request: Request) -> Response:
    """Give the newest transfers, the last one first."""
    limit = _limit(request.query_params.get("limit", str(DEFAULT_LISTED)))
    return _json([document_of(transfer) for transfer in await _transfers(request).all(limit)])


@router.post(PATH, status_code=202, summary="Transfer studies, series or instances")
async def add_transfer(request: Request) -> Response:
    """Add a transfer, which begins by itself."""
    wanted = wanted_of(await _body(request))
    transfer = await _transfers(request).add(wanted.kind, wanted.node, wanted.resources)
    services = cast(TransferServices, request.app.state.services)
    location = f"{root_path(request.scope, services.urls)}{PATH}/{transfer.id}"
    return _json(document_of(transfer), 202, {"location": location})


@router.get(PATH + _ID, summary="Show a transfer")
async def show_transfer(request: Request) -> Response:
    """Give one transfer."""
    transfer = await _transfers(request).get(_id(request))
    if transfer is None:
        raise ResourceNotFound(f"transfer {_id(request)[:64]!r}")
    return _json(document_of(transfer))


@router.post(PATH + _ID + "/cancel", summary="Cancel a transfer")
async def cancel_transfer(request: Request) -> Response:
    """Stop a transfer; what has arrived stays where it is."""
    transfer = await _transfers(request).cancel(_id(request))
    if transfer.state is not TransferState.CANCELLED:
        raise HTTPException(409, f"the transfer has {transfer.state.value} already")
    return _json(document_of(transfer))


@router.post(PATH + _ID + "/retry", summary="Try a transfer again")
async def retry_transfer(request: Request) -> Response:
    """Let a transfer wait again that has failed or was cancelled."""
    transfer = await _transfers(request).retry(_id(request))
    if transfer.state.is_ended:
        raise HTTPException(409, "the transfer is complete already")
    return _json(document_of(transfer))


@router.delete(PATH + _ID, status_code=204, summary="Forget a transfer")
async def delete_transfer(request: Request) -> Response:
    """Forget a transfer; one that runs is interrupted."""
    await _transfers(request).remove(_id(request))
    return Response(status_code=204)


def _transfers(request: Request) -> Transfers:
    return cast(TransferServices, request.app.state.services).transfers


def _id(request: Request) -> str:
    return str(request.path_params["transfer_id"])


def _limit(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:10]) <= MAX_LISTED:
        raise InvalidParameter("limit", f"must be from 1 to {MAX_LISTED}")
    return int(text)


async def _body(request: Request) -> bytes:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != _JSON:
        raise UnsupportedMediaType("a transfer is sent as JSON", (_JSON,))
    return b"".join([piece async for piece in read_body(request, MAX_BODY)])


def _json(content: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    fields = {"cache-control": "no-store", **(headers or {})}
    return Response(orjson.dumps(content), status, fields, _JSON)
