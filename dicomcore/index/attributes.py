"""The attributes that the index knows, level by level: PS3.18 Tables 10.6.1-5 and 10.6.3-3 to 10.6.3-5, PS3.4 §C.6.

One row per attribute and level. ``required`` attributes are in every answer of their level, even without a value;
the others come when they are asked for. An attribute with a ``column`` is matched by the database, one without is
matched on the stored JSON. A study has the attributes of its patient too, because that is the Study Root model
(PS3.4 §C.6.2) and because two studies may disagree on what a Patient ID means.

How values are written into columns (see `columns`):

- text is '' when the attribute is absent or empty, numbers are ABSENT_NUMBER; nothing is NULL, so that both databases
  sort alike and absent numbers come last;
- several values of a ``many`` column are written with a backslash before, between and after them: ``\\CT\\SR\\``;
- dates are YYYYMMDD, times HHMMSS.FFFFFF, so that text order is order in time; a value that is neither stays as it is;
- a person name has its groups joined by ``=``, and a second column ``<column>_key`` with `query.normalize_name` of it;
  its words go to a table for fuzzy matching.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dicomcore.resources import Level

ABSENT_NUMBER = 2**31
"""What a number column holds when there is no value: more than an Integer String can be (PS3.5 Table 6.2-1)."""

NUMBER_VRS = frozenset({"IS", "US", "UL", "SS", "SL"})


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute at one level.

    ``column`` is its column in the table of that level, '' if it has none. A ``dynamic`` attribute is made by the
    index, not taken from instances; one with ``if_known`` is in every answer that has a value for it.
    """

    level: Level
    tag: int
    vr: str
    keyword: str
    required: bool = False
    if_known: bool = False
    column: str = ""
    many: bool = False
    dynamic: bool = False

    @property
    def is_number(self) -> bool:
        """Whether the column holds an integer."""
        return self.vr in NUMBER_VRS

    @property
    def is_name(self) -> bool:
        """Whether the column has a ``<column>_key`` beside it."""
        return self.vr == "PN"


# (tag, VR, keyword, marks). Marks: R required, C returned if known, K has a column, M a column for many values,
# D made by the index (counts, URLs), never taken from an instance.
_Row = tuple[int, str, str, str]

_PATIENT: tuple[_Row, ...] = (
    (0x00081120, "SQ", "ReferencedPatientSequence", ""),
    (0x00100010, "PN", "PatientName", "RK"),
    (0x00100020, "LO", "PatientID", "RK"),
    (0x00100021, "LO", "IssuerOfPatientID", "K"),
    (0x00100022, "CS", "TypeOfPatientID", ""),
    (0x00100024, "SQ", "IssuerOfPatientIDQualifiersSequence", ""),
    (0x00100026, "SQ", "SourcePatientGroupIdentificationSequence", ""),
    (0x00100027, "SQ", "GroupOfPatientsIdentificationSequence", ""),
    (0x00100030, "DA", "PatientBirthDate", "RK"),
    (0x00100032, "TM", "PatientBirthTime", ""),
    (0x00100033, "LO", "PatientBirthDateInAlternativeCalendar", ""),
    (0x00100034, "LO", "PatientDeathDateInAlternativeCalendar", ""),
    (0x00100035, "CS", "PatientAlternativeCalendar", ""),
    (0x00100040, "CS", "PatientSex", "RK"),
    (0x00100200, "CS", "QualityControlSubject", ""),
    (0x00100212, "UC", "StrainDescription", ""),
    (0x00100213, "LO", "StrainNomenclature", ""),
    (0x00100216, "SQ", "StrainStockSequence", ""),
    (0x00100218, "UT", "StrainAdditionalInformation", ""),
    (0x00100219, "SQ", "StrainCodeSequence", ""),
    (0x00100221, "SQ", "GeneticModificationsSequence", ""),
    (0x00101000, "LO", "OtherPatientIDs", ""),
    (0x00101001, "PN", "OtherPatientNames", ""),
    (0x00101002, "SQ", "OtherPatientIDsSequence", ""),
    (0x00101100, "SQ", "ReferencedPatientPhotoSequence", ""),
    (0x00102160, "SH", "EthnicGroup", ""),
    (0x00102201, "LO", "PatientSpeciesDescription", ""),
    (0x00102202, "SQ", "PatientSpeciesCodeSequence", ""),
    (0x00102292, "LO", "PatientBreedDescription", ""),
    (0x00102293, "SQ", "PatientBreedCodeSequence", ""),
    (0x00102294, "SQ", "BreedRegistrationSequence", ""),
    (0x00102297, "PN", "ResponsiblePerson", ""),
    (0x00102298, "CS", "ResponsiblePersonRole", ""),
    (0x00102299, "LO", "ResponsibleOrganization", ""),
    (0x00104000, "LT", "PatientComments", ""),
    (0x00120010, "LO", "ClinicalTrialSponsorName", ""),
    (0x00120020, "LO", "ClinicalTrialProtocolID", ""),
    (0x00120021, "LO", "ClinicalTrialProtocolName", ""),
    (0x00120030, "LO", "ClinicalTrialSiteID", ""),
    (0x00120031, "LO", "ClinicalTrialSiteName", ""),
    (0x00120040, "LO", "ClinicalTrialSubjectID", ""),
    (0x00120042, "LO", "ClinicalTrialSubjectReadingID", ""),
    (0x00120062, "CS", "PatientIdentityRemoved", ""),
    (0x00120063, "LO", "DeidentificationMethod", ""),
    (0x00120064, "SQ", "DeidentificationMethodCodeSequence", ""),
)

