from __future__ import annotations

from lxml import etree
from report_documents import (
    code,
    concept,
    container,
    dataset_of,
    document,
    evidence,
    image,
    item,
    link,
    number,
    text,
)

from dicomcore.data import Dataset
from dicomcore.documents.content_xml import NAMESPACE, content_xml
from dicomcore.documents.report import read_report


def parsed(dataset: Dataset) -> etree._Element:
    return etree.fromstring(content_xml(read_report(dataset), lambda one: f"/i/{one.sop_instance_uid}"))


def found(dataset: Dataset, name: str) -> etree._Element:
    return next(parsed(dataset).iter(f"{{{NAMESPACE}}}{name}"))


def test_items_have_place_type_and_relationship() -> None:
    items = list(parsed(document(container("A", text("B", "b")))).iter(f"{{{NAMESPACE}}}item"))
    assert [dict(one.attrib) for one in items[1:]] == [
        {"id": "1.1", "type": "CONTAINER", "relationship": "CONTAINS", "continuity": "SEPARATE"},
        {"id": "1.1.1", "type": "TEXT", "relationship": "CONTAINS"},
    ]


def test_codes_keep_all_their_parts() -> None:
    value = found(document(concept("A", "Mass")), "value")
    assert (value.get("code"), value.get("scheme"), value.text) == ("1", "99TEST", "Mass")


def test_numbers_keep_unit_and_exact_value() -> None:
    value = found(document(number("A", "12.50", "mm")), "number")
    assert (value.get("value"), value.get("exact"), value[0].get("code")) == ("12.50", "12.5", "mm")


def test_references_keep_where_the_instance_is() -> None:
    dataset = document(
        image("A", "9", ReferencedFrameNumber=(1, 3)),
        CurrentRequestedProcedureEvidenceSequence=evidence("1.1", "1.2", "9"),
    )
    reference = found(dataset, "reference")
    assert (reference.get("series"), reference.get("frames"), reference.get("href")) == ("1.2", "1 3", "/i/9")


def test_every_other_value_has_its_element() -> None:
    table = dataset_of(
        NumberOfTableRows=1,
        NumberOfTableColumns=1,
        CellValuesSequence=dataset_of(TableRowNumber=1, TableColumnNumber=1, SelectorUCValue="cell"),
    )
    dataset = document(
        item("DATE", "A", Date="20240131"),
        item("TIME", "A", Time="14"),
        item("DATETIME", "A", DateTime="2024"),
        item("UIDREF", "A", UID="1.2"),
        item("PNAME", "A", PersonName="Doe^J"),
        item("SCOORD", "A", GraphicType="POINT", GraphicData=(1.0, 2.0)),
        item("TCOORD", "A", TemporalRangeType="POINT", ReferencedSamplePositions=(5,)),
        item("TABLE", "A", TabulatedValuesSequence=table),
        link(1, 1),
        item("HOLOGRAM", "A"),
    )
    tree = parsed(dataset)
    texts = {etree.QName(one).localname: one.text for one in tree.iter() if one.text and one.text.strip()}
    assert texts["date"] == "20240131"
    assert (texts["time"], texts["datetime"], texts["uid"], texts["name"]) == ("14", "2024", "1.2", "Doe^J")
    assert (texts["point"], texts["sample"], texts["cell"]) == ("1.0 2.0", "5", "cell")
    assert found(dataset, "link").get("item") == "1.1"


def test_the_head_is_there() -> None:
    verifier = dataset_of(VerifyingObserverName="Doe^Jane", VerifyingObserverIdentificationCodeSequence=code("JD"))
    dataset = document(PatientName="Doe^John", PatientID="P1", VerifyingObserverSequence=verifier, AccessionNumber="A1")
    assert found(dataset, "patient").text == "Doe^John"
    assert found(dataset, "verifier").text == "Doe^Jane"
    assert found(dataset, "study").get("accession-number") == "A1"


def test_markup_and_control_characters_stay_text() -> None:
    attack = '</text></item><item id="x"/>&\x00\x1b"\r'
    dataset = document(text("A", attack), PatientID='"><x/>')
    assert found(dataset, "text").text == attack.replace("\x00", "\ufffd").replace("\x1b", "\ufffd")
    assert found(dataset, "patient").get("id") == '"><x/>'
