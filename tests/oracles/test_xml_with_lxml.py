"""Our Native DICOM Model of the files that pydicom ships: lxml finds it valid, pydicom the same values.

The schema below says what PS3.19 Table A.1.5-2 says, in RELAX NG.
"""

import json
import logging
import struct
import warnings
from pathlib import Path
from typing import Any

import pydicom
import pytest
from lxml import etree
from pydicom.data import get_charset_files, get_testdata_files
from pydicom.dataelem import DataElement

from dicomcore.data.file_format import read_file
from dicomcore.data.json_model import BulkdataPolicy, encode_json
from dicomcore.data.json_reader import decode_json
from dicomcore.data.xml_model import encode_xml
from dicomcore.data.xml_reader import decode_xml
from dicomcore.errors import DataError

NAMESPACE = "http://dicom.nema.org/PS3.19/models/NativeDICOM"
POLICY = BulkdataPolicy(b"bulkdata/", 1024)
ROOT = Path(__file__).resolve().parents[2]
NOT_COMPARED = {"OB", "OW", "OD", "OF", "OL", "OV", "UN", "SQ"}


def optional(name: str) -> str:
    return f'<optional><element name="{name}"><text/></element></optional>'


COMPONENTS = "".join(optional(name) for name in ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix"))
GROUPS = "".join(
    f'<optional><element name="{name}">{COMPONENTS}</element></optional>'
    for name in ("Alphabetic", "Ideographic", "Phonetic")
)
NUMBER = '<attribute name="number"><data type="positiveInteger"/></attribute>'
SCHEMA = f"""
<grammar xmlns="http://relaxng.org/ns/structure/1.0" ns="{NAMESPACE}"
         datatypeLibrary="http://www.w3.org/2001/XMLSchema-datatypes">
  <start>
    <element name="NativeDicomModel">
      <attribute name="xml:space"><value>preserve</value></attribute>
      <ref name="dataset"/>
    </element>
  </start>
  <define name="dataset">
    <zeroOrMore>
      <element name="DicomAttribute">
        <attribute name="tag"><data type="string"><param name="pattern">[0-9A-F]{{8}}</param></data></attribute>
        <attribute name="vr"><data type="string"><param name="pattern">[A-Z]{{2}}</param></data></attribute>
        <optional><attribute name="keyword"/></optional>
        <optional><attribute name="privateCreator"/></optional>
        <choice>
          <empty/>
          <element name="BulkData"><attribute name="uri"/></element>
          <element name="InlineBinary"><text/></element>
          <oneOrMore><element name="Value">{NUMBER}<text/></element></oneOrMore>
          <oneOrMore><element name="Item">{NUMBER}<ref name="dataset"/></element></oneOrMore>
          <oneOrMore><element name="PersonName">{NUMBER}{GROUPS}</element></oneOrMore>
        </choice>
      </element>
    </zeroOrMore>
  </define>
</grammar>
"""


def files() -> list[Path]:
    found = {Path(name) for name in (*get_testdata_files(), *get_charset_files())}
    found |= set(ROOT.parent.joinpath("shared", "data").rglob("*.dcm"))
    return sorted(path for path in found if path.is_file() and is_readable(path))


def is_readable(path: Path) -> bool:
    try:
        return bool(read_file(path.read_bytes()).dataset)
    except DataError:
        return False


@pytest.fixture(scope="module")
def schema() -> etree.RelaxNG:
    return etree.RelaxNG(etree.fromstring(SCHEMA))


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_the_document_is_valid(path: Path, schema: etree.RelaxNG) -> None:
    document = etree.fromstring(encode_xml(read_file(path.read_bytes()).dataset, POLICY))
    schema.assertValid(document)


def texts(attribute: etree._Element) -> list[str]:
    return ["" if value.text is None else value.text for value in attribute.iterchildren(f"{{{NAMESPACE}}}Value")]


def same(element: DataElement, ours: list[str]) -> bool:
    values = element.value if element.VM > 1 else [] if element.is_empty else [element.value]
    if element.VR == "FL":
        return [struct.pack("f", float(text)) for text in ours] == [struct.pack("f", value) for value in values]
    if element.VR in ("FD", "DS", "US", "SS", "UL", "SL", "IS", "SV", "UV"):
        return [float(text) for text in ours if text] == [float(value) for value in values if value is not None]
    if element.VR == "AT":
        return ours == [f"{value:08X}" for value in values]
    theirs = [str(value) for value in values]
    return [text.strip() for text in ours] == [text.strip() for text in theirs]


@pytest.mark.parametrize("name", ["CT_small.dcm", "test-SR.dcm", "rtplan.dcm", "examples_overlay.dcm", "693_J2KI.dcm"])
def test_values_are_those_that_pydicom_reads(name: str) -> None:
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    path = next(path for path in files() if path.name == name)
    document = etree.fromstring(encode_xml(read_file(path.read_bytes()).dataset, POLICY))
    attributes = {child.get("tag"): child for child in document if child.get("privateCreator") is None}
    compared = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for element in pydicom.dcmread(path):
            if element.tag.is_private or element.VR in NOT_COMPARED | {"PN"} or element.tag in (0x00080005,):
                continue
            if element.tag.element:
                assert same(element, texts(attributes[f"{int(element.tag):08X}"])), element
                compared += 1
    assert compared > 10


def without_bulkdata_and_padding(members: dict[str, Any]) -> dict[str, Any]:
    """Leave out what XML, or a data set without bulk data, cannot bring back."""
    kept: dict[str, Any] = {}
    for name, attribute in members.items():
        if "BulkDataURI" in attribute or (int(name, 16) & 0x10000) or name == "00080005":
            continue
        kept[name] = dict(attribute)
        if attribute["vr"] == "SQ":
            kept[name]["Value"] = [without_bulkdata_and_padding(item) for item in attribute.get("Value", [])]
        elif attribute["vr"] == "PN":
            values = attribute.get("Value", [])
            kept[name]["Value"] = [
                {k: v.rstrip("^") for k, v in (value or {}).items() if v.rstrip("^")} for value in values
            ]
            kept[name]["Value"] = kept[name]["Value"] if any(kept[name]["Value"]) else []
    return kept


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_what_comes_back_is_what_json_says(path: Path) -> None:
    dataset = read_file(path.read_bytes()).dataset
    from_xml = decode_xml(encode_xml(dataset, POLICY)).dataset
    from_json = decode_json(encode_json(dataset, POLICY)).dataset
    ours, expected = (json.loads(encode_json(each, POLICY)) for each in (from_xml, from_json))
    assert without_bulkdata_and_padding(ours) == without_bulkdata_and_padding(expected)
