import json
from typing import Any

import pytest
from builders import ct_dataset, element, encapsulated, sequence

from dicomcore.data.bulkdata import bulkdata_element, bulkdata_media_type, bulkdata_paths, bulkdata_value, find_element
from dicomcore.data.dataset import Dataset
from dicomcore.data.json_model import BulkdataPolicy, encode_json
from dicomcore.data.reader import read_dataset
from dicomcore.data.transfer_syntax import EXPLICIT_VR_BIG_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN
from dicomcore.errors import ResourceNotFound

POLICY = BulkdataPolicy(b"", threshold=8)
DOCUMENT = element(0x00420011, "OB", b"0123456789")
NESTED = sequence(0x00081115, b"", sequence(0x00081140, DOCUMENT)) + element(0x7FE00010, "OW", b"\1\2")


def read(raw: bytes) -> Dataset:
    return read_dataset(raw, EXPLICIT_VR_LITTLE_ENDIAN)


def uris(members: dict[str, Any]) -> list[str]:
    found = []
    for attribute in members.values():
        found += [attribute["BulkDataURI"]] if "BulkDataURI" in attribute else []
        found += [uri for item in attribute.get("Value", []) if attribute["vr"] == "SQ" for uri in uris(item)]
    return found


def test_an_element_is_found_by_its_path() -> None:
    dataset = read(NESTED)
    found = bulkdata_element(dataset, "00081115/1/00081140/0/00420011")
    assert bulkdata_value(dataset, found) == b"0123456789"
    assert bulkdata_value(dataset, bulkdata_element(dataset, "7fe00010")) == b"\1\2"


def test_the_holder_of_a_nested_element_is_its_item() -> None:
    holder, found = find_element(read(NESTED), "00081115/1/00081140/0/00420011")
    assert list(holder) == [found]


@pytest.mark.parametrize(
    "path",
    [
        "", "7FE0001", "7FE00011", "00081115", "00081115/1", "00081115/2/00081140", "00081115/0/00081140",
        "00081115/-1/00081140", "00081115/1/00081140/0/00420012", "../7FE00010", "7FE00010/0/7FE00010", "PixelData",
        "00081115/9999999999/00081140",
    ],
)  # fmt: skip
def test_a_path_that_leads_nowhere_is_not_found(path: str) -> None:
    with pytest.raises(ResourceNotFound):
        bulkdata_element(read(NESTED), path)


@pytest.mark.parametrize(
    "raw",
    [
        NESTED,
        ct_dataset(),
        encapsulated([b"\1\2"]),
        sequence(0x00880200, encapsulated([b"\1\2"]), element(0x7FE00010, "OB", b"\1\2")),
        element(0x00020002, "OB", bytes(20))
        + element(0x00091001, "UN", bytes(9))
        + element(0x00091002, "UT", "x" * 20),
        element(0x7FE00010, "OW"),
    ],
)
def test_paths_are_exactly_the_uris_of_the_metadata(raw: bytes) -> None:
    dataset = read(raw)
    assert [path for path, _ in bulkdata_paths(dataset, POLICY)] == uris(json.loads(encode_json(dataset, POLICY)))


def test_a_big_endian_value_is_swapped() -> None:
    dataset = read_dataset(element(0x7FE00010, "OW", b"\1\2\3\4", big_endian=True), EXPLICIT_VR_BIG_ENDIAN)
    assert bulkdata_value(dataset, bulkdata_element(dataset, "7FE00010")) == b"\2\1\4\3"


@pytest.mark.parametrize(
    ("mime_type", "expected"),
    [
        ("application/pdf", "application/pdf"),
        (" Text/XML; charset=utf-8", "text/xml"),
        ("model/stl", "model/stl"),
        ("", "application/octet-stream"),
        ("pdf", "application/octet-stream"),
        ("text/html\r\nX: y", "application/octet-stream"),
        ("a/b/c", "application/octet-stream"),
        ("text/<x>", "application/octet-stream"),
    ],
)
def test_a_document_has_the_media_type_that_its_instance_says(mime_type: str, expected: str) -> None:
    dataset = read(DOCUMENT + element(0x00420012, "LO", mime_type))
    assert bulkdata_media_type(dataset, bulkdata_element(dataset, "00420011")) == expected


def test_any_other_value_is_octets() -> None:
    dataset = read(element(0x00091001, "OB", b"\1\2") + element(0x00420012, "LO", "text/html"))
    assert bulkdata_media_type(dataset, bulkdata_element(dataset, "00091001")) == "application/octet-stream"
