"""A search for Endpoints, of which there are a few (FHIR R4 and R5, endpoint.html "Search Parameters"). Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from app.fhir.dicom_values import Json
from app.fhir.endpoint import CONNECTION_TYPES
from app.fhir.search_parameters import Page, read_page
from app.fhir.search_values import token_of

Criteria = Sequence[tuple[str, Sequence[str]]]

_STATUS_SYSTEM = "http://hl7.org/fhir/endpoint-status"


def parse_endpoint_search(pairs: Sequence[tuple[str, str]], *, strict: bool) -> tuple[Page, Criteria]:
    """Read the parameters; raises `InvalidParameter`."""
    return read_page(pairs, tuple(_TESTS), strict=strict)


def matching_endpoints(resources: Sequence[Json], criteria: Criteria) -> list[Json]:
    """Give those that match all criteria."""
    return [one for one in resources if all(_TESTS[name](one, values) for name, values in criteria)]


def _has(value: str, system: str, texts: Sequence[str]) -> bool:
    tokens = map(token_of, texts)
    return any(token.value == value and token.system in (None, system) for token in tokens)


_TESTS: Mapping[str, Callable[[Json, Sequence[str]], bool]] = {
    "_id": lambda one, texts: _has(one["id"], "", texts),
    # The code of the connection type is the id: see `app.fhir.endpoint`.
    "connection-type": lambda one, texts: _has(one["id"], CONNECTION_TYPES, texts),
    "status": lambda one, texts: _has(one["status"], _STATUS_SYSTEM, texts),
}
