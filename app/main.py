"""The application: everything is built and put together here, and nowhere else.

`create_app` opens the archive, so that a folder or a database that cannot be used stops the start with a sentence, and
closes it when the application stops. Nothing is built at import.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.middleware.cors import CORSMiddleware

from app.api_description import install_api_description
from app.api_docs import install_api_docs
from app.application import Application
from app.collectors import ArchiveCollector, TransferCollector, WorkerCollector
from app.dependencies import Services
from app.errors import install
from app.event_stream import EventStreams
from app.garbage import GarbageRounds
from app.http_protocol import STOPPING
from app.imaging import Imaging, open_codecs
from app.log import configure_logging
from app.metrics import Metrics
from app.network import Network
from app.other_origins import OtherOrigins
from app.passing import Passing
from app.request_record import RequestRecord
from app.routers import bulkdata, capabilities, deletion, qido_rs, rendered, stow_rs, volumes, wado_rs, wado_uri
from app.routers.events import EVENTS
from app.routers.events import router as events_router
from app.routers.fhir import router as fhir_router
from app.routers.health import health_router
from app.routers.launch import router as launch_router
from app.routers.nodes import router as nodes_router
from app.routers.status import router as status_router
from app.routers.transfers import router as transfers_router
from app.routers.uploads import router as uploads_router
from app.settings import Settings, load_settings
from app.shared_connections import leave_connections
from app.status import Status, figures_of
from app.storing import Gate
from app.transfer_news import TransferNews
from app.urls import UrlPolicy
from app.viewer.routes import install_viewer
from app.web.website import install_site
from dicomcore.archive import Archive
from dicomcore.delivery import ChangeFeed
from dicomcore.delivery.transfers import Transfers, carriers
from dicomcore.index import DuplicatePolicy, Index, StoredHoldings, StoredNodes
from dicomcore.storage import LocalStorage
from dicomcore.transcoding import Codecs

SERVICE_PATH = "/dicom-web"
_OTHERS = (
    nodes_router,
    transfers_router,
    events_router,
    status_router,
    uploads_router,
    wado_uri.router,
    launch_router,
    fhir_router,
)
_SERVICES = (bulkdata, wado_rs, rendered, volumes, qido_rs, stow_rs, deletion, capabilities)
_EXPOSED_HEADERS = (
    "Content-Location",
    "Content-Range",
    "ETag",
    "Link",
    "Location",
    "Warning",
    "X-Request-ID",
    "X-Total-Count",
)


def open_archive(settings: Settings, codecs: Codecs | None = None) -> Archive:
    """Open the archive that the settings name, and clean up what a crash left in it.

    Raises `StorageUnavailable` or `IndexUnavailable` with a sentence for the operator.
    """
    storage = LocalStorage(
        settings.data, memory_limit=settings.spool_memory_bytes, size_limit=settings.max_instance_bytes
    )
    index = Index(settings.database_url)
    index.check_schema()
    archive = Archive(
        storage,
        index,
        duplicates=DuplicatePolicy(settings.duplicates),
        verify_on_read=settings.verify_on_read,
        inline_threshold=settings.inline_threshold_bytes,
        codecs=codecs,
    )
    archive.sweep()
    return archive


@dataclass(frozen=True)
class _Parts:
    """What runs in a worker process."""

    settings: Settings
    archive: Archive
    nodes: StoredNodes
    passing: Passing
    imaging: Imaging
    network: Network
    transfers: Transfers
    feed: ChangeFeed
    streams: EventStreams
    status: Status
    metrics: Metrics

    @classmethod
    def open(cls, settings: Settings) -> "_Parts":
        """Put them together, from the archive up; what they raise says what cannot be used."""
        codecs = open_codecs(settings)
        archive = open_archive(settings, codecs)
        nodes = StoredNodes(archive.index.nodes, archive.threads)
        passing = Passing(settings, archive)
        imaging = Imaging(settings, archive, codecs)
        network = Network(settings, passing.source, nodes, archive, passing.retention, codecs)
        transfers = open_transfers(settings, archive, passing, network, nodes)
        feed = ChangeFeed(archive.index, archive.threads)
        streams = EventStreams(feed, TransferNews(transfers), limit=settings.max_event_streams)
        status = _status(settings, archive, network, imaging, streams)
        metrics = _metrics(settings, archive, status)
        return cls(settings, archive, nodes, passing, imaging, network, transfers, feed, streams, status, metrics)

    def services(self) -> Services:
        """What requests are answered with."""
        settings = self.settings
        return Services(
            settings=settings,
            source=self.passing.source,
            urls=UrlPolicy.of(SERVICE_PATH, trusted_proxies=settings.trusted_proxies, relative=settings.relative_urls),
            gate=Gate(),
            remote=self.network.sources,
            nodes=self.nodes,
            transfers=self.transfers,
            holdings=StoredHoldings(self.archive.index.holdings, self.archive.threads),
            ae=self.network.ae,
            renderer=self.imaging.renderer,
            feed=self.feed,
            streams=self.streams,
            status=self.status,
        )

    @asynccontextmanager
    async def lifespan(self, _app: FastAPI) -> AsyncIterator[dict[str, Callable[[], None]]]:
        """Start everything, and stop it in the opposite order, also where a later start or stop fails."""
        async with AsyncExitStack() as running:
            running.callback(self.archive.close)
            running.callback(self.metrics.count_noted)
            for part in (self.imaging, self.passing, self.network, self.transfers, self.status.notices):
                await part.start()
                running.push_async_callback(part.stop)
            garbage = GarbageRounds()
            garbage.start()
            running.push_async_callback(garbage.stop)
            running.callback(leave_connections)
            yield {STOPPING: self.streams.end}


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the application; without ``settings`` from the environment, as worker processes do."""
    settings = settings or load_settings()
    configure_logging(settings.log_format, settings.log_level)
    parts = _Parts.open(settings)
    app = Application(
        SERVICE_PATH,
        [service.router for service in _SERVICES],
        parts.services(),
        title="Isocenter",
        version=version("isocenter"),
        summary="DICOMweb (PS3.18) over an archive of DICOM instances.",
        docs_url=None,
        redoc_url=None,
        lifespan=parts.lifespan,
    )
    checks = {"storage": parts.archive.storage.check, "index": parts.archive.index.check_schema}
    for router in (health_router(checks, parts.metrics), *_OTHERS):
        _answer_head(router)
        app.include_router(router)
    install(app)
    install_api_description(app, SERVICE_PATH)
    install_api_docs(app)
    install_site(app)
    install_viewer(app)
    _add_middleware(app, settings, parts.metrics)
    return app


