"""Bring instances from a node into the archive, to stay.

They come by way of the bridge to the node, so that a retrieve that runs for somebody else is shared. What a bridge may
remove again after a while is made to stay, instance by instance, as it arrives. All of a resource is asked for,
whatever is here already: numbers of instances that are the same do not say that the instances are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing

from dicomcore.bridge.caching import CachingBridge
from dicomcore.bridge.counting import number_of_instances, summed
from dicomcore.bridge.retention import Retention
from dicomcore.delivery.patience import PAUSES, ends_all, may_pass
from dicomcore.delivery.progress import Progress
from dicomcore.errors import DicomError, ResourceGone, ResourceNotFound, StorageUnavailable, UnknownNode
from dicomcore.resources import Resource
from dicomcore.source import Source
from dicomcore.threads import Threads

FindSource = Callable[[str], Awaitable[Source]]
"""The source that a node is; raises `UnknownNode`."""

_LEAVING = "an instance is just being removed from the cache"


class Retrieving:
    """Carries out retrieves; instances are stored in ``archive``, and ``retention`` notes those that may go again."""

    def __init__(
        self,
        sources: FindSource,
        archive: Source,
        retention: Retention | None,
        threads: Threads,
        *,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self._sources = sources
        self._archive = archive
        self._retention = retention
        self._threads = threads
        self._pauses = pauses

    async def __call__(self, progress: Progress) -> None:
        """Retrieve what a transfer names, from where it was left; raises what makes all of it fail."""
        node, resources = progress.transfer.node, progress.transfer.resources
        expected = [await self._expected(node, resource) for resource in resources[progress.position.resource :]]
        before = progress.completed + progress.failed
        progress.set_total(summed([before, *expected]))
        for resource, count in zip(resources[progress.position.resource :], expected, strict=True):
            await self._retrieve(node, resource, count, progress)
            progress.end_resource()
        progress.set_total(progress.completed + progress.failed if progress.total is None else progress.total)

    async def _expected(self, node: str, resource: Resource) -> int | None:
        """How many instances the node has; None if it cannot be asked that, which is no reason not to retrieve."""
        for pause in (*self._pauses, None):
            try:
                return await number_of_instances((await self._bridge(node)).remote, resource)
            except UnknownNode:
                raise
            except DicomError as error:
                if not ends_all(error):
                    return None
                if pause is None or not may_pass(error):
                    raise
                await asyncio.sleep(pause)
        return None

    async def _retrieve(self, node: str, resource: Resource, expected: int | None, progress: Progress) -> None:
        """Retrieve one resource, again if something comes between that may pass."""
        arrived: set[Resource] = set()
        fruitless = 0
        while True:
            before = len(arrived)
            try:
                await self._attempt(node, resource, arrived, progress)
                problem = _shortage(node, resource, expected, len(arrived))
                break
            except UnknownNode:
                raise
            except DicomError as error:
                fruitless = fruitless + 1 if len(arrived) == before else 0
                if may_pass(error) and fruitless <= len(self._pauses):
                    await asyncio.sleep(self._pauses[max(fruitless - 1, 0)] if self._pauses else 0)
                    continue
                if ends_all(error):
                    raise
                is_missing = isinstance(error, ResourceNotFound | ResourceGone)
                problem = f"{resource}: {f'{node} does not have it' if is_missing else error}"
                break
        if problem:
            progress.fail(problem, max((expected or 0) - len(arrived), 0))

    async def _attempt(self, node: str, resource: Resource, arrived: set[Resource], progress: Progress) -> None:
        bridge = await self._bridge(node)
        async with aclosing(bridge.retrieves.read(resource)) as instances:
            async for instance in instances:
                if instance not in arrived:
                    await self._keep(instance)
                    arrived.add(instance)
                    progress.complete()
        if not arrived:
            raise ResourceNotFound(resource)

    async def _bridge(self, node: str) -> CachingBridge:
        source = await self._sources(node)
        if not isinstance(source, CachingBridge):  # all nodes together are none
            raise UnknownNode(node)
        return source

    async def _keep(self, instance: Resource) -> None:
        """Make an instance stay; see `dicomcore.bridge.adopting`."""
        if self._retention is None:
            return
        if not await self._threads(self._retention.adopt, str(instance.sop_instance_uid)):
            raise StorageUnavailable(_LEAVING)
        try:
            await self._archive.instance(instance)
        except DicomError as error:
            raise StorageUnavailable(_LEAVING) from error


def _shortage(node: str, resource: Resource, expected: int | None, arrived: int) -> str:
    if expected is None or arrived >= expected:
        return ""
    return f"{resource}: {node} has {expected:,} instances and sent {arrived:,}"
