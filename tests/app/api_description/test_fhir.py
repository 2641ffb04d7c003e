"""What is said of `/fhir` is what is there."""

from app.api_description.fhir import FHIR_OPERATIONS, FHIR_PARAMETERS, FHIR_SCHEMAS
from app.fhir.criteria import CRITERIA


def test_the_operations_are_the_same_for_every_version() -> None:
    paths = [(one.method, one.path) for one in FHIR_OPERATIONS]
    default = [(method, path.removeprefix("/fhir")) for method, path in paths if "/R" not in path]
    for mount in ("/fhir/R4", "/fhir/R5"):
        assert [(method, path.removeprefix(mount)) for method, path in paths if path.startswith(mount)] == default


def test_every_search_parameter_is_described() -> None:
    described = {one["name"] for one in FHIR_PARAMETERS.values()}
    assert {name for name in CRITERIA if ":" not in name} | {
        "started",
        "_lastUpdated",
        "_include",
        "_count",
    } <= described


def test_errors_are_operation_outcomes() -> None:
    for operation in FHIR_OPERATIONS:
        errors = [one for status, one in operation.responses.items() if status[0] in "45"]
        assert errors
        assert operation.errors == ()
        for error in errors:
            assert error["content"]["application/fhir+json"]["schema"]["$ref"].endswith("/OperationOutcome")


def test_the_schemas_have_names() -> None:
    assert FHIR_SCHEMAS.keys() == {"FhirResource", "OperationOutcome"}
