"""``/viewer``: the page of OHIF, its configuration, and its files, which lie below a path that changes with them.

The page has no script of its own in it, and may load nothing from elsewhere. Links such as
``/viewer?StudyInstanceUIDs=1.2.3`` are sent on to where the viewer itself expects them.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import PurePosixPath
from urllib.parse import urlencode

from fastapi import APIRouter, FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from app.content_coding import coded_etag, select_coding
from app.viewer import PATH
from app.viewer.configuration import ARCHIVE, script, source_name
from app.viewer.staged import FILES, SUFFIXES, Viewer, find_viewer
from app.web.pages import PageRoute, render, root_of, services_of
from dicomcore.errors import UnknownNode
from dicomcore.nodes import EVERYBODY

FILES_PATH = f"{PATH}/files"
CONFIGURATION_PATH = f"{PATH}/app-config.js"
_MODE = "viewer"
_STUDIES = "studyinstanceuids"
_SOURCE = "datasources"
_IMMUTABLE = "public, max-age=31536000, immutable"

# Segmentations are put together by functions that are made out of texts (ndarray), codecs are WebAssembly: both are
# 'unsafe-eval'. Styles are set by scripts; pictures and reports come as blobs. Nothing comes from elsewhere.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' blob: data:; font-src 'self'; connect-src 'self' blob: data:; media-src 'self' blob:; "
    "object-src 'self' blob:; frame-src 'self' blob:; worker-src 'self' blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
# A worker has the policy that its script came with.
_WORKER_POLICY = "default-src 'none'; script-src 'self' 'unsafe-eval'; connect-src 'self' blob: data:"
_PAGE_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}
_MEDIA_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".wasm": "application/wasm",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".json": "application/json",
    "": "text/plain; charset=utf-8",
}
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="theme-color" content="#000000">
<title>OHIF Viewer</title>
<link rel="icon" href="{files}/assets/favicon.ico">
<link rel="stylesheet" href="{files}/{style}">
<script src="{configuration}"></script>
<script src="{files}/{script}" defer></script>
</head>
<body>
<noscript>The viewer needs JavaScript.</noscript>
<div id="react-portal"></div>
<div id="root"></div>
</body>
</html>
"""
_HOW_TO_ADD = (
    "The OHIF viewer is not installed on this server. Its operator can add it with the command "
    "'isocenter viewer install'. Images can be seen without it: open a study in the study list."
)

_router = APIRouter(route_class=PageRoute, include_in_schema=False)


def install_viewer(app: FastAPI) -> None:
    """Serve the viewer, or a page that says how to add it."""
    app.include_router(_router)


@_router.get(CONFIGURATION_PATH)
async def configuration(request: Request) -> Response:
    """Write the configuration for who asks: its paths depend on the proxy, its sources on the nodes."""
    viewer = _viewer(request)
    if viewer is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, _HOW_TO_ADD)
    titles = [node.ae_title for node in await services_of(request).nodes.all()]
    text = script(root_of(request), PATH, f"{FILES_PATH}/{viewer.segment}", titles)
    headers = {
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "same-origin",  # it names our nodes
    }
    return Response(text, media_type=_MEDIA_TYPES[".js"], headers=headers)


@_router.get(FILES_PATH + "/{segment}/{path:path}")
async def file(request: Request, segment: str, path: str) -> Response:
    """Give a file of the viewer, in the best content coding that it lies there in."""
    viewer = _viewer(request)
    found = viewer.files.get(path) if viewer is not None and segment == viewer.segment else None
    if viewer is None or found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, "the viewer has no such file")
    coding = select_coding(request.headers.get("accept-encoding", ""), found.codings, found.size)
    etag = coded_etag(f'"{viewer.digest}"', coding)
    headers = _file_headers(path, etag, coding)
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    folder = services_of(request).settings.viewer_folder
    stored = folder / FILES / (path + SUFFIXES.get(coding, ""))
    return FileResponse(stored, headers=headers, media_type=_media_type(path))


@_router.get(PATH)
@_router.get(PATH + "/{path:path}")
async def page(request: Request, path: str = "") -> Response:
    """Give the page; which of its own pages it shows, the viewer finds out from the path."""
    viewer = _viewer(request)
    if viewer is None:
        return render(
            request, "error.html", status=404, title="No viewer here", detail=_HOW_TO_ADD, code=HTTPStatus.NOT_FOUND
        )
    root = root_of(request)
    elsewhere = None if path else await _deep_link(request)
    if elsewhere is not None:
        return RedirectResponse(root + elsewhere, HTTPStatus.FOUND, {"cache-control": "no-store"})
    places = {
        "files": f"{root}{FILES_PATH}/{viewer.segment}",
        "configuration": root + CONFIGURATION_PATH,
        "script": viewer.script,
        "style": viewer.style,
    }
    return HTMLResponse(
        _PAGE.format_map({name: html.escape(place) for name, place in places.items()}), 200, _PAGE_HEADERS
    )


async def _deep_link(request: Request) -> str | None:
    """Where a link to studies goes, or to a node's list; None if the viewer's own list is meant.

    A node may be named by its AE title; the viewer has another name for it. Raises `UnknownNode`.
    """
    asked = request.query_params.multi_items()
    named = next((value for name, value in asked if name.lower() == _SOURCE and value), None)
    source = None if named is None else await _source(request, named)
    if any(name.lower() == _STUDIES for name, _ in asked):
        rest = [(name, value) for name, value in asked if name.lower() != _SOURCE]
        mode = f"/{_MODE}/{source}" if source else f"/{_MODE}"
        return f"{PATH}{mode}?{urlencode(rest, safe=',')}"
    if source == named:
        return None
    renamed = [(name, str(source) if name.lower() == _SOURCE else value) for name, value in asked]
    return f"{PATH}?{urlencode(renamed)}"


async def _source(request: Request, named: str) -> str:
    """The viewer's name for the archive or a node, of which we may be given that name or the AE title."""
    titles = [EVERYBODY, *(node.ae_title for node in await services_of(request).nodes.all())]
    known = {source_name(title): source_name(title) for title in titles} | {ARCHIVE: ARCHIVE}
    known |= {title: source_name(title) for title in titles}
    if named not in known:
        raise UnknownNode(named)
    return known[named]


def _viewer(request: Request) -> Viewer | None:
    return find_viewer(services_of(request).settings.viewer_folder)


def _media_type(path: str) -> str:
    return _MEDIA_TYPES.get(PurePosixPath(path).suffix, "application/octet-stream")


def _file_headers(path: str, etag: str, coding: str) -> Mapping[str, str]:
    headers = {
        "etag": etag,
        "cache-control": _IMMUTABLE,
        "vary": "Accept-Encoding",
        "x-content-type-options": "nosniff",
        "content-security-policy": _WORKER_POLICY,
        "cross-origin-resource-policy": "same-origin",
    }
    return headers | ({"content-encoding": coding} if coding else {})
