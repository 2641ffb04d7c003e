"""``isocenter export``: instances into a folder or a ZIP archive, bit-exact as stored, as a File-set with DICOMDIR.

Names are File IDs (PS3.10 §8.2) and the DICOMDIR is at the root (PS3.12 Annex V for the archive). Nothing that exists
is overwritten.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import typer

from app.commands.opening import open_archive
from app.commands.options import with_settings
from app.commands.progress import moving_bar
from app.commands.selection import Selection
from app.commands.targets import FolderTarget, Target, ZipTarget
from app.file_set import DICOMDIR, FileSet
from app.settings import Settings
from dicomcore.errors import DicomError
from dicomcore.instance import Instance
from dicomcore.resources import Resource
from dicomcore.source import Source


@with_settings("config", "data", "database", "verify_on_read", "log_level")
def export(
    settings: Settings,
    target: Annotated[Path, typer.Argument(help="A new or empty folder, or a new file whose name ends in .zip.")],
    study: Annotated[str | None, typer.Option(help="Study Instance UID.", metavar="UID")] = None,
    series: Annotated[str | None, typer.Option(help="Series Instance UID.", metavar="UID")] = None,
    instance: Annotated[str | None, typer.Option(help="SOP Instance UID.", metavar="UID")] = None,
    query: Annotated[
        str | None,
        typer.Option(help="Search for studies as QIDO-RS does: PatientID=123&StudyDate=20260101-", metavar="QUERY"),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Export all that is stored.")] = False,
) -> None:
    """Write instances, bit-exact as stored, into a folder or a ZIP archive with a DICOMDIR.

    Exit code 1 says that nothing was found or that something could not be read.
    """
    try:
        selection = Selection.of(Resource(study, series, instance), query, everything=everything)
        destination: Target = ZipTarget(target) if target.suffix.lower() == ".zip" else FolderTarget(target)
    except ValueError as exc:
        raise typer.BadParameter(str(exc)) from exc
    written, failures = asyncio.run(_export(settings, selection, destination))
    for failure in failures:
        typer.echo(f"failed: {failure}", err=True)
    typer.echo(f"{len(written.entries):,} instances are in {target}")
    if failures or not written.entries:
        raise typer.Exit(1)


async def _export(settings: Settings, selection: Selection, target: Target) -> tuple[FileSet, list[str]]:
    """Return what is written, and a sentence for each instance that could not be."""
    file_set, failures = FileSet(), list[str]()
    with open_archive(settings) as archive, target, moving_bar("Exporting") as moved:
        async for found in _instances(archive, selection):
            try:
                await _add(archive, found, target, file_set)
            except DicomError as exc:
                if not target.survives_failure:
                    raise
                failures.append(f"{found.resource}: {exc}")
            moved(1)
        if file_set.entries:
            await target.add((DICOMDIR,), _once(file_set.directory()))
    return file_set, failures


async def _instances(source: Source, selection: Selection) -> AsyncIterator[Instance]:
    async for resource in selection.resources(source):
        async for instance in source.retrieve(resource):
            yield instance


async def _add(source: Source, instance: Instance, target: Target, file_set: FileSet) -> None:
    """Write one instance and enter it into the directory."""
    entry = await file_set.place(source, instance, instance.transfer_syntax_uid)
    await target.add(entry.file_id, await instance.read())
    file_set.entries.append(entry)


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
