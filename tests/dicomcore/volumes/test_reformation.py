import numpy as np
import pytest

from dicomcore.errors import LimitExceeded
from dicomcore.volumes import RenderingMethod
from dicomcore.volumes.reformation import reformat, slab_depths
from dicomcore.volumes.views import Camera, View
from dicomcore.volumes.volume import Volume

VOXELS = np.arange(5 * 4 * 4, dtype=np.int16).reshape(5, 4, 4) ** 2
VOLUME = Volume(VOXELS, np.eye(4))
VIEW = View(Camera(np.array([1.5, 1.5, 2.0]), *np.eye(3)), 1.0, 4, 4)


def test_without_thickness_there_is_one_section() -> None:
    assert slab_depths(None, 0.5).tolist() == [0]
    assert slab_depths(0, 0.5).tolist() == [0]
    found = reformat(VOLUME, VIEW, slab_depths(0, 0.5), RenderingMethod.MAXIMUM_IP)
    assert (found == VOXELS[2]).all()


def test_sections_are_half_a_voxel_apart_and_reach_from_face_to_face() -> None:
    assert slab_depths(2, 0.5).tolist() == [-1, -0.5, 0, 0.5, 1]
    assert slab_depths(0.3, 0.5).tolist() == [-0.15, 0.15]


def test_of_very_many_sections_fewer_are_made() -> None:
    assert len(slab_depths(2000, 0.1, 50)) == 50
    with pytest.raises(LimitExceeded, match="slab"):
        slab_depths(1e6, 0.5)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (RenderingMethod.MAXIMUM_IP, VOXELS[1:4].max(axis=0)),
        (RenderingMethod.MINIMUM_IP, VOXELS[1:4].min(axis=0)),
        (RenderingMethod.AVERAGE_IP, VOXELS[1:4].mean(axis=0)),
    ],
)
def test_a_slab_is_reduced_by_its_method(method: RenderingMethod, expected: object) -> None:
    assert reformat(VOLUME, VIEW, slab_depths(2, 1), method) == pytest.approx(expected)


def test_a_slab_that_reaches_beyond_the_volume_counts_what_is_inside() -> None:
    found = reformat(VOLUME, VIEW, slab_depths(40, 1), RenderingMethod.AVERAGE_IP)
    assert found == pytest.approx(VOXELS.mean(axis=0))


def test_a_slab_beside_the_volume_is_empty() -> None:
    aside = View(Camera(np.array([1.5, 1.5, 90.0]), *np.eye(3)), 1.0, 4, 4)
    for method in (RenderingMethod.MAXIMUM_IP, RenderingMethod.MINIMUM_IP, RenderingMethod.AVERAGE_IP):
        assert np.isnan(reformat(VOLUME, aside, slab_depths(4, 1), method)).all()
