"""Selecting attributes of metadata that hold the placeholder of the Base URI."""

from app.representations import json_array, select_attributes
from dicomcore.data import PLACEHOLDER


def test_selected_attributes_keep_the_place_of_the_base_uri() -> None:
    stored = b'{"00080005":{"vr":"CS"},"7FE00010":{"vr":"OW","BulkDataURI":"' + PLACEHOLDER + b'/studies/1"}}'
    assert json_array(select_attributes([stored], frozenset(("7FE00010",))), "http://h") == (
        b'[{"7FE00010":{"vr":"OW","BulkDataURI":"http://h/studies/1"}}]'
    )


def test_the_character_that_stands_for_the_base_uri_does_not_become_it() -> None:
    stored = '{"00100020":{"vr":"LO","Value":["\ufdd0"]}}'.encode()
    assert PLACEHOLDER not in select_attributes([stored], frozenset(("00100020",)))[0]
