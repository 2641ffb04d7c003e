from app.fhir.capability_statement import capability_statement
from app.fhir.criteria import CRITERIA
from app.fhir.version import Version

STATEMENT = capability_statement("http://pacs.test/fhir", Version.R5, "1.0")


def test_the_statement_names_version_address_and_software() -> None:
    assert (STATEMENT["fhirVersion"], STATEMENT["implementation"]["url"]) == ("5.0.0", "http://pacs.test/fhir")
    assert STATEMENT["software"] == {"name": "Isocenter", "version": "1.0"}


def test_every_search_parameter_is_stated_and_every_stated_one_is_there() -> None:
    studies, _endpoints = STATEMENT["rest"][0]["resource"]
    stated = {parameter["name"] for parameter in studies["searchParam"]}
    assert stated == {name for name in CRITERIA if ":" not in name and "." not in name} | {"started", "_lastUpdated"}
