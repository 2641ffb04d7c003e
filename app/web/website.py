"""All pages, put into the application."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from fastapi import APIRouter, FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.web import instance, metadata, nodes, series, status, study, study_list, transfers, upload, view
from app.web.pages import answer_as_page, root_of, wants_page
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


def install_site(app: FastAPI) -> None:
    """Serve the pages, and what they load; and tell browsers what is nowhere in the application as a page."""
    app.mount(STATIC_PATH, VersionedFiles(), name="static")
    for page in _PAGES:
        app.include_router(page)
    otherwise = app.router.default

    async def nowhere(scope: Scope, receive: Receive, send: Send) -> None:
        is_page = scope["type"] == "http" and (_path(scope).startswith("/ui/") or wants_page(Request(scope)))
        answer = await answer_as_page(Request(scope), _no_page) if is_page else otherwise
        await answer(scope, receive, send)

    app.router.default = nowhere


async def _no_page(request: Request) -> Response:
    raise HTTPException(HTTPStatus.NOT_FOUND, f"There is no page at {root_of(request)}{_path(request.scope)}.")


def _path(scope: Scope) -> str:
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))