_PATIENT_COUNTS: tuple[_Row, ...] = (
    (0x00201200, "IS", "NumberOfPatientRelatedStudies", "RKD"),
    (0x00201202, "IS", "NumberOfPatientRelatedSeries", "RKD"),
    (0x00201204, "IS", "NumberOfPatientRelatedInstances", "RKD"),
)

_STUDY: tuple[_Row, ...] = (
    (0x00080020, "DA", "StudyDate", "RK"),
    (0x00080030, "TM", "StudyTime", "RK"),
    (0x00080050, "SH", "AccessionNumber", "RK"),
    (0x00080051, "SQ", "IssuerOfAccessionNumberSequence", ""),
    (0x00080056, "CS", "InstanceAvailability", "RD"),
    (0x00080061, "CS", "ModalitiesInStudy", "RMD"),
    (0x00080062, "UI", "SOPClassesInStudy", "MD"),
    (0x00080063, "SQ", "AnatomicRegionsInStudyCodeSequence", ""),
    (0x00080090, "PN", "ReferringPhysicianName", "RK"),
    (0x00080096, "SQ", "ReferringPhysicianIdentificationSequence", ""),
    (0x0008009C, "PN", "ConsultingPhysicianName", ""),
    (0x0008009D, "SQ", "ConsultingPhysicianIdentificationSequence", ""),
    (0x00080201, "SH", "TimezoneOffsetFromUTC", "C"),
    (0x00081030, "LO", "StudyDescription", "K"),
    (0x00081032, "SQ", "ProcedureCodeSequence", ""),
    (0x00081048, "PN", "PhysiciansOfRecord", ""),
    (0x00081049, "SQ", "PhysiciansOfRecordIdentificationSequence", ""),
    (0x00081060, "PN", "NameOfPhysiciansReadingStudy", "M"),
    (0x00081062, "SQ", "PhysiciansReadingStudyIdentificationSequence", ""),
    (0x00081080, "LO", "AdmittingDiagnosesDescription", ""),
    (0x00081084, "SQ", "AdmittingDiagnosesCodeSequence", ""),
    (0x00081110, "SQ", "ReferencedStudySequence", ""),
    (0x00081190, "UR", "RetrieveURL", "RD"),
    (0x00101010, "AS", "PatientAge", ""),
    (0x00101020, "DS", "PatientSize", ""),
    (0x00101021, "SQ", "PatientSizeCodeSequence", ""),
    (0x00101022, "DS", "PatientBodyMassIndex", ""),
    (0x00101030, "DS", "PatientWeight", ""),
    (0x00102000, "LO", "MedicalAlerts", ""),
    (0x00102110, "LO", "Allergies", ""),
    (0x00102180, "SH", "Occupation", ""),
    (0x001021A0, "CS", "SmokingStatus", ""),
    (0x001021B0, "LT", "AdditionalPatientHistory", ""),
    (0x001021C0, "US", "PregnancyStatus", ""),
    (0x001021D0, "DA", "LastMenstrualDate", ""),
    (0x00102203, "CS", "PatientSexNeutered", ""),
    (0x00120050, "LO", "ClinicalTrialTimePointID", ""),
    (0x00120051, "ST", "ClinicalTrialTimePointDescription", ""),
    (0x00120083, "SQ", "ConsentForClinicalTrialUseSequence", ""),
    (0x0020000D, "UI", "StudyInstanceUID", "RK"),
    (0x00200010, "SH", "StudyID", "RK"),
    (0x00201206, "IS", "NumberOfStudyRelatedSeries", "RKD"),
    (0x00201208, "IS", "NumberOfStudyRelatedInstances", "RKD"),
    (0x00321033, "LO", "RequestingService", ""),
    (0x00321034, "SQ", "RequestingServiceCodeSequence", ""),
    (0x00321066, "UT", "ReasonForVisit", ""),
    (0x00321067, "SQ", "ReasonForVisitCodeSequence", ""),
    (0x00380010, "LO", "AdmissionID", ""),
    (0x00380014, "SQ", "IssuerOfAdmissionIDSequence", ""),
    (0x00380060, "LO", "ServiceEpisodeID", ""),
    (0x00380062, "LO", "ServiceEpisodeDescription", ""),
    (0x00380064, "SQ", "IssuerOfServiceEpisodeIDSequence", ""),
    (0x00380500, "LO", "PatientState", ""),
    (0x00401012, "SQ", "ReasonForPerformedProcedureCodeSequence", ""),
)

