"""Rendered resources: what PS3.18 Tables 8.7.4-1 and 10.4.4-1 want is described, and what is made besides."""

import pytest

from app.api_description.operation import Operation
from app.api_description.rendering_components import RENDERING_PARAMETERS, URI_PARAMETERS, VOLUME_PARAMETERS
from app.api_description.renderings import URI_SERVICE, renderings, uri_service
from dicomcore.pictures import THUMBNAIL_MEDIA_TYPES, moving_media_types, still_media_types

BY_NAME: dict[str, Operation] = {operation.name: operation for operation in renderings()}
WORDS = ("Study", "Series", "Instance", "Frames")


def content(operation: Operation) -> list[str]:
    return list(operation.responses["200"]["content"])


def multipart(media_type: str) -> str:
    return f'multipart/related; type="{media_type}"'


@pytest.mark.parametrize("word", WORDS)
def test_every_level_has_all_of_them(word: str) -> None:
    paths = {operation.path for operation in BY_NAME.values() if f"{word}" in operation.name}
    assert {path.rpartition("/")[2] for path in paths} == {"rendered", "thumbnail", "renderedmpr", "rendered3D"}


def test_single_parts_are_for_single_items() -> None:
    for word, single in (("Study", False), ("Series", False), ("Instance", True), ("Frames", True)):
        forms = content(BY_NAME[f"retrieveRendered{word}"])
        assert ("image/png" in forms) is single
        assert {multipart("image/jpeg"), multipart("image/png"), multipart("image/gif")} <= set(forms)


def test_the_default_is_the_first() -> None:
    assert content(BY_NAME["retrieveRenderedInstance"])[0] == still_media_types()[0] == "image/jpeg"
    assert content(BY_NAME["retrieveSeriesThumbnail"])[0] == THUMBNAIL_MEDIA_TYPES[0]
    assert content(uri_service())[:2] == ["application/dicom", "image/jpeg"]


def test_whatever_can_be_made_is_described() -> None:
    forms = set(content(BY_NAME["retrieveRenderedInstance"]))
    assert {*still_media_types(), *moving_media_types(), "video/mpeg", "video/H265"} <= forms
    assert {"text/html", "text/plain", "text/xml", "application/pdf", "model/stl"} <= forms
    assert not any(form.startswith("application/dicom") for form in forms)


def test_frames_do_not_move_and_are_no_text() -> None:
    assert {form for form in content(BY_NAME["retrieveRenderedFrames"]) if "text" in form or "video" in form} == set()


def test_volumes_have_metadata_and_animations() -> None:
    forms = content(BY_NAME["retrieveSeriesRendered3D"])
    assert {"application/dicom+json", "image/jpeg", "video/mp4"} <= set(forms)


def test_each_has_the_parameters_that_it_understands() -> None:
    assert {*RENDERING_PARAMETERS, "accept", "charset"} <= set(BY_NAME["retrieveRenderedStudy"].parameters)
    assert set(VOLUME_PARAMETERS) <= set(BY_NAME["retrieveStudyRenderedMPR"].parameters)
    thumbnail = BY_NAME["retrieveStudyThumbnail"].parameters
    assert "viewport" in thumbnail
    assert not {"window", "quality", "annotation"} & set(thumbnail)


def test_what_is_left_out_is_a_partial_answer() -> None:
    assert "left out" in BY_NAME["retrieveRenderedStudy"].responses["206"]["description"]
    assert "304" in BY_NAME["retrieveStudyThumbnail"].responses


def test_the_uri_service_has_its_own_parameters_and_single_parts_only() -> None:
    operation = uri_service()
    assert operation.path == URI_SERVICE
    assert set(URI_PARAMETERS) <= set(operation.parameters)
    assert not any(form.startswith("multipart/") for form in content(operation))
    assert {"400", "404", "406", "410", "501"} <= set(operation.errors)
