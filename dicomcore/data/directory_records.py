"""The directory records of a DICOMDIR (PS3.3 §F.4, §F.5) as tables: which record an instance has, what it holds.

A SOP Class that is in no row is an IMAGE if its data set has Rows, else RAW DATA: both say no more than the class does,
and readers show what they do not know.
"""

from __future__ import annotations

from typing import NamedTuple

_STORAGE = "1.2.840.10008.5.1.4.1.1."
_OTHER = "1.2.840.10008.5.1.4."


class RecordKeys(NamedTuple):
    """The keywords of a record: those that are always there, empty if need be, and those that are there if known."""

    always: tuple[str, ...]
    if_present: tuple[str, ...] = ()


def _keys(always: str, if_present: str = "") -> RecordKeys:
    return RecordKeys(tuple(always.split()), tuple(if_present.split()))


_CONTENT = "InstanceNumber ContentDate ContentTime"
_CONTENT_IDENTIFICATION = f"{_CONTENT} ContentLabel ContentDescription ContentCreatorName"

RECORD_KEYS: dict[str, RecordKeys] = {
    "PATIENT": _keys("PatientName PatientID", "IssuerOfPatientID PatientBirthDate PatientSex"),
    "STUDY": _keys("StudyDate StudyTime StudyDescription StudyInstanceUID StudyID AccessionNumber"),
    "SERIES": _keys("Modality SeriesInstanceUID SeriesNumber", "SeriesDescription"),
    "IMAGE": _keys("InstanceNumber"),
    "RT DOSE": _keys("InstanceNumber DoseSummationType", "DoseComment"),
    "RT STRUCTURE SET": _keys("InstanceNumber StructureSetLabel StructureSetDate StructureSetTime"),
    "RT PLAN": _keys("InstanceNumber RTPlanLabel RTPlanDate RTPlanTime"),
    "RT TREAT RECORD": _keys("InstanceNumber TreatmentDate TreatmentTime"),
    "PRESENTATION": _keys(
        "PresentationCreationDate PresentationCreationTime "
        "InstanceNumber ContentLabel ContentDescription ContentCreatorName",
        "ReferencedSeriesSequence BlendingSequence",
    ),
    "WAVEFORM": _keys(_CONTENT),
    "SR DOCUMENT": _keys(f"{_CONTENT} CompletionFlag VerificationFlag ConceptNameCodeSequence", "VerificationDateTime"),
    "KEY OBJECT DOC": _keys(f"{_CONTENT} ConceptNameCodeSequence"),
    "SPECTROSCOPY": _keys(
        f"ImageType {_CONTENT} NumberOfFrames Rows Columns DataPointRows DataPointColumns",
        "ReferencedImageEvidenceSequence",
    ),
    "RAW DATA": _keys(_CONTENT),
    "REGISTRATION": _keys(_CONTENT_IDENTIFICATION),
    "FIDUCIAL": _keys(_CONTENT_IDENTIFICATION),
    "VALUE MAP": _keys(_CONTENT_IDENTIFICATION),
    "MEASUREMENT": _keys(_CONTENT_IDENTIFICATION),
    "SURFACE": _keys(_CONTENT_IDENTIFICATION),
    "TRACT": _keys(_CONTENT_IDENTIFICATION),
    "ANNOTATION": _keys(_CONTENT_IDENTIFICATION),
    "SURFACE SCAN": _keys("ContentDate ContentTime"),
    "ENCAP DOC": _keys(
        f"{_CONTENT} DocumentTitle ConceptNameCodeSequence MIMETypeOfEncapsulatedDocument", "HL7InstanceIdentifier"
    ),
    "ASSESSMENT": _keys("InstanceNumber InstanceCreationDate InstanceCreationTime"),
    "RADIOTHERAPY": _keys(
        "InstanceNumber ContentDescription ContentCreatorName", "UserContentLabel UserContentLongLabel"
    ),
    "STEREOMETRIC": _keys(""),
    "PLAN": _keys(""),
    "HANGING PROTOCOL": _keys(
        "HangingProtocolCreator HangingProtocolCreationDateTime HangingProtocolDefinitionSequence "
        "NumberOfPriorsReferenced HangingProtocolUserIdentificationCodeSequence"
    ),
    "PALETTE": _keys("ContentLabel ContentDescription"),
    "IMPLANT": _keys("Manufacturer ImplantName ImplantPartNumber", "ImplantSize"),
    "IMPLANT ASSY": _keys("ImplantAssemblyTemplateName Manufacturer ProcedureTypeCodeSequence"),
    "IMPLANT GROUP": _keys("ImplantTemplateGroupName ImplantTemplateGroupIssuer"),
    "INVENTORY": _keys("ContentDate ContentTime"),
}

