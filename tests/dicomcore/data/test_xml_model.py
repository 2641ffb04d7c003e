import re
from typing import Any

from builders import element, sequence

from dicomcore.data.json_model import PLACEHOLDER, BulkdataPolicy, encode_json
from dicomcore.data.reader import read_dataset
from dicomcore.data.transfer_syntax import EXPLICIT_VR_LITTLE_ENDIAN
from dicomcore.data.xml_model import encode_xml, iterate_xml, xml_of_json

POLICY = BulkdataPolicy(b"http://h/bulkdata/", threshold=8)
START = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM" xml:space="preserve">'
)


def content(raw: bytes) -> str:
    document = encode_xml(read_dataset(raw, EXPLICIT_VR_LITTLE_ENDIAN), POLICY).decode()
    assert document.startswith(START)
    return document.removeprefix(START).removesuffix("</NativeDicomModel>")


def of_json(attribute: Any, tag: str = "00100020") -> str:
    return xml_of_json({tag: attribute}).decode().removeprefix(START).removesuffix("</NativeDicomModel>")


def test_an_attribute_has_tag_vr_keyword_and_numbered_values() -> None:
    assert content(element(0x00080008, "CS", "A\\\\B")) == (
        '<DicomAttribute tag="00080008" vr="CS" keyword="ImageType"><Value number="1">A</Value><Value number="2"/>'
        '<Value number="3">B</Value></DicomAttribute>'
    )


def test_an_empty_attribute_has_no_content() -> None:
    assert content(element(0x00080020, "DA")) == '<DicomAttribute tag="00080020" vr="DA" keyword="StudyDate"/>'


def test_numbers_are_decimal_text_as_the_data_set_has_them() -> None:
    written = content(element(0x00180050, "DS", "1.10") + element(0x00280010, "US", 512))
    assert '<Value number="1">1.10</Value>' in written
    assert '<Value number="1">512</Value>' in written


def test_a_private_element_has_its_creator_and_no_block() -> None:
    raw = element(0x00290010, "LO", "A") + element(0x00290011, "LO", '"<')
    raw += element(0x00291010, "SH", "x") + element(0x00291110, "SH")
    assert content(raw) == (
        '<DicomAttribute tag="00290010" privateCreator="A" vr="SH"><Value number="1">x</Value></DicomAttribute>'
        '<DicomAttribute tag="00290010" privateCreator="&quot;&lt;" vr="SH"/>'
    )


def test_a_private_element_without_creator_keeps_its_tag() -> None:
    assert content(element(0x00291010, "SH")) == '<DicomAttribute tag="00291010" vr="SH"/>'


def test_an_unknown_tag_has_no_keyword() -> None:
    assert content(element(0x00080003, "SH")) == '<DicomAttribute tag="00080003" vr="SH"/>'


def test_a_person_name_is_split_into_groups_and_components() -> None:
    raw = element(0x00080005, "CS", "ISO_IR 192")
    raw += element(0x00100010, "PN", "Do^Jane^^Dr^PhD^x=王^小東".encode() + b"\\\\==p")
    assert content(raw).partition('keyword="PatientName">')[2] == (
        '<PersonName number="1"><Alphabetic><FamilyName>Do</FamilyName><GivenName>Jane</GivenName>'
        "<NamePrefix>Dr</NamePrefix><NameSuffix>PhD^x</NameSuffix></Alphabetic><Ideographic><FamilyName>王</FamilyName>"
        '<GivenName>小東</GivenName></Ideographic></PersonName><PersonName number="2"/><PersonName number="3">'
        "<Phonetic><FamilyName>p</FamilyName></Phonetic></PersonName></DicomAttribute>"
    )


def test_items_are_numbered_and_may_be_empty() -> None:
    assert content(sequence(0x00081140, b"", element(0x00080060, "CS", "CT"))) == (
        '<DicomAttribute tag="00081140" vr="SQ" keyword="ReferencedImageSequence"><Item number="1"/><Item number="2">'
        '<DicomAttribute tag="00080060" vr="CS" keyword="Modality"><Value number="1">CT</Value></DicomAttribute>'
        "</Item></DicomAttribute>"
    )


def test_binary_values_are_inline_or_bulkdata_with_a_uri() -> None:
    assert content(element(0x00420011, "OB", b"\1\2")).count("<InlineBinary>AQI=</InlineBinary>") == 1
    bulk = content(sequence(0x00081140, element(0x00420011, "OB", bytes(10))))
    assert '<BulkData uri="http://h/bulkdata/00081140/0/00420011"/>' in bulk


def test_the_placeholder_of_the_base_uri_stays_one() -> None:
    dataset = read_dataset(element(0x7FE00010, "OB", b"\1\2"), EXPLICIT_VR_LITTLE_ENDIAN)
    document = encode_xml(dataset, BulkdataPolicy(PLACEHOLDER + b"/bulkdata/"))
    assert b'<BulkData uri="' + PLACEHOLDER + b'/bulkdata/7FE00010"/>' in document


def test_text_cannot_bring_in_the_placeholder() -> None:
    raw = element(0x00080005, "CS", "ISO_IR 192") + element(0x00100020, "LO", "\ufdd0 ".encode())
    raw += element(0x7FE00010, "OB", b"\1\2")
    stored = encode_json(read_dataset(raw, EXPLICIT_VR_LITTLE_ENDIAN), BulkdataPolicy(PLACEHOLDER))
    assert xml_of_json(stored).count(PLACEHOLDER) == 1


def test_characters_that_xml_does_not_have_are_replaced() -> None:
    written = of_json({"vr": "LT", "Value": ["a\x00b\x0b\x1b\x0c\x7f\ufffe\ud800z"]})
    assert ">a\ufffdb\ufffd\ufffd\ufffd\x7f\ufffd\ufffdz<" in written
    assert not re.search("[\x00-\x08]", written)


def test_markup_and_carriage_returns_are_escaped() -> None:
    assert ">&lt;a&gt; &amp; b&#13;\n<" in of_json({"vr": "LT", "Value": ["<a> & b\r\n"]})


def test_a_creator_cannot_break_out_of_its_attribute() -> None:
    members = {"00290010": {"vr": "LO", "Value": ['"><x a="\n']}, "00291001": {"vr": "SH"}}
    assert b'privateCreator="&quot;&gt;&lt;x a=&quot;&#10;"' in xml_of_json(members)


def test_pieces_are_one_for_each_attribute() -> None:
    members = {"00100010": {"vr": "PN"}, "00100020": {"vr": "LO"}}
    assert len(list(iterate_xml(members))) == 4


def test_an_array_of_one_object_is_taken() -> None:
    assert xml_of_json(b'[{"00100020":{"vr":"LO"}}]') == xml_of_json(b'{"00100020":{"vr":"LO"}}')


def test_a_noncharacter_of_the_data_stays_one() -> None:
    """U+FDD0 stands for the Base URI while metadata are text; in the data it is what it is."""
    members = '{"00100020":{"vr":"LO","Value":["\ufdd0"]}}'.encode()
    assert "\ufdd0" in xml_of_json(members).decode()
    assert PLACEHOLDER not in xml_of_json(members)
