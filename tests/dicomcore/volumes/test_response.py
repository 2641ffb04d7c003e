import json
from typing import Any

import numpy as np
import pytest
from volume_builders import ball, loaded, series

from dicomcore.rendering import RenderingOptions, VoiFunction, Window
from dicomcore.volumes import (
    Orientation,
    RenderingMethod,
    VolumeKind,
    VolumeOptions,
    render_volume,
    rendered_volumetric_metadata,
)
from dicomcore.volumes.response import describe_reduction

SERIES = loaded(series(ball(24, (18, 15, 5), 4), first=(-11.5, -11.5, -23), step=(0, 0, 2)))
JSON = RenderingOptions(media_type="application/dicom+json")
PNG = RenderingOptions(media_type="image/png")


def module(options: VolumeOptions, rendering: RenderingOptions = JSON) -> dict[str, Any]:
    document = json.loads(rendered_volumetric_metadata(*SERIES, options, rendering))
    return {tag: element["Value"] for tag, element in document.items()}


def test_an_mpr_tells_its_camera_slab_and_window() -> None:
    options = VolumeOptions(orientation=Orientation.ANTERIOR, slab=10, method=RenderingMethod.MAXIMUM_IP)
    window = RenderingOptions("application/dicom+json", window=Window(40, 400, VoiFunction.LINEAR_EXACT))
    found = module(options, window)
    assert (found["00720510"], found["0070120D"]) == (["MPR"], ["MAXIMUM_IP"])
    assert found["00701604"] == [0, 0, 0]
    assert found["00701603"][0] == found["00701603"][2] == 0 > found["00701603"][1]
    assert found["00701605"] == [0, 0, 1]
    assert found["00701503"] == [10]
    assert (found["00281050"], found["00281051"], found["00281056"]) == ([40], [400], ["LINEAR_EXACT"])


def test_a_volume_rendering_has_no_window() -> None:
    found = module(VolumeOptions(kind=VolumeKind.THREE_D))
    assert (found["00720510"], found["0070120D"]) == (["3D_RENDERING"], ["VOLUME_RENDERED"])
    assert not {"00281050", "00281051", "00281056", "00701503"} & found.keys()


def test_a_swivel_tells_what_the_server_chose() -> None:
    found = module(VolumeOptions(kind=VolumeKind.THREE_D, swivel_range=180, rate=20))
    assert (found["00701A06"], found["00701A05"], found["00701A03"]) == ([180], [5], [20])


def test_a_curve_tells_its_step_and_no_swivel() -> None:
    found = module(VolumeOptions(curve=((0, 0, 0), (0, 0, 10)), step_size=2))
    assert (found["00701A05"], found["00701A03"]) == ([2], [15])
    assert "00701A06" not in found


def test_a_window_that_comes_from_the_values_is_told() -> None:
    found = module(VolumeOptions())
    assert (found["00281050"], found["00281051"], found["00281056"]) == ([-999.5], [1], ["LINEAR"])


def test_the_camera_that_is_told_gives_the_same_picture() -> None:
    options = VolumeOptions(kind=VolumeKind.THREE_D, orientation=Orientation.LEFT)
    found = module(options)
    same = VolumeOptions(
        kind=VolumeKind.THREE_D,
        position=tuple(found["00701603"]),
        look_at=tuple(found["00701604"]),
        up=tuple(found["00701605"]),
    )
    assert render_volume(*SERIES, options, PNG) == render_volume(*SERIES, same, PNG)


def test_a_position_that_was_given_is_told() -> None:
    assert module(VolumeOptions(position=(-200, -300, 150)))["00701603"] == [-200, -300, 150]


def test_equal_requests_have_equal_answers() -> None:
    options = VolumeOptions(position=(1, 2, 300))
    assert rendered_volumetric_metadata(*SERIES, options, JSON) == rendered_volumetric_metadata(*SERIES, options, JSON)


@pytest.mark.parametrize(
    ("factors", "stride", "expected"),
    [
        ((1, 1, 1), 1, ""),
        ((1, 2, 2), 1, "1 voxel of 2 columns, 2 rows and 1 slices"),
        ((2, 1, 1), 3, "1 voxel of 1 columns, 1 rows and 6 slices"),
    ],
)
def test_a_reduction_is_told(factors: tuple[int, int, int], stride: int, expected: str) -> None:
    assert describe_reduction(factors, stride).endswith(expected)


def test_numbers_are_plain() -> None:
    text = rendered_volumetric_metadata(*SERIES, VolumeOptions(orientation=Orientation.RIGHT), JSON)
    assert b"-0.0" not in text
    assert np.isfinite(json.loads(text)["00701603"]["Value"]).all()
