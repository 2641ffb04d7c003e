"""Sends to nodes and retrieves from them, in the background: added, watched, cancelled, tried again, removed.

They are rows of the index, so they outlive whoever asked for them and the process that carries them out (`runner`), and
every process sees all of them.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from dicomcore.bridge.retention import Retention
from dicomcore.delivery.delivering import ByProtocol
from dicomcore.delivery.retrieving import FindSource, Retrieving
from dicomcore.delivery.runner import DEFAULT_LIMIT, Runner
from dicomcore.delivery.sending import Sending
from dicomcore.errors import InvalidParameter, LimitExceeded, ResourceNotFound, UnknownNode
from dicomcore.index import TransferTable
from dicomcore.nodes import Nodes
from dicomcore.resources import Resource
from dicomcore.scu.pool import Pool
from dicomcore.source import Source
from dicomcore.threads import Threads
from dicomcore.transfer import MAX_RESOURCES, Transfer, TransferKind, TransferState, without_repetition

__all__ = ["Transfer", "TransferKind", "TransferState", "Transfers", "carriers"]

MAX_LISTED = 1_000


def carriers(
    nodes: Nodes,
    source: Source,
    archive: Source,
    pool: Pool,
    sources: FindSource,
    retention: Retention | None,
    threads: Threads,
) -> dict[TransferKind, Sending | Retrieving]:
    """How transfers of each kind are carried out: sent from ``source``, retrieved into ``archive``."""
    delivering = ByProtocol(pool, sources, source.spool, threads)
    return {
        TransferKind.SEND: Sending(nodes, source, delivering, threads),
        TransferKind.RETRIEVE: Retrieving(sources, archive, retention, threads),
    }


class Transfers:
    """The transfers of an archive."""

    def __init__(
        self,
        table: TransferTable,
        nodes: Nodes,
        source: Source,
        ways: dict[TransferKind, Sending | Retrieving],
        threads: Threads,
        *,
        limit: int = DEFAULT_LIMIT,
    ) -> None:
        self._table = table
        self._nodes = nodes
        self._source = source
        self._threads = threads
        self._runner = Runner(table, ways, threads, limit=limit)

    async def start(self) -> None:
        """Begin to carry out what waits, and what was interrupted."""
        await self._runner.start()

    async def stop(self) -> None:
        """Interrupt what runs; it is gone on with after the next start."""
        await self._runner.stop()

    async def add(self, kind: TransferKind, node: str, resources: Sequence[Resource]) -> Transfer:
        """Add a transfer, which begins as soon as there is room.

        Raises:
            UnknownNode: nobody is called so.
            InvalidParameter: there is nothing to be transferred, or it would be the whole archive.
            LimitExceeded: that is too much.
            ResourceNotFound, ResourceGone: what is to be sent is not here.
        """
        if await self._nodes.get(node) is None:
            raise UnknownNode(node)
        wanted = _checked(resources)
        if kind is TransferKind.SEND:
            for resource in wanted:
                await self._source.revision(resource)
        transfer = Transfer(secrets.token_hex(16), kind, node, wanted)
        added = await self._threads(self._table.add, transfer)
        self._runner.look()
        return added

    async def get(self, transfer_id: str) -> Transfer | None:
        """The transfer of this id, or None."""
        return await self._threads.soon(self._table.get, transfer_id)

    async def all(self, limit: int = 100) -> list[Transfer]:
        """The newest transfers, the last one first."""
        return await self._threads.soon(self._table.all, min(limit, MAX_LISTED))

    async def changed_since(self, time: int) -> list[Transfer]:
        """Transfers that were changed after a moment, in the order of their changes; see `Transfer.changed`."""
        return await self._threads.soon(self._table.changed_since, time)

    async def cancel(self, transfer_id: str) -> Transfer:
        """Cancel a transfer, unless it has ended; gives what it is then, raises `ResourceNotFound`."""
        return self._changed(transfer_id, await self._threads(self._table.cancel, transfer_id))

    async def retry(self, transfer_id: str) -> Transfer:
        """Let a transfer wait again that has failed or was cancelled; gives what it is then.

        Raises `ResourceNotFound`.
        """
        return self._changed(transfer_id, await self._threads(self._table.retry, transfer_id))

    async def remove(self, transfer_id: str) -> None:
        """Forget a transfer, which is interrupted if it runs; raises `ResourceNotFound`."""
        if not await self._threads(self._table.remove, transfer_id):
            raise _missing(transfer_id)
        self._runner.look()

    def _changed(self, transfer_id: str, transfer: Transfer | None) -> Transfer:
        if transfer is None:
            raise _missing(transfer_id)
        self._runner.look()
        return transfer


def _checked(resources: Sequence[Resource]) -> tuple[Resource, ...]:
    if not resources:
        raise InvalidParameter("resources", "must name at least one study, series or instance")
    if len(resources) > MAX_RESOURCES:
        raise LimitExceeded("resources of a transfer", MAX_RESOURCES)
    if any(not _is_whole(resource) for resource in resources):
        raise InvalidParameter("resources", "must have a Study Instance UID, and a Series Instance UID for an instance")
    return without_repetition(tuple(resources))


def _is_whole(resource: Resource) -> bool:
    """Whether it has the UIDs of the levels above as well."""
    has_series = resource.series_instance_uid is not None
    return resource.study_instance_uid is not None and (has_series or resource.sop_instance_uid is None)


def _missing(transfer_id: str) -> ResourceNotFound:
    return ResourceNotFound(f"transfer {transfer_id[:64]!r}")
