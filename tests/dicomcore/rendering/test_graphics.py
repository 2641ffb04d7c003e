from __future__ import annotations

import pickle

import pytest
from presentation_builders import boxed_text, dataset_of, graphic, image_item

from dicomcore.data import Dataset
from dicomcore.errors import LimitExceeded
from dicomcore.rendering import graphics
from dicomcore.rendering.graphics import GraphicLayer, Tick, read_graphic_annotations, read_layers


def annotations(**values: object) -> Dataset:
    return dataset_of(GraphicAnnotationSequence=[dataset_of(GraphicLayer="A", **values)])


def test_layers_come_in_the_order_of_drawing() -> None:
    layers = [
        dataset_of(GraphicLayer="B", GraphicLayerOrder=2, GraphicLayerRecommendedDisplayGrayscaleValue=0x8000),
        dataset_of(GraphicLayer="A", GraphicLayerOrder=1, GraphicLayerRecommendedDisplayCIELabValue=[0, 32896, 32896]),
        dataset_of(GraphicLayer="C", GraphicLayerOrder=3),
    ]
    assert read_layers(dataset_of(GraphicLayerSequence=layers)) == (
        GraphicLayer("A", 1, (0, 0, 0)),
        GraphicLayer("B", 2, (128, 128, 128)),
        GraphicLayer("C", 3, (255, 255, 255)),
    )


def test_the_retired_rgb_colour_of_a_layer_is_read() -> None:
    layer = dataset_of(GraphicLayer="A", GraphicLayerOrder=1)
    layer.put(0x00700067, "US", 0xFFFF, 0x8000, 0)
    assert read_layers(dataset_of(GraphicLayerSequence=[layer]))[0].color == (255, 128, 0)


def test_graphic_objects_are_read() -> None:
    (annotation,) = read_graphic_annotations(
        annotations(
            ReferencedImageSequence=[image_item("1.2")],
            GraphicObjectSequence=[graphic("POLYLINE", 1, 2, 3.5, 4, GraphicFilled="Y"), graphic("POINT", 5, 6)],
        )
    )
    assert annotation.scope.covers("1.2", 1) and not annotation.scope.covers("1.3", 1)
    line, point = annotation.graphics
    assert (line.kind, line.units, line.points, line.is_filled) == ("POLYLINE", "PIXEL", ((1, 2), (3.5, 4)), True)
    assert (point.kind, point.points) == ("POINT", ((5.0, 6.0),))


def test_text_objects_are_read() -> None:
    (annotation,) = read_graphic_annotations(
        annotations(
            TextObjectSequence=[
                boxed_text(
                    "In a box", 0.1, 0.2, 0.3, 0.4, units="DISPLAY", BoundingBoxTextHorizontalJustification="RIGHT"
                ),
                dataset_of(
                    UnformattedTextValue="There",
                    AnchorPointAnnotationUnits="PIXEL",
                    AnchorPoint=[1.0, 2.0],
                    AnchorPointVisibility="Y",
                ),
                dataset_of(UnformattedTextValue="nowhere"),
            ]
        )
    )
    boxed, anchored = annotation.texts
    assert boxed.text == "In a box" and boxed.box_units == "DISPLAY" and boxed.justification == "RIGHT"
    assert boxed.box is not None and boxed.box[1] == pytest.approx((0.3, 0.4))
    assert anchored.anchor == (1.0, 2.0) and anchored.is_anchor_visible and anchored.box is None


def test_compound_graphics_are_read() -> None:
    item = dataset_of(
        CompoundGraphicInstanceID=7,
        CompoundGraphicUnits="PIXEL",
        CompoundGraphicType="AXIS",
        GraphicData=[1.0, 2.0, 3.0, 4.0],
        MajorTicksSequence=[dataset_of(TickPosition=0.5, TickLabel="20")],
        ShowTickLabel="Y",
    )
    (annotation,) = read_graphic_annotations(annotations(CompoundGraphicSequence=[item]))
    (compound,) = annotation.compounds
    assert (compound.kind, compound.compound_id, compound.ticks) == ("AXIS", 7, (Tick(0.5, "20"),))


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 3e38])
def test_objects_without_usable_points_are_left_out(number: float) -> None:
    (annotation,) = read_graphic_annotations(
        annotations(GraphicObjectSequence=[graphic("POLYLINE", 1, 2, number, 4), graphic("POLYLINE")])
    )
    assert annotation.graphics == ()


def test_too_many_objects_are_refused() -> None:
    items = [graphic("POINT", 1, 1)] * (graphics.MAX_OBJECTS + 1)
    with pytest.raises(LimitExceeded):
        read_graphic_annotations(annotations(GraphicObjectSequence=items))


def test_too_many_points_are_refused() -> None:
    item = graphic("POLYLINE", 1, 1)
    item.put_raw(0x00700022, "FL", bytes(8 * (graphics.MAX_POINTS + 1)))
    with pytest.raises(LimitExceeded):
        read_graphic_annotations(annotations(GraphicObjectSequence=[item]))


def test_annotations_travel_to_other_processes() -> None:
    read = read_graphic_annotations(annotations(GraphicObjectSequence=[graphic("POINT", 1, 1)]))
    assert pickle.loads(pickle.dumps(read)) == read
