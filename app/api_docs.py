"""API documentation at ``/docs``: Swagger UI, served from here, so that it works without the internet.

The page has no script of its own in it and asks nobody else (Content-Security-Policy). The files in
``static/swagger`` are those of the npm package swagger-ui-dist, whose licence lies beside them.
"""

from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

_STATIC = Path(__file__).parent / "static" / "swagger"
# Swagger UI styles its elements inline and draws its icons from data URLs.
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {"Content-Security-Policy": _CONTENT_SECURITY_POLICY, "X-Content-Type-Options": "nosniff"}


def install_api_docs(app: FastAPI) -> None:
    """Serve ``/docs``; the application is built with ``docs_url=None, redoc_url=None``.

    All links are relative, so that they are right behind any prefix.
    """

    async def page(_request: Request) -> Response:
        return HTMLResponse((_STATIC / "index.html").read_bytes(), headers=_HEADERS)

    app.add_route("/docs", page, include_in_schema=False)
    app.mount("/docs/assets", StaticFiles(directory=_STATIC), name="api_docs_assets")
