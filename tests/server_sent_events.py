"""Server-sent events as a client reads them (WHATWG HTML §9.2.6), with no help from what wrote them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Event:
    name: str
    data: Any
    last_event_id: str


def events_of(lines: Iterable[str]) -> Iterator[Event]:
    """Read lines, without their ends, as events; comments and other fields are passed over."""
    name, data, last = "", "", ""
    for line in lines:
        field, _, value = line.partition(": ")
        if not line:
            if data:
                yield Event(name or "message", json.loads(data), last)
            name, data = "", ""
        elif field == "event":
            name = value
        elif field == "data":
            data += value
        elif field == "id":
            last = value
