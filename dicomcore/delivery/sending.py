"""Send instances of the archive to a node: by C-STORE (PS3.4 Annex B) or STOW-RS (PS3.18 §10.5).

The order is always the same, so that a transfer that was interrupted goes on behind what is through. Single failures
are noted, and the others go on. What may pass (a peer that is busy, a connection that broke) is tried again; if nothing
comes of that, the node is at fault and all has failed, unless only a few instances of many are left: then they are,
since some peers break the association over one that they cannot bear. They are sent one by one before.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from dicomcore.bridge.counting import number_of_instances, summed
from dicomcore.delivery.delivering import Delivered, Delivering
from dicomcore.delivery.patience import PAUSES, ends_all, may_pass
from dicomcore.delivery.progress import Progress, Through
from dicomcore.errors import DicomError, ResourceGone, ResourceNotFound, UnknownNode
from dicomcore.instance import Instance
from dicomcore.nodes import Node, Nodes
from dicomcore.resources import Resource
from dicomcore.scu.outgoing import StoredInstance
from dicomcore.source import Source
from dicomcore.threads import Threads

_FEW = 32  # instances that are sent one by one, and may be at fault themselves


@dataclass(slots=True)
class _Pass:
    """What became of the instances that were sent in one go."""

    answered: int = 0
    error: DicomError | None = None


class Sending:
    """Carries out sends from ``source``."""

    def __init__(
        self,
        nodes: Nodes,
        source: Source,
        delivering: Delivering,
        threads: Threads,
        *,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self._nodes = nodes
        self._source = source
        self._delivering = delivering
        self._threads = threads
        self._pauses = pauses

    async def __call__(self, progress: Progress) -> None:
        """Send what a transfer names, from where it was left; raises what makes all of it fail."""
        resources = progress.transfer.resources[progress.position.resource :]
        await self._node(progress)
        counts = [await number_of_instances(self._source, resource) for resource in resources]
        progress.set_total(summed([progress.completed + progress.failed, *counts]))
        for resource in resources:
            await self._send(resource, progress)
            progress.end_resource()

    async def _send(self, resource: Resource, progress: Progress) -> None:
        try:
            items = await self._items(resource)
        except (ResourceNotFound, ResourceGone) as error:
            progress.fail(str(error), 0)
            return
        through = progress.begin([_name(item.instance) for item in items])
        await _Resource(items, through, progress).send(self, self._pauses)

    async def _items(self, resource: Resource) -> list[StoredInstance]:
        """The instances in the order in which they go: those of a SOP Class together, as associations need them."""
        instances = [one async for one in self._source.retrieve(resource)]
        classes = {uid: place for place, uid in enumerate(dict.fromkeys(one.sop_class_uid for one in instances))}
        instances.sort(key=lambda one: classes[one.sop_class_uid])
        return [StoredInstance(one, self._threads) for one in instances]

    async def _node(self, progress: Progress) -> Node:
        node = await self._nodes.get(progress.transfer.node)
        if node is None:
            raise UnknownNode(progress.transfer.node)
        return node

    async def deliver(self, items: Sequence[StoredInstance], progress: Progress) -> AsyncGenerator[Delivered, None]:
        """Send instances to the node as it is configured now."""
        node = await self._node(progress)
        async with aclosing(self._delivering(node, items)) as results:
            async for delivered in results:
                yield delivered


class _Resource:
    """The instances of one resource on their way."""

    def __init__(self, items: Sequence[StoredInstance], through: Through, progress: Progress) -> None:
        self._places = {id(item): place for place, item in enumerate(items)}
        self._left = list(items[through.place :])
        self._through = through
        self._progress = progress
        self._answered = 0

    async def send(self, sending: Sending, pauses: Sequence[float]) -> None:
        """Send all, again if something comes between that may pass."""
        fruitless, passes = 0, 0
        while self._left:
            one_by_one = passes > 0 and len(self._left) <= _FEW
            done = await self._pass(sending, one_by_one=one_by_one)
            passes += 1
            self._answered += done.answered
            if done.error is None:
                return
            fruitless = 0 if done.answered else fruitless + 1
            if not may_pass(done.error) or fruitless > len(pauses):
                self._give_up(done.error)
                return
            await asyncio.sleep(pauses[max(fruitless - 1, 0)] if pauses else 0)

    async def _pass(self, sending: Sending, *, one_by_one: bool) -> _Pass:
        done = _Pass()
        left, self._left = self._left, []
        for items in [[item] for item in left] if one_by_one else [left]:
            async with aclosing(sending.deliver(items, self._progress)) as results:
                async for delivered in results:
                    self._note(delivered, done)
        return done

    def _note(self, delivered: Delivered, done: _Pass) -> None:
        if delivered.error is not None and ends_all(delivered.error):
            done.error = delivered.error
            self._left.append(delivered.item)
            return
        done.answered += 1
        self._end(delivered.item, delivered.problem)

    def _end(self, item: StoredInstance, problem: str) -> None:
        if problem:
            self._progress.fail(f"{item.sop_instance_uid}: {problem}")
        else:
            self._progress.complete()
        self._through.note(self._places[id(item)], is_stored=not problem)

    def _give_up(self, error: DicomError) -> None:
        if not self._answered or len(self._left) > _FEW:
            raise error
        for item in self._left:
            self._end(item, str(error))


def _name(instance: Instance) -> bytes:
    return f"{instance.resource.sop_instance_uid} ".encode() + instance.digest
