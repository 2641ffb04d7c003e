"""What an export takes: a study, a series, an instance, the studies that a search finds, or everything."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import orjson

from app.parameters import parse_search
from dicomcore.data import PLACEHOLDER
from dicomcore.query import Query
from dicomcore.resources import Level, Resource
from dicomcore.source import Source

_PAGE = 1000
_STUDY_INSTANCE_UID = "0020000D"


@dataclass(frozen=True)
class Selection:
    """One resource, or the studies that ``query`` finds."""

    resource: Resource | None = None
    query: Query | None = None

    @classmethod
    def of(cls, resource: Resource, query: str | None, *, everything: bool) -> "Selection":
        """Make it of options, of which one and only one must be given.

        Raises:
            ValueError: they contradict each other.
            InvalidParameter: the query string is wrong.
        """
        if sum((resource.level is not None, query is not None, everything)) != 1:
            raise ValueError("say what to export: --study, --query or --all")
        uids = (resource.study_instance_uid, resource.series_instance_uid, resource.sop_instance_uid)
        if any(below and not above for above, below in itertools.pairwise(uids)):
            raise ValueError("--series needs --study, and --instance needs --series")
        if resource.level is not None:
            return cls(resource=resource)
        return cls(query=parse_search(query or "", Level.STUDY, Resource()).query)

    async def resources(self, source: Source) -> AsyncIterator[Resource]:
        """The resources to take, in order; of a search page by page."""
        if self.resource is not None:
            yield self.resource
        if self.query is None:
            return
        page = replace(self.query, offset=0, limit=_PAGE)
        while True:
            answer = await source.search(page)
            for found in answer.objects:
                study = orjson.loads(found.replace(PLACEHOLDER, b""))
                yield Resource(study[_STUDY_INSTANCE_UID]["Value"][0])
            page = replace(page, offset=page.offset + len(answer.objects))
            if not answer.objects or page.offset >= answer.total:
                return
