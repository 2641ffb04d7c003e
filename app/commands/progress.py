"""A bar that moves while a command works; on standard error, and only on a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn


@contextmanager
def moving_bar(title: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show a bar, and give what moves it on by a number of steps; without ``total`` it shows that something goes on."""
    with _bar(title, total) as (progress, bar):
        yield lambda steps: progress.advance(bar, steps)


@contextmanager
def growing_bar(title: str) -> Iterator[Callable[[int, int | None], None]]:
    """Show a bar, and give what sets it: to how much is done, and of how much, as far as that is known meanwhile."""
    with _bar(title, None) as (progress, bar):
        yield lambda done, total: progress.update(bar, completed=done, total=total)


@contextmanager
def _bar(title: str, total: int | None) -> Iterator[tuple[Progress, TaskID]]:
    console = Console(stderr=True)
    columns = (TextColumn(title), BarColumn(bar_width=None), MofNCompleteColumn(), TimeRemainingColumn(compact=True))
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield progress, progress.add_task(title, total=total)
