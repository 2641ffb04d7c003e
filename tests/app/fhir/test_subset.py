from app.fhir.subset import Summary, subset

STUDY = {
    "resourceType": "ImagingStudy",
    "id": "1.2.3",
    "meta": {"versionId": "7"},
    "status": "available",
    "subject": {"display": "x"},
    "started": "2024-01-31",
    "description": "Thorax",
    "series": [{"uid": "1.2.3.1", "instance": [{"uid": "1.2.3.4"}]}],
}


def test_elements_leave_what_was_asked_for_and_what_must_be_there() -> None:
    kept = subset(STUDY, Summary.FALSE, ["started"])
    assert kept.keys() == {"resourceType", "id", "meta", "status", "subject", "started"}
    assert (kept["meta"]["versionId"], kept["meta"]["tag"][0]["code"]) == ("7", "SUBSETTED")


def test_a_summary_has_no_instances() -> None:
    assert subset(STUDY, Summary.TRUE, [])["series"] == [{"uid": "1.2.3.1"}]


def test_a_summary_of_text_has_what_must_be_there() -> None:
    assert subset(STUDY, Summary.TEXT, []).keys() == {"resourceType", "id", "meta", "status", "subject"}


def test_what_is_whole_is_not_marked() -> None:
    assert subset(STUDY, Summary.FALSE, []) is STUDY
