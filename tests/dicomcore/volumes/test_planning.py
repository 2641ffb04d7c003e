from dataclasses import replace

import numpy as np
import pytest
from volume_builders import frames_of, series, slice_file

from dicomcore.errors import InvalidParameter, LimitExceeded
from dicomcore.rendering import RenderingOptions
from dicomcore.volumes import (
    Orientation,
    RenderingMethod,
    VolumeFrame,
    VolumeKind,
    VolumeOptions,
    is_moving,
    needed_frames,
)
from dicomcore.volumes.planning import MAX_INPUT_BYTES, plan_volume, reduction_of

JPEG = RenderingOptions()
FRAMES = frames_of(series(np.zeros((9, 4, 4), np.int16), step=(0, 0, 2)))
DEEP = VolumeOptions(kind=VolumeKind.THREE_D)


def large(count: int, side: int) -> list[VolumeFrame]:
    return frames_of(slice_file(np.zeros((1, 1)), (0, 0, z), Rows=side, Columns=side) for z in range(count))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (VolumeOptions(), (4, 5)),
        (VolumeOptions(look_at=(1.5, 1.5, 4)), (2, 3)),
        (VolumeOptions(look_at=(1.5, 1.5, 5)), (2, 3)),
        (VolumeOptions(slab=4.0, look_at=(1.5, 1.5, 4)), (1, 2, 3)),
        (VolumeOptions(look_at=(1.5, 1.5, 999)), (7, 8)),
        (VolumeOptions(orientation=Orientation.LEFT), tuple(range(9))),
        (replace(DEEP, orientation=Orientation.FEET), tuple(range(9))),
    ],
)
def test_only_the_slices_that_a_picture_cuts_are_needed(options: VolumeOptions, expected: tuple[int, ...]) -> None:
    assert needed_frames(FRAMES, options, JPEG) == expected


def test_slices_of_a_smaller_stack_are_not_needed() -> None:
    others = frames_of(slice_file(np.zeros((4, 4)), (0, 0, z), orientation=(0, 1, 0, 0, 0, 1)) for z in (0, 1))
    assert needed_frames([*others, *FRAMES], DEEP, JPEG) == tuple(range(2, 11))


def test_what_is_no_volume_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="volume"):
        needed_frames(FRAMES[:1], DEEP, JPEG)


@pytest.mark.parametrize(
    ("media_type", "swivel_range", "expected"),
    [
        ("image/jpeg", 90.0, False),
        ("image/gif", 90.0, True),
        ("image/gif", None, False),
        ("application/dicom+json", 90.0, True),
        ("application/dicom+json", None, False),
    ],
)
def test_an_animation_is_asked_for_and_its_media_type_can_move(
    media_type: str, swivel_range: float | None, expected: bool
) -> None:
    options = VolumeOptions(swivel_range=swivel_range)
    assert is_moving(options, RenderingOptions(media_type=media_type)) is expected
    assert not is_moving(options, RenderingOptions(media_type=media_type, is_still=True))


def test_methods_have_defaults() -> None:
    assert plan_volume(FRAMES, VolumeOptions(), JPEG).method is RenderingMethod.AVERAGE_IP
    assert plan_volume(FRAMES, DEEP, JPEG).method is RenderingMethod.VOLUME_RENDERED


def test_of_very_many_slices_every_second_is_read() -> None:
    side = 1024
    frames = large(MAX_INPUT_BYTES // (2 * side * side) + 1, side)
    plan = plan_volume(frames, DEEP, JPEG)
    assert plan.stride == 2
    assert plan.needed == tuple(range(0, len(frames), 2))
    assert plan.grid.spacing[0] == pytest.approx(2)
    assert plan_volume(frames, VolumeOptions(), JPEG).stride == 1


def test_slices_of_which_two_are_too_much_are_refused() -> None:
    with pytest.raises(LimitExceeded, match="slices of a volume"):
        plan_volume(large(3, 30_000), DEEP, JPEG)


def test_a_volume_is_reduced_to_fit_beside_its_frames() -> None:
    frames = large(300, 512)
    options = replace(DEEP, method=RenderingMethod.MAXIMUM_IP)
    plan = plan_volume(frames, options, JPEG)
    assert reduction_of(plan, frames, options, 1 << 20) == (1, 1, 1)
    assert max(reduction_of(plan, frames, options, 380 << 20)) > 1


def test_a_volume_is_reduced_to_be_turned_in_time() -> None:
    frames = large(300, 512)
    options = replace(DEEP, method=RenderingMethod.MAXIMUM_IP, swivel_range=360.0)
    gif = RenderingOptions(media_type="image/gif")
    plan = plan_volume(frames, options, gif)
    assert len(plan.views) == 72
    assert max(reduction_of(plan, frames, options, 1 << 20)) > 1


def test_the_slabs_of_an_animation_have_fewer_sections() -> None:
    options = VolumeOptions(slab=200.0, curve=((0, 0, 0), (0, 0, 90)), step_size=1.0)
    plan = plan_volume(FRAMES, options, RenderingOptions(media_type="image/gif"))
    assert len(plan.views) == 90
    assert len(plan.depths) == 2
