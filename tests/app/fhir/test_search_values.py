import pytest

from app.fhir.search_values import Token, elements_of, plain, reference_of, token_of


def test_lists_are_cut_at_commas_that_are_not_escaped() -> None:
    assert elements_of(r"a,b\,c,,d\\,e") == ["a", r"b\,c", r"d\\", "e"]
    assert elements_of("") == []


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("A1", Token(None, "A1")),
        ("urn:dicom:uid|urn:oid:1.2", Token("urn:dicom:uid", "urn:oid:1.2")),
        ("|A1", Token("", "A1")),
        (r"A\|1", Token(None, "A|1")),
        ("system|", Token("system", "")),
    ],
)
def test_a_token_may_have_a_system(text: str, token: Token) -> None:
    assert token_of(text) == token


def test_escapes_are_undone() -> None:
    assert plain(r"a\,b\|c\$d\\e\f") == r"a,b|c$d\e\f"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("7", "7"), ("Patient/7", "7"), ("http://ehr.example/fhir/Patient/7", "7"), ("A/7", "A/7")],
)
def test_a_reference_ends_in_an_id(text: str, expected: str) -> None:
    assert reference_of(text, "Patient") == expected
