"""The sources that nodes are: a bridge to each, made when it is first asked for and anew when the node is changed."""

from __future__ import annotations

from collections.abc import Sequence

from app.remote_parts import read_parts
from dicomcore.bridge.caching import CachingBridge
from dicomcore.bridge.federated import Federated
from dicomcore.bridge.remote import Remote
from dicomcore.bridge.remote_ae import RemoteAE
from dicomcore.bridge.remote_web import RemoteDICOMweb
from dicomcore.bridge.retention import Retention
from dicomcore.errors import UnknownNode
from dicomcore.nodes import EVERYBODY, Kind, Node, Nodes
from dicomcore.scu.inbox import Inbox
from dicomcore.scu.pool import Pool
from dicomcore.source import Source
from dicomcore.threads import Threads
from dicomcore.transcoding import Codecs


class RemoteSources:
    """Gives the source of an AE title; ``*`` is the archive and all nodes together.

    Bridges put what they get into ``archive``; ``here`` is the archive as everybody else sees it. ``codecs`` are for
    what is sent through them to nodes that do not take it as it is.
    """

    def __init__(
        self,
        nodes: Nodes,
        archive: Source,
        here: Source,
        ae_title: str,
        pool: Pool,
        inbox: Inbox,
        retention: Retention | None,
        codecs: Codecs | None = None,
    ) -> None:
        self._nodes = nodes
        self._archive = archive
        self._here = here
        self._ae_title = ae_title
        self._pool = pool
        self._inbox = inbox
        self._retention = retention
        self._codecs = codecs
        self._threads = Threads(name="bridge")
        self._bridges: dict[str, tuple[Node, CachingBridge]] = {}
        self._retired: list[CachingBridge] = []
        self._everybody = Federated(self._all)

    async def __call__(self, ae_title: str) -> Source:
        """Find the source; raises `UnknownNode`."""
        if ae_title == EVERYBODY:
            return self._everybody
        node = await self._nodes.get(ae_title)
        if node is None:
            raise UnknownNode(ae_title)
        return await self._bridge(node)

    async def close(self) -> None:
        """Cancel what is under way."""
        for bridge in (*self._retired, *(bridge for _, bridge in self._bridges.values())):
            await bridge.close()
        self._threads.close()

    async def _all(self) -> Sequence[tuple[str, Source]]:
        nodes = [(node.ae_title, await self._bridge(node)) for node in await self._nodes.all()]
        return [(self._ae_title, self._here), *nodes]

    async def _bridge(self, node: Node) -> CachingBridge:
        known, bridge = self._bridges.get(node.ae_title, (None, None))
        if bridge is not None and known == node:
            return bridge
        made = CachingBridge(self._remote(node), self._archive, self._threads, retention=self._retention)
        self._bridges[node.ae_title] = node, made
        if bridge is not None:
            self._retired.append(bridge)
            await self._close_retired()
        return made

    async def _close_retired(self) -> None:
        """Close bridges to nodes that were changed, but for those that somebody still reads from."""
        idle = [bridge for bridge in self._retired if not len(bridge.retrieves)]
        self._retired = [bridge for bridge in self._retired if len(bridge.retrieves)]
        for bridge in idle:
            await bridge.close()

    def _remote(self, node: Node) -> Remote:
        if node.kind is Kind.DICOMWEB:
            return RemoteDICOMweb(node, read_parts, self._threads)
        return RemoteAE(node, self._pool, self._inbox, self._threads, self._codecs)
