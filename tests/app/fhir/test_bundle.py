from app.fhir.bundle import page_links, searchset

STUDY = {"resourceType": "ImagingStudy", "id": "1.2.3"}
ENDPOINT = {"resourceType": "Endpoint", "id": "ihe-iid"}


def test_entries_say_why_they_are_there() -> None:
    outcome = {"resourceType": "OperationOutcome", "issue": []}
    bundle = searchset("http://x/fhir", 7, [("self", "http://x")], [STUDY], [ENDPOINT], outcome)
    assert (bundle["type"], bundle["total"]) == ("searchset", 7)
    assert [entry["search"]["mode"] for entry in bundle["entry"]] == ["match", "include", "outcome"]
    assert bundle["entry"][0]["fullUrl"] == "http://x/fhir/ImagingStudy/1.2.3"


def test_an_empty_page_has_no_entries() -> None:
    assert "entry" not in searchset("http://x", 0, [], [])


def test_pages_are_linked() -> None:
    pairs = [("patient", "A B&C"), ("_count", "10")]
    assert page_links("http://x", pairs, 10, 10, 30) == [
        ("self", "http://x?patient=A%20B%26C&_count=10&_offset=10"),
        ("next", "http://x?patient=A%20B%26C&_count=10&_offset=20"),
        ("previous", "http://x?patient=A%20B%26C&_count=10"),
    ]
    assert [relation for relation, _ in page_links("http://x", pairs, 0, 10, 10)] == ["self"]
    assert page_links("http://x", [], 0, 0, 5) == [("self", "http://x")]
