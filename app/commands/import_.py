"""``isocenter import``: store files, folders and ZIP archives, without a server and beside a running one."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.commands.candidates import Candidate, candidates, read_into
from app.commands.opening import open_archive
from app.commands.options import with_settings
from app.commands.progress import moving_bar
from app.settings import Settings
from dicomcore.errors import DicomError
from dicomcore.source import Change, Source

NOT_DICOM = "not DICOM, left out"
REFUSED = "refused"
_ROWS = (*(change.value for change in Change), NOT_DICOM, REFUSED)
_SHOWN = 50  # refused files that are listed, unless all are asked for


@dataclass
class Report:
    """What became of everything that was found."""

    counts: Counter[str] = field(default_factory=Counter)
    refusals: list[tuple[str, str]] = field(default_factory=list)

    def count(self, row: str) -> None:
        """Count a candidate that was not refused."""
        self.counts[row] += 1

    def refuse(self, candidate: Candidate, reason: str) -> None:
        """Count and remember a refused candidate."""
        self.counts[REFUSED] += 1
        self.refusals.append((candidate.name, reason))


@with_settings("config", "data", "database", "duplicates", "inline_threshold_bytes", "max_instance_bytes", "log_level")
def import_(
    settings: Settings,
    paths: Annotated[list[Path], typer.Argument(help="Files, folders and ZIP archives.", metavar="PATH...")],
    parallel: Annotated[int, typer.Option(min=1, max=256, help="Files stored at the same time.")] = 16,
    show_all: Annotated[bool, typer.Option("--show-all", help="List every refused file, not the first 50.")] = False,
) -> None:
    """Store files, folders and ZIP archives, with a summary of what was stored, was there already or was refused.

    A server may run meanwhile. Exit code 1 says that something was refused.
    """
    report = asyncio.run(_import(settings, paths, parallel))
    _print(report, Console(), None if show_all else _SHOWN)
    if report.refusals:
        raise typer.Exit(1)


async def _import(settings: Settings, paths: Iterable[Path], parallel: int) -> Report:
    report = Report()
    found = await asyncio.to_thread(lambda: list(candidates(paths)))
    with open_archive(settings) as archive, moving_bar("Importing", len(found)) as moved:
        queue = iter(found)

        async def work() -> None:
            for candidate in queue:
                await store(candidate, archive, report)
                moved(1)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(parallel):
                tasks.create_task(work())
    return report


async def store(candidate: Candidate, source: Source, report: Report) -> None:
    """Store one candidate and report what became of it."""
    spool = source.spool()
    try:
        if not await asyncio.to_thread(read_into, candidate, spool):
            report.count(NOT_DICOM)
            return
        outcome = await source.store(spool)
    except DicomError as exc:
        report.refuse(candidate, str(exc))
        return
    finally:
        spool.close()
    if outcome.change is None:
        report.refuse(candidate, outcome.detail)
    else:
        report.count(outcome.change.value)


def _print(report: Report, console: Console, shown: int | None) -> None:
    table = Table(show_header=False, box=None)
    table.add_column()
    table.add_column(justify="right")
    for row in _ROWS:
        if report.counts[row] or row in (Change.STORED.value, Change.IDENTICAL.value, REFUSED):
            table.add_row(row, f"{report.counts[row]:,}")
    console.print(table)
    for line in _refusals(report, shown):
        console.print(line, soft_wrap=True)


def _refusals(report: Report, shown: int | None) -> Iterator[str]:
    refusals = sorted(report.refusals)
    for name, reason in refusals[:shown]:
        yield f"[red]refused[/red] {_plain(name)}: {_plain(reason)}"
    if shown is not None and len(refusals) > shown:
        yield f"and {len(refusals) - shown:,} more; --show-all lists them"


def _plain(text: str) -> str:
    """Make text from a file harmless for a terminal: names in archives may hold escape sequences."""
    return escape("".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text))
