from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
from PIL import Image
from presentation_builders import EXPLICIT_LE, description_of, frame_of
from pydicom.data import get_testdata_file

from dicomcore.data import read_file
from dicomcore.errors import ResourceNotFound
from dicomcore.pixels import frame_index, stored_frame
from dicomcore.rendering.description import FrameDescription, describe
from dicomcore.rendering.luts import Lut
from dicomcore.rendering.options import RenderingOptions, Viewport
from dicomcore.rendering.palette import Palette
from dicomcore.rendering.planes import Plane
from dicomcore.rendering.segmentation import Segment, Segmentation, SegmentationFrame, read_segmentation, spread_color
from dicomcore.rendering.segmented import render_segmented, segmented_picture

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "dcmqi"
PNG = RenderingOptions(media_type="image/png")
RED, BLUE = (255, 0, 0), (0, 0, 255)
SEGMENTS = (Segment(1, "one", RED), Segment(2, "two", BLUE))
GREY = np.full((4, 6), 100, np.uint8)


@dataclass(frozen=True)
class Mask:
    content: bytes
    transfer_syntax_uid: str
    frame_number: int
    description: FrameDescription


def mask_of(values: np.ndarray, number: int = 1) -> Mask:
    return Mask(values.tobytes(), EXPLICIT_LE, number, description_of(values))


def segmentation(kind: str, *segments: int | None, plane: Plane | None = None, **details: object) -> Segmentation:
    frames = {number: SegmentationFrame(segment, None, plane) for number, segment in enumerate(segments, 1)}
    fields = {"maximum": 1, "palette": None} | details
    return Segmentation(kind=kind, segments=SEGMENTS, frames=frames, **fields)  # type: ignore[arg-type]


def half(color: tuple[int, int, int]) -> list[int]:
    return np.rint((np.array(color) + 100) / 2).astype(int).tolist()


def test_segments_are_half_transparent_over_their_image() -> None:
    one, two = np.zeros((4, 6), np.uint8), np.zeros((4, 6), np.uint8)
    one[1, 1] = two[2, 2] = 1
    masks = [mask_of(one, 1), mask_of(two, 2)]
    picture, _ = segmented_picture(frame_of(GREY), masks, segmentation("BINARY", 1, 2), PNG)
    assert picture[0, 0].tolist() == [100, 100, 100]
    assert np.abs(picture[1, 1] - np.array(half(RED))).max() <= 1
    assert np.abs(picture[2, 2] - np.array(half(BLUE))).max() <= 1


def test_without_an_image_segments_are_opaque_on_black() -> None:
    values = np.eye(4, 6, dtype=np.uint8)
    picture, _ = segmented_picture(None, [mask_of(values)], segmentation("BINARY", 2), PNG)
    assert (picture == values[..., None] * np.array(BLUE)).all()


def test_a_fraction_is_as_much_transparent() -> None:
    values = np.array([[0, 64, 128]], np.uint8)
    picture, _ = segmented_picture(None, [mask_of(values)], segmentation("FRACTIONAL", 1, maximum=128), PNG)
    assert picture[0, :, 0].tolist() == [0, 128, 255]


def test_the_numbers_of_a_label_map_are_segments() -> None:
    values = np.array([[0, 1, 2]], np.uint16)
    picture, _ = segmented_picture(None, [mask_of(values)], segmentation("LABELMAP", None), PNG)
    assert picture[0].tolist() == [[0, 0, 0], [255, 0, 0], [0, 0, 255]]


def test_a_label_map_has_the_colours_of_its_palette() -> None:
    red, green, blue = (Lut.of(0, 8, np.array(entries)) for entries in ([9, 10, 20], [9, 30, 40], [9, 50, 60]))
    values = np.array([[0, 1, 2]], np.uint8)
    described = segmentation("LABELMAP", None, palette=Palette(red, green, blue))
    picture, _ = segmented_picture(None, [mask_of(values)], described, PNG)
    assert picture[0].tolist() == [[0, 0, 0], [10, 30, 50], [20, 40, 60]]


