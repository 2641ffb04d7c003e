import numpy as np
import pytest
from volume_builders import frames_of, series, slice_file

from dicomcore.errors import LimitExceeded
from dicomcore.volumes import VolumeFrame, grid_of
from dicomcore.volumes.volume import (
    MAX_SLICE_PIXELS,
    block_means,
    build_volume,
    factors_for,
    modality_values,
    voxel_type,
)

VALUES = np.arange(4 * 6 * 8, dtype=np.int16).reshape(4, 6, 8)
INT16 = np.dtype(np.int16)


def described(**overrides: object) -> VolumeFrame:
    (frame,) = frames_of([slice_file(np.zeros((4, 4)), (0, 0, 0), **overrides)])  # type: ignore[arg-type]
    return frame


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({}, np.int16),
        ({"RescaleIntercept": "-1024", "BitsStored": 12, "HighBit": 11, "PixelRepresentation": 0}, np.int16),
        ({"PixelRepresentation": 0}, np.uint16),
        ({"RescaleSlope": "2"}, np.float32),
        ({"RescaleSlope": "0.5"}, np.float32),
        ({"RescaleIntercept": None, "RescaleSlope": None, "PixelRepresentation": 0}, np.uint16),
    ],
)
def test_voxels_are_integers_where_these_are_exact(overrides: dict[str, object], expected: type) -> None:
    assert voxel_type([described(**overrides).description]) == expected


def test_slices_of_different_scales_are_brought_to_the_same_units() -> None:
    stored = np.array([[1, 2]], np.int16)
    description = described(RescaleSlope="0.5", RescaleIntercept="10").description
    assert modality_values(stored, description).tolist() == [[10.5, 11.0]]


def test_layers_are_slices_or_mixtures_of_two() -> None:
    frames = frames_of(slice_file(VALUES[0], (0, 0, z)) for z in (0, 1, 2, 4))
    grid = grid_of(frames)
    volume = build_volume(grid, range(5), (1, 1, 1), INT16, lambda index: VALUES[index])
    assert (volume.voxels[[0, 1, 2, 4]] == VALUES).all()
    assert (volume.voxels[3] == (VALUES[2] + VALUES[3]) // 2).all()


def test_a_part_of_the_layers_keeps_its_place_in_the_patient() -> None:
    grid = grid_of(frames_of(series(VALUES, first=(5, 6, 7), step=(0, 0, 2))))
    volume = build_volume(grid, range(2, 4), (1, 1, 1), INT16, lambda index: VALUES[index])
    assert (volume.voxels == VALUES[2:4]).all()
    assert volume.affine @ [0, 0, 0, 1] == pytest.approx([5, 6, 11, 1])


def test_slices_are_read_once() -> None:
    read: list[int] = []
    frames = frames_of(slice_file(VALUES[0], (0, 0, z)) for z in (0, 1, 3, 4))

    def reading(index: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
        read.append(index)
        return VALUES[index]

    build_volume(grid_of(frames), range(5), (1, 1, 1), INT16, reading)
    assert read == [0, 1, 2, 3]


def test_a_reduced_volume_has_the_means_of_blocks_in_their_middle() -> None:
    grid = grid_of(frames_of(series(VALUES, spacing=(0.5, 0.5))))
    volume = build_volume(grid, range(4), (2, 2, 2), INT16, lambda index: VALUES[index])
    assert volume.voxels.shape == (2, 3, 4)
    assert volume.voxels[0, 0, 0] == np.rint(VALUES[:2, :2, :2].mean())
    assert volume.affine @ [0, 0, 0, 1] == pytest.approx([0.25, 0.25, 0.5, 1])
    assert volume.affine @ [1, 1, 1, 1] == pytest.approx([1.25, 1.25, 2.5, 1])


def test_what_does_not_fill_a_block_is_continued() -> None:
    assert block_means(np.array([[1, 3, 8]]), 1, 2).tolist() == [[2, 8]]


def test_the_axis_with_the_smallest_voxels_is_reduced_first() -> None:
    fine = grid_of(frames_of(series(VALUES, spacing=(0.5, 0.5), step=(0, 0, 2))))
    assert factors_for(fine, 4, 4 * 6 * 8) == (1, 1, 1)
    assert factors_for(fine, 4, 4 * 3 * 4) == (1, 2, 2)
    thin = grid_of(frames_of(series(VALUES, spacing=(2, 2), step=(0, 0, 0.5))))
    assert factors_for(thin, 4, 2 * 6 * 8) == (2, 1, 1)


def test_a_slice_that_is_too_large_is_refused_before_anything_is_allocated() -> None:
    frames = frames_of(slice_file(np.zeros((1, 1)), (0, 0, z), Rows=60000, Columns=60000) for z in (0, 1))
    with pytest.raises(LimitExceeded, match=str(MAX_SLICE_PIXELS)):
        factors_for(grid_of(frames), 2, 10**9)
