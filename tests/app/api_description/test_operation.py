"""How one operation is written."""

from app.api_description.operation import BINARY, multipart, response


def test_the_type_of_a_multipart_payload_is_quoted() -> None:
    assert multipart("application/dicom") == 'multipart/related; type="application/dicom"'


def test_a_response_has_its_media_types_and_headers() -> None:
    described = response("A file.", {"application/dicom": BINARY}, ["ETag"])
    assert described["content"] == {"application/dicom": {"schema": BINARY}}
    assert list(described["headers"]) == ["ETag", "X-Request-ID"]


def test_a_response_without_a_payload_has_no_content() -> None:
    assert "content" not in response("Deleted.")
