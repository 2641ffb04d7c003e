"""The Capabilities Description has the resources of PS3.18 Table H-1, alike in XML and in JSON (Annex G)."""

import json
from typing import Any

import pytest
from lxml import etree

from app.capabilities import NAMESPACE, capabilities_json, capabilities_xml

BASE = "http://pacs.test/dicom-web"
UNIQUE = {"application", "resources", "request"}

APPLICATION = json.loads(capabilities_json(BASE))["application"]
FRAMES = "studies/{study}/series/{series}/instances/{instance}/frames/{frames}"
ROOT = etree.fromstring(capabilities_xml(BASE))


def as_json(element: Any) -> dict[str, Any]:
    """Turn XML into JSON by the rules of Annex G."""
    found: dict[str, Any] = {f"@{_prefixed(name)}": value for name, value in element.attrib.items()}
    for child in element:
        name = etree.QName(child).localname
        if name in UNIQUE:
            found[name] = as_json(child)
        else:
            found.setdefault(name, []).append(as_json(child))
    return found


def _prefixed(name: str) -> str:
    return name.replace("{http://www.w3.org/XML/1998/namespace}", "xml:")


def resource(path: str) -> dict[str, Any]:
    found: dict[str, Any] = APPLICATION["resources"]
    for segment in path.split("/"):
        found = next(one for one in found["resource"] if one["@path"] == segment)
    return found


def methods(path: str) -> dict[str, dict[str, Any]]:
    return {method["@name"]: method for method in resource(path).get("method", [])}


def test_xml_and_json_say_the_same() -> None:
    assert {"@xmlns": NAMESPACE, **as_json(ROOT)} == APPLICATION


def test_the_base_is_that_of_the_service() -> None:
    assert APPLICATION["resources"]["@base"] == f"{BASE}/"


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("studies", {"GET", "HEAD", "POST"}),
        ("studies/{study}", {"GET", "HEAD", "POST", "DELETE"}),
        ("studies/{study}/metadata", {"GET", "HEAD"}),
        ("studies/{study}/series", {"GET", "HEAD"}),
        ("studies/{study}/series/{series}", {"GET", "HEAD", "DELETE"}),
        ("studies/{study}/series/{series}/instances", {"GET", "HEAD"}),
        ("studies/{study}/series/{series}/instances/{instance}/metadata", {"GET", "HEAD"}),
        ("studies/{study}/series/{series}/instances/{instance}/frames", set()),
        ("studies/{study}/series/{series}/instances/{instance}/frames/{frames}", {"GET", "HEAD"}),
        ("studies/{study}/series/{series}/instances/{instance}/bulkdata/{path}", {"GET", "HEAD"}),
        ("series", {"GET", "HEAD"}),
        ("instances", {"GET", "HEAD"}),
    ],
)
def test_a_resource_has_its_methods(path: str, names: set[str]) -> None:
    assert methods(path).keys() == names


def accepted(path: str) -> set[str]:
    parameters = methods(path)["GET"]["request"]["param"]
    accept = next(one for one in parameters if one["@name"] == "Accept")
    return {option["@value"] for option in accept["option"]}


@pytest.mark.parametrize("name", ["rendered", "thumbnail", "renderedmpr", "rendered3D"])
@pytest.mark.parametrize("path", ["studies/{study}", FRAMES])
def test_what_is_rendered_is_offered_with_its_media_types_and_parameters(path: str, name: str) -> None:
    assert 'multipart/related; type="image/png"' in accepted(f"{path}/{name}")
    parameters = {one["@name"] for one in methods(f"{path}/{name}")["GET"]["request"]["param"]}
    assert {"accept", "charset", "viewport"} <= parameters


def test_a_single_part_is_offered_for_single_items_only() -> None:
    assert "image/png" in accepted(f"{FRAMES}/rendered")
    assert "image/png" not in accepted("studies/{study}/rendered")


def test_rendered_media_types_beyond_the_standard_are_told() -> None:
    """More of them may be supported if the capabilities name them (PS3.18 §8.7.4)."""
    assert {"image/webp", "image/avif"} <= accepted(f"{FRAMES}/rendered")


def test_a_search_names_its_media_types_and_matching_keys() -> None:
    parameters = methods("studies")["GET"]["request"]["param"]
    accept = next(one for one in parameters if one["@name"] == "Accept")
    assert accept["@default"] == "application/dicom+json"
    assert {"StudyDate", "PatientName", "includefield", "limit"} <= {one["@name"] for one in parameters}
    assert "attributes" not in {one["@name"] for one in parameters}


def test_character_sets_are_told() -> None:
    parameters = methods("studies")["GET"]["request"]["param"]
    charset = next(one for one in parameters if one["@name"] == "charset")
    assert charset["option"] == [{"@value": "utf-8"}]


def test_every_method_has_an_id_of_its_own() -> None:
    ids = [element.get("id") for element in ROOT.iter(f"{{{NAMESPACE}}}method")]
    assert len(ids) == len(set(ids))


def test_parameters_of_a_path_are_declared() -> None:
    for element in ROOT.iter(f"{{{NAMESPACE}}}resource"):
        if element.get("path").startswith("{"):
            assert element[0].get("style") == "template"


def test_a_base_uri_cannot_break_out_of_its_attribute() -> None:
    assert etree.fromstring(capabilities_xml('http://x/"<&'))[0].get("base") == 'http://x/"<&/'
