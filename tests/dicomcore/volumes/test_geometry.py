import numpy as np
import pytest
from builders import element
from volume_builders import enhanced_file, frames_of, series, slice_file

from dicomcore.errors import InvalidParameter
from dicomcore.volumes import grid_of

SLICE = np.zeros((4, 6), np.int16)


def at(*heights: float, **choices: object) -> list[bytes]:
    return [slice_file(SLICE, (0, 0, height), **choices) for height in heights]  # type: ignore[arg-type]


def used(files: list[bytes]) -> list[tuple[int, int, float]]:
    return [(one.first, one.second, round(one.weight, 6)) for one in grid_of(frames_of(files)).layers]


def test_affine_maps_voxels_to_the_patient() -> None:
    files = series(np.zeros((3, 4, 6)), first=(-10, -20, 30), step=(0, 0, 2.5), spacing=(0.7, 0.5))
    grid = grid_of(frames_of(files))
    assert grid.shape == (3, 4, 6)
    assert grid.affine @ [5, 3, 2, 1] == pytest.approx([-10 + 5 * 0.5, -20 + 3 * 0.7, 30 + 2 * 2.5, 1])
    assert grid.spacing == pytest.approx((2.5, 0.7, 0.5))
    assert grid.center == pytest.approx([-8.75, -18.95, 32.5])


def test_corners_are_the_outer_edges_of_the_voxels() -> None:
    grid = grid_of(frames_of(at(0, 2)))
    assert grid.corners.min(axis=0) == pytest.approx([-0.5, -0.5, -1])
    assert grid.corners.max(axis=0) == pytest.approx([5.5, 3.5, 3])


def test_slices_are_sorted_along_their_normal_whatever_their_order() -> None:
    assert used(at(4, 0, 2, 6)) == [(1, 1, 0), (2, 2, 0), (0, 0, 0), (3, 3, 0)]


def test_sagittal_slices_are_sorted_from_right_to_left() -> None:
    files = [slice_file(SLICE, (x, 0, 0), orientation=(0, 1, 0, 0, 0, 1)) for x in (3, 1, 2)]
    grid = grid_of(frames_of(files))
    assert [layer.first for layer in grid.layers] == [1, 2, 0]
    assert grid.affine[:3, 2] == pytest.approx([1, 0, 0])


def test_of_slices_at_one_place_the_first_is_taken() -> None:
    assert used(at(0, 1, 1, 2, 0)) == [(0, 0, 0), (1, 1, 0), (3, 3, 0)]


def test_a_missing_slice_is_interpolated_between_its_neighbours() -> None:
    assert used(at(0, 2, 4, 8, 10)) == [(0, 0, 0), (1, 1, 0), (2, 2, 0), (2, 3, 0.5), (3, 3, 0), (4, 4, 0)]


def test_uneven_slices_are_resampled_by_their_true_positions() -> None:
    assert used(at(0, 1, 2.5, 3.5, 4.5, 5.5, 6)) == [
        (0, 0, 0),
        (1, 1, 0),
        (1, 2, 0.666667),
        (2, 3, 0.5),
        (3, 4, 0.5),
        (4, 5, 0.5),
        (6, 6, 0),
    ]


def test_positions_that_are_rounded_are_even() -> None:
    assert used(at(0, 0.33, 0.67, 1.0)) == [(0, 0, 0), (1, 1, 0), (2, 2, 0), (3, 3, 0)]


def test_a_tilted_gantry_shears_the_volume() -> None:
    frames = frames_of(slice_file(SLICE, (0, 0.5 * z, z)) for z in (0, 2, 4, 6))
    grid = grid_of(frames)
    assert len(grid.layers) == 4
    assert grid.affine[:3, 2] == pytest.approx([0, 1, 2])


def test_a_slice_that_stands_aside_is_left_out() -> None:
    files = at(0, 1, 2, 3, 5, 6)
    files.append(slice_file(SLICE, (40, 0, 4)))
    assert (4, 4, 0) in used(files)
    assert all(6 not in layer[:2] for layer in used(files))


def test_other_orientations_and_sizes_are_left_out() -> None:
    others = [slice_file(SLICE, (0, 0, z), orientation=(1, 0, 0, 0, 0, -1)) for z in (10, 11)]
    large = [slice_file(np.zeros((8, 8)), (0, 0, z)) for z in (20, 21)]
    assert used([*others, *at(0, 1, 2), *large]) == [(2, 2, 0), (3, 3, 0), (4, 4, 0)]


def test_the_largest_stack_of_an_enhanced_image_is_the_volume() -> None:
    positions = [(0, 0, 0), (0, 0, 1), (0, 0, 0.5), (0, 0, 1.5), (0, 0, 2.5)]
    file = enhanced_file(np.zeros((5, 4, 6)), positions, ["1", "1", "2", "2", "2"])
    assert used([file]) == [(2, 2, 0), (3, 3, 0), (4, 4, 0)]


def test_phases_of_one_series_are_not_mixed() -> None:
    first = at(0, 1, 2, extra=[element(0x00200100, "IS", "1")])
    second = at(0, 1, 2, extra=[element(0x00200100, "IS", "2")])
    mixed = [one for pair in zip(second, first, strict=True) for one in pair]
    assert [layer[0] for layer in used(mixed)] == [0, 2, 4]


def test_a_wide_gap_ends_the_volume() -> None:
    assert used(at(0, 1, 2, 50, 51, 52, 53)) == [(3, 3, 0), (4, 4, 0), (5, 5, 0), (6, 6, 0)]


def test_slices_in_very_many_directions_take_no_time() -> None:
    turned = [
        (np.cos(angle), np.sin(angle), 0, -np.sin(angle), np.cos(angle), 0) for angle in np.linspace(0.5, 5.8, 90)
    ]
    files = [*at(0, 1), *(slice_file(SLICE, (0, 0, 5), orientation=one) for one in turned)]
    assert used(files) == [(0, 0, 0), (1, 1, 0)]


@pytest.mark.parametrize("files", [[], at(0), at(3, 3)])
def test_what_is_no_volume_is_refused(files: list[bytes]) -> None:
    with pytest.raises(InvalidParameter, match="volume"):
        grid_of(frames_of(files))
