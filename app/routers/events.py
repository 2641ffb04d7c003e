"""``/events`` and ``/changes``: what happens in the archive, as a stream and in pages; `docs/events.md`.

Both give the numbered list of changes, from any number on and as often as one likes. A number that the archive has not
reached is refused: it is from another archive, or from before this one was restored, and what has been missed is not to
be found out from here.
"""

import re
from typing import Protocol, cast
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.change_documents import LEVELS, at_level, change_document
from app.event_stream import CONTENT_TYPE, HEADERS, EventStreams
from app.responses import StreamResponse
from dicomcore.delivery import PAGE, ChangeFeed
from dicomcore.errors import InvalidParameter
from dicomcore.resources import Level

EVENTS = "/events"
CHANGES = "/changes"
SINCE = "since"
LAST_EVENT_ID = "Last-Event-ID"
DEFAULT_LIMIT = 100
MAX_LIMIT = PAGE

_NUMBER = re.compile(r"[0-9]{1,18}")

router = APIRouter(tags=["Operation"])


class EventServices(Protocol):
    """What of the application's services is needed here."""

    @property
    def feed(self) -> ChangeFeed:
        """The changes."""

    @property
    def streams(self) -> EventStreams:
        """Who follows them."""


@router.get(EVENTS, summary="Follow what happens")
async def follow_events(request: Request) -> Response:
    """Send events until the client leaves: from a change on, or from now."""
    services, level = _services(request), _level(request)
    sequence = await _beginning(request, services.feed)
    return StreamResponse(services.streams.stream(sequence, level), content_type=CONTENT_TYPE, headers=HEADERS)


@router.get(CHANGES, summary="List changes")
async def list_changes(request: Request) -> Response:
    """Give the changes after a number, and where to go on."""
    feed, level, limit = _services(request).feed, _level(request), _limit(request)
    since = _number(SINCE, request.query_params.get(SINCE, "0"))
    newest = _reached(SINCE, since, await feed.last())
    entries = await feed.since(since, limit)
    last = entries[-1].sequence if entries else since
    following = None if last >= newest else _following(request, last)
    page = {
        "changes": [change_document(entry) for entry in at_level(entries, level)],
        "last": last,
        "newest": max(last, newest),
        "next": following,
    }
    headers = {"cache-control": "no-store"} | ({"link": f'<{following}>; rel="next"'} if following else {})
    return Response(orjson.dumps(page), headers=headers, media_type="application/json")


def _services(request: Request) -> EventServices:
    return cast(EventServices, request.app.state.services)


async def _beginning(request: Request, feed: ChangeFeed) -> int:
    """The change after which the stream begins: what a client has got before it connects again wins."""
    last = await feed.last()
    given = {LAST_EVENT_ID: request.headers.get(LAST_EVENT_ID), SINCE: request.query_params.get(SINCE)}
    for name, text in given.items():
        if text:
            number = _number(name, text)
            _reached(name, number, last)
            return number
    return last


def _number(name: str, text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise InvalidParameter(name, "must be the number of a change, or 0")
    return int(text)


def _reached(name: str, number: int, last: int) -> int:
    if number > last:
        problem = (
            f"is {number}, but the last change has number {last}: this is not the archive that gave it, or it was "
            "restored from a backup; read everything again"
        )
        raise InvalidParameter(name, problem)
    return last


def _level(request: Request) -> Level | None:
    name = request.query_params.get("level")
    if name is not None and name not in LEVELS:
        raise InvalidParameter("level", f"must be one of {', '.join(LEVELS)}")
    return None if name is None else LEVELS[name]


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", str(DEFAULT_LIMIT))
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= MAX_LIMIT:
        raise InvalidParameter("limit", f"must be a number from 1 to {MAX_LIMIT}")
    return int(text)


def _following(request: Request, last: int) -> str:
    """Where the next page is: relative to this one, whatever proxies have put in front of our paths."""
    others = {name: value for name in ("level", "limit") if (value := request.query_params.get(name))}
    return f"{CHANGES.removeprefix('/')}?{urlencode({SINCE: last, **others})}"
