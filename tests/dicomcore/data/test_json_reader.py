import json
from typing import Any

import pytest

from dicomcore.data.json_model import BulkdataPolicy, encode_json
from dicomcore.data.json_reader import decode_json, decode_json_instances
from dicomcore.errors import LimitExceeded, MalformedDataset

POLICY = BulkdataPolicy(b"/", threshold=1024)


def value_of(vr: str, *values: Any, tag: str = "00091001") -> bytes:
    decoded = decode_json(json.dumps({tag: {"vr": vr, "Value": list(values)}}).encode())
    return bytes(decoded.dataset.raw(int(tag, 16)))


def refusal(attribute: Any, tag: str = "00091001") -> str:
    with pytest.raises(MalformedDataset) as caught:
        decode_json(json.dumps({tag: attribute}).encode())
    return str(caught.value)


def test_what_was_encoded_comes_back_byte_for_byte() -> None:
    document = (
        b'{"00080005":{"vr":"CS","Value":["ISO_IR 192"]},"00080020":{"vr":"DA","Value":["20200101"]},'
        b'"00081140":{"vr":"SQ","Value":[{},{"00080104":{"vr":"LO","Value":["\xc3\xa4",null,"b"]}}]},'
        b'"00091001":{"vr":"DS","Value":[1.10,"007",null,1e5]},"00091002":{"vr":"FD","Value":[0.1,"NaN"]},'
        b'"00091003":{"vr":"UV","Value":["18446744073709551615",3]},"00091004":{"vr":"AT","Value":["00280009"]},'
        b'"00091005":{"vr":"OW","InlineBinary":"AQI="},"00091006":{"vr":"UN"},'
        b'"00100010":{"vr":"PN","Value":[{"Alphabetic":"A^B","Phonetic":"c"},null]}}'
    )
    assert encode_json(decode_json(document).dataset, POLICY) == document


def test_names_may_be_in_lower_case_and_in_any_order() -> None:
    document = b'{"0020000d":{"vr":"UI","Value":["1.2"]},"0008002a":{"vr":"DT","Value":["2020"]}}'
    assert [element.tag for element in decode_json(document).dataset] == [0x0008002A, 0x0020000D]


def test_values_are_padded_to_even_length_by_their_vr() -> None:
    assert value_of("UI", "1.2.3") == b"1.2.3\0"
    assert value_of("LO", "abc") == b"abc "
    assert value_of("CS", "A", "B") == b"A\\B "


@pytest.mark.parametrize(
    ("vr", "values", "raw"),
    [
        ("US", [1, "2"], b"\1\0\2\0"),
        ("SS", [-1.0], b"\xff\xff"),
        ("SV", ["-1"], b"\xff" * 8),
        ("FL", ["0.5"], b"\0\0\0\x3f"),
        ("IS", [7, "8"], b"7\\8 "),
        ("DS", ["1.50"], b"1.50"),
        ("AT", ["0028000a"], b"\x28\0\x0a\0"),
        ("PN", ["A^B=C"], b"A^B=C "),
    ],
)
def test_numbers_may_be_strings_and_names_may_be_plain(vr: str, values: list[Any], raw: bytes) -> None:
    assert value_of(vr, *values) == raw


def test_a_decimal_that_is_longer_than_a_ds_is_rounded_to_its_16_characters() -> None:
    assert value_of("DS", 0.12345678901234567) == b"0.12345678901235"
    assert value_of("DS", "0.12345678901234567") == b"0.12345678901234567 "


def test_parsed_json_with_python_numbers_is_taken() -> None:
    decoded = decode_json({"00280010": {"vr": "US", "Value": [3]}, "00180050": {"vr": "DS", "Value": [2.5]}})
    assert decoded.dataset.integer(0x00280010) == 3
    assert decoded.dataset.text(0x00180050) == "2.5"


@pytest.mark.parametrize("vr", ["DA", "US", "PN", "FD", "SQ", "AT"])
def test_no_value_an_empty_array_and_null_are_an_empty_element(vr: str) -> None:
    for attribute in ({"vr": vr}, {"vr": vr, "Value": []}):
        assert not decode_json({"00091001": attribute}).dataset.raw(0x00091001)
    if vr != "SQ":
        assert value_of(vr, None) == b""


def test_inline_binary_may_be_an_array() -> None:
    decoded = decode_json({"00091001": {"vr": "OW", "InlineBinary": ["AQI=", "AwQ="]}})
    assert decoded.dataset.raw(0x00091001) == b"\1\2\3\4"


def test_a_bulkdata_uri_is_noted_by_path_and_not_looked_at() -> None:
    item = {"00420011": {"vr": "OB", "BulkDataURI": "file:///etc/passwd"}}
    document = {
        "00081140": {"vr": "SQ", "Value": [{}, item]},
        "7FE00010": {"vr": "OW", "BulkDataURI": "http://169.254.0.1/"},
    }
    decoded = decode_json(json.dumps(document).encode())
    assert decoded.references == {"00081140/1/00420011": "file:///etc/passwd", "7FE00010": "http://169.254.0.1/"}
    assert decoded.dataset.get(0x7FE00010).vr == "OW"
    assert not decoded.dataset.raw(0x7FE00010)


