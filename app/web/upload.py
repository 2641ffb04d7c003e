"""The upload page: files are dropped on it or chosen, and sent by STOW-RS; everything else is in its scripts."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.web.pages import PageRoute, render

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/ui/upload")
async def show_upload(request: Request) -> Response:
    """Show the page."""
    return render(request, "upload.html", page="upload")
