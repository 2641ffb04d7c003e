"""Keys of stored objects: 48 bits of milliseconds since the epoch, then 80 random bits, as 32 hexadecimal digits.

Their order is the order of arrival, which the index relies on (the earliest instance of a study names it), and which
puts objects of the same minute into the same directory, so that one directory sync serves all that arrive together.
"""

import os
import re
import time

_KEY = re.compile(r"[0-9a-f]{32}")
_BUCKET_DIGITS = 8  # 16 of the 48 bits are cut off: a directory holds about 65 seconds


def new_key() -> str:
    """Make a key for an object that arrives now."""
    return f"{time.time_ns() // 1_000_000:012x}{os.urandom(10).hex()}"


def arrival_of(key: str) -> float:
    """When an object arrived (seconds since the epoch), as its key tells."""
    return int(key[:12], 16) / 1000


def is_key(name: str) -> bool:
    """Say whether ``name`` has the form of a key."""
    return _KEY.fullmatch(name) is not None


def directory_of(key: str) -> str:
    """The directory of an object, relative to that of all objects."""
    return f"{key[:4]}/{key[:_BUCKET_DIGITS]}"


def earliest_directory(since: float) -> str:
    """The directory that holds objects which arrived ``since`` (seconds since the epoch)."""
    return directory_of(f"{max(0, int(since * 1000)):012x}")
