"""Codes of DICOM and the systems that FHIR knows them by (PS3.16 §8, FHIR terminologies-systems)."""

from __future__ import annotations

import re

from app.fhir.dicom_values import DicomJson, Json, items, text, without_empty
from app.fhir.version import Version
from dicomcore.data import dictionary

DICOM_TERMS = "http://dicom.nema.org/resources/ontology/DCM"
URI = "urn:ietf:rfc:3986"
DICOM_UID = "urn:dicom:uid"
IDENTIFIER_TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"
NULL_FLAVOR = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"
SNOMED = "http://snomed.info/sct"

# Coding Scheme Designators (PS3.16 Table 8-1).
_SYSTEMS = {
    "DCM": DICOM_TERMS,
    "SCT": SNOMED,
    "LN": "http://loinc.org",
    "RADLEX": "http://radlex.org",
    "UCUM": "http://unitsofmeasure.org",
    "ICD10": "http://hl7.org/fhir/sid/icd-10",
    "I10": "http://hl7.org/fhir/sid/icd-10",
    "I10P": "http://www.cms.gov/Medicare/Coding/ICD10",
    "I9C": "http://hl7.org/fhir/sid/icd-9-cm",
    "C4": "http://www.ama-assn.org/go/cpt",
    "NCIt": "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl",
    "UMLS": "http://www.nlm.nih.gov/research/umls",
    "RXNORM": "http://www.nlm.nih.gov/research/umls/rxnorm",
}
_LATERALITIES = {"R": ("24028007", "Right"), "L": ("7771000", "Left"), "B": ("51440002", "Right and left")}
_OID = re.compile(r"[0-2](?:\.(?:0|[1-9]\d*))+")
_URI = re.compile(r"(?:https?://|urn:[A-Za-z0-9][A-Za-z0-9-]{0,31}:)[^\s\"<>\\^`{|}]+")
_CODE = re.compile(r"\S+(?: \S+)*")
# Universal Entity ID Types (0040,0033) whose ids make a URI.
_URIS_BY_TYPE = {"ISO": "urn:oid:{}", "UUID": "urn:uuid:{}", "URI": "{}"}


def coding(system: str, code: str, display: str = "") -> Json:
    """Write a Coding."""
    return without_empty({"system": system, "code": code, "display": display})


def concept(version: Version, one: Json) -> Json:
    """Write what is a Coding in R4 and a CodeableConcept since."""
    return one if version is Version.R4 else {"coding": [one]}


def modality(code: str) -> Json:
    """Write a modality (PS3.16 CID 29); one that is not told is unknown."""
    return coding(DICOM_TERMS, code) if _CODE.fullmatch(code) else coding(NULL_FLAVOR, "UNK", "unknown")


def laterality(code: str) -> Json | None:
    """Write a laterality (PS3.3 §C.7.3.1.1.2) in terms of SNOMED CT."""
    return coding(SNOMED, *_LATERALITIES[code]) if code in _LATERALITIES else None


def sop_class(uid: str) -> Json:
    """Write a SOP Class, with the name that PS3.6 has for it."""
    name = dictionary.uid_name(uid)
    return coding(URI, f"urn:oid:{uid}", "" if name == uid else name)


def coded_concept(item: DicomJson) -> Json | None:
    """Write a CodeableConcept of a code sequence item (PS3.3 §8); None if it says nothing."""
    code, meaning = text(item, 0x00080100) or text(item, 0x00080119) or text(item, 0x00080120), text(item, 0x00080104)
    scheme = text(item, 0x00080102)
    coded = coding(_SYSTEMS.get(scheme, ""), code if _CODE.fullmatch(code) else "", meaning)
    return without_empty({"coding": [coded] if code else [], "text": meaning}) or None


def coded_concepts(dataset: DicomJson, tag: int) -> list[Json]:
    """Write the items of a code sequence."""
    return [one for one in map(coded_concept, items(dataset, tag)) if one]


def system_of_name(issuer: str) -> str:
    """Give the URI that an issuer's name is, or is the OID of; nothing if it is just a name."""
    if _OID.fullmatch(issuer):
        return f"urn:oid:{issuer}"
    return issuer if _URI.fullmatch(issuer) else ""


def system_of_issuer(item: DicomJson) -> str:
    """Give the URI of an issuer by its Universal Entity ID (PS3.3 §10.14)."""
    universal, kind = text(item, 0x00400032), text(item, 0x00400033)
    made = _URIS_BY_TYPE.get(kind, "{}" if not kind else "").format(universal)
    return system_of_name(made)


def uid_of(uri: str) -> str:
    """Take the UID out of ``urn:oid:``; anything else as it is."""
    return uri.removeprefix("urn:oid:")
