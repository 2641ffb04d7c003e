"""The route that answered a request, with names in place of values: what logs and metrics may say about a path."""

from starlette.types import Scope

UNMATCHED = "unmatched"
_KEY = "isocenter.route_template"


def set_route_template(scope: Scope, template: str) -> None:
    """Say which route answers, for who has found it without FastAPI."""
    scope[_KEY] = template


def route_template(scope: Scope) -> str:
    """Give ``/dicom-web/studies/{study}`` for the request that was routed through ``scope``; call it after routing.

    A route of FastAPI knows its path only below the prefix it was included with, so the prefix is taken from the
    request; values of parameters in it are replaced, lest a client could make up labels.
    """
    found: str | None = scope.get(_KEY)
    if found is None:
        found = scope[_KEY] = _template(scope)
    return found


def _template(scope: Scope) -> str:
    template: str = getattr(scope.get("route"), "path", "")
    if not template:
        return UNMATCHED
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    head = template.partition("{")[0]
    prefix = path.partition(head)[0] if head.strip("/") else ""
    for name, value in scope.get("path_params", {}).items():
        prefix = prefix.replace(f"/{value}", f"/{{{name}}}")
    return prefix + template
