import pytest

from app.fhir.operation_outcome import failure, warnings


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "invalid"),
        (404, "not-found"),
        (406, "not-supported"),
        (410, "deleted"),
        (418, "invalid"),
        (500, "exception"),
    ],
)
def test_a_failure_has_the_code_of_its_status(status: int, code: str) -> None:
    (issue,) = failure(status, "it went wrong", "started")["issue"]
    assert (issue["severity"], issue["code"], issue["expression"]) == ("error", code, ["http.started"])
    assert issue["details"]["text"] == "it went wrong"


def test_there_is_always_something_to_read() -> None:
    assert failure(500, "\x00")["issue"][0]["diagnostics"]


def test_each_warning_is_an_issue() -> None:
    assert [issue["severity"] for issue in warnings(["one", "two"])["issue"]] == ["warning", "warning"]