_SERIES: tuple[_Row, ...] = (
    (0x00080021, "DA", "SeriesDate", "K"),
    (0x00080031, "TM", "SeriesTime", "K"),
    (0x00080060, "CS", "Modality", "RK"),
    (0x00080068, "CS", "PresentationIntentType", ""),
    (0x00080070, "LO", "Manufacturer", ""),
    (0x00080080, "LO", "InstitutionName", "K"),
    (0x00080081, "ST", "InstitutionAddress", ""),
    (0x00080082, "SQ", "InstitutionCodeSequence", ""),
    (0x00080201, "SH", "TimezoneOffsetFromUTC", "C"),
    (0x00081010, "SH", "StationName", "K"),
    (0x0008103E, "LO", "SeriesDescription", "CK"),
    (0x0008103F, "SQ", "SeriesDescriptionCodeSequence", ""),
    (0x00081040, "LO", "InstitutionalDepartmentName", ""),
    (0x00081050, "PN", "PerformingPhysicianName", "M"),
    (0x00081052, "SQ", "PerformingPhysicianIdentificationSequence", ""),
    (0x00081070, "PN", "OperatorsName", "M"),
    (0x00081072, "SQ", "OperatorIdentificationSequence", ""),
    (0x00081090, "LO", "ManufacturerModelName", ""),
    (0x00081111, "SQ", "ReferencedPerformedProcedureStepSequence", ""),
    (0x00081190, "UR", "RetrieveURL", "RD"),
    (0x00081250, "SQ", "RelatedSeriesSequence", ""),
    (0x00102210, "CS", "AnatomicalOrientationType", ""),
    (0x00120060, "LO", "ClinicalTrialCoordinatingCenterName", ""),
    (0x00120071, "LO", "ClinicalTrialSeriesID", ""),
    (0x00120072, "LO", "ClinicalTrialSeriesDescription", ""),
    (0x00180015, "CS", "BodyPartExamined", "K"),
    (0x00181000, "LO", "DeviceSerialNumber", ""),
    (0x00181002, "UI", "DeviceUID", ""),
    (0x00181020, "LO", "SoftwareVersions", ""),
    (0x00181030, "LO", "ProtocolName", "K"),
    (0x00185100, "CS", "PatientPosition", ""),
    (0x0020000E, "UI", "SeriesInstanceUID", "RK"),
    (0x00200011, "IS", "SeriesNumber", "RK"),
    (0x00200052, "UI", "FrameOfReferenceUID", ""),
    (0x00200060, "CS", "Laterality", ""),
    (0x00201040, "LO", "PositionReferenceIndicator", ""),
    (0x00201209, "IS", "NumberOfSeriesRelatedInstances", "RKD"),
    (0x00400244, "DA", "PerformedProcedureStepStartDate", "CK"),
    (0x00400245, "TM", "PerformedProcedureStepStartTime", "CK"),
    (0x00400250, "DA", "PerformedProcedureStepEndDate", ""),
    (0x00400251, "TM", "PerformedProcedureStepEndTime", ""),
    (0x00400253, "SH", "PerformedProcedureStepID", ""),
    (0x00400254, "LO", "PerformedProcedureStepDescription", ""),
    (0x00400260, "SQ", "PerformedProtocolCodeSequence", ""),
    (0x00400275, "SQ", "RequestAttributesSequence", "C"),
    (0x00400280, "ST", "CommentsOnThePerformedProcedureStep", ""),
    (0x300A0700, "UI", "TreatmentSessionUID", ""),
)

