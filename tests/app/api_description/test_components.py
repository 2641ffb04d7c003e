"""Components: what they say agrees with the tables that the application works by."""

import pytest

from app.api_description.components import ERRORS, PARAMETERS, SCHEMAS, matching_key
from app.errors import STATUS, problem_of
from dicomcore import errors


def test_every_status_code_of_an_error_is_described() -> None:
    assert {str(status) for status in STATUS.values()} <= ERRORS.keys()


@pytest.mark.parametrize(
    "error",
    [
        errors.MalformedDataset("a length", offset=7, tag=0x00100010),
        errors.LimitExceeded("bytes", 5),
        errors.NotAcceptable("no", ("text/plain",)),
        errors.InvalidUid("x", "study"),
        errors.ResourceGone("/studies/1"),
        errors.RangeNotSatisfiable(3),
        errors.CorruptFrame(1, "short"),
    ],
)
def test_every_fact_of_a_problem_document_is_described(error: errors.DicomError) -> None:
    assert problem_of(error).keys() <= SCHEMAS["Problem"]["properties"].keys()


def test_a_matching_key_tells_its_name_its_tag_and_its_matching() -> None:
    described = matching_key("StudyDate", 0x00080020)
    assert described["name"] == "StudyDate"
    assert described["description"] == "Study Date (0008,0020), DA: a date, or a range of dates with `-`."


def test_path_parameters_are_required() -> None:
    assert all(parameter["required"] for parameter in PARAMETERS.values() if parameter["in"] == "path")


def test_the_accept_header_is_no_parameter() -> None:
    assert "accept" not in {
        parameter["name"].lower() for parameter in PARAMETERS.values() if parameter["in"] == "header"
    }
