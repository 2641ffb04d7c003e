"""The study list: the first page, with the search of this archive, of a node or of all nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.urls import base_uri
from app.web.first_steps import Command, first_steps
from app.web.list_form import ARCHIVE, DATES, MODALITIES, SIZES, ListForm, read_form
from app.web.pages import PageRoute, render, root_of, services_of
from app.web.study_listing import Listing, list_studies
from dicomcore.nodes import EVERYBODY

router = APIRouter(route_class=PageRoute, include_in_schema=False)

FIELDS = ("name", "id", "accession", "description", "date", "from", "to", "modality", "source", "size", "page")
"""The fields that may be at fault, as the address calls them."""
_FORM = "form#search"


@router.get("/")
async def study_list(request: Request) -> Response:
    """Show the whole page."""
    listing = await _listing(request)
    status = HTTPStatus.BAD_REQUEST if listing.errors else HTTPStatus.OK
    return render(
        request,
        "study_list.html",
        status=status,
        page="studies",
        sources=await _sources(request),
        dates=DATES,
        modalities=_modalities(listing.form),
        **_context(request, listing),
    )


@router.get("/ui/parts/studies")
async def study_list_part(request: Request) -> Response:
    """Show the studies alone, while somebody types; what is wrong at the fields comes with them.

    It is a success even then, since htmx has something to show and browsers would note an error. Searching again takes
    the place of the page in the history, leafing through pages makes a new one.
    """
    listing = await _listing(request)
    update = "HX-Replace-Url" if request.headers.get("hx-source") == _FORM else "HX-Push-Url"
    headers = {update: f"{root_of(request)}/{listing.form.address(listing.page)}"}
    return render(request, "study_list_part.html", headers=headers, fields=FIELDS, **_context(request, listing))


async def _listing(request: Request) -> Listing:
    # The day of this server: study dates have no time zone, and are those of the place.
    today = datetime.now().astimezone().date()
    return await list_studies(services_of(request), root_of(request), read_form(request.query_params), today)


def _context(request: Request, listing: Listing) -> dict[str, Any]:
    return {
        "listing": listing,
        "form": listing.form,
        "errors": listing.errors,
        "sizes": SIZES,
        "everybody": EVERYBODY,
        "commands": _commands(request) if listing.is_empty_archive else (),
    }


def _commands(request: Request) -> Sequence[Command]:
    services = services_of(request)
    return first_steps(services.settings, base_uri(request.scope, replace(services.urls, relative=False)))


async def _sources(request: Request) -> list[tuple[str, str]]:
    """Who can be searched, by title; nobody but us if there are no nodes."""
    services = services_of(request)
    nodes = [node.ae_title for node in await services.nodes.all()]
    everybody = [(EVERYBODY, "Everywhere")] if nodes else []
    return [(ARCHIVE, "This archive"), *everybody, *((title, title) for title in nodes)]


def _modalities(form: ListForm) -> dict[str, str]:
    """The modalities that are offered, and those that the address names besides."""
    return {**MODALITIES, **{name: name for name in form.modalities if name not in MODALITIES}}
