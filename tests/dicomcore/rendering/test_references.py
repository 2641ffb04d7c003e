from __future__ import annotations

from presentation_builders import dataset_of, image_item

from dicomcore.rendering.references import ImageReference, Scope, read_images, read_scope, read_series

CT = "1.2.840.10008.5.1.4.1.1.2"


def test_images_of_all_series_are_read_in_order() -> None:
    state = dataset_of(
        ReferencedSeriesSequence=[
            dataset_of(SeriesInstanceUID="1.1", ReferencedImageSequence=[image_item("1.1.2"), image_item("1.1.1", 3)]),
            dataset_of(SeriesInstanceUID="1.2", ReferencedImageSequence=[image_item("1.2.1")]),
        ]
    )
    assert read_series(state) == (
        ImageReference("1.1", CT, "1.1.2"),
        ImageReference("1.1", CT, "1.1.1", (3,)),
        ImageReference("1.2", CT, "1.2.1"),
    )


def test_frames_that_are_no_numbers_are_left_out() -> None:
    item = image_item("1.2", 4)
    item.put(0x00081160, "IS", "x", "0", "7")
    (image,) = read_images(dataset_of(ReferencedImageSequence=[item]))
    assert image.frames == (7,)


def test_a_reference_without_frames_means_all() -> None:
    assert ImageReference("", "", "1.2").covers("1.2", 99)
    assert not ImageReference("", "", "1.2", (1,)).covers("1.2", 2)
    assert not ImageReference("", "", "1.2").covers("1.3", 1)


def test_an_item_without_images_applies_to_all() -> None:
    assert Scope().covers("1.2", 1)
    scope = read_scope(dataset_of(ReferencedImageSequence=[image_item("1.2", 2, 3)]))
    assert scope.covers("1.2", 3)
    assert not scope.covers("1.2", 1)
