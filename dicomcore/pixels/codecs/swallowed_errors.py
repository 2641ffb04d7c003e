"""Errors that a compiled library can only print, and that its caller has to know of.

A function compiled by Cython as one that raises nothing hands what is raised in it to `sys.excepthook`, which prints
it, and to `sys.unraisablehook`, and returns as if all was well: a damaged frame would be a picture whose lower part is
whatever was in memory.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

_lock = Lock()  # the hooks are those of all threads: two that change them at once would not put the right ones back


@contextmanager
def raised_in(library: str) -> Iterator[None]:
    """Raise, when the block has ended, the first error that was swallowed in a function of this library.

    ``library`` is what `repr` of the function has in it. It comes as a RuntimeError. Other swallowed errors go where
    they always do.
    """
    swallowed: list[str] = []
    with _lock:
        report, show = sys.unraisablehook, sys.excepthook

        def keep(unraisable: UnraisableHookArgs) -> None:
            if library in str(unraisable.object):
                swallowed.append(str(unraisable.exc_value))
            else:
                report(unraisable)

        sys.unraisablehook, sys.excepthook = keep, _show_nothing
        try:
            yield
        finally:
            sys.unraisablehook, sys.excepthook = report, show
    if swallowed:
        raise RuntimeError(swallowed[0])


def _show_nothing(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """Print nothing: what is swallowed is reported twice, the first time as if nobody had caught it."""
