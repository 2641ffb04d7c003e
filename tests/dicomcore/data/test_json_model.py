import base64
import json
import struct
from collections.abc import Callable
from typing import Any

import pytest
from builders import ct_dataset, element, encapsulated, sequence

from dicomcore.data import json_model
from dicomcore.data.dataset import Dataset, new_dataset
from dicomcore.data.json_model import PLACEHOLDER, BulkdataPolicy, encode_elements, encode_json, join
from dicomcore.data.reader import read_dataset
from dicomcore.data.transfer_syntax import (
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    TransferSyntax,
)
from dicomcore.errors import LimitExceeded

POLICY = BulkdataPolicy(b"/bulkdata/", threshold=16)


def encoded(raw: bytes, syntax: TransferSyntax = EXPLICIT_VR_LITTLE_ENDIAN) -> dict[str, Any]:
    return json.loads(encode_json(read_dataset(raw, syntax), POLICY))


def test_elements_are_fragments_by_tag_in_ascending_order() -> None:
    dataset = read_dataset(ct_dataset(), EXPLICIT_VR_LITTLE_ENDIAN)
    fragments = encode_elements(dataset, POLICY)
    assert fragments[0x00080020] == b'"00080020":{"vr":"DA","Value":["20240131"]}'
    assert list(fragments) == sorted(fragments)
    assert json.loads(join(fragments.values())) == json.loads(encode_json(dataset, POLICY))


def test_elements_out_of_order_are_encoded_in_order() -> None:
    raw = element(0x00100020, "LO", "P") + element(0x00080060, "CS", "CT")
    assert list(encoded(raw)) == ["00080060", "00100020"]


def test_file_meta_and_group_lengths_are_left_out_and_odd_groups_are_not() -> None:
    raw = (
        element(0x00010010, "LO", "A")
        + element(0x00020010, "UI", "1.2")
        + element(0x00080000, "UL", 4)
        + element(0x00080060, "CS", "CT")
    )
    assert list(encoded(raw)) == ["00010010", "00080060"]


def test_an_empty_element_has_only_its_vr() -> None:
    raw = element(0x00080020, "DA") + element(0x00090010, "OB") + sequence(0x00081140) + element(0x00100010, "PN")
    assert encoded(raw) == {
        "00080020": {"vr": "DA"},
        "00081140": {"vr": "SQ"},
        "00090010": {"vr": "OB"},
        "00100010": {"vr": "PN"},
    }


def test_an_empty_item_is_an_empty_object() -> None:
    assert encoded(sequence(0x00081140, b"", element(0x00080060, "CS", "MR")))["00081140"] == {
        "vr": "SQ",
        "Value": [{}, {"00080060": {"vr": "CS", "Value": ["MR"]}}],
    }


@pytest.mark.parametrize("vr", ["OB", "OD", "OF", "OL", "OV", "OW", "UN"])
def test_a_binary_value_over_the_threshold_is_a_bulkdata_uri(vr: str) -> None:
    raw = element(0x00091001, vr, bytes(16)) + element(0x00091002, vr, bytes(24))
    attributes = encoded(raw)
    assert attributes["00091001"] == {"vr": vr, "InlineBinary": base64.b64encode(bytes(16)).decode()}
    assert attributes["00091002"] == {"vr": vr, "BulkDataURI": "/bulkdata/00091002"}


@pytest.mark.parametrize(("vr", "value"), [("UT", "x" * 400), ("US", [1] * 100), ("FD", [0.5] * 100), ("LO", "y" * 60)])
def test_text_and_numbers_stay_in_place_however_long(vr: str, value: Any) -> None:
    assert "Value" in encoded(element(0x00091001, vr, value))["00091001"]


def test_pixel_data_are_a_bulkdata_uri_however_short() -> None:
    attributes = encoded(element(0x00280010, "US", 1) + element(0x7FE00010, "OW", b"\1\2"))
    assert attributes["7FE00010"] == {"vr": "OW", "BulkDataURI": "/bulkdata/7FE00010"}
    assert encoded(element(0x7FE00010, "OW"))["7FE00010"] == {"vr": "OW"}


def test_pixel_data_of_an_icon_follow_the_threshold_unless_they_are_encapsulated() -> None:
    icons = [element(0x7FE00010, "OB", b"\1\2"), encapsulated([b"\1\2"])]
    items = encoded(sequence(0x00880200, *icons))["00880200"]["Value"]
    assert items[0]["7FE00010"] == {"vr": "OB", "InlineBinary": "AQI="}
    assert items[1]["7FE00010"] == {"vr": "OB", "BulkDataURI": "/bulkdata/00880200/1/7FE00010"}


