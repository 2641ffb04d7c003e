"""Requests that a page of another origin has a browser send (cross-site request forgery).

Some of what changes things here a browser sends for any page, without asking us first: what has no body, or one of the
three media types of forms. It says where the page is from, in ``Sec-Fetch-Site`` (W3C Fetch Metadata) or, towards hosts
without TLS, only in ``Origin`` (RFC 6454 §7). Such a request is refused unless the origin is ours, or one that may call
us (``cors-origins``). Programs that are no browsers send neither header, and are not concerned.
"""

from __future__ import annotations

from collections.abc import Awaitable
from http import HTTPStatus

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import problem_response
from app.settings import EVERYBODY, Settings
from app.urls import UrlPolicy, origin

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITES = frozenset({b"same-origin", b"none"})  # the latter is a user's doing, and not that of a page


class OtherOrigins:
    """ASGI middleware: refuse with 403 what pages of other origins than ours and those allowed would change."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._urls = UrlPolicy.of("", trusted_proxies=settings.trusted_proxies)
        self._allowed = frozenset(settings.cors_origins)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass on what changes nothing at no cost."""
        if scope["type"] != "http" or scope["method"] in _SAFE or self._allows(scope):
            return self._app(scope, receive, send)
        return self._refuse(scope, receive, send)

    def _allows(self, scope: Scope) -> bool:
        headers = dict(scope["headers"])
        site, source = headers.get(b"sec-fetch-site"), headers.get(b"origin")
        if site in _OWN_SITES or (site is None and source is None) or EVERYBODY in self._allowed:
            return True
        named = (source or b"").decode("latin-1")
        return named in self._allowed or (site is None and named.lower() == origin(scope, self._urls).lower())

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        source = request.headers.get("origin", "another origin")
        problem = {
            "type": "about:blank",
            "title": HTTPStatus.FORBIDDEN.phrase,
            "status": HTTPStatus.FORBIDDEN.value,
            "detail": f"Pages of {source} may change nothing here; the setting cors-origins can allow it. "
            f"Pages of ours are at {origin(scope, self._urls)}.",
        }
        await problem_response(request, problem, {})(scope, receive, send)
