"""``isocenter serve``: check that it is safe, prepare the database, start uvicorn."""

import signal
import sys
import tempfile
from contextlib import AbstractContextManager, nullcontext, suppress

import typer
import uvicorn
from uvicorn.config import STARTUP_FAILURE

from app.commands.opening import open_archive
from app.commands.options import with_settings
from app.metrics import MULTIPROCESS_DIRECTORY
from app.settings import Settings, export_environment
from app.shared_connections import DIRECTORY as CONNECTIONS
from app.supervisor import run_workers

WORKER_TIMEOUT = 30  # seconds; a worker that reads a huge instance may be silent for some
REFUSAL = (
    "{host} can be reached by other machines, and there is no authentication. Listen on 127.0.0.1, put a reverse proxy "
    "that authenticates in front, or say --allow-anonymous if everybody who reaches this address may read, store and "
    "delete everything."
)
DIMSE_REFUSAL = (
    "{host} can be reached by other machines, and AE titles prove nothing. Listen for associations on 127.0.0.1, want "
    "certificates by --dimse-tls-mutual, or say --allow-anonymous."
)


@with_settings()
def serve(settings: Settings) -> None:
    """Serve DICOMweb at /dicom-web, health at /health, metrics at /metrics and API documentation at /docs.

    With --dimse-port it is an application entity too. Every option is also an environment variable, such as
    ISOCENTER_PORT for --port, and a key of the TOML file.
    """
    if not settings.is_loopback and not settings.allow_anonymous:
        raise typer.BadParameter(REFUSAL.format(host=settings.host))
    if not settings.is_dimse_guarded and not settings.allow_anonymous:
        raise typer.BadParameter(DIMSE_REFUSAL.format(host=settings.dimse_host))
    # Tried here once: what is wrong ends the command with a sentence, and not each worker with a traceback.
    with open_archive(settings):
        pass
    # uvicorn gives the signal back when it has ended in order: an end that was asked for is no failure.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with _shared_directory(settings) as directory:
        # Workers start anew and read their settings from the environment, before they import anything.
        shared = {MULTIPROCESS_DIRECTORY: directory, CONNECTIONS: f"{directory}/connections"} if directory else {}
        export_environment(settings.environment() | shared)
        _run(settings)


def _shared_directory(settings: Settings) -> AbstractContextManager[str]:
    if settings.workers == 1:
        return nullcontext("")
    return tempfile.TemporaryDirectory(prefix="isocenter-")


def _run(settings: Settings) -> None:
    config = uvicorn.Config(
        "app.main:create_app",
        factory=True,
        host=settings.host.strip("[]"),
        port=settings.port,
        root_path=settings.root_path,
        workers=settings.workers,
        loop="uvloop",
        http="app.http_protocol:HttpProtocol",
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # app.urls reads Forwarded and X-Forwarded-..., and from trusted proxies only
        server_header=False,
        timeout_worker_healthcheck=WORKER_TIMEOUT,
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )
    if settings.workers > 1:
        run_workers(config)
        return
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):  # uvicorn gives this signal back, too
        server.run()
    if not server.started:
        sys.exit(STARTUP_FAILURE)
