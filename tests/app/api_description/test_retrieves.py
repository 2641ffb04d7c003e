"""Retrieves: the media types of PS3.18 Table 10.4.4-1 are described."""

from app.api_description.retrieves import retrieves
from dicomcore.data.transfer_syntax import DEFAULT_TRANSFER_SYNTAXES

CONTENT = {operation.name: operation.responses["200"]["content"].keys() for operation in retrieves()}


def test_an_instance_can_be_a_single_part_and_a_study_cannot() -> None:
    assert "application/dicom" in CONTENT["retrieveInstance"]
    assert "application/dicom" not in CONTENT["retrieveStudy"]
    assert 'multipart/related; type="application/dicom"' in CONTENT["retrieveStudy"]


def test_metadata_are_json_in_one_piece_or_xml_in_parts() -> None:
    assert list(CONTENT["retrieveStudyMetadata"]) == [
        "application/dicom+json",
        "application/json",
        'multipart/related; type="application/dicom+xml"',
    ]


def test_frames_have_every_media_type_of_bulk_data_in_both_forms() -> None:
    forms = {form for name in DEFAULT_TRANSFER_SYNTAXES for form in (name, f'multipart/related; type="{name}"')}
    assert forms == CONTENT["retrieveFrames"]


def test_frames_are_never_application_dicom() -> None:
    assert not any("application/dicom" in media_type for media_type in CONTENT["retrieveFrames"])


def test_everything_retrieved_has_an_etag_and_a_304() -> None:
    for operation in retrieves():
        assert "ETag" in operation.responses["200"]["headers"]
        assert "304" in operation.responses
