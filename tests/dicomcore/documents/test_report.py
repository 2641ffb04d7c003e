from __future__ import annotations

from report_documents import KEY_OBJECTS, document, evidence, image, text

from dicomcore.documents.report import outline_of, read_report


def test_a_report_is_head_and_content() -> None:
    report = read_report(document(text("Finding", "a mass"), PatientID="P1"))
    assert report.header.patient.patient_id == "P1"
    assert len(report.content.children) == 1


def test_a_key_object_selection_is_a_report_of_images() -> None:
    selection = document(
        image("", "9"),
        sop_class=KEY_OBJECTS,
        title="For Referring Provider",
        CurrentRequestedProcedureEvidenceSequence=evidence("1", "2", "9"),
    )
    outline = outline_of(read_report(selection), lambda one: f"../{one.series_instance_uid}/{one.sop_instance_uid}")
    assert (outline.title, outline.kind) == ("For Referring Provider", "Key Object Selection Document")
    assert outline.body[0].line[0].link == "../2/9"  # type: ignore[union-attr]
