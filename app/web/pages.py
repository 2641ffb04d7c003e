"""Pages made of templates, and the headers that leave a page nothing to load but what is ours.

All text that comes from data is escaped by the templates. No page has a script or a style of its own in it, so that the
Content-Security-Policy can forbid them: whatever gets into a page by mistake does not run.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from app.dependencies import Services
from app.errors import problem_of, status_of
from app.media_types import Offer, parse_accept, weigh
from app.urls import root_path
from app.viewer import is_installed
from app.web.static_files import static_path
from dicomcore.errors import DicomError, NetworkError, ResourceGone
from dicomcore.resources import Resource

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self'; "
    "connect-src 'self'; media-src 'self' blob:; frame-src 'self' blob:; worker-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
    "vary": "HX-Request",
}
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
)
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def services_of(request: Request) -> Services:
    """What the application is made of."""
    services: Services = request.app.state.services
    return services


def root_of(request: Request) -> str:
    """The path that everything of ours is below, as the client sees it: empty, or a prefix such as ``/pacs``."""
    return root_path(request.scope, services_of(request).urls)


def render(
    request: Request, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **context: object
) -> Response:
    """Answer with a template; it always has ``root``, ``static``, ``page``, ``sequence`` and ``has_viewer``."""
    root = root_of(request)
    known = {
        "root": root,
        "static": root + static_path(),
        "page": "",
        "sequence": request.state.sequence,
        "has_viewer": is_installed(services_of(request).settings),
    }
    text = _TEMPLATES.get_template(template).render(known | context)
    return HTMLResponse(text, status, {**_HEADERS, **(headers or {})})


class PageRoute(APIRoute):
    """A route whose answers are pages, as `answer_as_page` gives them; HEAD is answered wherever GET is."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        if self.methods and "GET" in self.methods:
            self.methods.add("HEAD")

    def get_route_handler(self) -> Handler:
        """Wrap the handler."""
        answer = super().get_route_handler()

        async def handle(request: Request) -> Response:
            return await answer_as_page(request, answer)

        return handle


async def answer_as_page(request: Request, answer: Handler) -> Response:
    """Give an answer whose errors are pages: with the sentence that a client of the web services would read.

    HEAD is answered as GET, without the body (RFC 9110 §9.3.2).
    """
    # Taken before anything is looked up: events from here on are news to the page (static/events.js).
    request.state.sequence = await services_of(request).feed.last()
    response = await _page(request, answer)
    if request.method == "HEAD":
        response.body = b""  # its headers, Content-Length among them, are made already
    return response


def wants_page(request: Request) -> bool:
    """Say whether the client would rather have a page than a problem document, as browsers do."""
    ranges = parse_accept(request.headers.get("accept", ""))
    page, document = (weigh(Offer(name), ranges)[0] for name in ("text/html", "application/problem+json"))
    return page > document


async def _page(request: Request, answer: Handler) -> Response:
    try:
        return await answer(request)
    except HTTPException as error:
        return _error_page(request, error.status_code, error.detail)
    except DicomError as error:
        if status_of(error) >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(error, NetworkError):
            raise  # what is wrong is here, and the handler of all others logs it
        return _error_page(request, status_of(error), _sentence(error))


def _sentence(error: DicomError) -> str:
    """Say what is wrong: of a study, series or instance that is not here without its path, which people cannot read."""
    resource = getattr(error, "resource", None)
    if isinstance(resource, Resource) and resource.level is not None:
        what = f"This {resource.level.name.lower()}"
        return f"{what} was deleted." if isinstance(error, ResourceGone) else f"{what} is not in the archive."
    return str(problem_of(error)["detail"])


def _error_page(request: Request, status: int, detail: str) -> Response:
    is_part = request.headers.get("hx-request") == "true"
    template = "error_part.html" if is_part else "error.html"
    return render(request, template, status=status, title=HTTPStatus(status).phrase, detail=detail, code=status)
