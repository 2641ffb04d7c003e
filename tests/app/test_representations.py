import orjson
import pytest
from noted_threads import noted_threads

from app import representations
from app.representations import json_array, revision_tag, select_attributes, xml_document, xml_parts
from dicomcore.data import PLACEHOLDER
from dicomcore.errors import LimitExceeded
from dicomcore.resources import Resource


def test_selected_attributes_keep_the_place_of_the_base_uri() -> None:
    stored = b'{"00080005":{"vr":"CS"},"7FE00010":{"vr":"OW","BulkDataURI":"' + PLACEHOLDER + b'/studies/1"}}'
    assert json_array(select_attributes([stored], frozenset(("7FE00010",))), "http://h") == (
        b'[{"7FE00010":{"vr":"OW","BulkDataURI":"http://h/studies/1"}}]'
    )


def test_the_character_that_stands_for_the_base_uri_does_not_become_it() -> None:
    stored = '{"00100020":{"vr":"LO","Value":["\ufdd0"]}}'.encode()
    assert PLACEHOLDER not in select_attributes([stored], frozenset(("00100020",)))[0]


STORED = [
    b'{"00080018":{"vr":"UI","Value":["1.1.1"]},"0020000D":{"vr":"UI","Value":["1"]},'
    b'"0020000E":{"vr":"UI","Value":["1.1"]},"7FE00010":{"vr":"OW","BulkDataURI":"' + PLACEHOLDER + b'/pixels"}}',
    b'{"00081190":{"vr":"UR","Value":["' + PLACEHOLDER + b'/studies/2"]},"0020000D":{"vr":"UI","Value":["2"]}}',
]


def test_an_array_has_the_base_uri_in_its_places() -> None:
    assert json_array([], "http://h") == b"[]"
    first, second = orjson.loads(json_array(STORED, "http://h"))
    assert first["7FE00010"]["BulkDataURI"] == "http://h/pixels"
    assert second["00081190"]["Value"] == ["http://h/studies/2"]


def test_xml_parts_say_where_each_object_is() -> None:
    boundary, buffers = xml_parts(STORED, "http://h")
    body = b"".join(buffers)
    assert body.startswith(f"--{boundary}\r\n".encode()) and body.endswith(f"--{boundary}--\r\n".encode())
    assert b"Content-Location: http://h/studies/1/series/1.1/instances/1.1.1/metadata\r\n" in body
    assert b"Content-Location: http://h/studies/2\r\n" in body
    assert b'<BulkData uri="http://h/pixels"/>' in body


def test_an_object_is_read_once_for_its_part(monkeypatch: pytest.MonkeyPatch) -> None:
    reads = noted_threads(monkeypatch, representations, "load_json")
    monkeypatch.delattr(representations.orjson, "loads")
    xml_parts(STORED, "http://h")
    assert len(reads) == len(STORED)


def test_equal_objects_give_equal_xml_parts_and_others_another_boundary() -> None:
    assert xml_parts(STORED, "http://h") == xml_parts(STORED, "http://h")
    assert xml_parts(STORED, "http://h")[0] != xml_parts(STORED, "http://i")[0]


def test_one_object_is_one_document() -> None:
    assert b'<BulkData uri="/b/pixels"/>' in xml_document(STORED[0], "/b")


def test_a_revision_tag_depends_on_resource_revision_and_form() -> None:
    tags = {
        revision_tag(Resource("1"), "5", "json", b"query"),
        revision_tag(Resource("1", "2"), "5", "json", b"query"),
        revision_tag(Resource("1"), "6", "json", b"query"),
        revision_tag(Resource("1"), "5", "xml", b"query"),
        revision_tag(Resource("1"), "5", "json", b"other"),
        revision_tag(Resource("1"), "5", "jsonquery"),
    }
    assert len(tags) == 6


def test_metadata_too_large_for_xml_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.representations.MAX_JSON_FOR_XML", 10)
    for write in (lambda one: xml_document(one, "http://h"), lambda one: xml_parts([one], "http://h")):
        with pytest.raises(LimitExceeded):
            write(b'{"00100020":{"vr":"LO"}}')
