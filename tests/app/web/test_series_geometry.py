from __future__ import annotations

from typing import Any

import pytest

from app.web.series_geometry import equipment_facts, geometry_facts

AXIAL = [1, 0, 0, 0, 1, 0]


def image(**attributes: list[Any]) -> dict[str, Any]:
    tags = {
        "rows": "00280010",
        "columns": "00280011",
        "frames": "00280008",
        "spacing": "00280030",
        "detector": "00181164",
        "thickness": "00180050",
        "between": "00180088",
        "orientation": "00200037",
        "position": "00200032",
        "bits": "00280101",
        "photometric": "00280004",
    }
    return {tags[name]: {"vr": "DS", "Value": values} for name, values in attributes.items()}


def slices(*depths: float) -> list[dict[str, Any]]:
    return [image(position=[-1, -2, depth]) for depth in depths]


def facts(one: dict[str, Any], *others: dict[str, Any]) -> dict[str, str]:
    return dict(geometry_facts(one, others))


def test_matrix_and_spacing_are_columns_by_rows() -> None:
    found = facts(image(rows=[256], columns=[512], spacing=[0.5, 0.75], bits=[12], photometric=["MONOCHROME2"]))
    assert found == {
        "Matrix": "512 \N{MULTIPLICATION SIGN} 256",
        "Pixels": "MONOCHROME2, 12 bits",
        "Pixel spacing": "0.75 \N{MULTIPLICATION SIGN} 0.5 mm",
    }


def test_spacing_at_the_detector_says_so() -> None:
    assert facts(image(detector=[0.1, 0.1]))["Pixel spacing"].endswith("mm at the detector")


def test_the_distance_of_slices_is_measured_where_they_say_where_they_are() -> None:
    one = image(orientation=AXIAL, thickness=[5], between=[4])
    assert facts(one, *slices(10, 0, 2.5, 5, 7.5))["Distance of slices"] == "2.5 mm"
    assert facts(one, *slices(0, 1, 3))["Distance of slices"] == "1 to 2 mm"
    assert facts(one, *slices(7))["Distance of slices"] == "4 mm"
    assert facts(one)["Slice thickness"] == "5 mm"


@pytest.mark.parametrize(
    ("orientation", "plane"),
    [
        (AXIAL, "axial"),
        ([1, 0, 0, 0, 0, -1], "coronal"),
        ([0, 1, 0, 0, 0, -1], "sagittal"),
        ([1, 0, 0, 0, 0.8, -0.6], "oblique, nearest to axial"),
    ],
)
def test_the_orientation_is_named(orientation: list[float], plane: str) -> None:
    assert facts(image(orientation=orientation)) == {"Orientation": plane}


def test_an_enhanced_image_says_it_in_its_functional_groups() -> None:
    def group(**macros: dict[str, Any]) -> dict[str, Any]:
        return {"vr": "SQ", "Value": [{tag.lstrip("x"): {"vr": "SQ", "Value": [one]} for tag, one in macros.items()}]}

    shared = group(x00289110=image(spacing=[0.5, 0.5], thickness=[2]), x00209116=image(orientation=AXIAL))
    frames = [group(x00209113=image(position=[0, 0, 3 * number]))["Value"][0] for number in range(4)]
    found = facts({**image(rows=[4], columns=[4], frames=[4]), "52009229": shared, "52009230": {"Value": frames}})
    assert found["Matrix"].endswith(", 4 frames")
    assert (found["Slice thickness"], found["Distance of slices"], found["Orientation"]) == ("2 mm", "3 mm", "axial")


@pytest.mark.parametrize("broken", [[], ["x", "y"], [None], [0, 0, 0, 0, 0, 0], [{}]])
def test_numbers_that_are_none_are_left_out(broken: list[Any]) -> None:
    assert facts(image(spacing=broken, orientation=broken, thickness=broken), *slices(1, 2)) == {}


def test_equipment_is_told_as_far_as_it_is_known() -> None:
    known = {"00080070": {"vr": "LO", "Value": ["ACME"]}, "00081090": {"vr": "LO", "Value": ["Model 3"]}}
    assert equipment_facts(known) == [("Equipment", "ACME, Model 3")]
    assert equipment_facts({}) == []
