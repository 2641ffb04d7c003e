from __future__ import annotations

import io

import numpy as np
from PIL import Image

from dicomcore.waveforms.drawing import Area, Curve, Mark, Page, Pen, Words, straight_lines
from dicomcore.waveforms.raster import MAX_RESOLUTION, encoded_picture, picture_of, resolution_for

BLACK = Pen((0, 0, 0), 1.0)


def drawn(*marks: Mark, resolution: float = 6.0) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.asarray(picture_of(Page(20, 10, marks), resolution))


def test_a_page_has_its_pixels_and_is_white() -> None:
    picture = drawn()
    assert picture.shape == (60, 120, 3)
    assert (picture == 255).all()


def test_a_line_lies_where_its_millimetres_are() -> None:
    rows = np.flatnonzero(drawn(straight_lines([(0, 5, 20, 5)], BLACK))[:, 60, 0] < 128)
    assert abs(rows.mean() + 0.5 - 30) < 0.51
    assert len(rows) == 6


def test_areas_and_curves_are_drawn_in_order_and_colour() -> None:
    curve = Curve(np.array([[0, 5], [20, 5]], np.float32), Pen((255, 0, 0), 1.0))
    picture = drawn(Area(0, 0, 20, 10, (0, 0, 255)), curve)
    assert picture[30, 60].tolist() == [255, 0, 0]
    assert picture[5, 5].tolist() == [0, 0, 255]


def test_a_single_point_is_drawn() -> None:
    assert (drawn(Curve(np.array([[10, 5]], np.float32), BLACK)) < 255).any()


def test_edges_are_smooth() -> None:
    slanted = drawn(straight_lines([(0, 0, 20, 10)], Pen((0, 0, 0), 0.3)))
    assert len(np.unique(slanted)) > 4


def test_words_are_anchored() -> None:
    columns = [
        np.flatnonzero((drawn(Words(10, 8, "II", 4, anchor=anchor))[:, :, 0] < 128).any(axis=0)).mean()
        for anchor in ("start", "middle", "end")
    ]
    assert columns[0] > columns[1] > columns[2]


def test_a_viewport_is_filled_but_never_beyond_the_limit() -> None:
    page = Page(297, 210, ())
    assert resolution_for(page, 297, 1000) == 1.0
    assert resolution_for(page, None, 105) == 0.5
    assert resolution_for(page, 100_000, 100_000) == MAX_RESOLUTION
    assert resolution_for(page, None, None) == 6.0


def test_the_smallest_picture_has_a_pixel() -> None:
    assert picture_of(Page(297, 210, ()), resolution_for(Page(297, 210, ()), 1, 1)).size == (1, 1)


def test_pictures_know_their_true_size() -> None:
    for media_type, form in (("image/png", "PNG"), ("image/jpeg", "JPEG")):
        encoded = encoded_picture(picture_of(Page(20, 10, ()), 10.0), media_type, 10.0)
        with Image.open(io.BytesIO(encoded)) as opened:
            assert opened.format == form
            assert abs(opened.info["dpi"][0] - 254) < 1
