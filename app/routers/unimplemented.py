"""Resources of the Retrieve transaction that are not implemented (PS3.18 §10.4.1): 501 and why, never a router's 404.

The standard makes thumbnails and volumes optional and wants all resources of a kind or none; 501 is its word for that
(§8.5). Its examples and its readers write the names of the volumes in different cases, so that each form is known.
"""

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.dependencies import AskedDep
from app.routers.levels import INSTANCE, LEVELS, READ

router = APIRouter(tags=["Not implemented"])

RESOURCES = {
    "rendered": "Rendered resources",
    "thumbnail": "Thumbnails",
    "renderedmpr": "Rendered MPR volumes",
    "rendered3D": "Rendered 3D volumes",
}
"""The last segment of a path, and what it would be."""

_OTHER_FORMS = {"renderedmpr": ("renderedMPR",), "rendered3D": ("rendered3d",)}
_PATHS = (*(level.path for level in LEVELS), f"{INSTANCE.path}/frames/{{frames}}")


def _add(path: str, what: str, *, is_listed: bool) -> None:
    async def refuse(_asked: AskedDep) -> Response:
        raise HTTPException(501, f"{what} are not implemented; retrieve instances, frames or bulk data instead.")

    router.add_api_route(path, refuse, methods=READ, summary=f"{what} (not implemented)", include_in_schema=is_listed)


for _path in _PATHS:
    for _name, _what in RESOURCES.items():
        _add(f"{_path}/{_name}", _what, is_listed=True)
        for _form in _OTHER_FORMS.get(_name, ()):
            _add(f"{_path}/{_form}", _what, is_listed=False)
