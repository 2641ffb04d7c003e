"""``/status``: how the server is, as JSON; the page at ``/ui/status`` shows the same."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol, cast

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

PATH = "/status"

router = APIRouter(tags=["Operation"])


class StatusReport(Protocol):
    """What can tell how the server is."""

    def document(self) -> dict[str, Any]:
        """Give the document; blocks."""


class StatusServices(Protocol):
    """What of the application's services is needed here."""

    @property
    def status(self) -> StatusReport:
        """How the server is."""


@router.get(PATH, summary="Tell how the server is")
async def show_status(request: Request) -> Response:
    """Give counts, storage, database, workers with their associations, recent problems and versions."""
    status = cast(StatusServices, request.app.state.services).status
    content = orjson.dumps(await asyncio.to_thread(status.document))
    return Response(content, headers={"cache-control": "no-store"}, media_type="application/json")
