"""Which threads a function ran in: what takes long must not run in the one that answers all requests."""

from __future__ import annotations

import functools
import threading
from typing import Any

import pytest


def noted_threads(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> list[threading.Thread]:
    """Have a function note the thread of each of its calls, in the list that is returned."""
    function = getattr(owner, name)
    threads: list[threading.Thread] = []

    @functools.wraps(function)
    def noting(*args: Any, **kwargs: Any) -> Any:
        threads.append(threading.current_thread())
        return function(*args, **kwargs)

    monkeypatch.setattr(owner, name, noting)
    return threads
