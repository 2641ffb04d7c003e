"""The page of nodes: added, tried, changed, removed; all by the REST of `app.routers.nodes`."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.web.pages import PageRoute, render, services_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)

CHARACTER_SETS = (
    ("ISO_IR 192", "Unicode (UTF-8)"),
    ("ISO_IR 100", "Western Europe (Latin 1)"),
    ("ISO_IR 101", "Central Europe (Latin 2)"),
    ("ISO_IR 144", "Cyrillic"),
    ("ISO_IR 127", "Arabic"),
    ("ISO_IR 126", "Greek"),
    ("ISO_IR 138", "Hebrew"),
    ("ISO_IR 148", "Turkish (Latin 5)"),
    ("ISO_IR 166", "Thai"),
    ("ISO 2022 IR 6\\ISO 2022 IR 87", "Japanese (ISO 2022)"),
    ("ISO 2022 IR 6\\ISO 2022 IR 149", "Korean (ISO 2022)"),
    ("GB18030", "Chinese (GB18030)"),
    ("ISO_IR 6", "ASCII"),
)
"""What a node may be asked in: defined terms of Specific Character Set (PS3.3 §C.12.1.1.2), and their names."""


@router.get("/ui/nodes")
async def nodes_page(request: Request) -> Response:
    """Show all nodes, and what they have to know of us."""
    services = services_of(request)
    return render(
        request,
        "nodes.html",
        page="nodes",
        nodes=await services.nodes.all(),
        settings=services.settings,
        character_sets=CHARACTER_SETS,
    )


@router.get("/ui/parts/nodes")
async def nodes_part(request: Request) -> Response:
    """Show the table alone, for when it has changed."""
    return render(request, "nodes_table.html", nodes=await services_of(request).nodes.all())
