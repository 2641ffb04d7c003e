"""FastAPI with no more around a request than is used.

FastAPI puts layers around every request for exporting telemetry, for limits of body sizes, and for errors that nobody
handles. Here the services have limits that know what a body is (`app.request_body`), and `RequestRecord` answers what
nobody else did; so these layers are left out, and the routes of the services are found by `ServiceRoutes`.
"""

from typing import Any, cast

from fastapi import FastAPI
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from fastapi.routing import APIRouter
from fastapi.telemetry import TelemetryConfig
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.types import ASGIApp, ExceptionHandler

from app.dependencies import Services
from app.service_routes import ServiceRoutes

_NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}


class Application(FastAPI):
    """The routes of ``routers``, the services, below ``service_path``; everything else is FastAPI's."""

    def __init__(self, service_path: str, routers: list[APIRouter], services: Services, **more: Any) -> None:
        super().__init__(telemetry=_NO_TELEMETRY, redirect_slashes=False, **more)
        self.state.services = services
        self._service_path = service_path
        self._service_routers = routers
        for router in routers:
            self.include_router(router, prefix=service_path)

    def build_middleware_stack(self) -> ASGIApp:
        """Put the layers together, the innermost first."""
        routes = [route for router in self._service_routers for route in router.routes]
        app: ASGIApp = AsyncExitStackMiddleware(self.router)
        app = ServiceRoutes(self._service_path, routes, self.state.services, app)
        app = ExceptionMiddleware(app, handlers=cast(dict[Any, ExceptionHandler], self.exception_handlers))
        for layer in reversed(self.user_middleware):
            app = layer.cls(app, *layer.args, **layer.kwargs)
        return app