_INSTANCE: tuple[_Row, ...] = (
    (0x00080008, "CS", "ImageType", ""),
    (0x00080016, "UI", "SOPClassUID", "RK"),
    (0x00080018, "UI", "SOPInstanceUID", "RK"),
    (0x0008001A, "UI", "RelatedGeneralSOPClassUID", ""),
    (0x00080022, "DA", "AcquisitionDate", ""),
    (0x00080023, "DA", "ContentDate", "K"),
    (0x0008002A, "DT", "AcquisitionDateTime", ""),
    (0x00080032, "TM", "AcquisitionTime", ""),
    (0x00080033, "TM", "ContentTime", "K"),
    (0x00080056, "CS", "InstanceAvailability", "RD"),
    (0x00080201, "SH", "TimezoneOffsetFromUTC", "C"),
    (0x00081190, "UR", "RetrieveURL", "RD"),
    (0x00083001, "SQ", "AlternateRepresentationSequence", ""),
    (0x00083002, "UI", "AvailableTransferSyntaxUID", "RD"),
    (0x00200012, "IS", "AcquisitionNumber", ""),
    (0x00200013, "IS", "InstanceNumber", "RK"),
    (0x00280008, "IS", "NumberOfFrames", "CK"),
    (0x00280010, "US", "Rows", "CK"),
    (0x00280011, "US", "Columns", "CK"),
    (0x00280100, "US", "BitsAllocated", "CK"),
    (0x00400512, "LO", "ContainerIdentifier", ""),
    (0x00400560, "SQ", "SpecimenDescriptionSequence", ""),
    (0x0040A043, "SQ", "ConceptNameCodeSequence", ""),
    (0x0040A491, "CS", "CompletionFlag", ""),
    (0x0040A493, "CS", "VerificationFlag", ""),
    (0x0040A504, "SQ", "ContentTemplateSequence", ""),
    (0x00420010, "ST", "DocumentTitle", ""),
    (0x00700080, "CS", "ContentLabel", ""),
    (0x00700081, "LO", "ContentDescription", ""),
    (0x00700082, "DA", "PresentationCreationDate", ""),
    (0x00700083, "TM", "PresentationCreationTime", ""),
    (0x00700084, "PN", "ContentCreatorName", ""),
)


def _column_name(keyword: str) -> str:
    """Write a keyword in snake_case: ``StudyInstanceUID`` is ``study_instance_uid``, ``PatientID`` ``patient_id``."""
    words: list[str] = []
    for index, letter in enumerate(keyword):
        follows = keyword[index - 1].islower() if index else False
        starts = index + 1 < len(keyword) and keyword[index + 1].islower() and index > 0 and letter.isupper()
        words.append(f"_{letter.lower()}" if letter.isupper() and (follows or starts) else letter.lower())
    return "".join(words)


def _attributes(level: Level, *tables: Sequence[_Row]) -> dict[int, Attribute]:
    found = {}
    for tag, vr, keyword, marks in sorted(row for table in tables for row in table):
        column = _column_name(keyword) if "K" in marks or "M" in marks else ""
        found[tag] = Attribute(level, tag, vr, keyword, "R" in marks, "C" in marks, column, "M" in marks, "D" in marks)
    return found


ATTRIBUTES: Mapping[Level, Mapping[int, Attribute]] = {
    Level.PATIENT: _attributes(Level.PATIENT, _PATIENT, _PATIENT_COUNTS),
    Level.STUDY: _attributes(Level.STUDY, _PATIENT, _STUDY),
    Level.SERIES: _attributes(Level.SERIES, _SERIES),
    Level.INSTANCE: _attributes(Level.INSTANCE, _INSTANCE),
}
"""Every attribute by level and tag, ascending."""

REQUIRED: Mapping[Level, tuple[Attribute, ...]] = {
    level: tuple(attribute for attribute in table.values() if attribute.required) for level, table in ATTRIBUTES.items()
}
"""What every answer of a level has, with or without a value (PS3.18 §10.6.3.3)."""

RESPONSE: Mapping[Level, tuple[Attribute, ...]] = {
    level: tuple(attribute for attribute in table.values() if attribute.required or attribute.if_known)
    for level, table in ATTRIBUTES.items()
}
"""What the ``response`` of a level is made of: the required attributes, and those that are returned if known."""

OPTIONAL: Mapping[Level, tuple[Attribute, ...]] = {
    level: tuple(attribute for attribute in table.values() if not attribute.required)
    for level, table in ATTRIBUTES.items()
}
"""What ``includefield=all`` adds."""

SHARED_TAGS: Mapping[Level, tuple[int, ...]] = {
    level: tuple(tag for tag, attribute in table.items() if not attribute.dynamic)
    for level, table in ATTRIBUTES.items()
}
"""The tags whose values come from instances."""


def column_of(tag: int, level: Level) -> str:
    """Return the column that holds an attribute in the table of ``level``, '' if there is none."""
    attribute = ATTRIBUTES[level].get(tag)
    return attribute.column if attribute else ""


def levels_of(tag: int) -> tuple[Level, ...]:
    """Return the levels that have an attribute, from the top; one that none has belongs to the instance."""
    return tuple(level for level, table in ATTRIBUTES.items() if tag in table) or (Level.INSTANCE,)
