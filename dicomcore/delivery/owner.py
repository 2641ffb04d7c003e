"""Which process carries a transfer out, and whether that process is still there.

A process is known by its host, its number and the time at which it was started, since numbers are used again. Of a
process on another host nothing can be told from here: it has gone when it says nothing any more.
"""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path

_STATE, _STARTED = 0, 19  # of the fields of /proc/PID/stat behind the name
_ENDED = ("Z", "X", "x")


def new_owner() -> str:
    """Name this process; each name is another one, and what is told of it is told of the process."""
    process = os.getpid()
    return "/".join((socket.gethostname(), str(process), _started(process), secrets.token_hex(8)))


def has_gone(owner: str) -> bool:
    """Say whether the process of a name is certainly no more."""
    host, _, rest = owner.partition("/")
    process, _, rest = rest.partition("/")
    if host != socket.gethostname() or not process.isdecimal():
        return False
    if not _is_there(int(process)):
        return True
    started = rest.partition("/")[0]
    return bool(started) and _started(int(process)) != started


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it belongs to somebody else
    return True


def _started(process: int) -> str:
    """When a process was started, in a form that can be compared; empty if that cannot be told, or it has ended."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text("latin-1").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[_STATE] in _ENDED else fields[_STARTED]
