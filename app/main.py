"""The application: everything is built and put together here, and nowhere else.

`create_app` opens the archive, so that a folder or a database that cannot be used stops the start with a sentence, and
closes it when the application stops. Nothing is built at import.
"""

import gc
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from importlib.metadata import version

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from app.api_description import install_api_description
from app.api_docs import install_api_docs
from app.application import Application
from app.dependencies import Services
from app.errors import install
from app.imaging import Imaging, open_codecs
from app.log import configure_logging
from app.metrics import Metrics
from app.network import Network
from app.passing import Passing
from app.request_record import RequestRecord
from app.routers import bulkdata, capabilities, deletion, qido_rs, rendered, stow_rs, volumes, wado_rs, wado_uri
from app.routers.health import health_router
from app.routers.nodes import router as nodes_router
from app.settings import Settings, load_settings
from app.storing import Gate
from app.urls import UrlPolicy
from dicomcore.archive import Archive
from dicomcore.index import DuplicatePolicy, Index, StoredNodes
from dicomcore.storage import LocalStorage
from dicomcore.transcoding import Codecs

SERVICE_PATH = "/dicom-web"
_SERVICES = (bulkdata, wado_rs, rendered, volumes, qido_rs, stow_rs, deletion, capabilities)
_EXPOSED_HEADERS = ("Content-Location", "Content-Range", "ETag", "Location", "Warning", "X-Request-ID", "X-Total-Count")


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


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the application; without ``settings`` from the environment, as worker processes do."""
    settings = settings or load_settings()
    configure_logging(settings.log_format, settings.log_level)
    codecs = open_codecs(settings)
    archive = open_archive(settings, codecs)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await imaging.start()
        await passing.start()
        await network.start()
        gc.collect()
        gc.freeze()  # what is here now stays: looking for garbage in it would hold up requests
        yield
        await network.stop()
        await passing.stop()
        await imaging.stop()
        metrics.count_noted()
        archive.close()

    nodes = StoredNodes(archive.index.nodes, archive.threads)
    passing = Passing(settings, archive)
    imaging = Imaging(settings, archive, codecs)
    network = Network(settings, passing.source, nodes, archive, passing.retention)
    services = Services(
        settings=settings,
        source=passing.source,
        urls=UrlPolicy.of(SERVICE_PATH, trusted_proxies=settings.trusted_proxies, relative=settings.relative_urls),
        gate=Gate(),
        remote=network.sources,
        nodes=nodes,
        ae=network.ae,
        renderer=imaging.renderer,
    )
    app = Application(
        SERVICE_PATH,
        [service.router for service in _SERVICES],
        services,
        title="Isocenter",
        version=version("isocenter"),
        summary="DICOMweb (PS3.18) over an archive of DICOM instances.",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    metrics = Metrics(lambda: _statistics(archive), workers=settings.workers)
    checks = {"storage": archive.storage.check, "index": archive.index.check_schema}
    app.include_router(health_router(checks, metrics))
    app.include_router(nodes_router)
    app.include_router(wado_uri.router)
    install(app)
    install_api_description(app, SERVICE_PATH)
    install_api_docs(app)
    _add_middleware(app, settings, metrics)
    return app


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
    app.add_middleware(RequestRecord, metrics=metrics)
