"""``isocenter transcode``: files into another transfer syntax; or what is stored, without loss and in its place.

Files keep their names below the output folder. What is compressed with loss becomes an instance of its own, which says
what it was made of (`dicomcore.pixels.derived`); everything else stays the same instance. What is stored is replaced
only when its pixels have proved equal (`dicomcore.recompression`).
"""

import asyncio
import mmap
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from app.commands.opening import open_archive, open_codecs
from app.commands.options import with_settings
from app.commands.progress import moving_bar
from app.commands.selection import Selection
from app.settings import Settings
from app.transfer_syntax_names import TRANSFER_SYNTAX_NAMES, transfer_syntax_uid
from dicomcore.data import Buffer, Part10, lookup, read_file
from dicomcore.errors import DicomError, NotDicom
from dicomcore.pixels import check_lossless_target, derived, encoding_of
from dicomcore.recompression import Recompressed, recompress
from dicomcore.resources import Resource
from dicomcore.threads import Threads
from dicomcore.transcoding import Codecs, file_in
from dicomcore.uids import new_uid

_NAMES = ", ".join(TRANSFER_SYNTAX_NAMES)


@with_settings("config", "data", "database", "log_level")
def transcode(
    settings: Settings,
    to: Annotated[str, typer.Option(help=f"Transfer syntax: its UID, or one of {_NAMES}.", metavar="NAME")],
    paths: Annotated[list[Path] | None, typer.Argument(help="Files and folders.", metavar="PATH...")] = None,
    output: Annotated[Path | None, typer.Option(help="Folder for the files that are made.", metavar="FOLDER")] = None,
    quality: Annotated[int | None, typer.Option(min=1, max=100, help="Of lossy compression; 90 by default.")] = None,
    study: Annotated[str | None, typer.Option(help="Study Instance UID.", metavar="UID")] = None,
    series: Annotated[str | None, typer.Option(help="Series Instance UID.", metavar="UID")] = None,
    instance: Annotated[str | None, typer.Option(help="SOP Instance UID.", metavar="UID")] = None,
    query: Annotated[str | None, typer.Option(help="Search for studies as QIDO-RS does.", metavar="QUERY")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that is stored.")] = False,
) -> None:
    """Put files into another transfer syntax, or what is stored, which is replaced without loss.

    With files: isocenter transcode PATH... --to NAME --output FOLDER. Nothing that exists is overwritten. What is
    stored is named by --study, --query or --all; a server may run meanwhile. Exit code 1 says that something failed.
    """
    uid = transfer_syntax_uid(to)
    if paths:
        if output is None or study or query or everything:
            raise typer.BadParameter("files need --output, and go without --study, --query and --all")
        counts, failures = asyncio.run(_files(paths, output, uid, quality))
    else:
        try:
            selection = Selection.of(Resource(study, series, instance), query, everything=everything)
        except ValueError as exc:
            raise typer.BadParameter(str(exc)) from exc
        counts, failures = asyncio.run(_stored(settings, selection, check_lossless_target(uid)))
    for failure in failures:
        typer.echo(f"failed: {failure}", err=True)
    for what, count in counts.items():
        typer.echo(f"{count:,} {what}")
    if failures or not counts or Recompressed.NOT_PROVED.value in counts:
        raise typer.Exit(1)


async def _stored(settings: Settings, selection: Selection, uid: str) -> tuple[Counter[str], list[str]]:
    """Replace what is stored; return what became of it, and a sentence for each failure."""
    counts, failures = Counter[str](), list[str]()
    async with open_codecs() as codecs:
        with open_archive(settings) as archive, moving_bar("Transcoding") as moved:
            archive.codecs = codecs
            async for resource in selection.resources(archive):
                async for found in archive.retrieve(resource):
                    try:
                        counts[(await recompress(archive, found, uid)).value] += 1
                    except DicomError as exc:
                        failures.append(f"{found.resource}: {exc}")
                    moved(1)
    return counts, failures


async def _files(paths: list[Path], output: Path, uid: str, quality: int | None) -> tuple[Counter[str], list[str]]:
    """Write files anew; return what became of them, and a sentence for each failure."""
    counts, failures = Counter[str](), list[str]()
    threads = Threads()
    try:
        async with open_codecs() as codecs:
            for source, target in _pairs(paths, output):
                try:
                    counts[await _file(source, target, uid, quality, codecs, threads)] += 1
                except NotDicom as exc:
                    if source in paths:
                        failures.append(f"{source}: {exc}")
                    else:
                        counts["not DICOM, left out"] += 1
                except (DicomError, OSError) as exc:
                    failures.append(f"{source}: {exc}")
    finally:
        threads.close()
    return counts, failures


async def _file(source: Path, target: Path, uid: str, quality: int | None, codecs: Codecs, threads: Threads) -> str:
    content, part10 = await threads(_read, source)
    syntax, encoding = lookup(uid), encoding_of(uid, quality)
    if part10.transfer_syntax.uid == uid:
        with _new(target) as file:
            file.write(content)
        return "copied"
    if syntax is not None and not syntax.lossless:
        part10 = derived(part10, uid, encoding, new_uid())
    with _new(target) as file:
        async for buffer in file_in(part10, uid, encoding, codecs, threads, partial(_overwrite, file)):
            file.write(buffer)
    return "transcoded"


def _read(path: Path) -> tuple[Buffer, Part10]:
    with path.open("rb") as file:
        if not path.stat().st_size:
            raise NotDicom("the file is empty")
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return content, read_file(content)


@contextmanager
def _new(target: Path) -> Iterator[BinaryIO]:
    """Open a file that is not there yet; nothing of it stays if an exception leaves the context."""
    target.parent.mkdir(parents=True, exist_ok=True)
    file = target.open("xb")
    try:
        with file:
            yield file
    except BaseException:
        target.unlink()
        raise


def _overwrite(file: BinaryIO, offset: int, content: bytes) -> None:
    file.seek(offset)
    file.write(content)
    file.seek(0, os.SEEK_END)


def _pairs(paths: list[Path], output: Path) -> Iterator[tuple[Path, Path]]:
    """Say which file becomes which: those of a folder keep their place in it."""
    for path in paths:
        if path.is_dir():
            found = sorted(one for one in path.rglob("*") if one.is_file() and output not in one.parents)
            yield from ((one, output / one.relative_to(path)) for one in found)
        else:
            yield path, output / path.name
