"""What handlers ask for: everything a request says, in the words of PS3.18, as one object.

`Asked` works out on demand who the resource is, what the client accepts and what our own address is, and handlers never
look at the request for these. It is one dependency and not six, because each one that FastAPI resolves costs as much as
finding a frame does; and it is a coroutine because FastAPI runs plain functions in a thread, which costs even more.
The parameters are declared for the API description in `app.api_description`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, cast
from urllib.parse import quote, unquote

from fastapi import Depends
from starlette.requests import Request

from app.application_entity import ApplicationEntity
from app.event_stream import EventStreams
from app.negotiation import Acceptable, acceptable, check_charset
from app.settings import Settings
from app.status import Status
from app.storing import Gate
from app.urls import UrlPolicy, base_uri
from dicomcore.delivery import ChangeFeed
from dicomcore.delivery.transfers import Transfers
from dicomcore.errors import InvalidParameter, LimitExceeded
from dicomcore.holdings import Holdings
from dicomcore.nodes import NodeStore
from dicomcore.pictures import Renderer
from dicomcore.resources import Resource
from dicomcore.source import Source
from dicomcore.uids import check_uid

MAX_FRAMES = 10_000


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that `create_app` builds and handlers use.

    ``remote`` gives the source that a node is, ``ae`` is what we are to it. ``renderer`` makes pictures.
    """

    settings: Settings
    source: Source
    urls: UrlPolicy
    gate: Gate
    remote: Callable[[str], Awaitable[Source]]
    nodes: NodeStore
    transfers: Transfers
    holdings: Holdings
    ae: ApplicationEntity
    renderer: Renderer
    feed: ChangeFeed
    streams: EventStreams
    status: Status

    async def asked(self, request: Request, ae_title: str | None = None) -> "Asked":
        """What a request asks for, of this archive or of another application entity; raises `UnknownNode`."""
        if ae_title is None:
            return Asked(request, self, self.source)
        return Asked(request, self, await self.remote(ae_title), f"/aets/{quote(ae_title, safe='*')}")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for, and of whom: ``source`` holds the instances, ``mount`` is where it is below us."""

    request: Request
    services: Services
    source: Source
    mount: str = ""

    @property
    def settings(self) -> Settings:
        """The settings of this application."""
        return self.services.settings

    @property
    def base(self) -> str:
        """The Base URI as the client sees it."""
        return base_uri(self.request.scope, self.services.urls) + self.mount

    @property
    def query(self) -> bytes:
        """The query string, as it was sent."""
        return cast(bytes, self.request.scope["query_string"])

    @property
    def resource(self) -> Resource:
        """The study, series or instance of the path; raises `InvalidUid`."""
        uids = self.request.path_params
        return Resource(*(check_uid(uids[name], name) for name in ("study", "series", "instance") if name in uids))

    @property
    def frame_numbers(self) -> list[int]:
        """The frames of the path. PS3.18 §10.1.1 wants them ascending; any order is taken, and kept in the answer."""
        pieces = str(self.request.path_params["frames"]).split(",")
        if len(pieces) > MAX_FRAMES:
            raise LimitExceeded("frames in a request", MAX_FRAMES)
        if not all(piece.isascii() and piece.isdigit() and len(piece) < 10 and int(piece) > 0 for piece in pieces):
            raise InvalidParameter("frames", "must be frame numbers from 1, separated by commas")
        return [int(piece) for piece in pieces]

    @property
    def accepted(self) -> Acceptable:
        """What the client accepts, by header and by parameter; raises `InvalidParameter`."""
        parameter = self._parameter("accept")
        charset = self._parameter("charset")
        if charset is not None:
            check_charset(charset)
        return acceptable(self.accept_header, parameter, strict=self.settings.strict_accept)

    @property
    def accept_header(self) -> str | None:
        """The Accept header; of several, all."""
        values = [value.decode("latin-1") for name, value in self.request.scope["headers"] if name == b"accept"]
        return ", ".join(values) or None

    def flag(self, name: str) -> bool:
        """A query parameter that is ``true`` or ``false``, and false when absent."""
        text = self._parameter(name)
        if text not in (None, "true", "false"):
            raise InvalidParameter(name, "must be true or false")
        return text == "true"

    def _parameter(self, name: str) -> str | None:
        """The first query parameter of this name; ``+`` is a plus, as media types need it."""
        if not self.query:
            return None
        start = f"{name}=".encode()
        found = (piece for piece in self.query.split(b"&") if piece.startswith(start))
        return next((unquote(piece[len(start) :].decode("latin-1")) for piece in found), None)


async def asked(request: Request) -> Asked:
    """What the request asks for."""
    services: Services = request.app.state.services
    return await services.asked(request)


AskedDep = Annotated[Asked, Depends(asked)]
