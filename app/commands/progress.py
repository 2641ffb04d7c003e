"""A bar that moves while a command works; on standard error, and only on a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@contextmanager
def moving_bar(title: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show a bar, and give what moves it on by a number of steps; without ``total`` it shows that something goes on."""
    console = Console(stderr=True)
    columns = (TextColumn(title), BarColumn(bar_width=None), MofNCompleteColumn(), TimeRemainingColumn(compact=True))
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task(title, total=total)
        yield lambda steps: progress.advance(bar, steps)