def _answer_head(router: APIRouter) -> None:
    """Let HEAD be answered wherever GET is (RFC 9110 §9.3.2), but by a stream, which has no end."""
    for route in router.routes:
        if isinstance(route, APIRoute) and route.methods and "GET" in route.methods and route.path != EVENTS:
            route.methods.add("HEAD")


def open_transfers(
    settings: Settings, archive: Archive, passing: Passing, network: Network, nodes: StoredNodes
) -> Transfers:
    """Put together what sends to nodes and retrieves from them in the background."""
    ways = carriers(nodes, passing.source, archive, network.pool, network.sources, passing.retention, archive.threads)
    table = archive.index.transfers
    return Transfers(table, nodes, passing.source, ways, archive.threads, limit=settings.max_transfers)


def _status(settings: Settings, archive: Archive, network: Network, imaging: Imaging, streams: EventStreams) -> Status:
    def worker() -> Mapping[str, object]:
        return {"associations": network.associations, "codecs": imaging.figures, "event_streams": streams.open}

    counts, database = figures_of(archive.index.statistics), figures_of(archive.index.database)
    return Status(settings, counts=counts, database=database, worker=worker)


def _metrics(settings: Settings, archive: Archive, status: Status) -> Metrics:
    collectors = (
        ArchiveCollector(lambda: _statistics(archive)),
        TransferCollector(archive.index.transfers.counts),
        WorkerCollector(status.notices.all),
    )
    return Metrics(collectors, workers=settings.workers)


def _statistics(archive: Archive) -> Mapping[str, int]:
    return asdict(archive.index.statistics())


def _add_middleware(app: FastAPI, settings: Settings, metrics: Metrics) -> None:
    """The last one added is the first to see a request."""
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"],
            allow_headers=["*"],
            expose_headers=_EXPOSED_HEADERS,
            max_age=3600,
        )
    app.add_middleware(OtherOrigins, settings=settings)
    app.add_middleware(RequestRecord, metrics=metrics)
