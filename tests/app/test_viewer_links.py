import pytest

from app.viewer_links import Opened, parse_viewer_link

STUDY = Opened(("1.2.3", "1.2.4"), "A 1", "P&1", "https://pacs.example/dicom-web")


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("slim=https://slim.example/studies/{study_uid}", "https://slim.example/studies/1.2.3,1.2.4"),
        (
            "x=http://v.example:8042/open?a={accession}&p={patient_id}&from={dicomweb_url}",
            "http://v.example:8042/open?a=A%201&p=P%261&from=https%3A%2F%2Fpacs.example%2Fdicom-web",
        ),
        (
            "weasis=weasis://%24dicom%3Ars%20--url%20%22{dicomweb_url}%22%20-r%20%22studyUID%3D{study_uid}%22",
            "weasis://%24dicom%3Ars%20--url%20%22https%3A%2F%2Fpacs.example%2Fdicom-web%22%20-r%20%22studyUID%3D1.2.3,1.2.4%22",
        ),
    ],
)
def test_a_link_is_made_of_a_template(text: str, url: str) -> None:
    assert parse_viewer_link(text).url(STUDY) == url


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("https://v.example/{study_uid}", "must be NAME=TEMPLATE"),
        ("ohif=https://v.example/{study_uid}", "must be NAME=TEMPLATE"),
        ("a b=https://v.example/{study_uid}", "must be NAME=TEMPLATE"),
        ("v=javascript:alert({study_uid})", "must begin with"),
        ("v=file:///{study_uid}", "must begin with"),
        ("v=//v.example/{study_uid}", "must begin with"),
        ("v=https://{patient_id}/{study_uid}", "must name its host"),
        ("v=https://v.example{accession}/{study_uid}", "must name its host"),
        ("v=https://user@v.example/{study_uid}", "must name its host"),
        ("v=https:///{study_uid}", "must name its host"),
        ("v=https://v.example/", "does not say which study"),
        ("v=https://v.example/?{dicomweb_url}", "does not say which study"),
        ("v=https://v.example/{study}", "no other braces"),
        ("v=https://v.example/{study_uid!r}", "no other braces"),
        ("v=https://v.example/{study_uid:9}", "no other braces"),
        ("v=https://v.example/{study_uid.__class__}", "no other braces"),
        ("v=https://v.example/{study_uid", "not closed"),
        ("v=https://v.example/ {study_uid}", "special characters"),
        ("v=https://v.example\\@evil.example/{study_uid}", "special characters"),
    ],
)
def test_a_template_that_could_lead_elsewhere_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_viewer_link(text)


def test_values_cannot_end_an_argument_of_a_program() -> None:
    link = parse_viewer_link("weasis=weasis://%22{patient_id}%22")
    hostile = Opened(("1.2",), "", '1" --evil $x\n\\', "")
    assert link.url(hostile) == "weasis://%221%20--evil%20x%22"


def test_values_cannot_leave_their_place_in_a_page() -> None:
    link = parse_viewer_link("v=https://v.example/{accession}?p={patient_id}")
    hostile = Opened((), "../../x", "1&next=https://evil.example#", "")
    assert link.url(hostile) == "https://v.example/..%2F..%2Fx?p=1%26next%3Dhttps%3A%2F%2Fevil.example%23"
