"""Structured reports for tests, item by item: ``document(container("Findings", number("Length", "3", "mm")))``."""

from __future__ import annotations

from dicomcore.data import Dataset, new_dataset, tag_of, vr_of

COMPREHENSIVE_SR = "1.2.840.10008.5.1.4.1.1.88.33"
KEY_OBJECTS = "1.2.840.10008.5.1.4.1.1.88.59"
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"


def put(dataset: Dataset, keyword: str, *values: object, vr: str = "") -> Dataset:
    """Set an attribute by its keyword."""
    tag = tag_of(keyword)
    if tag is None:
        raise LookupError(keyword)
    dataset.put(tag, vr or vr_of(tag), *values)
    return dataset


def dataset_of(**attributes: object) -> Dataset:
    """Make a data set; a list or tuple is several values."""
    dataset = new_dataset()
    dataset.put(0x00080005, "CS", "ISO_IR 192")
    for keyword, value in attributes.items():
        put(dataset, keyword, *(value if isinstance(value, (list, tuple)) else [value]))
    return dataset


def code(meaning: str, value: str = "1", scheme: str = "99TEST") -> Dataset:
    return dataset_of(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def item(
    value_type: str, name: str = "", *children: Dataset, relationship: str = "CONTAINS", **attributes: object
) -> Dataset:
    made = dataset_of(RelationshipType=relationship, ValueType=value_type, **attributes)
    if name:
        put(made, "ConceptNameCodeSequence", code(name))
    if children:
        put(made, "ContentSequence", *children)
    return made


def container(name: str, *children: Dataset, continuity: str = "SEPARATE", **attributes: object) -> Dataset:
    return item("CONTAINER", name, *children, ContinuityOfContent=continuity, **attributes)  # type: ignore[arg-type]


def text(name: str, words: str, *children: Dataset, relationship: str = "CONTAINS") -> Dataset:
    return item("TEXT", name, *children, relationship=relationship, TextValue=words)


def number(name: str, value: str, unit: str, *children: Dataset, relationship: str = "CONTAINS") -> Dataset:
    measured = dataset_of(NumericValue=value, MeasurementUnitsCodeSequence=code(unit, unit, "UCUM"))
    return item("NUM", name, *children, relationship=relationship, MeasuredValueSequence=measured)


def concept(name: str, meaning: str, relationship: str = "CONTAINS") -> Dataset:
    return item("CODE", name, relationship=relationship, ConceptCodeSequence=code(meaning))


def image(name: str, uid: str, relationship: str = "CONTAINS", **attributes: object) -> Dataset:
    referenced = dataset_of(ReferencedSOPClassUID=CT_IMAGE, ReferencedSOPInstanceUID=uid, **attributes)
    return item("IMAGE", name, relationship=relationship, ReferencedSOPSequence=referenced)


def link(*place: int, relationship: str = "INFERRED FROM") -> Dataset:
    return dataset_of(RelationshipType=relationship, ReferencedContentItemIdentifier=place)


def evidence(study: str, series: str, *uids: str) -> Dataset:
    instances = [dataset_of(ReferencedSOPClassUID=CT_IMAGE, ReferencedSOPInstanceUID=uid) for uid in uids]
    listed = dataset_of(SeriesInstanceUID=series, ReferencedSOPSequence=instances)
    return dataset_of(StudyInstanceUID=study, ReferencedSeriesSequence=listed)


def document(
    *children: Dataset, title: str = "Report", sop_class: str = COMPREHENSIVE_SR, **attributes: object
) -> Dataset:
    made = dataset_of(
        SOPClassUID=sop_class,
        SOPInstanceUID="1.2.3",
        ValueType="CONTAINER",
        ContinuityOfContent="SEPARATE",
        ConceptNameCodeSequence=code(title),
        **attributes,
    )
    if children:
        put(made, "ContentSequence", *children)
    return made
