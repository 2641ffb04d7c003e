import pytest

from app.fhir.version import Version, choose_version
from dicomcore.errors import NotAcceptable

R4, R5 = Version.R4, Version.R5


@pytest.mark.parametrize(
    ("named", "accept", "format_", "expected"),
    [
        (None, None, None, R4),
        (None, "*/*", None, R4),
        (None, "text/html,application/xhtml+xml,*/*;q=0.8", None, R4),
        (None, "application/fhir+json; fhirVersion=5.0", None, R5),
        (None, "application/fhir+json; fhirVersion=4.0", None, R4),
        (None, "application/fhir+xml, application/fhir+json;fhirVersion=5.0;q=0.5", None, R5),
        (None, "application/fhir+json;q=0.1, application/fhir+json;fhirVersion=5.0", None, R5),
        (R5, "application/json", None, R5),
        (R5, "application/fhir+json; fhirVersion=5.0.0", None, R5),
        (None, "application/fhir+xml", "json", R4),
        (None, "text/html", "application/fhir+json;fhirVersion=5.0", R5),
        (None, "text/html", "application/fhir json", R4),
    ],
)
def test_the_version_is_that_of_the_path_or_of_the_media_type(
    named: Version | None, accept: str | None, format_: str | None, expected: Version
) -> None:
    assert choose_version(named, accept, format_) is expected


@pytest.mark.parametrize(
    ("named", "accept", "format_"),
    [
        (None, "application/fhir+xml", None),
        (None, "text/html", None),
        (None, "*/*", "xml"),
        (None, "*/*", "ttl"),
        (None, "application/fhir+json; fhirVersion=3.0", None),
        (R5, "application/fhir+json; fhirVersion=4.0", None),
        (None, "application/fhir+json;q=0", None),
    ],
)
def test_what_is_not_spoken_is_refused(named: Version | None, accept: str, format_: str | None) -> None:
    with pytest.raises(NotAcceptable):
        choose_version(named, accept, format_)


def test_the_content_type_names_the_version() -> None:
    assert R5.content_type == "application/fhir+json; fhirVersion=5.0; charset=utf-8"
    assert (R4.release, R5.release) == ("4.0.1", "5.0.0")
