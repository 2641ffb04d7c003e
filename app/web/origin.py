"""Where a page reads: our archive, a node through the bridge, or everybody; and the links that stay there.

``?source=AE`` names a node, ``?source=*`` all nodes and the archive together; without it a page is about the archive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request

from app.viewer import viewer_url
from app.web.display import Json, first_value
from app.web.pages import root_of, services_of
from app.web.parsing import parse_all
from dicomcore.data import PLACEHOLDER
from dicomcore.errors import InvalidUid, ResourceNotFound
from dicomcore.nodes import EVERYBODY
from dicomcore.query import MatchingKey, Query, ReturnKey, UidList
from dicomcore.resources import Level, Resource
from dicomcore.source import Source
from dicomcore.uids import check_uid

_STUDY_INSTANCE_UID = 0x0020000D
_SERIES_INSTANCE_UID = 0x0020000E
_SOP_INSTANCE_UID = 0x00080018
_UNIQUE_KEYS = {
    Level.STUDY: _STUDY_INSTANCE_UID,
    Level.SERIES: _SERIES_INSTANCE_UID,
    Level.INSTANCE: _SOP_INSTANCE_UID,
}


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: parsed JSON objects, the number of all matches, and what the sources had to say."""

    objects: list[Json]
    total: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a page reads. ``ae_title`` is None for the archive; ``root`` is the prefix of all our paths."""

    root: str
    service_path: str
    source: Source
    ae_title: str | None = None

    @property
    def is_local(self) -> bool:
        """Whether this is our own archive."""
        return self.ae_title is None

    @property
    def is_everybody(self) -> bool:
        """Whether this is the archive and all nodes together."""
        return self.ae_title == EVERYBODY

    @property
    def service(self) -> str:
        """The path of the DICOMweb services that give what is here."""
        mount = "" if self.ae_title is None else f"/aets/{quote(self.ae_title, safe='*')}"
        return f"{self.root}{self.service_path}{mount}"

    @property
    def list_page(self) -> str:
        """The study list of this source."""
        return f"{self.root}/{self._query()}"

    def page(self, resource: Resource) -> str:
        """The page about a study, a series or an instance."""
        return f"{self.root}/ui{resource.path}{self._query()}"

    def part(self, resource: Resource, name: str, **parameters: str | int) -> str:
        """The address of a piece of a page."""
        return f"{self.root}/ui/parts{resource.path}/{name}{self._query(**parameters)}"

    def view(self, resource: Resource) -> str:
        """The image view, at a study, a series or an instance."""
        uids = {"series": resource.series_instance_uid, "instance": resource.sop_instance_uid}
        return f"{self.root}/ui/view/{resource.study_instance_uid}{self._query(**{k: v for k, v in uids.items() if v})}"

    def viewer(self, resource: Resource) -> str:
        """The link that opens the study in OHIF."""
        return viewer_url(self.root, [str(resource.study_instance_uid)], self.ae_title)

    def web(self, resource: Resource, name: str = "", **parameters: str) -> str:
        """The address of a resource of the web services: its ``thumbnail``, ``rendered``, ``metadata``, or itself."""
        query = f"?{urlencode(parameters, safe=',*')}" if parameters else ""
        return f"{self.service}{resource.path}{f'/{name}' if name else ''}{query}"

    def thumbnail(self, resource: Resource) -> str:
        """A small picture; of another archive's, asking for it retrieves what it is made of."""
        return self.web(resource, "thumbnail", viewport="256,256")

    async def search(self, query: Query) -> Found:
        """Search here; the objects have paths for addresses, as this page sees them."""
        answer = await self.source.search(query)
        service = self.service.encode("ascii")
        objects = await parse_all([one.replace(PLACEHOLDER, service) for one in answer.objects])
        return Found(objects, answer.total, answer.warnings)

    async def one(self, resource: Resource, include: Sequence[int] = ()) -> Json:
        """What is known of a study, series or instance; raises `ResourceNotFound` or `ResourceGone`."""
        level = resource.level or Level.STUDY
        uids = (resource.study_instance_uid, resource.series_instance_uid, resource.sop_instance_uid)
        key = MatchingKey((_UNIQUE_KEYS[level],), "UI", UidList((str(uids[level - Level.STUDY]),)))
        above = Resource(*uids[: level - Level.STUDY])
        found = await self.search(Query(level, above, (key,), include=return_keys(include), limit=1))
        if found.objects:
            return found.objects[0]
        if self.is_local:
            await self.source.revision(resource)  # tells what was deleted from what was never here
        raise ResourceNotFound(resource)

    def _query(self, **parameters: str | int) -> str:
        named = parameters if self.ae_title is None else {**parameters, "source": self.ae_title}
        return f"?{urlencode(named, safe='*')}" if named else ""


async def origin_of(request: Request) -> Origin:
    """Where the page that is asked for reads; raises `UnknownNode`."""
    services = services_of(request)
    root, service_path = root_of(request), services.urls.service_path
    ae_title = request.query_params.get("source")
    if not ae_title:
        return Origin(root, service_path, services.source)
    return Origin(root, service_path, await services.remote(ae_title), ae_title)


def resource_of(request: Request) -> Resource:
    """The study, series or instance that the path names; raises `InvalidUid`."""
    uids: dict[str, Any] = request.path_params
    return Resource(*(check_uid(uids[name], name) for name in ("study", "series", "instance") if name in uids))


def uid_in(found: Json, tag: int) -> str:
    """The UID in an answer; empty if it can be none, since other archives send what they like."""
    try:
        return check_uid(first_value(found, tag))
    except InvalidUid:
        return ""


def return_keys(tags: Sequence[int]) -> tuple[ReturnKey, ...]:
    """Attributes to be returned besides those that always are."""
    return tuple(ReturnKey((tag,)) for tag in tags)
