from __future__ import annotations

import numpy as np
import pytest
from presentation_builders import dataset_of

from dicomcore.rendering.subtraction import MaskSubtraction, read_subtraction, subtracted


def test_the_first_item_is_read() -> None:
    item = dataset_of(
        MaskOperation="AVG_SUB", ApplicableFrameRange=[3, 9], MaskFrameNumbers=[1, 2], MaskSubPixelShift=[0.5, -1.0]
    )
    read = read_subtraction(dataset_of(MaskSubtractionSequence=[item]))
    assert read == MaskSubtraction("AVG_SUB", (1, 2), ((3, 9),), (0.5, -1.0))
    assert read_subtraction(dataset_of()) is None


def test_averaged_masks_are_for_the_frames_of_their_range() -> None:
    subtraction = MaskSubtraction("AVG_SUB", (1, 2), ((3, 9),))
    assert subtraction.mask_of(3) == (1, 2)
    assert subtraction.mask_of(10) == ()
    assert MaskSubtraction("AVG_SUB", (1,)).mask_of(10) == (1,)


@pytest.mark.parametrize(("frame", "mask"), [(5, (3,)), (3, (1,)), (2, ()), (1, ())])
def test_time_interval_differencing_takes_the_frame_before(frame: int, mask: tuple[int, ...]) -> None:
    assert MaskSubtraction("TID", offset=2).mask_of(frame) == mask


@pytest.mark.parametrize(("frame", "mask"), [(10, (9,)), (11, (8,)), (18, (1,)), (19, ())])
def test_reverse_differencing_goes_backwards(frame: int, mask: tuple[int, ...]) -> None:
    assert MaskSubtraction("REV_TID", ranges=((10, 30),)).mask_of(frame) == mask


def test_an_unknown_operation_subtracts_nothing() -> None:
    assert MaskSubtraction("NONE", (1,)).mask_of(5) == ()


def test_the_average_of_the_masks_is_subtracted() -> None:
    values = np.array([[10, 20], [30, 40]], np.int32)
    masks = [np.full((2, 2), 4, np.uint16), np.full((2, 2), 7, np.uint16)]
    assert subtracted(values, masks, (0.0, 0.0)).tolist() == [[4.5, 14.5], [24.5, 34.5]]


def test_a_mask_is_moved_down_and_right() -> None:
    mask = np.arange(12, dtype=np.float32).reshape(3, 4)
    moved = -subtracted(np.zeros((3, 4)), [mask], (1.0, 0.0))
    assert moved[1:].tolist() == mask[:-1].tolist()
    moved = -subtracted(np.zeros((3, 4)), [mask], (0.0, 0.5))
    assert moved[:, 1:].tolist() == ((mask[:, 1:] + mask[:, :-1]) / 2).tolist()


def test_a_mask_that_is_moved_far_does_no_harm() -> None:
    assert np.isfinite(subtracted(np.zeros((3, 4)), [np.ones((3, 4))], (1e30, -1e30))).all()
