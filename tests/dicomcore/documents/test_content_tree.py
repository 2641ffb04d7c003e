from __future__ import annotations

import pytest
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
    put,
    text,
)

from dicomcore.data import Dataset, new_dataset
from dicomcore.documents import content_tree
from dicomcore.documents.codes import Code
from dicomcore.documents.content_tree import MAX_LEVELS, read_content
from dicomcore.documents.values import (
    Concept,
    Container,
    Coordinates,
    Link,
    Moment,
    Number,
    PersonName,
    Reference,
    TemporalCoordinates,
    Text,
    Uid,
    Unreadable,
    Value,
)
from dicomcore.errors import LimitExceeded


def value_of(dataset: Dataset) -> Value:
    return read_content(document(dataset)).children[0].value


def test_items_know_their_place_relationship_and_name() -> None:
    root = read_content(document(text("A", "a"), container("B", text("C", "c", relationship="HAS OBS CONTEXT"))))
    inner = root.children[1].children[0]
    assert (inner.place, inner.relationship, inner.value_type) == ((1, 2, 1), "HAS OBS CONTEXT", "TEXT")
    assert inner.name == Code("1", "99TEST", "C")


def test_plain_values_are_read() -> None:
    cases: list[tuple[Dataset, Value]] = [
        (text("A", "words"), Text("words")),
        (concept("A", "Mass"), Concept(Code("1", "99TEST", "Mass"))),
        (item("DATETIME", "A", DateTime="20240131"), Moment("DT", "20240131")),
        (item("DATE", "A", Date="20240131"), Moment("DA", "20240131")),
        (item("TIME", "A", Time="1403"), Moment("TM", "1403")),
        (item("UIDREF", "A", UID="1.2.3"), Uid("1.2.3")),
        (item("PNAME", "A", PersonName="Doe^J"), PersonName("Doe^J")),
        (container("A", continuity="CONTINUOUS"), Container(True)),
    ]
    assert [value_of(dataset) for dataset, _ in cases] == [value for _, value in cases]


def test_a_number_is_as_exact_as_the_document_has_it() -> None:
    unit = code("mm", "mm", "UCUM")
    measured = dataset_of(NumericValue="0.333", MeasurementUnitsCodeSequence=unit)
    put(measured, "RationalNumeratorValue", 1)
    put(measured, "RationalDenominatorValue", 3)
    assert value_of(item("NUM", "A", MeasuredValueSequence=measured)) == Number(
        "0.333", 1 / 3, Code("mm", "UCUM", "mm"), None, (1, 3)
    )
    put(measured, "FloatingPointValue", 0.33301)
    exact = value_of(item("NUM", "A", MeasuredValueSequence=measured))
    assert isinstance(exact, Number)
    assert exact.value == 0.33301


def test_a_number_without_value_says_why() -> None:
    found = value_of(item("NUM", "A", MeasuredValueSequence=(), NumericValueQualifierCodeSequence=code("Failed")))
    assert found == Number("", None, None, Code("1", "99TEST", "Failed"))


def test_a_rational_with_a_zero_below_the_line_is_none() -> None:
    measured = dataset_of(NumericValue="1", RationalNumeratorValue=1, RationalDenominatorValue=0)
    assert value_of(item("NUM", "A", MeasuredValueSequence=measured)) == Number("1", 1.0, None)


def test_references_are_located_by_the_evidence() -> None:
    dataset = document(
        image("A", "9", ReferencedFrameNumber=4), CurrentRequestedProcedureEvidenceSequence=evidence("1.1", "1.2", "9")
    )
    found = read_content(dataset).children[0].value
    assert isinstance(found, Reference)
    assert (found.study_instance_uid, found.series_instance_uid, found.frames) == ("1.1", "1.2", (4,))


def test_coordinates_come_in_pairs_and_triples() -> None:
    flat = value_of(item("SCOORD", "A", GraphicType="POINT", GraphicData=(1.0, 2.5, 7.0)))
    assert flat == Coordinates("POINT", ((1.0, 2.5),))
    solid = value_of(
        item("SCOORD3D", "A", GraphicType="POINT", GraphicData=(1.0, 2.0, 3.0), ReferencedFrameOfReferenceUID="1.9")
    )
    assert solid == Coordinates("POINT", ((1.0, 2.0, 3.0),), "1.9")


def test_temporal_coordinates_are_read_in_each_form() -> None:
    found = value_of(item("TCOORD", "A", TemporalRangeType="SEGMENT", ReferencedSamplePositions=(5, 9)))
    assert found == TemporalCoordinates("SEGMENT", (5, 9))
    later = value_of(item("TCOORD", "A", TemporalRangeType="POINT", ReferencedTimeOffsets=("1.5",)))
    assert later == TemporalCoordinates("POINT", offsets=(1.5,))


def test_relationships_by_reference_are_not_followed() -> None:
    circle = document(container("A", link(1, 1)), container("B", link(1), link(1, 9, 9)))
    root = read_content(circle)
    assert [child.value for child in root.children[1].children] == [Link((1,)), Link((1, 9, 9))]
    assert root.children[0].children[0].children == ()


def test_what_is_missing_or_unknown_is_unreadable() -> None:
    for dataset in (item("TEXT", "A"), item("HOLOGRAM", "A"), item("IMAGE", "A"), item("CODE", "A"), new_dataset()):
        assert value_of(dataset) == Unreadable()


def test_templates_and_times_of_observation_are_kept() -> None:
    made = container("A", ContentTemplateSequence=dataset_of(TemplateIdentifier="1410"), ObservationDateTime="2024")
    found = read_content(document(made)).children[0]
    assert (found.template, found.observed_at) == ("1410", "2024")


def test_a_tree_that_is_too_deep_is_refused() -> None:
    deep = container("end")
    for _ in range(MAX_LEVELS):
        deep = container("level", deep)
    with pytest.raises(LimitExceeded, match="levels"):
        read_content(deep)


def test_a_tree_with_too_many_items_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content_tree, "MAX_ITEMS", 5)
    with pytest.raises(LimitExceeded, match="content items"):
        read_content(document(*[number("A", "1", "mm") for _ in range(5)]))
