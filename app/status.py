"""How the server is: what it holds, where, with what, and what went wrong lately; as one document for operators.

It has no names and nothing of any patient. What takes disk or database is asked for in a thread.
"""

from __future__ import annotations

import platform
import resource
import shutil
import sqlite3
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from operator import itemgetter
from typing import Any

from app.recent_problems import MAX_PROBLEMS, RECENT_PROBLEMS
from app.settings import Settings
from app.worker_notices import Notice, WorkerNotices

Document = dict[str, Any]
Figures = Callable[[], Mapping[str, object]]

_LIBRARIES = ("fastapi", "starlette", "uvicorn", "sqlalchemy", "numpy", "imagecodecs", "pillow", "av")
_KIB = 1 if sys.platform == "darwin" else 1024  # the unit of ru_maxrss


class Status:
    """Puts the document together.

    ``counts`` and ``database`` ask the index; ``worker`` gives the figures of this process: associations, codecs...
    """

    def __init__(self, settings: Settings, counts: Figures, database: Figures, worker: Figures) -> None:
        self._settings = settings
        self._counts = counts
        self._database = database
        self._worker = worker
        self._started = _now()
        self.notices = WorkerNotices(settings.data / "workers", self._notice)

    def document(self) -> Document:
        """Give the document; blocks for as long as disk and database take."""
        workers = self.notices.all()
        problems = [problem for worker in workers for problem in worker.pop("problems", ())]  # type: ignore[attr-defined]
        return {
            "time": _now(),
            "archive": dict(self._counts()),
            "storage": self._storage(),
            "database": dict(self._database()),
            "application_entity": self._application_entity(),
            "workers": workers,
            "problems": sorted(problems, key=itemgetter("time"), reverse=True)[:MAX_PROBLEMS],
            "versions": versions(),
        }

    def _notice(self) -> Notice:
        return {
            "started": self._started,
            "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIB,
            **self._worker(),
            "problems": RECENT_PROBLEMS.all(),
        }

    def _storage(self) -> Document:
        usage = shutil.disk_usage(self._settings.data)
        folder = str(self._settings.data.absolute())
        return {"folder": folder, "total_bytes": usage.total, "used_bytes": usage.used, "free_bytes": usage.free}

    def _application_entity(self) -> Document:
        settings = self._settings
        return {
            "ae_title": settings.ae_title,
            "host": settings.dimse_host,
            "port": settings.dimse_port,
            "tls": settings.dimse_tls_certificate is not None,
        }


def versions() -> dict[str, str]:
    """The versions of what is at work here."""
    found = {"isocenter": version("isocenter"), "python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def figures_of(statistics: Any) -> Figures:
    """Make figures out of a function that gives a dataclass."""
    return lambda: asdict(statistics())


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