def test_the_same_short_pixel_data_are_inline_below_and_bulk_above() -> None:
    pixels = element(0x7FE00010, "OB", b"\1\2")
    attributes = encoded(sequence(0x00880200, pixels) + pixels)
    assert "InlineBinary" in attributes["00880200"]["Value"][0]["7FE00010"]
    assert "BulkDataURI" in attributes["7FE00010"]


def test_the_path_of_nested_bulkdata_has_every_sequence_and_item() -> None:
    inner = sequence(0x00081140, b"", element(0x00420011, "OB", bytes(20)))
    outer = encoded(sequence(0x00081115, b"", b"", inner))
    uri = outer["00081115"]["Value"][2]["00081140"]["Value"][1]["00420011"]["BulkDataURI"]
    assert uri == "/bulkdata/00081115/2/00081140/1/00420011"


def test_the_placeholder_of_the_base_uri_occurs_in_no_metadata_but_before_a_path() -> None:
    raw = element(0x00080005, "CS", "ISO_IR 192") + element(0x00100010, "PN", b"\xff\xfe^\xc3\xbf")
    raw += element(0x7FE00010, "OB", b"\xff\xff")
    document = encode_json(read_dataset(raw, EXPLICIT_VR_LITTLE_ENDIAN), BulkdataPolicy(PLACEHOLDER + b"/x/"))
    assert document.count(PLACEHOLDER) == 1
    assert json.loads(document.replace(PLACEHOLDER, b"http://h"))["7FE00010"]["BulkDataURI"] == "http://h/x/7FE00010"


def test_specific_character_set_is_that_of_the_json_text() -> None:
    item = element(0x00080005, "CS", "ISO_IR 144") + element(0x00080104, "LO", "Да".encode("iso8859-5"))
    raw = element(0x00080005, "CS", "ISO_IR 100") + sequence(0x00081140, item, element(0x00080104, "LO", b"\xe4 "))
    assert encoded(raw) == {
        "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]},
        "00081140": {
            "vr": "SQ",
            "Value": [
                {
                    "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]},
                    "00080104": {"vr": "LO", "Value": ["Да"]},
                },
                {"00080104": {"vr": "LO", "Value": ["ä"]}},
            ],
        },
    }


def test_the_same_bytes_mean_other_text_in_another_character_set() -> None:
    name = element(0x00100010, "PN", b"\xe4\xe4")
    assert encoded(element(0x00080005, "CS", "ISO_IR 100") + name)["00100010"]["Value"] == [{"Alphabetic": "ää"}]
    assert encoded(element(0x00080005, "CS", "ISO_IR 144") + name)["00100010"]["Value"] == [{"Alphabetic": "фф"}]


def test_big_endian_values_are_the_same_as_little_endian_ones() -> None:
    little = ct_dataset(extra=element(0x00283006, "OW", b"\1\0\2\0"))
    big = ct_dataset(big_endian=True, extra=element(0x00283006, "OW", b"\0\1\0\2", big_endian=True))
    assert encoded(big, EXPLICIT_VR_BIG_ENDIAN) == encoded(little)


def test_implicit_vr_gives_the_same_as_explicit_vr() -> None:
    assert encoded(ct_dataset(implicit=True), IMPLICIT_VR_LITTLE_ENDIAN) == encoded(ct_dataset())


def test_an_ambiguous_vr_follows_the_data_set_it_is_in() -> None:
    value = element(0x00280106, "US", 65535, implicit=True)
    for signed, expected in ((0, {"vr": "US", "Value": [65535]}), (1, {"vr": "SS", "Value": [-1]})):
        raw = element(0x00280103, "US", signed, implicit=True) + value
        assert encoded(raw, IMPLICIT_VR_LITTLE_ENDIAN)["00280106"] == expected


def test_a_numeric_value_of_the_wrong_length_is_unknown_with_all_its_bytes() -> None:
    assert encoded(element(0x00280010, "US", b"\1\2\3\4\5\6\7"))["00280010"] == {
        "vr": "UN",
        "InlineBinary": "AQIDBAUGBw==",
    }


