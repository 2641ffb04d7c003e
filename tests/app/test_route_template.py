from typing import Any

import pytest

from app.route_template import route_template, set_route_template


class Route:
    def __init__(self, path: str) -> None:
        self.path = path


def scope(path: str, template: str, root_path: str = "", **path_params: str) -> dict[str, Any]:
    return {"path": path, "root_path": root_path, "route": Route(template), "path_params": path_params}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (scope("/dicom-web/studies/1.2", "/studies/{study}", study="1.2"), "/dicom-web/studies/{study}"),
        (scope("/pacs/dicom-web/studies", "/studies", root_path="/pacs"), "/dicom-web/studies"),
        (scope("/health/live", "/health/live"), "/health/live"),
        (scope("/aets/X/studies/1", "/studies/{study}", ae="X", study="1"), "/aets/{ae}/studies/{study}"),
        ({"path": "/nothing/here", "root_path": ""}, "unmatched"),
    ],
)
def test_a_route_is_named_without_the_values_in_its_path(given: dict[str, Any], expected: str) -> None:
    assert route_template(given) == expected


def test_who_finds_a_route_without_fastapi_says_which() -> None:
    found = scope("/dicom-web/studies/1.2", "/other/{study}", study="1.2")
    set_route_template(found, "/dicom-web/studies/{study}")
    assert route_template(found) == "/dicom-web/studies/{study}"


def test_a_route_that_was_named_keeps_its_name() -> None:
    found = scope("/dicom-web/studies/1.2", "/studies/{study}", study="1.2")
    assert route_template(found) == "/dicom-web/studies/{study}"
    found["path"] = "/elsewhere"
    assert route_template(found) == "/dicom-web/studies/{study}"