def test_the_character_set_is_utf_8_if_text_needs_it_or_it_was_given() -> None:
    text = {"00100010": {"vr": "PN", "Value": [{"Alphabetic": "Müller"}]}}
    assert decode_json(text).dataset.text(0x00080005) == "ISO_IR 192"
    assert decode_json({"00080005": {"vr": "CS", "Value": ["ISO_IR 100"]}}).dataset.text(0x00080005) == "ISO_IR 192"
    assert 0x00080005 not in decode_json({"00100020": {"vr": "LO", "Value": ["1"]}}).dataset


def test_items_have_no_character_set_of_their_own() -> None:
    item = {"00080005": {"vr": "CS", "Value": ["ISO_IR 100"]}, "00080104": {"vr": "LO", "Value": ["ä"]}}
    decoded = decode_json({"00081140": {"vr": "SQ", "Value": [item]}}).dataset
    assert decoded.text(0x00080005) == "ISO_IR 192"
    assert list(decoded.items(0x00081140)[0].elements) == [0x00080104]
    assert decoded.items(0x00081140)[0].text(0x00080104) == "ä"


def test_file_meta_and_group_lengths_are_left_out() -> None:
    document = {"00020010": {"vr": "UI", "Value": ["1.2"]}, "00080000": {"vr": "UL", "Value": [4]}}
    assert not len(decode_json(document).dataset)


@pytest.mark.parametrize(
    ("attribute", "problem"),
    [
        ([], "vr"),
        ({}, "vr"),
        ({"vr": "XX"}, "vr"),
        ({"vr": 1}, "vr"),
        ({"vr": "OB", "InlineBinary": "", "BulkDataURI": "x"}, "exclude"),
        ({"vr": "LO", "Value": "x"}, "array"),
        ({"vr": "LO", "Value": [1]}, "string"),
        ({"vr": "LO", "Value": [{}]}, "string"),
        ({"vr": "LO", "Value": ["a\\b"]}, "backslash"),
        ({"vr": "LT", "Value": ["a", "b"]}, "more than once"),
        ({"vr": "CS", "Value": ["ä"]}, "repertoire"),
        ({"vr": "LO", "Value": ["\ud800"]}, "surrogate"),
        ({"vr": "PN", "Value": [{"Family": "x"}]}, "person name"),
        ({"vr": "PN", "Value": [{"Alphabetic": "a=b"}]}, "equals"),
        ({"vr": "PN", "Value": [3]}, "person name"),
        ({"vr": "US", "Value": [65536]}, "US"),
        ({"vr": "US", "Value": [1.5]}, "US"),
        ({"vr": "US", "Value": [None, 1]}, "US"),
        ({"vr": "US", "Value": [True]}, "US"),
        ({"vr": "FL", "Value": [1e39]}, "FL"),
        ({"vr": "FD", "Value": ["0x1p4"]}, "FD"),
        ({"vr": "DS", "Value": [True]}, "number"),
        ({"vr": "IS", "Value": [[]]}, "number"),
        ({"vr": "AT", "Value": ["PatientID"]}, "tag"),
        ({"vr": "SQ", "Value": {}}, "array"),
        ({"vr": "SQ", "Value": [None]}, "object"),
        ({"vr": "OB", "Value": [1]}, "InlineBinary"),
        ({"vr": "OB", "InlineBinary": "?"}, "base64"),
        ({"vr": "OB", "InlineBinary": [1]}, "base64"),
        ({"vr": "OW", "InlineBinary": "AQ=="}, "2-byte"),
        ({"vr": "LO", "InlineBinary": "AQ=="}, "LO"),
        ({"vr": "OB", "BulkDataURI": 1}, "URI"),
        ({"vr": "OB", "BulkDataURI": ""}, "URI"),
        ({"vr": "PN", "BulkDataURI": "x"}, "bulk data"),
        ({"vr": "SQ", "BulkDataURI": "x"}, "bulk data"),
    ],
)
def test_a_broken_attribute_is_refused_by_its_path(attribute: Any, problem: str) -> None:
    assert problem in refusal(attribute)
    assert "00091001" in refusal(attribute)
    nested = refusal({"vr": "SQ", "Value": [{}, {"00091001": attribute}]}, "00081140")
    assert "00081140/1/00091001" in nested


@pytest.mark.parametrize("name", ["PatientID", "0010002", "001000200", "0010002G", ""])
def test_a_name_that_is_no_tag_is_refused(name: str) -> None:
    assert "eight hexadecimal digits" in refusal({"vr": "LO"}, name)


def test_the_same_tag_in_upper_and_lower_case_is_refused() -> None:
    with pytest.raises(MalformedDataset, match="twice"):
        decode_json(b'{"0008002a":{"vr":"DT"},"0008002A":{"vr":"DT"}}')


@pytest.mark.parametrize("document", [b"[]", b"1", b'"x"', b"null"])
def test_metadata_that_are_no_object_are_refused(document: bytes) -> None:
    with pytest.raises(MalformedDataset):
        decode_json(document)


def test_an_array_of_instances_and_a_single_one_are_decoded() -> None:
    one = b'{"00100020":{"vr":"LO","Value":["1"]}}'
    assert [each.dataset.text(0x00100020) for each in decode_json_instances(b"[" + one + b"," + one + b"]")] == [
        "1",
        "1",
    ]
    assert len(decode_json_instances(one)) == 1


def test_65_levels_of_sequences_are_refused() -> None:
    nested: dict[str, Any] = {}
    for _ in range(65):
        nested = {"00081140": {"vr": "SQ", "Value": [nested]}}
    with pytest.raises(LimitExceeded):
        decode_json(nested)
