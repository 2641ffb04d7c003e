"""``isocenter get``: retrieve from a node by C-GET (PS3.4 §C.4.3) or WADO-RS, into a folder or into the archive."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from app.application_entity import ApplicationEntity
from app.commands.identifiers import retrieve_identifier
from app.commands.known_nodes import NETWORK_SETTINGS, known_node
from app.commands.opening import open_archive
from app.commands.options import with_settings
from app.commands.progress import moving_bar
from app.commands.received import ArchiveTarget, FolderTarget, Target
from app.commands.retrieving import INSTANCE, SERIES, STUDY, Report, chosen
from app.commands.web import fetch
from app.settings import Settings
from dicomcore.net.dimse.status import Service
from dicomcore.nodes import Kind, Node
from dicomcore.resources import Resource
from dicomcore.scu.purposes import STUDY_ROOT_GET, retrieval
from dicomcore.scu.retrieve import get as ask
from dicomcore.threads import Threads


@with_settings(*NETWORK_SETTINGS, "duplicates", "inline_threshold_bytes", "max_instance_bytes")
def get(
    settings: Settings,
    node: Annotated[str, typer.Argument(help="AE title of a node.", metavar="NODE")],
    study: Annotated[str | None, typer.Option(help=STUDY, metavar="UID")] = None,
    series: Annotated[str | None, typer.Option(help=SERIES, metavar="UID")] = None,
    instance: Annotated[str | None, typer.Option(help=INSTANCE, metavar="UID")] = None,
    to: Annotated[Path | None, typer.Option(help="Folder for the files; by default they are stored here.")] = None,
    sop_class: Annotated[
        list[str] | None,
        typer.Option(help="SOP Class that may come, if it is none of the usual; once for each.", metavar="UID"),
    ] = None,
) -> None:
    """Retrieve a study, a series or an instance by C-GET, or from a DICOMweb server; see `move` for other nodes.

    Exit code 1 says that something is missing.
    """
    resource, known = chosen(study, series, instance), known_node(settings, node)
    report = Report(Service.GET)
    with _target(settings, to) as (target, threads):
        entity = ApplicationEntity(settings)
        if known.kind is Kind.DICOMWEB:
            asyncio.run(_fetch(entity, known, resource, target, threads))
        else:
            asyncio.run(_get(entity, known, resource, sop_class or (), target, threads, report))
    typer.echo(f"{target.stored:,} instances are {f'in {to}' if to else 'stored'}")
    report.problems += target.problems
    report.end()


@contextmanager
def _target(settings: Settings, folder: Path | None) -> Iterator[tuple[Target, Threads]]:
    if folder is None:
        with open_archive(settings) as archive:
            yield ArchiveTarget(archive), archive.threads
        return
    threads = Threads()
    try:
        yield FolderTarget(folder, threads, settings.max_instance_bytes), threads
    finally:
        threads.close()


async def _fetch(entity: ApplicationEntity, node: Node, resource: Resource, target: Target, threads: Threads) -> None:
    with moving_bar("Getting") as moved:
        async with entity.web(node) as remote:
            async for _ in fetch(remote, resource, target, threads):
                moved(1)


async def _get(
    entity: ApplicationEntity,
    node: Node,
    resource: Resource,
    sop_classes: Iterable[str],
    target: Target,
    threads: Threads,
    report: Report,
) -> None:
    purpose = retrieval(STUDY_ROOT_GET, sop_classes)
    identifier = retrieve_identifier(resource)
    async with (
        entity.association(node, purpose) as connection,
        aclosing(
            ask(connection, STUDY_ROOT_GET, identifier, target.take, spool=target.spool, threads=threads)
        ) as steps,
    ):
        await report.follow("Getting", steps)
