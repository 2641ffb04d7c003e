from __future__ import annotations

from report_documents import code, dataset_of, document, evidence

from dicomcore.data import Dataset
from dicomcore.documents.content_tree import read_content
from dicomcore.documents.cover import (
    document_facts,
    document_kind,
    document_state,
    document_title,
    evidence_section,
)
from dicomcore.documents.header import read_header
from dicomcore.documents.phrases import Phrases


def facts(dataset: Dataset) -> dict[str, list[tuple[str, str]]]:
    groups = document_facts(read_header(dataset), Phrases(offset="+0100"))
    return {one.title: [(label, " ".join(run.text for run in line)) for label, line in one.lines] for one in groups}


def test_the_patient_is_told_in_words() -> None:
    dataset = document(
        PatientName="Doe^John",
        PatientID="P1",
        IssuerOfPatientID="Clinic",
        PatientBirthDate="19700131",
        PatientSex="F",
        PatientAge="054Y",
    )
    assert facts(dataset)["Patient"] == [
        ("Name", "Doe, John"),
        ("Patient ID", "P1 (Clinic)"),
        ("Born", "1970-01-31"),
        ("Sex", "female"),
        ("Age", "54 years"),
    ]


def test_dates_have_the_offset_of_the_document_and_whole_seconds() -> None:
    dataset = document(ContentDate="20240131", ContentTime="140322.123456", TimezoneOffsetFromUTC="+0100")
    assert ("Written", "2024-01-31 14:03:22 +01:00") in facts(dataset)["Document"]


def test_people_have_their_organization_and_time() -> None:
    verifier = dataset_of(
        VerifyingObserverName="Doe^Jane", VerifyingOrganization="Clinic", VerificationDateTime="20240131140322.5-0500"
    )
    participant = dataset_of(ParticipationType="ENT", PersonName="Roe^Sam")
    lines = facts(document(VerifyingObserverSequence=verifier, ParticipantSequence=participant))["Document"]
    assert ("Verified by", "Doe, Jane, Clinic, 2024-01-31 14:03:22 -05:00") in lines
    assert ("Entered by", "Roe, Sam") in lines


def test_study_and_requests_are_told() -> None:
    dataset = document(
        StudyDescription="CT",
        PerformedProcedureCodeSequence=[code("A"), code("B")],
        ReferencedRequestSequence=dataset_of(AccessionNumber="A1", RequestedProcedureDescription="CT"),
        InstitutionName="Clinic",
    )
    told = facts(dataset)
    assert told["Study"] == [("Description", "CT"), ("Procedure", "A , B"), ("Institution", "Clinic")]
    assert told["Requests"] == [("Request", "CT, accession number A1")]


def test_groups_that_say_nothing_are_left_out() -> None:
    assert list(facts(document())) == ["Document"]


def test_the_state_says_whether_it_is_as_hoped() -> None:
    header = read_header(document(CompletionFlag="PARTIAL", VerificationFlag="VERIFIED", PreliminaryFlag="PRELIMINARY"))
    assert document_state(header) == (("Partial", False), ("Preliminary", False), ("Verified", True))
    assert document_state(read_header(document(CompletionFlag="ODD"))) == (("ODD", False),)


def test_the_title_is_the_concept_of_the_root() -> None:
    dataset = document(title="Key images")
    assert document_title(read_content(dataset), read_header(dataset)) == "Key images"
    dataset.remove(0x0040A043)
    assert document_title(read_content(dataset), read_header(dataset)) == "Comprehensive SR"
    assert document_kind(read_header(dataset_of(SOPClassUID="1.2.3"))) == "Document"


def test_evidence_closes_the_document() -> None:
    dataset = document(CurrentRequestedProcedureEvidenceSequence=evidence("1", "2", "3", "4"))
    (section,) = evidence_section(read_header(dataset), Phrases())
    assert section.title is not None
    assert (section.title.text, len(section.blocks)) == ("Evidence", 2)
