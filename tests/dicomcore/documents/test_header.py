from __future__ import annotations

from report_documents import code, dataset_of, document, evidence

from dicomcore.documents.header import Observer, Patient, read_header


def test_patient_and_study_are_read() -> None:
    header = read_header(
        document(
            PatientName="Doe^John",
            PatientID="P1",
            PatientSex="M",
            StudyDescription="CT thorax",
            AccessionNumber="A1",
            TimezoneOffsetFromUTC="+0100",
        )
    )
    assert header.patient == Patient("Doe^John", "P1", "", "", "M", "")
    assert (header.study.description, header.study.accession_number, header.offset) == ("CT thorax", "A1", "+0100")


def test_verification_has_its_observers() -> None:
    verifier = dataset_of(
        VerifyingObserverName="Doe^Jane",
        VerifyingOrganization="Clinic",
        VerificationDateTime="20240131",
        VerifyingObserverIdentificationCodeSequence=code("JD"),
    )
    header = read_header(
        document(CompletionFlag="COMPLETE", VerificationFlag="VERIFIED", VerifyingObserverSequence=verifier)
    )
    assert (header.completion, header.verification) == ("COMPLETE", "VERIFIED")
    (found,) = header.verifying_observers
    assert (found.name, found.organization, found.at) == ("Doe^Jane", "Clinic", "20240131")


def test_authors_are_persons_or_devices() -> None:
    authors = [dataset_of(PersonName="Doe^Jane", InstitutionName="Clinic"), dataset_of(ManufacturerModelName="Robot 7")]
    header = read_header(document(AuthorObserverSequence=authors))
    assert header.authors == (Observer("Doe^Jane", "Clinic"), Observer("Robot 7"))


def test_requests_procedures_and_predecessors_are_read() -> None:
    header = read_header(
        document(
            ReferencedRequestSequence=dataset_of(AccessionNumber="A1", RequestedProcedureDescription="CT"),
            PerformedProcedureCodeSequence=code("CT of thorax"),
            PredecessorDocumentsSequence=evidence("1", "2", "3"),
            CustodialOrganizationSequence=dataset_of(InstitutionName="Archive"),
        )
    )
    assert header.requests[0].description == "CT"
    assert header.procedures[0].meaning == "CT of thorax"
    assert header.predecessors[0].sop_instance_uid == "3"
    assert header.custodian == "Archive"


def test_an_empty_document_has_an_empty_head() -> None:
    header = read_header(document())
    assert header.patient == Patient()
    assert (header.evidence, header.participants, header.institution) == ((), (), "")
