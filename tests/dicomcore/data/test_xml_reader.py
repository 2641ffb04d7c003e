from typing import Any

import pytest

from dicomcore.data import xml_reader
from dicomcore.data.json_model import BulkdataPolicy, encode_json
from dicomcore.data.xml_model import NAMESPACE, xml_of_json
from dicomcore.data.xml_reader import decode_xml
from dicomcore.errors import LimitExceeded, MalformedDataset

POLICY = BulkdataPolicy(b"/")


def document(content: str) -> bytes:
    start = f'<?xml version="1.0" encoding="UTF-8"?><NativeDicomModel xmlns="{NAMESPACE}" xml:space="preserve">'
    return f"{start}{content}</NativeDicomModel>".encode()


def decoded(content: str) -> bytes:
    return encode_json(decode_xml(document(content)).dataset, POLICY)


def attribute(content: str, tag: str = "00091001", vr: str = "LO") -> str:
    return f'<DicomAttribute tag="{tag}" vr="{vr}">{content}</DicomAttribute>'


def test_what_was_encoded_comes_back() -> None:
    metadata = (
        b'{"00080005":{"vr":"CS","Value":["ISO_IR 192"]},"00080020":{"vr":"DA"},'
        b'"00081140":{"vr":"SQ","Value":[{},{"00080104":{"vr":"LO","Value":["<\xc3\xa4>",null,"b"]}}]},'
        b'"00090010":{"vr":"LO","Value":["ACME"]},"00091001":{"vr":"DS","Value":["1.10",2]},'
        b'"00100010":{"vr":"PN","Value":[{"Alphabetic":"A^B^^^E","Phonetic":"c"},null]},'
        b'"00104000":{"vr":"LT","Value":[" a\\r\\n\\tb"]},"00280010":{"vr":"US","Value":[3,4]},'
        b'"00420011":{"vr":"OB","InlineBinary":"AQI="}}'
    )
    assert encode_json(decode_xml(xml_of_json(metadata)).dataset, POLICY) == metadata.replace(b'"1.10"', b"1.10")


def test_bulkdata_are_noted_by_path() -> None:
    nested = attribute('<BulkData uri="cid:2"/>', "00420011", "OB")
    content = attribute(f'<Item number="1">{nested}</Item>', "00081140", "SQ") + attribute(
        '<BulkData uuid="x"/>', "7FE00010", "OW"
    )
    assert decode_xml(document(content)).references == {"00081140/0/00420011": "cid:2", "7FE00010": "x"}


def test_two_creators_get_two_blocks() -> None:
    content = "".join(
        f'<DicomAttribute tag="00290010" vr="SH" privateCreator="{creator}"><Value>{creator}</Value></DicomAttribute>'
        for creator in ("A", "B", "A")
    )
    dataset = decode_xml(document(content)).dataset
    assert [f"{element.tag:08X}" for element in dataset] == [
        "00290010", "00290011", "00290012", "00291010", "00291110", "00291210",
    ]  # fmt: skip
    assert [dataset.text(tag) for tag in (0x00290010, 0x00290011, 0x00290012)] == ["A", "B", "A"]


def test_a_block_that_is_reserved_in_the_document_is_kept() -> None:
    content = attribute('<Value number="1">OTHER</Value>', "00290010")
    content += '<DicomAttribute tag="00290001" vr="SH" privateCreator="ACME"/>'
    assert list(decode_xml(document(content)).dataset.elements) == [0x00290010, 0x00290011, 0x00291101]


def test_a_group_has_240_blocks_and_no_more() -> None:
    content = '<DicomAttribute tag="00290001" vr="SH" privateCreator="A"/>'
    assert len(decode_xml(document(content * 240)).dataset) == 480
    with pytest.raises(MalformedDataset, match="no block left"):
        decode_xml(document(content * 241))


def test_an_element_without_creator_keeps_its_place_in_a_block() -> None:
    content = attribute("", "00290010") + attribute("", "00291001")
    content += '<DicomAttribute tag="00290001" vr="SH" privateCreator="A"/>'
    assert list(decode_xml(document(content)).dataset.elements) == [0x00290010, 0x00290011, 0x00291001, 0x00291101]


