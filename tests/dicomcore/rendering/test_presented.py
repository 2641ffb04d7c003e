from __future__ import annotations

import io
import pickle
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageCms
from presentation_builders import (
    boxed_text,
    dataset_of,
    frame_of,
    graphic,
    image_item,
    state_of,
)

from dicomcore.data import Dataset
from dicomcore.errors import CorruptFrame, ResourceNotFound
from dicomcore.rendering.annotation_texts import AnnotationTexts
from dicomcore.rendering.luts import Rescale
from dicomcore.rendering.options import Annotation, Region, RenderingOptions, Viewport, Window
from dicomcore.rendering.overlays import Overlay
from dicomcore.rendering.planes import Plane
from dicomcore.rendering.presentation_state import read_presentation_state
from dicomcore.rendering.presented import PresentedFrame, presented_picture, render_presented

RAMP = np.arange(64 * 48, dtype="<u2").reshape(48, 64)
PNG = RenderingOptions(media_type="image/png")
GIF = RenderingOptions(media_type="image/gif")


def window(center: float, width: float) -> Dataset:
    return dataset_of(WindowCenter=str(center), WindowWidth=str(width))


def shown(dataset: Dataset, *frames: PresentedFrame, options: RenderingOptions = PNG) -> np.ndarray:
    """Render to PNG as a worker would, the state pickled on its way."""
    state = pickle.loads(pickle.dumps(read_presentation_state(dataset)))
    return np.asarray(Image.open(io.BytesIO(render_presented(frames, state, options))))


def linear(values: np.ndarray, center: float, width: float) -> np.ndarray:
    """PS3.3 §C.11.2.1.2.1, computed here once more."""
    levels = ((values.astype(float) - (center - 0.5)) / (width - 1) + 0.5) * 255
    return np.clip(levels, 0, 255)


def test_modality_voi_and_presentation_lut_are_those_of_the_state() -> None:
    dataset = state_of(
        RescaleSlope="2",
        RescaleIntercept="-100",
        SoftcopyVOILUTSequence=[window(2000, 3000)],
        PresentationLUTShape="INVERSE",
    )
    frame = frame_of(RAMP, modality=Rescale(1.0, 5.0), windows=(Window(5, 5),))
    expected = 255 - linear(RAMP.astype(float) * 2 - 100, 2000, 3000)
    assert np.abs(shown(dataset, frame) - expected).max() <= 1


def test_a_window_of_the_request_does_not_apply() -> None:
    dataset = state_of(SoftcopyVOILUTSequence=[window(2000, 3000)])
    options = RenderingOptions(media_type="image/png", window=Window(1.0, 2.0))
    assert (shown(dataset, frame_of(RAMP), options=options) == shown(dataset, frame_of(RAMP))).all()


def test_a_sigmoid_window_is_applied() -> None:
    voi = dataset_of(WindowCenter="1500", WindowWidth="800", VOILUTFunction="SIGMOID")
    expected = 255 / (1 + np.exp(-4 * (RAMP - 1500.0) / 800))
    assert np.abs(shown(state_of(SoftcopyVOILUTSequence=[voi]), frame_of(RAMP)) - expected).max() <= 1