def test_elements_put_in_are_encoded_like_those_that_were_read() -> None:
    dataset = new_dataset()
    dataset.put(0x00080060, "CS", "CT")
    item = new_dataset(dataset)
    item.put(0x00280010, "US", 3)
    dataset.put_items(0x00081140, [item])
    assert json.loads(encode_json(dataset, POLICY)) == {
        "00080060": {"vr": "CS", "Value": ["CT"]},
        "00081140": {"vr": "SQ", "Value": [{"00280010": {"vr": "US", "Value": [3]}}]},
    }


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_buffer_gives_the_same(kind: Callable[[bytes], Any]) -> None:
    assert encoded(kind(ct_dataset())) == encoded(ct_dataset())


def test_a_short_sequence_is_remembered_for_one_threshold_only() -> None:
    raw = sequence(0x00081140, element(0x00091001, "OB", bytes(20)))
    dataset = read_dataset(raw, EXPLICIT_VR_LITTLE_ENDIAN)
    inline = encode_json(dataset, BulkdataPolicy(b"/", threshold=20))
    bulk = encode_json(dataset, BulkdataPolicy(b"/", threshold=19))
    assert b"InlineBinary" in inline
    assert b"BulkDataURI" in bulk


def test_a_short_sequence_with_bulkdata_is_not_remembered_with_its_place() -> None:
    bulk = sequence(0x00081140, element(0x00091001, "OB", bytes(20)))
    items = encoded(sequence(0x00081115, bulk, bulk))["00081115"]["Value"]
    uris = [one["00081140"]["Value"][0]["00091001"]["BulkDataURI"] for one in items]
    assert uris == ["/bulkdata/00081115/0/00081140/0/00091001", "/bulkdata/00081115/1/00081140/0/00091001"]


def test_the_memo_is_dropped_when_it_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_model, "_MEMO_ENTRIES", 3)
    for number in range(10):
        attributes = encoded(element(0x00100020, "LO", str(number)) + element(0x00280010, "US", number))
        assert attributes["00100020"]["Value"] == [str(number)]
    assert len(json_model._CONTEXTS._known) <= 1


def nested(depth: int) -> Dataset:
    dataset = new_dataset()
    for _ in range(depth):
        outer = new_dataset()
        outer.put_items(0x00081140, [dataset])
        dataset = outer
    return dataset


def test_64_levels_of_sequences_are_encoded_and_65_are_refused() -> None:
    assert encode_json(nested(64), POLICY).count(b"00081140") == 64
    with pytest.raises(LimitExceeded):
        encode_json(nested(65), POLICY)


def test_more_metadata_than_memory_may_hold_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_model, "MAX_METADATA", 100)
    with pytest.raises(LimitExceeded):
        encoded(element(0x00091001, "UT", "x" * 102))
    with pytest.raises(LimitExceeded):
        encoded(sequence(0x00081140, element(0x00091001, "LO", "x" * 98)))
    with pytest.raises(LimitExceeded):
        encoded(b"".join(element(0x00091000 | number, "LO", "x" * 40) for number in range(3)))


def test_every_vr_has_its_form() -> None:
    elements = {
        "AT": struct.pack("<HH", 0x0028, 0x0009),
        "FL": struct.pack("<f", 1.5),
        "IS": b"12",
        "PN": b"A^B ",
        "SV": struct.pack("<q", -3),
        "UN": b"text",
        "UR": b"http://x",
    }
    raw = b"".join(element(0x00091000 | number, vr, value) for number, (vr, value) in enumerate(elements.items()))
    assert list(encoded(raw).values()) == [
        {"vr": "AT", "Value": ["00280009"]},
        {"vr": "FL", "Value": [1.5]},
        {"vr": "IS", "Value": [12]},
        {"vr": "PN", "Value": [{"Alphabetic": "A^B"}]},
        {"vr": "SV", "Value": [-3]},
        {"vr": "UN", "InlineBinary": "dGV4dA=="},
        {"vr": "UR", "Value": ["http://x"]},
    ]


def test_one_instance_cannot_fill_the_memory_with_its_memo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_model, "_MEMO_RUN", 2)
    monkeypatch.setattr(json_model, "_CONTEXTS", json_model._Contexts())
    encoded(b"".join(element(0x00091000 | number, "LO", f"{number:02}") for number in range(9)))
    (context,) = json_model._CONTEXTS._known.values()
    assert sum(len(memo) for memo, _ in context.values.values()) == 2


def test_a_huge_value_that_is_no_bulk_data_is_refused() -> None:
    raw = struct.pack("<HHI", 0x0028, 0x0106, 5 << 20) + bytes(5 << 20)
    with pytest.raises(LimitExceeded, match="no bulk data"):
        encode_elements(read_dataset(raw, IMPLICIT_VR_LITTLE_ENDIAN), BulkdataPolicy(b""))
