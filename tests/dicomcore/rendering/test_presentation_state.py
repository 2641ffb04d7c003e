from __future__ import annotations

import pickle

import pytest
from presentation_builders import GSPS, IMAGE, dataset_of, graphic, image_item, state_of

from dicomcore.data import new_dataset
from dicomcore.rendering.presentation_state import read_presentation_state
from dicomcore.rendering.references import ImageReference

CT = "1.2.840.10008.5.1.4.1.1.2"


def test_a_state_refers_to_its_images() -> None:
    state = read_presentation_state(state_of(image_item("1.2", 3), image_item("1.3")))
    assert state.sop_class_uid == GSPS
    assert state.references == state.images
    assert [image.sop_instance_uid for image in state.images] == ["1.2", "1.3"]
    assert state.is_shown(ImageReference("", "", "1.2"), 3)
    assert not state.is_shown(ImageReference("", "", "1.2"), 4)


def test_the_frames_that_are_subtracted_are_needed_and_not_shown() -> None:
    mask = dataset_of(MaskOperation="AVG_SUB", MaskFrameNumbers=[1, 2])
    state = read_presentation_state(state_of(image_item(IMAGE, 2, 5), MaskSubtractionSequence=[mask]))
    assert state.images == (ImageReference("1.2.3.1", CT, IMAGE, (2, 5)),)
    assert state.references == (*state.images, ImageReference("1.2.3.1", CT, IMAGE, (1,)))
    assert not state.is_shown(state.references[1], 1)


def test_one_frame_needs_itself_and_what_is_subtracted() -> None:
    mask = dataset_of(MaskOperation="AVG_SUB", MaskFrameNumbers=[1, 2])
    state = read_presentation_state(state_of(image_item(IMAGE), MaskSubtractionSequence=[mask]))
    needed = state.needed_for(state.images[0], 7)
    assert [reference.frames for reference in needed] == [(7,), (1,), (2,)]


def test_a_blending_state_may_need_whole_series() -> None:
    inputs = [dataset_of(BlendingInputNumber=number, SeriesInstanceUID=f"1.{number}") for number in (1, 2)]
    display = dataset_of(
        BlendingMode="EQUAL", BlendingDisplayInputSequence=[dataset_of(BlendingInputNumber=number) for number in (1, 2)]
    )
    state = read_presentation_state(dataset_of(AdvancedBlendingSequence=inputs, BlendingDisplaySequence=[display]))
    assert (state.references, state.whole_series) == ((), ("1.2", "1.1"))


def test_a_blending_state_refers_to_the_images_of_all_inputs() -> None:
    inputs = [
        dataset_of(
            BlendingPosition=position,
            ReferencedSeriesSequence=[
                dataset_of(SeriesInstanceUID=uid, ReferencedImageSequence=[image_item(uid + ".1")])
            ],
        )
        for position, uid in (("SUPERIMPOSED", "1.5"), ("UNDERLYING", "1.4"))
    ]
    state = read_presentation_state(dataset_of(BlendingSequence=inputs, RelativeOpacity=0.5))
    assert [image.sop_instance_uid for image in state.references] == ["1.4.1", "1.5.1"]
    assert [state.is_shown(image, 1) for image in state.references] == [True, False]
    needed = state.needed_for(state.images[0], 3)
    assert [(image.sop_instance_uid, image.frames) for image in needed] == [("1.4.1", (3,)), ("1.5.1", ())]


def test_each_image_has_its_displayed_area() -> None:
    areas = [
        dataset_of(
            ReferencedImageSequence=[image_item(uid)],
            DisplayedAreaTopLeftHandCorner=[1, 1],
            DisplayedAreaBottomRightHandCorner=[size, size],
        )
        for uid, size in (("1.2", 10), ("1.3", 20))
    ]
    state = read_presentation_state(state_of(DisplayedAreaSelectionSequence=areas))
    area = state.area_of("1.3", 1)
    assert area is not None and area.bottom_right == (20, 20)
    assert state.area_of("1.4", 1) is None


def test_layers_activate_overlays() -> None:
    dataset = state_of()
    dataset.put(0x60021001, "CS", "LAYER")
    assert read_presentation_state(dataset).activations == ((0x6002, "LAYER"),)


def test_a_state_travels_to_other_processes() -> None:
    dataset = state_of(
        RescaleSlope="1",
        RescaleIntercept="0",
        GraphicAnnotationSequence=[dataset_of(GraphicLayer="A", GraphicObjectSequence=[graphic("POINT", 1, 1)])],
        ShutterShape="CIRCULAR",
        CenterOfCircularShutter=[1, 1],
        RadiusOfCircularShutter=3,
    )
    state = read_presentation_state(dataset)
    assert pickle.loads(pickle.dumps(state)) == state


def test_an_empty_data_set_is_a_state_that_says_nothing() -> None:
    state = read_presentation_state(new_dataset())
    assert (state.references, state.shutters, state.blending, state.annotations) == ((), None, None, ())


@pytest.mark.parametrize(
    "keyword", ["GraphicLayerSequence", "DisplayedAreaSelectionSequence", "SoftcopyVOILUTSequence"]
)
def test_items_that_say_nothing_do_no_harm(keyword: str) -> None:
    found, plain = read_presentation_state(state_of(**{keyword: [dataset_of()]})), read_presentation_state(state_of())
    assert (found.images, found.annotations) == (plain.images, plain.annotations)