def test_a_segmentation_on_another_grid_is_laid_where_it_belongs() -> None:
    coarse = Plane((2.5, 0.5, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (2.0, 2.0))
    fine = Plane((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (1.0, 1.0))
    described = segmentation("BINARY", 1, plane=coarse)
    picture, _ = segmented_picture(
        frame_of(np.zeros((4, 6), np.uint8), plane=fine), [mask_of(np.ones((1, 2), np.uint8))], described, PNG
    )
    expected = np.zeros((4, 6), bool)
    expected[:2, 2:] = True
    assert ((picture[..., 0] > 100) == expected).all()


def test_a_segmentation_of_another_size_is_stretched_where_no_plane_is_known() -> None:
    picture, _ = segmented_picture(
        frame_of(GREY), [mask_of(np.array([[1, 0]], np.uint8))], segmentation("BINARY", 1), PNG
    )
    assert ((picture[..., 0] > 110) == (np.arange(6) < 3)).all()


def test_the_viewport_of_the_request_applies() -> None:
    options = RenderingOptions(media_type="image/png", viewport=Viewport(60, 60))
    file = render_segmented(frame_of(GREY), [mask_of(GREY)], segmentation("BINARY", 1), options)
    assert Image.open(io.BytesIO(file)).size == (60, 40)


def test_without_frames_there_is_nothing_to_show() -> None:
    with pytest.raises(ResourceNotFound):
        render_segmented(None, [], segmentation("BINARY", 1), PNG)


def masks_of(content: bytes) -> tuple[list[Mask], Segmentation]:
    part10 = read_file(content)
    index, description = frame_index(part10.dataset), describe(part10.dataset)
    buffer = part10.dataset.elements[0x7FE00010].buffer
    masks = [
        Mask(bytes(stored_frame(index, buffer, number)), part10.transfer_syntax.uid, number, description.frame(number))
        for number in range(1, index.count + 1)
    ]
    return masks, read_segmentation(part10.dataset)


REAL = [Path(str(get_testdata_file(name))) for name in ("liver_1frame.dcm", "liver_expb_1frame.dcm")]
REAL += sorted(SHARED.glob("*.seg.dcm"))


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_a_real_segmentation_has_the_pixels_that_pydicom_reads(path: Path) -> None:
    masks, described = masks_of(path.read_bytes())
    theirs = pydicom.dcmread(path).pixel_array > 0
    for mask, expected in zip(masks, theirs.reshape(-1, *theirs.shape[-2:]), strict=True):
        black = np.zeros(expected.shape, np.uint8)
        picture, _ = segmented_picture(frame_of(black), [mask], described, PNG)
        assert ((picture.max(axis=2) > 0) == expected).all()
        assert (picture[expected] == picture[expected][0]).all()
    # The colour that is usual for livers.
    assert np.abs(np.subtract(described.color_of(1), (221, 130, 101))).max() <= 4


def highdicom_segmentation(kind: str, pixels: np.ndarray) -> bytes:
    """Segment CT_small with highdicom: two segments, the second one without a colour of its own."""
    source = pydicom.dcmread(str(get_testdata_file("CT_small.dcm")))
    code = highdicom.sr.CodedConcept("85756007", "SCT", "Tissue")
    descriptions = [
        highdicom.seg.SegmentDescription(
            segment_number=number,
            segment_label=f"segment {number}",
            segmented_property_category=code,
            segmented_property_type=code,
            algorithm_type="MANUAL",
            display_color=color,
        )
        for number, color in ((1, highdicom.color.CIELabColor(54.29, 80.80, 69.89)), (2, None))
    ]
    made = highdicom.seg.Segmentation(
        source_images=[source],
        pixel_array=pixels,
        segmentation_type=kind,
        segment_descriptions=descriptions,
        series_instance_uid="1.2.8",
        series_number=1,
        sop_instance_uid="1.2.8.1",
        instance_number=1,
        manufacturer="-",
        manufacturer_model_name="-",
        software_versions="-",
        device_serial_number="-",
        omit_empty_frames=False,
    )
    stream = io.BytesIO()
    made.save_as(stream)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL", "LABELMAP"])
def test_segmentations_that_highdicom_makes_are_shown(kind: str) -> None:
    labels = np.zeros((128, 128), np.uint8)
    labels[10:50, 20:90], labels[60:100, 20:90] = 1, 2
    masks, described = masks_of(highdicom_segmentation(kind, labels))
    picture, _ = segmented_picture(None, masks, described, PNG)
    assert described.kind == kind
    assert ((picture.max(axis=2) > 0) == (labels > 0)).all()
    assert np.abs(picture[labels == 1] - np.array(RED)).max() <= 2
    assert (picture[labels == 2] == spread_color(2)).all()
    assert all(described.frames_over(1) == tuple(mask.frame_number for mask in masks) for _ in masks)
    assert described.source_of(1) is not None
