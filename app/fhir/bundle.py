"""Bundle: a page of what a search found (FHIR R4 and R5, search.html, bundle.html "searchset"). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote

from app.fhir.dicom_values import Json

Pairs = Sequence[tuple[str, str]]
OFFSET = "_offset"


def searchset(
    base: str,
    total: int,
    links: Iterable[tuple[str, str]],
    matches: Sequence[Json],
    includes: Sequence[Json] = (),
    outcome: Json | None = None,
) -> Json:
    """Put a page together; ``base`` is where resources are, ``links`` are relations with their URLs."""
    entries = [*(_entry(base, one, "match") for one in matches), *(_entry(base, one, "include") for one in includes)]
    if outcome is not None:
        entries.append({"resource": outcome, "search": {"mode": "outcome"}})
    bundle: Json = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": total,
        "link": [{"relation": relation, "url": url} for relation, url in links],
    }
    return bundle | ({"entry": entries} if entries else {})


def _entry(base: str, resource: Mapping[str, object], mode: str) -> Json:
    url = f"{base}/{resource['resourceType']}/{resource['id']}"
    return {"fullUrl": url, "resource": resource, "search": {"mode": mode}}


def page_links(url: str, pairs: Pairs, offset: int, size: int, total: int) -> list[tuple[str, str]]:
    """Write the links to this page, the next and the one before; ``pairs`` are the parameters that counted.

    ``_offset`` in them is ours: clients follow the links and do not make them up.
    """
    links = [("self", _link(url, pairs, offset))]
    if size and offset + size < total:
        links.append(("next", _link(url, pairs, offset + size)))
    if size and offset:
        links.append(("previous", _link(url, pairs, max(0, offset - size))))
    return links


def _link(url: str, pairs: Pairs, offset: int) -> str:
    shown = [*pairs, *([(OFFSET, str(offset))] if offset else [])]
    query = "&".join(f"{quote(name, safe=':.')}={quote(value, safe=':,/')}" for name, value in shown)
    return f"{url}?{query}" if query else url
