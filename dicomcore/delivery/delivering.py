"""Hand instances over to a node, in the protocol that it speaks; what becomes of each is a value."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeAlias

from dicomcore.delivery.retrieving import FindSource
from dicomcore.errors import DicomError, NetworkError
from dicomcore.net.dimse.status import Service, describe
from dicomcore.nodes import Kind, Node
from dicomcore.scu.outgoing import StoredInstance
from dicomcore.scu.pool import Pool
from dicomcore.scu.sending import Sent, send
from dicomcore.source import FailureReason, Source, StoreOutcome
from dicomcore.storage import Spool
from dicomcore.threads import Threads
from dicomcore.uids import EXPLICIT_VR_LITTLE_ENDIAN

_MOST_IN_A_ROW = 2  # instances to which a DICOMweb server does not answer as it should
_OTHER_SYNTAX = (FailureReason.TRANSFER_SYNTAX_NOT_SUPPORTED, FailureReason.SOP_CLASS_NOT_SUPPORTED)


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of an instance: without ``problem`` the node has it; ``error`` is why it was not even answered."""

    item: StoredInstance
    problem: str = ""
    error: DicomError | None = None


Delivering: TypeAlias = Callable[[Node, Sequence[StoredInstance]], AsyncGenerator[Delivered, None]]
"""Send instances to a node; each of them comes back once."""


class ByProtocol:
    """`Delivering` over the associations of ``pool``, or the bridges to DICOMweb servers that ``sources`` gives."""

    def __init__(self, pool: Pool, sources: FindSource, spool: Callable[[], Spool], threads: Threads) -> None:
        self._pool = pool
        self._sources = sources
        self._spool = spool
        self._threads = threads

    async def __call__(self, node: Node, items: Sequence[StoredInstance]) -> AsyncGenerator[Delivered, None]:
        """Send instances to a node."""
        way = self._by_web if node.kind is Kind.DICOMWEB else self._by_dimse
        async with aclosing(way(node, items)) as results:
            async for delivered in results:
                yield delivered

    async def _by_dimse(self, node: Node, items: Sequence[StoredInstance]) -> AsyncGenerator[Delivered, None]:
        known = {id(item): item for item in items}
        async with aclosing(send(self._pool, node, items)) as results:
            async for sent in results:
                yield _delivered(known[id(sent.item)], sent)

    async def _by_web(self, node: Node, items: Sequence[StoredInstance]) -> AsyncGenerator[Delivered, None]:
        """Store one after the other; a server that does not answer is not asked for each of them."""
        bridge = await self._sources(node.ae_title)
        error: NetworkError | None = None
        in_a_row = 0
        for item in items:
            if error is not None and in_a_row >= _MOST_IN_A_ROW:
                yield Delivered(item, str(error), error)
                continue
            try:
                problem = await self._store(bridge, item)
            except NetworkError as failure:
                error, in_a_row = failure, in_a_row + 1
                yield Delivered(item, str(failure), failure)
            except DicomError as failure:
                yield Delivered(item, str(failure))
            else:
                in_a_row = 0
                yield Delivered(item, problem)

    async def _store(self, bridge: Source, item: StoredInstance) -> str:
        """Store an instance as it is, or native if the server does not take it so; what went wrong."""
        outcome = await self._store_as(bridge, item, item.transfer_syntax_uid)
        if outcome.failure in _OTHER_SYNTAX and item.transfer_syntax_uid != EXPLICIT_VR_LITTLE_ENDIAN:
            outcome = await self._store_as(bridge, item, EXPLICIT_VR_LITTLE_ENDIAN)
        return "" if outcome.is_stored else outcome.detail or "the server has refused it"

    async def _store_as(self, bridge: Source, item: StoredInstance, transfer_syntax_uid: str) -> StoreOutcome:
        spool = self._spool()
        try:
            async for buffer in await item.instance.file(transfer_syntax_uid):
                await self._threads(spool.write, buffer)
        except BaseException:
            spool.close()
            raise
        return await bridge.store(spool)


def _delivered(item: StoredInstance, sent: Sent) -> Delivered:
    if sent.is_stored:
        return Delivered(item)
    if sent.response is None:
        return Delivered(item, str(sent.error), sent.error)
    status, comment = sent.response.status, sent.response.error_comment
    words = f"status {status:04X}, {describe(status, Service.STORE)}"
    return Delivered(item, f"{words}: {comment}" if comment else words)
