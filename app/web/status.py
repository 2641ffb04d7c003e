"""The status page: counts, storage, database, workers, associations, recent problems, versions."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.web.display import size_text
from app.web.pages import PageRoute, render, services_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/ui/status")
async def status_page(request: Request) -> Response:
    """Show the page."""
    return await _render(request, "status.html")


@router.get("/ui/parts/status")
async def status_part(request: Request) -> Response:
    """Show what changes, for every few seconds."""
    return await _render(request, "status_part.html")


async def _render(request: Request, template: str) -> Response:
    document = await asyncio.to_thread(services_of(request).status.document)
    return render(request, template, page="status", status_document=document, size=size_text, since=since_text)


def since_text(time: str, now: datetime | None = None) -> str:
    """Write how long ago a time (ISO 8601) is: ``3 days``, ``2 h 5 min``, ``12 s``."""
    seconds = max(0, int(((now or datetime.now(UTC)) - datetime.fromisoformat(time)).total_seconds()))
    days, hours, minutes = seconds // 86_400, seconds // 3600 % 24, seconds // 60 % 60
    if days:
        return f"{days} {'day' if days == 1 else 'days'} {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else f"{seconds} s"
