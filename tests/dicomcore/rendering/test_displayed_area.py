from __future__ import annotations

import pytest
from presentation_builders import dataset_of, image_item

from dicomcore.rendering.displayed_area import (
    MAX_PIXELS,
    DisplayedArea,
    SpatialTransformation,
    place_area,
    read_displayed_areas,
    read_spatial_transformation,
)
from dicomcore.rendering.options import Viewport
from dicomcore.rendering.references import Scope

UPRIGHT = SpatialTransformation()
SIZE = (100, 200)


def area(left: int = 1, top: int = 1, right: int = 200, bottom: int = 100, **details: object) -> DisplayedArea:
    return DisplayedArea(Scope(), (left, top), (right, bottom), **details)  # type: ignore[arg-type]


def test_an_item_is_read() -> None:
    (read,) = read_displayed_areas(
        dataset_of(
            DisplayedAreaSelectionSequence=[
                dataset_of(
                    ReferencedImageSequence=[image_item("1.2")],
                    DisplayedAreaTopLeftHandCorner=[-10, 5],
                    DisplayedAreaBottomRightHandCorner=[300, 80],
                    PresentationSizeMode="MAGNIFY",
                    PresentationPixelSpacing=["0.6", "0.3"],
                    PresentationPixelMagnificationRatio=2.5,
                )
            ]
        )
    )
    assert (read.top_left, read.bottom_right) == ((-10, 5), (300, 80))
    assert (read.size_mode, read.aspect, read.magnification) == ("MAGNIFY", 2.0, 2.5)
    assert read.scope.covers("1.2", 1) and not read.scope.covers("1.3", 1)


def test_items_without_corners_are_left_out() -> None:
    assert read_displayed_areas(dataset_of(DisplayedAreaSelectionSequence=[dataset_of()])) == ()


def test_nonsense_is_taken_as_absent() -> None:
    item = dataset_of(
        DisplayedAreaTopLeftHandCorner=[1, 1],
        DisplayedAreaBottomRightHandCorner=[2, 2],
        PresentationPixelAspectRatio=["0", "-1"],
        PresentationPixelMagnificationRatio=float("nan"),
    )
    (read,) = read_displayed_areas(dataset_of(DisplayedAreaSelectionSequence=[item]))
    assert (read.aspect, read.magnification) == (None, None)


@pytest.mark.parametrize(("rotation", "expected"), [(0, 0), (90, 90), (270, 270), (360, 0), (450, 90), (45, 0)])
def test_images_are_turned_by_quarters(rotation: int, expected: int) -> None:
    assert read_spatial_transformation(dataset_of(ImageRotation=rotation)) == SpatialTransformation(expected)
    flipped = dataset_of(ImageRotation=rotation, ImageHorizontalFlip="Y")
    assert read_spatial_transformation(flipped) == SpatialTransformation(expected, True)


def test_an_area_of_the_total_pixel_matrix_is_moved_onto_a_tile() -> None:
    item = dataset_of(
        DisplayedAreaTopLeftHandCorner=[1001, 2001],
        DisplayedAreaBottomRightHandCorner=[1100, 2050],
        PixelOriginInterpretation="VOLUME",
    )
    (read,) = read_displayed_areas(dataset_of(DisplayedAreaSelectionSequence=[item]))
    moved = read.on_frame((990.0, 2000.0))
    assert (moved.top_left, moved.bottom_right) == ((11, 1), (110, 50))
    assert area().on_frame((990.0, 2000.0)) == area()


def test_without_viewport_a_pixel_is_a_pixel() -> None:
    placement = place_area(area(11, 21, 60, 40), UPRIGHT, SIZE, 1.0, None)
    assert placement.box == (10.0, 20.0, 60.0, 40.0)
    assert placement.size == (50, 20)


def test_without_area_the_whole_image_is_shown() -> None:
    placement = place_area(None, UPRIGHT, SIZE, 1.0, None)
    assert (placement.box, placement.size) == ((0.0, 0.0, 200.0, 100.0), (200, 100))


@pytest.mark.parametrize("mode", ["SCALE TO FIT", "TRUE SIZE"])
@pytest.mark.parametrize(("viewport", "expected"), [((100, 100), (100, 50)), ((1000, 200), (400, 200))])
def test_the_area_fits_into_the_viewport(mode: str, viewport: tuple[int, int], expected: tuple[int, int]) -> None:
    placement = place_area(area(size_mode=mode), UPRIGHT, SIZE, 1.0, Viewport(*viewport))
    assert placement.size == expected


def test_a_viewport_may_limit_one_side_alone() -> None:
    assert place_area(area(), UPRIGHT, SIZE, 1.0, Viewport(None, 50)).size == (100, 50)
    assert place_area(area(), UPRIGHT, SIZE, 1.0, Viewport(50, None)).size == (50, 25)


def test_a_turned_image_fits_into_the_viewport() -> None:
    placement = place_area(area(), SpatialTransformation(90), SIZE, 1.0, Viewport(100, 100))
    assert placement.size == (50, 100)


def test_corners_of_a_turned_image_come_in_any_order() -> None:
    placement = place_area(area(1, 100, 200, 1), SpatialTransformation(90), SIZE, 1.0, None)
    assert (placement.box, placement.size) == ((0.0, 0.0, 200.0, 100.0), (100, 200))


def test_magnified_images_have_their_own_scale() -> None:
    placement = place_area(area(size_mode="MAGNIFY", magnification=3.0), UPRIGHT, SIZE, 1.0, None)
    assert placement.size == (600, 300)


def test_magnified_images_are_cropped_to_the_viewport_around_the_middle() -> None:
    placement = place_area(area(size_mode="MAGNIFY", magnification=2.0), UPRIGHT, SIZE, 1.0, Viewport(100, 300))
    assert placement.size == (100, 200)
    assert placement.box == (75.0, 0.0, 125.0, 100.0)


def test_pixels_that_are_not_square_are_stretched() -> None:
    assert place_area(area(aspect=2.0), UPRIGHT, SIZE, 1.0, None).size == (200, 200)
    assert place_area(area(aspect=0.5), UPRIGHT, SIZE, 1.0, None).size == (400, 100)
    assert place_area(area(), UPRIGHT, SIZE, 2.0, None).size == (200, 200)


def test_pictures_do_not_get_too_large() -> None:
    far = area(-(2**31), -(2**31), 2**31 - 1, 2**31 - 1)
    for placement in (
        place_area(far, UPRIGHT, SIZE, 1.0, None),
        place_area(area(size_mode="MAGNIFY", magnification=1000.0), UPRIGHT, SIZE, 1.0, None),
        place_area(area(), UPRIGHT, SIZE, 100.0, Viewport(10**9, 10**9)),
    ):
        width, height = placement.size
        assert width >= 1 and height >= 1 and width * height <= MAX_PIXELS * 1.01
