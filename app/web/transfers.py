"""The page of transfers: what is sent to nodes and retrieved from them, as it goes on (`app.routers.transfers`)."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.web.pages import PageRoute, render

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/ui/transfers")
async def transfers_page(request: Request) -> Response:
    """Show the page, which asks for the transfers itself, and follows them."""
    return render(request, "transfers.html", page="transfers")
