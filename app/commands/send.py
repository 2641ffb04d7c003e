"""``isocenter send``: store files, or what is in the archive, on a node by C-STORE (PS3.4 Annex B) or STOW-RS."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from app.application_entity import ApplicationEntity
from app.commands.candidates import candidates
from app.commands.known_nodes import NETWORK_SETTINGS, known_node
from app.commands.opening import open_archive, open_codecs
from app.commands.options import with_settings
from app.commands.progress import moving_bar
from app.commands.retrieving import INSTANCE, SERIES, STUDY
from app.commands.selection import Selection
from app.commands.texts import plain
from app.commands.web import store, temporary_spools
from app.settings import Settings
from dicomcore.bridge.remote_web import RemoteDICOMweb
from dicomcore.errors import DicomError, NotDicom, UnsupportedMediaType
from dicomcore.net.dimse.status import Service, describe
from dicomcore.nodes import Kind, Node
from dicomcore.resources import Resource
from dicomcore.scu.outgoing import Outgoing, StoredFile, StoredInstance
from dicomcore.scu.pool import Pool
from dicomcore.scu.sending import Sent
from dicomcore.scu.sending import send as deliver
from dicomcore.storage import Spool
from dicomcore.threads import Threads
from dicomcore.transcoding import Codecs

_SHOWN = 50  # failures that are listed


@dataclass
class Report:
    """What became of everything that was to be sent."""

    sent: int = 0
    left_out: int = 0
    problems: list[str] = field(default_factory=list)


@with_settings(*NETWORK_SETTINGS, "verify_on_read")
def send(
    settings: Settings,
    node: Annotated[str, typer.Argument(help="AE title of a node.", metavar="NODE")],
    paths: Annotated[list[Path] | None, typer.Argument(help="Files and folders.", metavar="[PATH]...")] = None,
    study: Annotated[str | None, typer.Option(help=STUDY, metavar="UID")] = None,
    series: Annotated[str | None, typer.Option(help=SERIES, metavar="UID")] = None,
    instance: Annotated[str | None, typer.Option(help=INSTANCE, metavar="UID")] = None,
    query: Annotated[
        str | None, typer.Option(help="Studies that a search as by QIDO-RS finds here.", metavar="QUERY")
    ] = None,
    associations: Annotated[int, typer.Option(min=1, help="Open at the same time, as far as the node has it.")] = 1,
) -> None:
    """Store files on a node, or instances of this archive, in a transfer syntax that it takes.

    Exit code 1 says that something was not sent.
    """
    known, report = known_node(settings, node), Report()
    resource = Resource(study, series, instance)
    if paths and (resource.level is not None or query is not None):
        raise typer.BadParameter("send either files or what is in the archive")
    if paths:
        asyncio.run(_send_files(settings, known, paths, associations, report))
    else:
        asyncio.run(_send_stored(settings, known, _selection(resource, query), associations, report))
    _end(report, known)


def _selection(resource: Resource, query: str | None) -> Selection:
    try:
        return Selection.of(resource, query, everything=False)
    except ValueError as exc:
        raise typer.BadParameter("say what to send: paths, --study or --query") from exc


async def _send_files(settings: Settings, node: Node, paths: Sequence[Path], associations: int, report: Report) -> None:
    threads = Threads()
    try:
        async with open_codecs() as codecs:
            items = [item async for item in _files(paths, threads, codecs, report)]
            await _send(settings, node, items, associations, report)
    finally:
        threads.close()


async def _files(paths: Sequence[Path], threads: Threads, codecs: Codecs, report: Report) -> AsyncIterator[Outgoing]:
    """Look into the files; what is no DICOM is refused if it was named, and else left out."""
    found = await threads(lambda: list(candidates(paths)))
    for path, (candidate, *_) in itertools.groupby(found, lambda one: one.path):
        try:
            if candidate.member is not None:
                raise UnsupportedMediaType("a ZIP archive has to be unpacked first")
            yield await StoredFile.open(path, threads, codecs)
        except (DicomError, OSError) as exc:
            if candidate.is_named or not isinstance(exc, NotDicom):
                report.problems.append(f"{path}: {exc}")
            else:
                report.left_out += 1


async def _send_stored(settings: Settings, node: Node, selection: Selection, associations: int, report: Report) -> None:
    async with open_codecs() as codecs:
        with open_archive(settings) as archive:
            archive.codecs = codecs
            items: list[Outgoing] = []
            async for resource in selection.resources(archive):
                items += [StoredInstance(one, archive.threads) async for one in archive.retrieve(resource)]
            await _send(settings, node, items, associations, report)


async def _send(settings: Settings, node: Node, items: Sequence[Outgoing], associations: int, report: Report) -> None:
    entity, count = ApplicationEntity(settings), min(associations, node.max_associations)
    send_share = _send_by_web if node.kind is Kind.DICOMWEB else _send_by_dimse
    with moving_bar("Sending", len(items)) as moved:
        async with asyncio.TaskGroup() as tasks:
            for number in range(count):
                tasks.create_task(send_share(entity, node, items[number::count], report, moved))


async def _send_by_dimse(
    entity: ApplicationEntity, node: Node, items: Sequence[Outgoing], report: Report, moved: Callable[[int], None]
) -> None:
    pool = Pool(entity.ae_title, tls=entity.tls if node.tls else None)
    try:
        async with aclosing(deliver(pool, node, items)) as results:
            async for sent in results:
                _note(sent, report)
                moved(1)
    finally:
        await pool.close()


async def _send_by_web(
    entity: ApplicationEntity, node: Node, items: Sequence[Outgoing], report: Report, moved: Callable[[int], None]
) -> None:
    async with entity.web(node) as remote:
        with closing(temporary_spools()) as spools:
            for item in items:
                problem = await _stored_by_web(remote, item, spools)
                report.sent += problem is None
                report.problems += () if problem is None else (f"{item.sop_instance_uid}: {problem}",)
                moved(1)


async def _stored_by_web(remote: RemoteDICOMweb, item: Outgoing, spools: Iterator[Spool]) -> str | None:
    """Store an instance; what went wrong, if anything did."""
    try:
        outcome = await store(remote, item, spools)
    except DicomError as exc:
        return str(exc)
    return None if outcome.is_stored else outcome.detail


def _note(sent: Sent, report: Report) -> None:
    if sent.is_stored:
        report.sent += 1
        return
    name = sent.item.sop_instance_uid
    if sent.response is None:
        report.problems.append(f"{name}: {sent.error}")
    else:
        status, comment = sent.response.status, sent.response.error_comment
        words = describe(status, Service.STORE)
        report.problems.append(f"{name}: status {status:04X}, {words}" + (f": {comment}" if comment else ""))


def _end(report: Report, node: Node) -> None:
    for problem in report.problems[:_SHOWN]:
        typer.echo(f"failed: {plain(problem)}", err=True)
    if len(report.problems) > _SHOWN:
        typer.echo(f"and {len(report.problems) - _SHOWN:,} more", err=True)
    left_out = f", {report.left_out:,} files are no DICOM" if report.left_out else ""
    typer.echo(f"{report.sent:,} instances were sent to {node.ae_title}{left_out}")
    if report.problems:
        raise typer.Exit(1)
