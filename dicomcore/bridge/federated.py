"""Several sources as one: everything that any of them has, found by one search and retrieved from whoever has it.

The first source is the archive. What several sources answer for the same UID becomes one answer: attributes are those
of the first that has a value; Retrieve AE Title names all who hold it; numbers of instances are the largest, since a
source may hold a part only; modalities are joined. The order is that of the sources, so that pages stay the same as
long as the sources answer the same.

Sources have a limited time to answer a search. Who does not, or fails, is named in a warning and left out.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from time import monotonic

from dicomcore.bridge.answers import RETRIEVE_AE_TITLE, fragments_of, join_fragments, text_of, values_of, with_values
from dicomcore.bridge.identifiers import Fragments
from dicomcore.bridge.steps import UNIQUE_KEYS
from dicomcore.errors import (
    AssociationTimeout,
    DicomError,
    InvalidParameter,
    NetworkError,
    RequestError,
    ResourceGone,
    ResourceNotFound,
)
from dicomcore.index.documents import is_empty
from dicomcore.instance import Instance
from dicomcore.query import MatchingKey, Query, UidList
from dicomcore.resources import Level, Resource
from dicomcore.source import Answer, Metadata, Source, StoreOutcome
from dicomcore.storage import Spool

SEARCH_SECONDS = 10.0
FRESH_SECONDS = 30.0
_LATE = "{} did not answer within {:g} seconds. What only it has is missing."
_FAILED = "{} could not be searched. What only it has is missing."
_MANY = 1_000  # resources whose holders are remembered
_COUNTS = (0x00201200, 0x00201202, 0x00201204, 0x00201206, 0x00201208, 0x00201209)
_JOINED = (0x00080061, 0x00080062)
_MISSING = (ResourceNotFound, ResourceGone)
_INSTANCES = {Level.STUDY: 0x00201208, Level.SERIES: 0x00201209}
_PATIENT_ID = 0x00100020
_ISSUER_OF_PATIENT_ID = 0x00100021

Sources = Callable[[], Awaitable[Sequence[tuple[str, Source]]]]
"""Who there is at this moment, by AE title, the archive first."""


class Federated:
    """All sources as one `Source`."""

    def __init__(self, sources: Sources, *, seconds: float = SEARCH_SECONDS) -> None:
        self._sources = sources
        self._seconds = seconds
        self._holders: dict[Resource, tuple[float, str]] = {}

    async def search(self, query: Query) -> Answer:
        """Search everywhere at once.

        Raises what the source raised, if there is nobody who answered.
        """
        last = None if query.limit is None else query.offset + query.limit
        sources = await self._sources()
        everything = replace(query, offset=0, limit=None if last is None else last + 1)
        outcomes = await self._ask(sources, everything)
        answers = [(name, one) for name, one in outcomes if isinstance(one, Answer)]
        warnings = [text for _name, answer in answers for text in answer.warnings]
        warnings += [one for _name, one in outcomes if isinstance(one, str)]
        merged: dict[str, Fragments] = {}
        for name, answer in answers:
            for found in map(fragments_of, answer.objects):
                _merge(merged, _identity(query.level, found), found, name)
        page = [join_fragments(found) for found in list(merged.values())[query.offset : last]]
        seen = sum(len(answer.objects) for _name, answer in answers)
        total = sum(answer.total for _name, answer in answers) - (seen - len(merged))
        return Answer(page, total, tuple(dict.fromkeys(warnings)))

    async def instance(self, resource: Resource) -> Instance:
        """Find one instance: in the archive, or where it is."""
        sources = await self._sources()
        with suppress(*_MISSING):
            return await sources[0][1].instance(resource)
        return await (await self._holder(resource)).instance(resource)

    async def retrieve(self, resource: Resource) -> AsyncIterator[Instance]:
        """The instances of a resource, from whoever has most of it."""
        async for instance in (await self._holder(resource)).retrieve(resource):
            yield instance

    async def metadata(self, resource: Resource) -> Metadata:
        """The metadata of a resource, from whoever has most of it."""
        return await (await self._holder(resource)).metadata(resource)

    async def revision(self, resource: Resource) -> str:
        """The revision of a resource, where most of it is."""
        return await (await self._holder(resource)).revision(resource)

    def spool(self) -> Spool:
        """Refuse: nothing is stored everywhere."""
        raise RequestError("instances are stored in one archive, not in all")

    async def store(self, spool: Spool, *, study_instance_uid: str | None = None) -> StoreOutcome:
        """Refuse: nothing is stored everywhere."""
        spool.close()
        raise RequestError("instances are stored in one archive, not in all")

    async def delete(self, resource: Resource) -> int:
        """Refuse: nothing is deleted everywhere."""
        raise RequestError("instances are deleted in one archive, not in all")

    async def _ask(self, sources: Sequence[tuple[str, Source]], query: Query) -> list[tuple[str, Answer | str]]:
        """Search all sources; instead of an answer, a warning. Raises if there is no answer at all."""
        tasks = [asyncio.create_task(source.search(query)) for _name, source in sources]
        try:
            await asyncio.wait(tasks, timeout=self._seconds)
        finally:
            late = [task for task in tasks if not task.done()]
            for task in late:
                task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        answered = [task for task in tasks if task not in late]
        if all(task.exception() for task in answered):
            raise next((task.exception() for task in answered), None) or AssociationTimeout("answer", self._seconds)
        return [(name, self._outcome(name, task, task in late)) for (name, _), task in zip(sources, tasks, strict=True)]

    def _outcome(self, name: str, task: asyncio.Task[Answer], is_late: bool) -> Answer | str:
        if is_late:
            return _LATE.format(name, self._seconds)
        error = task.exception()
        if error is None:
            return task.result()
        if isinstance(error, InvalidParameter) or not isinstance(error, DicomError):
            raise error
        return _FAILED.format(name)

    async def _holder(self, resource: Resource) -> Source:
        """Find who has most of a resource; the archive, if nobody has more."""
        sources = dict(await self._sources())
        moment, known = self._holders.get(resource, (0.0, ""))
        if moment and monotonic() - moment < FRESH_SECONDS and known in sources:
            return sources[known]
        name = await self._find_holder(list(sources.items()), resource)
        if len(self._holders) >= _MANY:
            self._holders.clear()
        self._holders[resource] = monotonic(), name
        return sources[name]

    async def _find_holder(self, sources: Sequence[tuple[str, Source]], resource: Resource) -> str:
        level = resource.level or Level.STUDY
        uids = (resource.study_instance_uid, resource.series_instance_uid, resource.sop_instance_uid)
        key = MatchingKey((UNIQUE_KEYS[level],), "UI", UidList((str(uids[level - Level.STUDY]),)))
        above = Resource(*uids[: level - Level.STUDY])
        outcomes = await self._ask(sources, Query(level, above, (key,), limit=1))
        held = {name: _held(level, one) for name, one in outcomes if isinstance(one, Answer) and one.objects}
        if held:
            return max(held, key=lambda name: held[name])
        if any(isinstance(one, str) for _name, one in outcomes):
            raise NetworkError(f"{resource} is nowhere, but not everybody could be asked")
        raise ResourceNotFound(resource)


def _held(level: Level, answer: Answer) -> int:
    """How many instances somebody has; who does not tell has less than who does."""
    count = text_of(fragments_of(answer.objects[0]), _INSTANCES.get(level, 0))
    return int(count) if count.isdecimal() else 0


def _identity(level: Level, found: Fragments) -> str:
    if level is Level.PATIENT:
        return f"{text_of(found, _PATIENT_ID)}\\{text_of(found, _ISSUER_OF_PATIENT_ID)}"
    return text_of(found, UNIQUE_KEYS[level])


def _merge(merged: dict[str, Fragments], identity: str, found: Fragments, name: str) -> None:
    """Add an answer of one source to what others have said."""
    known = merged.setdefault(identity, {})
    holders = [*values_of(known, RETRIEVE_AE_TITLE), name]
    for tag, fragment in found.items():
        if tag not in known or is_empty(known[tag]):
            known[tag] = fragment
        elif tag in _COUNTS:
            known[tag] = max(known[tag], fragment, key=lambda one: int(text_of({tag: one}, tag) or 0))
        elif tag in _JOINED:
            both = [*values_of(known, tag), *values_of({tag: fragment}, tag)]
            known[tag] = with_values(tag, dict.fromkeys(str(value) for value in both if value))
    known[RETRIEVE_AE_TITLE] = with_values(RETRIEVE_AE_TITLE, dict.fromkeys(map(str, holders)))
