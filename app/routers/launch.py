"""``/launch``: studies opened in a viewer by a link from elsewhere (IHE Invoke Image Display, RAD TF-2 §4.106).

The studies are looked for first, so that a viewer is only opened on what is there; a person whose link leads to nothing
reads so on a page. Several studies go to OHIF together; the built-in view shows one, so that for several of one patient
the study list of that patient is opened, else the latest study. Where a redirect leads is made of our own address and
of the templates in the settings, and of nothing that the request says (`app.viewer_links`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import orjson
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.launch_parameters import LaunchRequest, parse_launch
from app.launch_studies import LaunchedStudy, chosen_studies
from app.settings import Settings
from app.urls import base_uri
from app.viewer import is_installed, viewer_url
from app.viewer_links import Opened, ViewerLink, parse_viewer_link
from app.web.pages import Handler, PageRoute, root_of, services_of, wants_page
from dicomcore.data import PLACEHOLDER
from dicomcore.errors import InvalidParameter
from dicomcore.nodes import check_ae_title

PATH = "/launch"
IHE_PATH = "/IHEInvokeImageDisplay"


class LaunchRoute(PageRoute):
    """A route whose errors are pages for browsers, and problem documents for programs."""

    def get_route_handler(self) -> Handler:
        """Choose by what the client would rather have."""
        as_page, plain = super().get_route_handler(), APIRoute.get_route_handler(self)

        async def handle(request: Request) -> Response:
            return await (as_page if wants_page(request) else plain)(request)

        return handle


router = APIRouter(tags=["Launch"], route_class=LaunchRoute)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where studies are opened: ``root`` is the prefix of our paths, ``dicomweb_url`` where viewers get them from."""

    root: str
    dicomweb_url: str
    ae_title: str | None


_Opener = Callable[[_Place, Sequence[LaunchedStudy]], str]


@router.get(PATH, summary="Open studies in a viewer")
@router.get(IHE_PATH, summary="Open studies in a viewer, by the path of IHE Invoke Image Display")
async def launch(request: Request) -> Response:
    """Find the studies, and send the browser to a viewer that shows them."""
    services = services_of(request)
    settings = services.settings
    asked = parse_launch(request.scope["query_string"], ZoneInfo(settings.time_zone) if settings.time_zone else None)
    opener = _opener(settings, asked)
    source = services.source if asked.source is None else await services.remote(_title(asked.source))
    answer = await source.search(asked.query)
    studies = chosen_studies(asked, (orjson.loads(one.replace(PLACEHOLDER, b"")) for one in answer.objects))
    if not studies:
        raise HTTPException(404, _nothing(asked))
    return RedirectResponse(opener(_place(request, asked), studies), 302, {"cache-control": "no-store"})


def _title(text: str) -> str:
    return text if text == "*" else check_ae_title(text)


def _place(request: Request, asked: LaunchRequest) -> _Place:
    urls = replace(services_of(request).urls, relative=False)
    mount = "" if asked.source is None else f"/aets/{quote(asked.source, safe='*')}"
    return _Place(root_of(request), base_uri(request.scope, urls) + mount, asked.source)


def _opener(settings: Settings, asked: LaunchRequest) -> _Opener:
    """Choose the viewer: that of ``viewer``, that of ``viewerType``, or the best that there is."""
    openers: dict[str, _Opener] = {
        link.name.lower(): _by_link(link) for link in map(parse_viewer_link, settings.viewer_links)
    }
    openers["builtin"] = _in_built_in_view
    if is_installed(settings):
        openers["ohif"] = _in_ohif
    if asked.viewer is not None:
        found = openers.get(asked.viewer.lower())
        if found is None:
            raise InvalidParameter("viewer", f"must be one of {', '.join(sorted(openers))}")
        return found
    best = openers.get("ohif", _in_built_in_view)
    return openers.get((asked.viewer_type or "").lower(), best)


def _by_link(link: ViewerLink) -> _Opener:
    def url(place: _Place, studies: Sequence[LaunchedStudy]) -> str:
        uids = tuple(one.uid for one in studies)
        return link.url(Opened(uids, studies[0].accession, studies[0].patient_id, place.dicomweb_url))

    return url


def _in_ohif(place: _Place, studies: Sequence[LaunchedStudy]) -> str:
    return viewer_url(place.root, [one.uid for one in studies], place.ae_title)


def _in_built_in_view(place: _Place, studies: Sequence[LaunchedStudy]) -> str:
    source = {} if place.ae_title is None else {"source": place.ae_title}
    patients = {one.patient_id for one in studies}
    if len(studies) > 1 and len(patients) == 1 and "" not in patients:
        return f"{place.root}/?{urlencode({'id': studies[0].patient_id} | source)}"
    query = f"?{urlencode(source)}" if source else ""
    return f"{place.root}/ui/view/{quote(studies[0].uid, safe='')}{query}"


def _nothing(asked: LaunchRequest) -> str:
    named = {
        "study": asked.study_uids,
        "accession number": asked.accessions,
        "patient": tuple(one.value for one in asked.patients),
    }
    words = " and ".join(f"{name} {', '.join(values)}"[:300] for name, values in named.items() if values)
    where = "in this archive" if asked.source is None else f"at {asked.source}"
    return f"There is no study of {words} {where}, or none that matches all that was asked for."