def test_averaged_mask_frames_are_subtracted() -> None:
    masks = [frame_of(RAMP // 3, number=1), frame_of(RAMP // 5, number=2)]
    dataset = state_of(
        image_item("1.2.3.4", 3),
        MaskSubtractionSequence=[dataset_of(MaskOperation="AVG_SUB", MaskFrameNumbers=[1, 2])],
        SoftcopyVOILUTSequence=[window(1000, 2500)],
    )
    expected = linear(RAMP - (RAMP // 3 + RAMP // 5) / 2, 1000, 2500)
    assert np.abs(shown(dataset, *masks, frame_of(RAMP, number=3)) - expected).max() <= 1


def test_a_shutter_covers_and_keeps_its_place_when_turned() -> None:
    dataset = state_of(
        SoftcopyVOILUTSequence=[window(2000, 3000)],
        ShutterShape="RECTANGULAR",
        ShutterLeftVerticalEdge=11,
        ShutterRightVerticalEdge=30,
        ShutterUpperHorizontalEdge=5,
        ShutterLowerHorizontalEdge=40,
        ShutterPresentationValue=0x8000,
        ImageRotation=90,
        ImageHorizontalFlip="Y",
    )
    expected = np.full((48, 64), 128.0)
    expected[4:40, 10:30] = linear(RAMP, 2000, 3000)[4:40, 10:30]
    assert np.abs(shown(dataset, frame_of(RAMP)) - np.rot90(expected, -1)[:, ::-1]).max() <= 1


def area(left: int, top: int, right: int, bottom: int, **values: object) -> list[Dataset]:
    corners = {"DisplayedAreaTopLeftHandCorner": [left, top], "DisplayedAreaBottomRightHandCorner": [right, bottom]}
    return [dataset_of(**corners, **values)]


def test_the_displayed_area_is_cut_out_and_filled_up() -> None:
    dataset = state_of(SoftcopyVOILUTSequence=[window(2000, 3000)], DisplayedAreaSelectionSequence=area(-9, 11, 20, 58))
    expected = np.zeros((48, 30))
    expected[:38, 10:] = linear(RAMP, 2000, 3000)[10:, :20]
    assert np.abs(shown(dataset, frame_of(RAMP)) - expected).max() <= 1


@pytest.mark.parametrize(
    ("mode", "expected"), [("SCALE TO FIT", (100, 75)), ("TRUE SIZE", (100, 75)), ("MAGNIFY", (100, 96))]
)
def test_the_viewport_limits_the_picture(mode: str, expected: tuple[int, int]) -> None:
    selection = area(1, 1, 64, 48, PresentationSizeMode=mode, PresentationPixelMagnificationRatio=2.0)
    options = RenderingOptions(media_type="image/png", viewport=Viewport(100, 100))
    picture = shown(state_of(DisplayedAreaSelectionSequence=selection), frame_of(RAMP), options=options)
    assert (picture.shape[1], picture.shape[0]) == expected


def annotated(**values: object) -> Dataset:
    layers = [
        dataset_of(GraphicLayer=name, GraphicLayerOrder=order, GraphicLayerRecommendedDisplayGrayscaleValue=level)
        for name, order, level in (("UPPER", 2, 0xFFFF), ("LOWER", 1, 0x8000))
    ]
    square = graphic("POLYLINE", 10, 10, 30, 10, 30, 30, 10, 30, 10, 10, GraphicFilled="Y")
    items = [dataset_of(GraphicLayer=name, GraphicObjectSequence=[square]) for name in ("UPPER", "LOWER")]
    return state_of(GraphicLayerSequence=layers, GraphicAnnotationSequence=items, **values)


def test_a_region_is_cut_out_of_what_the_state_shows() -> None:
    """PS3.18 §9.5.1.2.5: after the presentation state, before the viewport."""
    turned = state_of(ImageRotation=180, SoftcopyVOILUTSequence=[window(1500, 3000)])
    whole = shown(turned, frame_of(RAMP))
    region = Region(0.5, 0, 1, 0.25)
    part = shown(turned, frame_of(RAMP), options=replace(PNG, region=region))
    assert (part == whole[:12, 32:]).all()
    scaled = replace(PNG, region=region, viewport=Viewport(None, 36))
    assert shown(turned, frame_of(RAMP), options=scaled).shape[:2] == (36, 96)


def test_layers_are_drawn_in_their_order_and_colour() -> None:
    picture = shown(annotated(), frame_of(np.zeros((48, 64), "<u2")))
    assert (picture[12:28, 12:28] == 255).all() and not picture[35:].any()


def test_graphics_are_for_the_images_that_they_name() -> None:
    item = dataset_of(
        ReferencedImageSequence=[image_item("9.9")], GraphicLayer="A", GraphicObjectSequence=[graphic("POINT", 20, 20)]
    )
    dataset = state_of(GraphicAnnotationSequence=[item])
    assert not shown(dataset, frame_of(np.zeros((48, 64), "<u2"))).any()


def test_an_anonymous_picture_has_neither_graphics_nor_texts() -> None:
    text = dataset_of(GraphicLayer="A", TextObjectSequence=[boxed_text("Doe, Jane", 2, 2, 60, 20)])
    dataset = state_of(GraphicAnnotationSequence=[text])
    black = frame_of(np.zeros((48, 64), "<u2"), texts=AnnotationTexts(("Doe, Jane",), ()))
    options = RenderingOptions("image/png", annotations=frozenset(Annotation), is_anonymous=True)
    assert shown(dataset, black).any()
    assert not shown(dataset, black, options=options).any()


def test_annotations_of_the_request_come_last() -> None:
    black = frame_of(np.zeros((48, 64), "<u2"), texts=AnnotationTexts(("Doe",), ()))
    options = RenderingOptions("image/png", annotations=frozenset((Annotation.PATIENT,)))
    assert shown(state_of(), black, options=options).any()


def test_overlays_are_shown_in_the_layers_that_activate_them() -> None:
    bits = np.packbits(np.ones(64, np.uint8)).tobytes()
    overlays = tuple(Overlay(group, 8, 8, (5, 9), bits) for group in (0x6000, 0x6002))
    frame = frame_of(np.zeros((48, 64), "<u2"), overlays=overlays)
    dataset = state_of(
        GraphicLayerSequence=[
            dataset_of(GraphicLayer="A", GraphicLayerOrder=1, GraphicLayerRecommendedDisplayGrayscaleValue=0x8000)
        ]
    )
    assert not shown(dataset, frame).any()
    dataset.put(0x60021001, "CS", "A")
    expected = np.zeros((48, 64))
    expected[4:12, 8:16] = 128
    assert (shown(dataset, frame) == expected).all()


def test_overlays_of_the_state_are_turned_with_the_image() -> None:
    dataset = state_of(ImageRotation=180, OverlayRows=8, OverlayColumns=8, OverlayOrigin=[1, 1], OverlayType="G")
    dataset.put(0x60003000, "OW", np.packbits(np.ones(64, np.uint8)).tobytes())
    dataset.put(0x60001001, "CS", "A")
    picture = shown(dataset, frame_of(np.zeros((48, 64), "<u2")))
    expected = np.zeros((48, 64))
    expected[40:, 56:] = 255
    assert (picture == expected).all()


def put_palette(dataset: Dataset) -> Dataset:
    for channel, entries in enumerate(([0, 255], [0, 128], [255, 0])):
        dataset.put(0x00281101 + channel, "US", 2, 0, 8)
        dataset.put(0x00281201 + channel, "OW", np.array(entries, "<u2").tobytes())
    return dataset


def test_a_pseudo_colour_state_colours_grey_values() -> None:
    pixels = np.array([[0, 100, 4000, 65535]], "<u2")
    picture = shown(put_palette(state_of(SoftcopyVOILUTSequence=[window(2000, 100)])), frame_of(pixels))
    assert picture.tolist() == [[[0, 0, 255], [0, 0, 255], [255, 128, 0], [255, 128, 0]]]


def test_a_colour_state_turns_colour_images() -> None:
    pixels = np.arange(48 * 64 * 3, dtype=np.uint8).reshape(48, 64, 3)
    assert (shown(state_of(ImageRotation=90), frame_of(pixels)) == np.rot90(pixels, -1)).all()


def test_the_profile_of_a_colour_state_goes_before_that_of_the_image() -> None:
    pixels = np.full((4, 4, 3), (200, 100, 50), np.uint8)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB", -1)).tobytes()
    dataset = state_of()
    dataset.put(0x00282000, "OB", profile)
    picture = shown(dataset, frame_of(pixels, icc_profile=b"no profile at all"))
    assert np.abs(picture.astype(int) - pixels).max() <= 1


def blending_state(opacity: float) -> Dataset:
    inputs = [
        dataset_of(
            BlendingPosition=position,
            ReferencedSeriesSequence=[
                dataset_of(SeriesInstanceUID=series, ReferencedImageSequence=[image_item(f"{series}.1")])
            ],
            SoftcopyVOILUTSequence=[window(128, 256)],
        )
        for position, series in (("SUPERIMPOSED", "2.2"), ("UNDERLYING", "2.1"))
    ]
    return put_palette(dataset_of(BlendingSequence=inputs, RelativeOpacity=opacity))


def test_images_are_blended_with_their_relative_opacity() -> None:
    below = frame_of(np.full((4, 4), 100, "<u2"), uid="2.1.1", series="2.1")
    above = frame_of(np.full((4, 4), 255, "<u2"), uid="2.2.1", series="2.2")
    picture = shown(blending_state(0.25), above, below)
    expected = 0.25 * np.array([255, 128, 0]) + 0.75 * linear(np.array(100), 128, 256)
    assert np.abs(picture - expected).max() <= 1


def test_images_are_blended_where_they_lie_in_the_patient() -> None:
    below_plane = Plane((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (1.0, 1.0))
    above_plane = Plane((2.0, 1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (1.0, 1.0))
    below = frame_of(np.full((4, 6), 0, "<u2"), uid="2.1.1", series="2.1", plane=below_plane)
    above = frame_of(np.full((2, 3), 255, "<u2"), uid="2.2.1", series="2.2", plane=above_plane)
    picture = shown(blending_state(1.0), below, above)
    expected = np.zeros((4, 6, 3))
    expected[1:3, 2:5] = (255, 128, 0)
    assert (picture == expected).all()


def test_an_animation_shows_all_images() -> None:
    frames = [frame_of(np.full((6, 8), level, "<u2"), uid=f"1.{level}") for level in (0, 30000, 60000)]
    dataset = state_of(*(image_item(frame.reference.sop_instance_uid) for frame in frames))
    state = read_presentation_state(dataset)
    animation = Image.open(io.BytesIO(render_presented(frames, state, GIF)))
    assert getattr(animation, "n_frames", 1) == 3
    still = render_presented(frames, state, RenderingOptions(media_type="image/gif", is_still=True))
    assert getattr(Image.open(io.BytesIO(still)), "n_frames", 1) == 1


def test_a_still_picture_shows_the_first_image_that_is_at_hand() -> None:
    frame = frame_of(np.full((6, 8), 40000, "<u2"), uid="1.7")
    other = frame_of(np.zeros((6, 8), "<u2"), uid="9.9")
    dataset = state_of(image_item("1.5"), image_item("1.7"))
    assert shown(dataset, other, frame).max() > 100


def test_without_an_image_there_is_nothing_to_show() -> None:
    with pytest.raises(ResourceNotFound):
        render_presented([frame_of(RAMP, uid="9.9")], read_presentation_state(state_of()), PNG)


def test_a_broken_frame_is_told() -> None:
    frame = frame_of(RAMP)
    broken = PresentedFrame(b"short", frame.transfer_syntax_uid, 1, frame.description, frame.reference)
    with pytest.raises(CorruptFrame):
        render_presented([broken], read_presentation_state(state_of()), PNG)


def test_a_grey_picture_stays_grey() -> None:
    picture, profile = presented_picture(frame_of(RAMP), [], read_presentation_state(annotated()), PNG)
    assert picture.ndim == 2 and profile is None
