from __future__ import annotations

import numpy as np
from presentation_builders import dataset_of

from dicomcore.rendering.shutters import Shutters, draw_shutters, read_shutters

CIRCLE = {"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": [8, 20], "RadiusOfCircularShutter": 6}
ROWS, COLUMNS = np.indices((20, 30)) + 1


def test_a_rectangular_shutter_leaves_its_edges_open() -> None:
    shutters = read_shutters(
        dataset_of(
            ShutterShape="RECTANGULAR",
            ShutterLeftVerticalEdge=4,
            ShutterRightVerticalEdge=25,
            ShutterUpperHorizontalEdge=3,
            ShutterLowerHorizontalEdge=12,
        )
    )
    assert shutters is not None
    is_open = (COLUMNS >= 4) & (COLUMNS <= 25) & (ROWS >= 3) & (ROWS <= 12)
    assert (shutters.covered(20, 30) == ~is_open).all()


def test_a_circular_shutter_has_its_center_by_row_and_column() -> None:
    shutters = read_shutters(
        dataset_of(ShutterShape="CIRCULAR", CenterOfCircularShutter=[8, 20], RadiusOfCircularShutter=6)
    )
    assert shutters is not None
    assert (shutters.covered(20, 30) == ((ROWS - 8) ** 2 + (COLUMNS - 20) ** 2 > 36)).all()


def test_a_circular_shutter_is_round_where_pixels_are_not_square() -> None:
    covered = Shutters(circle=(10, 15, 8)).covered(20, 30, aspect=2.0)
    assert (covered == (4 * (ROWS - 10) ** 2 + (COLUMNS - 15) ** 2 > 64)).all()


def test_a_polygonal_shutter_covers_what_is_outside() -> None:
    vertices = [3, 5, 3, 24, 17, 24, 17, 5]
    shutters = read_shutters(dataset_of(ShutterShape="POLYGONAL", VerticesOfThePolygonalShutter=vertices))
    assert shutters is not None
    is_open = (COLUMNS >= 5) & (COLUMNS <= 24) & (ROWS >= 3) & (ROWS <= 17)
    assert (shutters.covered(20, 30) == ~is_open).all()


def test_a_bitmap_shutter_covers_where_its_bits_are_set() -> None:
    dataset = dataset_of(
        ShutterShape="BITMAP", ShutterOverlayGroup=0x6000, OverlayRows=2, OverlayColumns=4, OverlayOrigin=[1, 1]
    )
    dataset.put(0x60003000, "OB", b"\x05\x00")
    shutters = read_shutters(dataset)
    assert shutters is not None
    assert np.argwhere(shutters.covered(20, 30)).tolist() == [[0, 0], [0, 2]]


def test_several_shutters_leave_open_what_all_leave_open() -> None:
    one, other = Shutters(circle=(10, 10, 7)), Shutters(rectangle=(5, 12, 2, 9))
    both = Shutters(circle=(10, 10, 7), rectangle=(5, 12, 2, 9))
    assert (both.covered(20, 30) == (one.covered(20, 30) | other.covered(20, 30))).all()


def test_shutters_that_are_not_complete_are_none() -> None:
    assert read_shutters(dataset_of()) is None
    assert read_shutters(dataset_of(ShutterShape="RECTANGULAR", ShutterLeftVerticalEdge=4)) is None
    assert read_shutters(dataset_of(ShutterShape="CIRCULAR", CenterOfCircularShutter=[8])) is None
    assert read_shutters(dataset_of(ShutterShape="POLYGONAL", VerticesOfThePolygonalShutter=[1, 1, 2, 2])) is None
    assert read_shutters(dataset_of(ShutterShape="BITMAP", ShutterOverlayGroup=0x6000)) is None


def test_shutters_are_drawn_in_their_p_value() -> None:
    dataset = dataset_of(
        ShutterShape="CIRCULAR",
        CenterOfCircularShutter=[8, 20],
        RadiusOfCircularShutter=6,
        ShutterPresentationValue=0x8000,
    )
    shutters = read_shutters(dataset)
    assert shutters is not None
    drawn = draw_shutters(np.full((20, 30), 9, np.uint8), shutters)
    assert (drawn == np.where(shutters.covered(20, 30), 128, 9)).all()


def test_a_coloured_shutter_makes_a_grey_picture_rgb() -> None:
    drawn = draw_shutters(np.full((20, 30), 9, np.uint8), Shutters(circle=(1, 1, 0), color=(1, 2, 3)))
    assert drawn.shape == (20, 30, 3)
    assert drawn[0, 0].tolist() == [9, 9, 9]
    assert drawn[5, 5].tolist() == [1, 2, 3]


def test_numbers_far_away_do_no_harm() -> None:
    far = [2**31 - 1, -(2**31), 2**31 - 1, 2**31 - 1, -(2**31), -(2**31)]
    shutters = read_shutters(dataset_of(ShutterShape="POLYGONAL", VerticesOfThePolygonalShutter=far))
    assert shutters is not None
    assert shutters.covered(20, 30).shape == (20, 30)
