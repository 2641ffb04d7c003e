from __future__ import annotations

from report_documents import CT_IMAGE, code, dataset_of, document, evidence

from dicomcore.documents.evidence import read_evidence, reference_of
from dicomcore.documents.values import Reference


def test_evidence_says_where_an_instance_is() -> None:
    dataset = document(CurrentRequestedProcedureEvidenceSequence=evidence("1.1", "1.1.2", "1.1.2.3", "1.1.2.4"))
    found = read_evidence(dataset).located(Reference(CT_IMAGE, "1.1.2.4"))
    assert (found.study_instance_uid, found.series_instance_uid) == ("1.1", "1.1.2")


def test_current_evidence_goes_before_other() -> None:
    dataset = document(
        CurrentRequestedProcedureEvidenceSequence=evidence("1.1", "1.1.2", "9"),
        PertinentOtherEvidenceSequence=evidence("2.1", "2.1.2", "9", "10"),
    )
    found = read_evidence(dataset)
    assert (len(found.current), len(found.other)) == (1, 2)
    assert found.located(Reference(CT_IMAGE, "9")).study_instance_uid == "1.1"


def test_an_instance_that_is_no_evidence_has_no_series() -> None:
    assert read_evidence(document()).located(Reference(CT_IMAGE, "9")) == Reference(CT_IMAGE, "9")


def test_a_reference_selects_frames_segments_and_channels() -> None:
    item = dataset_of(
        ReferencedSOPClassUID=CT_IMAGE,
        ReferencedSOPInstanceUID="9",
        ReferencedFrameNumber=(2, 3),
        ReferencedSegmentNumber=1,
        ReferencedWaveformChannels=(1, 2, 1, 0),
        ReferencedSOPSequence=dataset_of(ReferencedSOPInstanceUID="8"),
        PurposeOfReferenceCodeSequence=code("Source"),
    )
    found = reference_of(item)
    assert (found.frames, found.segments, found.channels) == ((2, 3), (1,), ((1, 2), (1, 0)))
    assert found.presentation == "8"
    assert found.purpose is not None
    assert found.purpose.meaning == "Source"


def test_numbers_that_are_none_are_left_out() -> None:
    item = dataset_of(ReferencedSOPInstanceUID="9")
    item.put_raw(0x00081160, "IS", b"1\\two\\3 ")
    assert reference_of(item).frames == (1, 3)
