"""All pages, put into the application."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from fastapi import APIRouter, FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.web import instance, metadata, nodes, series, status, study, study_list, transfers, upload, view
from app.web.pages import PageRoute
from app.web.static_files import STATIC_PATH, VersionedFiles

_PAGES: Sequence[APIRouter] = (
    study_list.router,
    upload.router,
    nodes.router,
    transfers.router,
    status.router,
    study.router,
    series.router,
    instance.router,
    metadata.router,
    view.router,
)
"""The routes of each page: one import and one entry each."""
_no_page = APIRouter(route_class=PageRoute, include_in_schema=False)


def install_site(app: FastAPI) -> None:
    """Serve the pages, and what they load."""
    app.mount(STATIC_PATH, VersionedFiles(), name="static")
    for page in _PAGES:
        app.include_router(page)
    app.include_router(_no_page)


@_no_page.get("/ui/{rest:path}")
async def no_page(rest: str) -> Response:
    """Say that there is no such page, as a page."""
    raise HTTPException(HTTPStatus.NOT_FOUND, f"There is no page at /ui/{rest}.")
