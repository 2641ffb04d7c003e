"""All pages, put into the application."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI

from app.web import instance, metadata, nodes, series, status, study, study_list, transfers, upload, view
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
    """Serve the pages, and what they load."""
    for page in _PAGES:
        app.include_router(page)
    app.mount(STATIC_PATH, VersionedFiles(), name="static")
