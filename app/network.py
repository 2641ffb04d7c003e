"""The DICOM network side of a worker process: who it answers to, and whom it calls.

Every worker listens on the same port (``SO_REUSEPORT``), so that the system spreads associations over them. Message
IDs of our C-MOVEs begin at a number of the process, so that workers can tell whose answer arrives.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping

import structlog

from app.application_entity import ApplicationEntity
from app.remote_sources import RemoteSources
from app.settings import EVERYBODY, Settings
from dicomcore.bridge.named import NamedSource
from dicomcore.bridge.retention import Retention
from dicomcore.errors import StorageUnavailable
from dicomcore.net.connection import Timeouts
from dicomcore.net.listener import Limits, Listener
from dicomcore.net.tls import TlsProfile, server_context
from dicomcore.nodes import Nodes
from dicomcore.scp.acceptance import Admission
from dicomcore.scp.services import Provider
from dicomcore.scu.inbox import Inbox
from dicomcore.scu.pool import Pool
from dicomcore.source import Source
from dicomcore.transcoding import Codecs

_MESSAGE_IDS = 1 << 16


class Network:
    """Associations to us and from us, as the settings have them; made before the event loop runs.

    ``source`` is what is served, ``archive`` is where bridges put what they have got, ``codecs``
    are for what they send.
    """

    def __init__(
        self,
        settings: Settings,
        source: Source,
        nodes: Nodes,
        archive: Source,
        retention: Retention | None = None,
        codecs: Codecs | None = None,
    ) -> None:
        self._settings = settings
        self.ae = ApplicationEntity(settings)
        self.pool = Pool(settings.ae_title, tls=self.ae.tls)
        self.inbox = Inbox(settings.ae_title, first=os.getpid() * 4099 % _MESSAGE_IDS)
        self.sources = RemoteSources(
            nodes, archive, source, settings.ae_title, self.pool, self.inbox, retention, codecs
        )
        others = {
            title: NamedSource(node, self.sources, source.spool) for title, node in settings.answering_nodes.items()
        }
        self._provider = Provider(
            source,
            nodes,
            settings.ae_title,
            self.pool,
            admission=_admission(settings),
            others={**_other_titles(settings, source), **others},
            inbox=self.inbox,
        )
        self._listener = Listener(
            self._provider.serve,
            self._provider.policy,
            limits=Limits(total=settings.max_associations, per_address=settings.max_associations_per_address),
            timeouts=_timeouts(settings),
            tls=_server_tls(settings),
        )

    @property
    def associations(self) -> dict[str, int]:
        """How many there are now: those that others opened to us, and those we opened to others."""
        return {"accepted": self._listener.associations, "opened": self.pool.open_associations}

    async def start(self) -> None:
        """Listen, if a port is set; raises `StorageUnavailable` with a sentence if that cannot be."""
        settings = self._settings
        if settings.dimse_port is None:
            return
        try:
            port = await self._listener.start(settings.dimse_host, settings.dimse_port)
        except OSError as error:
            where = f"{settings.dimse_host}:{settings.dimse_port}"
            raise StorageUnavailable(f"no associations can be accepted at {where}: {error.strerror}") from error
        structlog.get_logger().info("listening for associations", ae_title=settings.ae_title, port=port)

    async def stop(self) -> None:
        """Let what runs come to its end, and close everything."""
        await self._listener.stop(self._settings.shutdown_seconds)
        await self._provider.close()
        await self.sources.close()
        await self.pool.close()


def _other_titles(settings: Settings, source: Source) -> Mapping[str, Source]:
    return {title: source for title in settings.accepted_ae_titles if title != settings.ae_title}


def _admission(settings: Settings) -> Admission:
    return Admission(
        accepts_any_called_ae_title=EVERYBODY in settings.called_ae_titles,
        calling_ae_titles=settings.calling_ae_titles,
        accepts_unknown_storage=settings.accept_unknown_sop_classes,
    )


def _timeouts(settings: Settings) -> Timeouts:
    return Timeouts(
        association=settings.association_timeout_seconds,
        artim=settings.artim_timeout_seconds,
        dimse=settings.dimse_timeout_seconds,
        idle=settings.idle_timeout_seconds,
    )


def _server_tls(settings: Settings) -> ssl.SSLContext | None:
    if settings.dimse_tls_certificate is None:
        return None
    return server_context(
        settings.dimse_tls_certificate,
        settings.dimse_tls_key or settings.dimse_tls_certificate,
        profile=TlsProfile(settings.dimse_tls_profile),
        authorities=settings.dimse_tls_ca,
        revocations=settings.dimse_tls_revocations,
        is_mutual=settings.dimse_tls_mutual,
    )
