"""A node as a `Source`, looked up each time that it is asked: so it can be changed while the server runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from dicomcore.instance import Instance
from dicomcore.query import Query
from dicomcore.resources import Resource
from dicomcore.source import Answer, Metadata, Source, StoreOutcome
from dicomcore.storage import Spool


class NamedSource:
    """The source that ``find`` gives for an AE title; each call raises `UnknownNode` while there is none."""

    def __init__(self, ae_title: str, find: Callable[[str], Awaitable[Source]], spool: Callable[[], Spool]) -> None:
        self._ae_title = ae_title
        self._find = find
        self._spool = spool

    async def search(self, query: Query) -> Answer:
        """Find what matches."""
        return await (await self._source()).search(query)

    async def instance(self, resource: Resource) -> Instance:
        """Find one instance."""
        return await (await self._source()).instance(resource)

    async def retrieve(self, resource: Resource) -> AsyncIterator[Instance]:
        """The instances of a resource."""
        source = await self._source()
        async for instance in source.retrieve(resource):
            yield instance

    async def metadata(self, resource: Resource) -> Metadata:
        """The metadata of all instances of a resource."""
        return await (await self._source()).metadata(resource)

    async def revision(self, resource: Resource) -> str:
        """A word that changes with every change in the resource."""
        return await (await self._source()).revision(resource)

    def spool(self) -> Spool:
        """A place for the bytes of an instance that is to be stored."""
        return self._spool()

    async def store(self, spool: Spool, *, study_instance_uid: str | None = None) -> StoreOutcome:
        """Store what was spooled, and close the spool."""
        return await (await self._source()).store(spool, study_instance_uid=study_instance_uid)

    async def delete(self, resource: Resource) -> int:
        """Delete a resource."""
        return await (await self._source()).delete(resource)

    async def _source(self) -> Source:
        return await self._find(self._ae_title)