ROOT_RECORDS = frozenset(("HANGING PROTOCOL", "PALETTE", "IMPLANT", "IMPLANT ASSY", "IMPLANT GROUP", "INVENTORY"))
"""Records of instances that belong to no patient; they stand in the root directory entity (PS3.3 §F.4)."""


def _rows(record_type: str, root: str, components: str) -> dict[str, str]:
    return {root + component: record_type for component in components.split()}


_EXACT: dict[str, str] = {
    **_rows("KEY OBJECT DOC", _STORAGE, "88.59"),
    **_rows("SR DOCUMENT", _STORAGE, "78.6 79.1"),
    **_rows("PRESENTATION", _STORAGE, "131 9.100.1 9.100.2"),
    **_rows("RT DOSE", _STORAGE, "481.2"),
    **_rows("RT STRUCTURE SET", _STORAGE, "481.3"),
    **_rows("RT PLAN", _STORAGE, "481.5 481.8"),
    **_rows("RT TREAT RECORD", _STORAGE, "481.4 481.6 481.7 481.9"),
    **_rows("RADIOTHERAPY", _STORAGE, "481.10 481.11 481.12 481.13 481.14 481.15 481.16 481.17 481.18 481.19"),
    **_rows("RADIOTHERAPY", _STORAGE, "481.20 481.21 481.22 481.25"),
    **_rows("PLAN", _OTHER, "34.1 34.7 34.10"),
    **_rows("SPECTROSCOPY", _STORAGE, "4.2"),
    **_rows("RAW DATA", _STORAGE, "66"),
    **_rows("REGISTRATION", _STORAGE, "66.1 66.3"),
    **_rows("FIDUCIAL", _STORAGE, "66.2"),
    **_rows("SURFACE", _STORAGE, "66.5"),
    **_rows("TRACT", _STORAGE, "66.6"),
    **_rows("VALUE MAP", _STORAGE, "67"),
    **_rows("SURFACE SCAN", _STORAGE, "68.1 68.2"),
    **_rows("STEREOMETRIC", _STORAGE, "77.1.5.3"),
    **_rows("MEASUREMENT", _STORAGE, "78.1 78.2 78.3 78.4 78.5 78.7 78.8 80.1"),
    **_rows("ASSESSMENT", _STORAGE, "90.1"),
    **_rows("ANNOTATION", _STORAGE, "91.1"),
    **_rows("INVENTORY", _STORAGE, "201.1"),
    **_rows("HANGING PROTOCOL", _OTHER, "38.1"),
    **_rows("PALETTE", _OTHER, "39.1"),
    **_rows("IMPLANT", _OTHER, "43.1"),
    **_rows("IMPLANT ASSY", _OTHER, "44.1"),
    **_rows("IMPLANT GROUP", _OTHER, "45.1"),
}

# Families whose members all have one record, those to come included.
_FAMILIES: dict[str, str] = {
    f"{_STORAGE}88.": "SR DOCUMENT",
    f"{_STORAGE}11.": "PRESENTATION",
    f"{_STORAGE}9.": "WAVEFORM",
    f"{_STORAGE}104.": "ENCAP DOC",
}


def record_type_of(sop_class_uid: str, *, is_image: bool = True) -> str:
    """Return the type of the directory record for an instance of this SOP Class."""
    exact = _EXACT.get(sop_class_uid)
    if exact is not None:
        return exact
    family = next((record for prefix, record in _FAMILIES.items() if sop_class_uid.startswith(prefix)), None)
    return family or ("IMAGE" if is_image else "RAW DATA")
