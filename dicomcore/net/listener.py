"""Listens for associations (PS3.8 §9.1): limits, one task for each association, and an orderly end.

Accepting never waits for a peer. A connection that has not asked for an association yet holds a descriptor and the
ARTIM timer, no place among the associations; when there are too many of those, the oldest goes. A request beyond a
limit is read and rejected as transient (PS3.8 Table 9-21), so that the peer knows to come again.

With ``reuse_port`` several processes listen on the same port, and the system spreads connections over them.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from dicomcore.errors import NetworkError
from dicomcore.net.connection import Connection
from dicomcore.net.proposal import Timeouts
from dicomcore.net.ul.association import MAXIMUM_LENGTH, Role
from dicomcore.net.ul.negotiation import AcceptorPolicy, negotiate
from dicomcore.net.ul.pdu import (
    LOCAL_LIMIT_EXCEEDED,
    NO_REASON,
    TEMPORARY_CONGESTION,
    AssociateAC,
    AssociateRJ,
    AssociateRQ,
)

logger = logging.getLogger(__name__)

DICOM_PORT = 11112  # PS3.8 §9.1.1: the registered one that needs no privileges
_BACKLOG = 1024
_PATIENCE = 1.0  # seconds for what has been aborted to come to its end


@dataclass(frozen=True, slots=True)
class Limits:
    """How many associations there may be at once, in this process, and how many connections without one."""

    total: int = 50
    per_address: int = 10
    silent: int = 1000


class Listener:
    """Accepts associations and serves each in a task of its own.

    ``policy`` says what is negotiated, with every requestor or with the one whose request it is called with.
    ``maximum_length`` is the longest P-DATA-TF PDU that is received, unless the policy says less.
    """

    def __init__(
        self,
        serve: Callable[[Connection], Awaitable[None]],
        policy: AcceptorPolicy | Callable[[AssociateRQ], AcceptorPolicy],
        *,
        limits: Limits | None = None,
        timeouts: Timeouts | None = None,
        tls: ssl.SSLContext | None = None,
        maximum_length: int = MAXIMUM_LENGTH,
    ) -> None:
        self._serve = serve
        self._policy = policy
        self._limits = limits or Limits()
        self._timeouts = timeouts or Timeouts()
        self._tls = tls
        self._maximum_length = maximum_length
        self._servers: list[asyncio.Server] = []
        self._silent: dict[Connection, None] = {}  # from the oldest
        self._tasks: dict[Connection, asyncio.Task[None]] = {}
        self._by_address: Counter[str] = Counter()
        self._is_stopping = False

    @property
    def associations(self) -> int:
        """How many associations are served."""
        return len(self._tasks)

    async def start(self, host: str, port: int, reuse_port: bool = True) -> int:
        """Listen at ``host`` (a name, or an IPv4 or IPv6 address; empty for all of this machine); return the port.

        Raises `OSError` when that is not possible.
        """
        loop = asyncio.get_running_loop()
        self._is_stopping = False
        for opened in await _open_sockets(host, port, reuse_port):
            server = await loop.create_server(
                self._accept,
                sock=opened,
                backlog=_BACKLOG,
                ssl=self._tls,
                ssl_handshake_timeout=self._timeouts.artim if self._tls else None,
            )
            self._servers.append(server)
            port = opened.getsockname()[1]
        return port

    async def stop(self, grace: float = 30.0) -> None:
        """Accept nothing any more, let what runs come to its end for ``grace`` seconds, abort what is left then."""
        self._is_stopping = True
        for server in self._servers:
            server.close()
        self._servers.clear()
        for connection in list(self._silent):
            connection.driver.cut()
        for connection in self._tasks:
            connection.wind_down()
        await self._end_tasks(grace)
        for connection in self._tasks:
            connection.abort()
        await self._end_tasks(_PATIENCE)
        for connection, task in list(self._tasks.items()):
            task.cancel()
            connection.driver.cut()
        await self._end_tasks(_PATIENCE)

    async def _end_tasks(self, patience: float) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=patience)
        await asyncio.sleep(0)  # what is done says so

    # One connection

    def _accept(self) -> asyncio.Protocol:
        connection = Connection(
            Role.ACCEPTOR,
            self._timeouts,
            maximum_length=self._maximum_length,
            connected=self._note,
            decide=self._decide,
            established=self._begin,
        )
        return connection.driver

    def _note(self, connection: Connection) -> None:
        self._silent[connection] = None
        connection.driver.closed.add_done_callback(lambda _: self._silent.pop(connection, None))
        if len(self._silent) > self._limits.silent:
            oldest = next(iter(self._silent))
            del self._silent[oldest]
            oldest.driver.cut()

    def _decide(self, connection: Connection, rq: AssociateRQ) -> AssociateAC | AssociateRJ:
        """Answer a request; whatever goes wrong in the policy, the peer gets an answer."""
        if self._is_stopping:
            return TEMPORARY_CONGESTION
        if len(self._tasks) >= self._limits.total:
            return LOCAL_LIMIT_EXCEEDED
        if self._by_address[connection.peer_address] >= self._limits.per_address:
            return LOCAL_LIMIT_EXCEEDED
        try:
            policy = self._policy if isinstance(self._policy, AcceptorPolicy) else self._policy(rq)
            return negotiate(rq, policy)
        except Exception:
            logger.exception("an association could not be negotiated")
            return NO_REASON

    def _begin(self, connection: Connection) -> None:
        self._silent.pop(connection, None)
        self._by_address[connection.peer_address] += 1
        task = asyncio.get_running_loop().create_task(self._run(connection))
        self._tasks[connection] = task
        task.add_done_callback(lambda _: self._end(connection))

    def _end(self, connection: Connection) -> None:
        del self._tasks[connection]
        self._by_address[connection.peer_address] -= 1
        self._by_address += Counter()  # forgets addresses of which there is none
        if connection.is_open:
            connection.abort()

    async def _run(self, connection: Connection) -> None:
        try:
            await self._serve(connection)
        except NetworkError as error:
            logger.info("association ended: %s", error, extra={"calling_ae_title": connection.calling_ae_title})
        except Exception:
            logger.exception("an association failed", extra={"calling_ae_title": connection.calling_ae_title})


async def _open_sockets(host: str, port: int, reuse_port: bool) -> list[socket.socket]:
    """Open a socket for each address of a host, all with the same port."""
    found = await asyncio.get_running_loop().getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    opened: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in dict.fromkeys(found):
            if family == socket.AF_INET6 and not socket.has_ipv6:
                continue
            made = socket.socket(family, kind, protocol)
            opened.append(made)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if reuse_port:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if family == socket.AF_INET6:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            made.bind((address[0], port, *address[2:]))
            port = made.getsockname()[1]
            made.setblocking(False)
    except OSError:
        for made in opened:
            made.close()
        raise
    return opened