def test_a_private_tag_that_kept_its_block_is_taken() -> None:
    content = '<DicomAttribute tag="00291501" vr="SH" privateCreator="ACME"/>'
    assert list(decode_xml(document(content)).dataset.elements) == [0x00290010, 0x00291001]


def test_a_missing_vr_is_looked_up() -> None:
    assert decoded('<DicomAttribute tag="00280010"><Value number="1">7</Value></DicomAttribute>') == (
        b'{"00280010":{"vr":"US","Value":[7]}}'
    )


def test_a_missing_namespace_and_missing_numbers_are_taken() -> None:
    plain = b"<NativeDicomModel>" + attribute("<Value>a</Value><Value>b</Value>").encode() + b"</NativeDicomModel>"
    assert decode_xml(plain).dataset.texts(0x00091001) == ["a", "b"]


def test_values_are_in_the_order_of_their_numbers() -> None:
    content = attribute('<Value number="2">b</Value><Value number="1">a</Value>')
    assert decode_xml(document(content)).dataset.texts(0x00091001) == ["a", "b"]


@pytest.mark.parametrize("numbers", [(1, 3), (0, 1), (1, 1), (2,), (1, 999999999), ("x",), (-1,)])
def test_numbers_that_do_not_count_are_refused(numbers: tuple[Any, ...]) -> None:
    with pytest.raises(MalformedDataset):
        decoded(attribute("".join(f'<Value number="{number}">a</Value>' for number in numbers)))


def test_inline_binary_may_be_broken_into_lines() -> None:
    assert b'"AQIDBA=="' in decoded(attribute("<InlineBinary>\n AQID\n BA==\n</InlineBinary>", vr="OB"))


@pytest.mark.parametrize(
    "content",
    [
        "<Other/>",
        '<DicomAttribute tag="xyz" vr="LO"/>',
        '<DicomAttribute vr="LO"/>',
        attribute("<Item><Value>1</Value></Item>", vr="SQ"),
        attribute("<Value><b/></Value>"),
        attribute('<PersonName number="1"><Other/></PersonName>', vr="PN"),
        attribute("") + attribute(""),
        attribute('<Value number="1">x</Value><InlineBinary>AQI=</InlineBinary>', vr="OB"),
        attribute("<BulkData/>", vr="OB"),
        "<DicomAttribute>",
        "&undefined;",
        "\x00",
    ],
)
def test_what_breaks_the_model_is_refused(content: str) -> None:
    with pytest.raises(MalformedDataset):
        decoded(content)


def test_a_refusal_names_the_path() -> None:
    with pytest.raises(MalformedDataset, match="00081140: DicomAttribute: tag"):
        decoded(attribute('<Item number="1"><DicomAttribute tag="1"/></Item>', "00081140", "SQ"))


@pytest.mark.parametrize(
    "declaration",
    [
        "<!DOCTYPE NativeDicomModel>",
        '<!DOCTYPE a [<!ENTITY x "y">]>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE a [<!ENTITY l "lol"><!ENTITY m "&l;&l;&l;&l;"><!ENTITY n "&m;&m;&m;&m;">]>',
    ],
)
def test_document_type_declarations_are_refused(declaration: str) -> None:
    with pytest.raises(MalformedDataset):
        decode_xml(f"{declaration}<NativeDicomModel/>".encode())


def test_64_levels_of_sequences_are_taken_and_more_are_refused() -> None:
    def nested(depth: int) -> bytes:
        start = '<DicomAttribute tag="00081140" vr="SQ"><Item number="1">'
        return document(start * depth + "</Item></DicomAttribute>" * depth)

    assert decode_xml(nested(64)).dataset.items(0x00081140)
    for depth in (65, 70, 5000):
        with pytest.raises(LimitExceeded):
            decode_xml(nested(depth))


def test_too_many_elements_and_too_many_bytes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_reader, "MAX_VALUES", 3)
    with pytest.raises(LimitExceeded):
        decoded(attribute("<Value/>" * 5))
    monkeypatch.setattr(xml_reader, "MAX_METADATA", 100)
    with pytest.raises(LimitExceeded):
        decoded(" " * 100)
