import pytest

from app.fhir.endpoint import CONNECTION_TYPES, endpoints
from app.fhir.endpoint_search import matching_endpoints, parse_endpoint_search
from app.fhir.version import Version


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        (("connection-type", "dicom-wado-rs"), ["dicom-wado-rs"]),
        (("connection-type", f"{CONNECTION_TYPES}|ihe-iid,dicom-wado-uri"), ["dicom-wado-uri", "ihe-iid"]),
        (("connection-type", "http://other.example|ihe-iid"), []),
        (("_id", "ihe-iid"), ["ihe-iid"]),
        (("status", "active"), ["dicom-wado-rs", "dicom-wado-uri", "ihe-iid"]),
        (("status", "off"), []),
        (("unheard-of", "x"), ["dicom-wado-rs", "dicom-wado-uri", "ihe-iid"]),
    ],
)
def test_endpoints_are_found(pair: tuple[str, str], expected: list[str]) -> None:
    _, criteria = parse_endpoint_search([pair], strict=False)
    assert [one["id"] for one in matching_endpoints(endpoints("http://x", Version.R5), criteria)] == expected
