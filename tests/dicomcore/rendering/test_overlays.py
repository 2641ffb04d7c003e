from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from presentation_builders import EXPLICIT_LE, dataset_of, description_of
from pydicom.data import get_testdata_file

from dicomcore.data import Dataset, read_file
from dicomcore.errors import LimitExceeded
from dicomcore.rendering.overlays import Overlay, draw_overlays, mask_of, overlays_of, with_embedded_bits

CHECKERS = np.indices((3, 5)).sum(axis=0) % 2 == 0


def packed(*planes: np.ndarray) -> bytes:
    bits = np.concatenate([plane.ravel() for plane in planes]).astype(np.uint8)
    return np.packbits(bits, bitorder="little").tobytes()


def overlay_dataset(data: bytes, *, rows: int = 3, columns: int = 5, origin: tuple[int, int] = (1, 1)) -> Dataset:
    dataset = dataset_of(OverlayRows=rows, OverlayColumns=columns, OverlayType="G", OverlayOrigin=list(origin))
    dataset.put(0x60003000, "OW", data)
    return dataset


def test_an_overlay_has_the_bits_of_its_data() -> None:
    (overlay,) = overlays_of(overlay_dataset(packed(CHECKERS)))
    assert (mask_of(overlay, 3, 5) == CHECKERS).all()
    assert overlay.kind == "G"


@pytest.mark.parametrize("origin", [(0, -1), (2, 3), (-5, 1), (3, 9), (-32768, 32767)])
def test_an_overlay_may_begin_outside_of_the_image(origin: tuple[int, int]) -> None:
    (overlay,) = overlays_of(overlay_dataset(packed(CHECKERS), origin=origin))
    expected = np.zeros((4, 4), bool)
    for row, column in zip(*np.nonzero(CHECKERS), strict=True):
        place = row + origin[0] - 1, column + origin[1] - 1
        if 0 <= place[0] < 4 and 0 <= place[1] < 4:
            expected[place] = True
    assert (mask_of(overlay, 4, 4) == expected).all()


def test_frames_of_an_overlay_follow_each_other_without_padding() -> None:
    dataset = overlay_dataset(packed(CHECKERS, ~CHECKERS))
    dataset.put(0x60000015, "IS", 2)
    dataset.put(0x60000051, "US", 3)
    assert overlays_of(dataset, 2) == ()
    assert (mask_of(overlays_of(dataset, 3)[0], 3, 5) == CHECKERS).all()
    assert (mask_of(overlays_of(dataset, 4)[0], 3, 5) == ~CHECKERS).all()
    assert overlays_of(dataset, 5) == ()


def test_an_overlay_whose_bits_are_missing_is_left_out() -> None:
    assert overlays_of(overlay_dataset(b"\1\1", rows=4)) == ()


def test_the_overlays_of_all_groups_are_read() -> None:
    dataset = overlay_dataset(packed(CHECKERS))
    for tag, vr, value in ((0x601E0010, "US", 1), (0x601E0011, "US", 8), (0x601E3000, "OW", b"\xff\0")):
        dataset.put(tag, vr, value)
    assert [overlay.group for overlay in overlays_of(dataset)] == [0x6000, 0x601E]


def test_overlays_are_drawn_white_on_a_copy() -> None:
    picture = np.full((3, 5), 7, np.uint8)
    drawn = draw_overlays(picture, overlays_of(overlay_dataset(packed(CHECKERS))))
    assert (drawn == np.where(CHECKERS, 255, 7)).all()
    assert (picture == 7).all()


def test_overlays_are_drawn_into_colour_pictures() -> None:
    picture = np.zeros((3, 5, 3), np.uint8)
    drawn = draw_overlays(picture, overlays_of(overlay_dataset(packed(CHECKERS))))
    assert (drawn == np.where(CHECKERS, 255, 0)[..., None]).all()


def test_a_picture_without_overlays_is_the_same() -> None:
    picture = np.zeros((3, 5), np.uint8)
    assert draw_overlays(picture, ()) is picture


def embedded(bit_position: int) -> Overlay:
    dataset = dataset_of(OverlayRows=3, OverlayColumns=5, OverlayBitsAllocated=16, OverlayBitPosition=bit_position)
    (overlay,) = overlays_of(dataset)
    return overlay


def test_an_embedded_overlay_is_taken_from_the_cells() -> None:
    cells = np.arange(15, dtype="<u2").reshape(3, 5) | np.where(CHECKERS, 1 << 13, 0).astype("<u2")
    form = replace(description_of(cells).form, bits_stored=12, high_bit=11)
    (overlay,) = with_embedded_bits([embedded(13)], cells.tobytes(), form, EXPLICIT_LE)
    assert (mask_of(overlay, 3, 5) == CHECKERS).all()


def test_an_embedded_overlay_that_cannot_be_taken_is_left_out() -> None:
    form = description_of(np.zeros((3, 5), "<u2")).form
    assert with_embedded_bits([embedded(13)], b"short", form, EXPLICIT_LE) == ()
    assert with_embedded_bits([embedded(77)], bytes(30), form, EXPLICIT_LE) == ()
    color = description_of(np.zeros((3, 5, 3), np.uint8)).form
    assert with_embedded_bits([embedded(7)], bytes(45), color, EXPLICIT_LE) == ()


def test_an_overlay_that_would_take_too_much_memory_is_refused() -> None:
    overlay = Overlay(0x6000, 60_000, 60_000, bits=b"")
    with pytest.raises(LimitExceeded):
        mask_of(overlay, 60_000, 10)


def test_a_real_overlay_is_what_pydicom_reads() -> None:
    path = Path(str(get_testdata_file("examples_overlay.dcm")))
    (overlay,) = overlays_of(read_file(path.read_bytes()).dataset)
    theirs = pydicom.dcmread(path)
    expected = theirs.overlay_array(0x6000).astype(bool)
    assert (mask_of(overlay, theirs.Rows, theirs.Columns) == expected).all()
