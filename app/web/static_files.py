"""Scripts and styles, below a path that changes with them, so that browsers keep them for good.

Scripts import each other by relative paths and so stay below the same version.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import xxhash
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC_PATH = "/ui/static"
_FOLDER = Path(__file__).parent / "static"
_IMMUTABLE = "public, max-age=31536000, immutable"


@cache
def version() -> str:
    """A word that stands for the content of all static files."""
    digest = xxhash.xxh3_64()
    for path in sorted(_FOLDER.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(_FOLDER).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def static_path() -> str:
    """The path that static files are below, without the prefix of the application."""
    return f"{STATIC_PATH}/{version()}"


class VersionedFiles(StaticFiles):
    """The static files below ``{version}/``; another version than ours is given, but not kept."""

    def __init__(self) -> None:
        super().__init__(directory=_FOLDER)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Give the file after the first segment, which is the version."""
        asked, _, name = path.partition("/")
        response = await super().get_response(name, scope)
        response.headers["cache-control"] = _IMMUTABLE if asked == version() else "no-cache"
        response.headers["x-content-type-options"] = "nosniff"
        return response
