"""The last warnings and errors of this process, for the status page: what the log says, without tracebacks.

Log lines hold no names and no data (`app.log`), so neither does this.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from structlog.types import EventDict, WrappedLogger

MAX_PROBLEMS = 50
_MAX_LENGTH = 500
_SERIOUS = frozenset(("warning", "error", "critical", "exception"))
_OWN = frozenset(("event", "level", "timestamp", "exception", "logger"))

Problem = dict[str, str]


class RecentProblems:
    """A step of logging that keeps what is serious, and passes everything on."""

    def __init__(self, limit: int = MAX_PROBLEMS) -> None:
        self._kept: deque[Problem] = deque(maxlen=limit)

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """Look at one event."""
        if event.get("level") in _SERIOUS:
            self._kept.append(_problem(event))
        return event

    def all(self) -> list[Problem]:
        """Those that were kept, the oldest first."""
        return list(self._kept)


def _problem(event: Mapping[str, Any]) -> Problem:
    facts = "; ".join(f"{name}: {value}" for name, value in event.items() if name not in _OWN and value is not None)
    last_line = str(event.get("exception", "")).rstrip().rpartition("\n")[2]
    text = "; ".join(filter(None, (facts, last_line)))
    return {
        "time": str(event.get("timestamp", "")),
        "level": str(event["level"]),
        "event": str(event.get("event", ""))[:_MAX_LENGTH],
        "detail": text[:_MAX_LENGTH],
    }


RECENT_PROBLEMS = RecentProblems()
"""Those of this process, since logging is of the whole process too."""
