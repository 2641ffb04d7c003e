"""What we are to other application entities: our AE title, our certificate, and how we open associations to nodes."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property
from http import HTTPStatus

from app.remote_parts import read_parts
from app.settings import Settings
from dicomcore.bridge.remote_web import RemoteDICOMweb
from dicomcore.net.connection import Connection
from dicomcore.net.tls import TlsProfile, client_context
from dicomcore.nodes import Echo, Kind, Node
from dicomcore.scu import client
from dicomcore.scu.pool import open_association
from dicomcore.scu.purposes import VERIFY, Purpose
from dicomcore.threads import Threads

_WEB_THREADS = 2
_PATIENCE = 1.0  # seconds for the transport connection to be closed at the end


class ApplicationEntity:
    """We, as ``settings`` have it. Associations are opened for one use; a `Pool` is for many."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.ae_title = settings.ae_title

    @asynccontextmanager
    async def association(self, node: Node, purpose: Purpose) -> AsyncIterator[Connection]:
        """Open an association to a node, and release it at the end; raises a `NetworkError`."""
        tls = self.tls if node.tls else None
        connection = await open_association(node, purpose, self.ae_title, tls)
        try:
            async with connection:
                yield connection
        finally:
            await _until_closed(connection)

    @asynccontextmanager
    async def web(self, node: Node) -> AsyncIterator[RemoteDICOMweb]:
        """Talk to a node that is a DICOMweb server, and close its connections at the end."""
        threads = Threads(_WEB_THREADS)
        remote = RemoteDICOMweb(node, read_parts, threads)
        try:
            yield remote
        finally:
            await remote.close()
            threads.close()

    async def echo(self, node: Node) -> Echo:
        """Verify that a node answers (PS3.4 Annex A); the time is that of C-ECHO, without the association.

        A DICOMweb server is asked for one study, which it need not have.
        """
        if node.kind is Kind.DICOMWEB:
            async with self.web(node) as remote:
                return Echo(HTTPStatus.OK, await remote.echo() * 1000)
        async with self.association(node, VERIFY) as connection:
            begin = time.perf_counter()
            status = await client.echo(connection)
            return Echo(status, (time.perf_counter() - begin) * 1000)

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """How we connect to nodes that want TLS; raises `InvalidParameter` if a file cannot be used."""
        settings = self._settings
        return client_context(
            profile=TlsProfile(settings.dimse_tls_profile),
            authorities=settings.dimse_tls_ca,
            revocations=settings.dimse_tls_revocations,
            certificate=settings.dimse_tls_certificate,
            private_key=settings.dimse_tls_key,
            checks_host_name=settings.dimse_tls_host_names,
        )


async def _until_closed(connection: Connection) -> None:
    """Wait for the transport connection to be closed: who ends the event loop right after would leave a socket open."""
    try:
        await asyncio.wait_for(connection.closed(), _PATIENCE)
    except TimeoutError:
        connection.driver.cut()
        await connection.closed()
