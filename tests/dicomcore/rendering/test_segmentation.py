from __future__ import annotations

import pickle

from presentation_builders import dataset_of, image_item

from dicomcore.data import Dataset, new_dataset
from dicomcore.rendering.references import ImageReference
from dicomcore.rendering.segmentation import read_segmentation, spread_color

CT = "1.2.840.10008.5.1.4.1.1.2"


def frame_item(segment: int, uid: str, z: float) -> Dataset:
    source = dataset_of(SourceImageSequence=[image_item(uid)])
    return dataset_of(
        DerivationImageSequence=[source],
        PlanePositionSequence=[dataset_of(ImagePositionPatient=["0", "0", str(z)])],
        SegmentIdentificationSequence=[dataset_of(ReferencedSegmentNumber=segment)],
    )


def segmentation(*frames: Dataset, **values: object) -> Dataset:
    instances = dataset_of(SeriesInstanceUID="1.5", ReferencedInstanceSequence=[image_item(f"1.5.{n}") for n in (1, 2)])
    segments = [
        dataset_of(SegmentNumber=1, SegmentLabel="Liver", RecommendedDisplayCIELabValue=[65535, 32896, 32896]),
        dataset_of(SegmentNumber=2, SegmentLabel="Spleen"),
    ]
    shared = dataset_of(
        PlaneOrientationSequence=[dataset_of(ImageOrientationPatient=["1", "0", "0", "0", "1", "0"])],
        PixelMeasuresSequence=[dataset_of(PixelSpacing=["1", "1"])],
    )
    return dataset_of(
        **{"SegmentationType": "BINARY", "NumberOfFrames": len(frames)} | values,
        ReferencedSeriesSequence=[instances],
        SegmentSequence=segments,
        SharedFunctionalGroupsSequence=[shared],
        PerFrameFunctionalGroupsSequence=list(frames),
    )


THREE = segmentation(frame_item(1, "1.5.1", 0), frame_item(1, "1.5.2", 5), frame_item(2, "1.5.2", 5))


def test_frames_have_their_segment_source_and_plane() -> None:
    read = read_segmentation(THREE)
    assert [frame.segment_number for frame in read.frames.values()] == [1, 1, 2]
    assert read.source_of(3) == ImageReference("1.5", CT, "1.5.2")
    assert read.source_of(9) is None
    plane = read.frames[2].plane
    assert plane is not None and plane.position == (0.0, 0.0, 5.0)


def test_frames_of_other_segments_in_the_same_place_are_found() -> None:
    read = read_segmentation(THREE)
    assert [read.frames_over(number) for number in (1, 2, 3, 9)] == [(1,), (2, 3), (2, 3), (9,)]


def test_frames_without_source_are_found_by_their_position() -> None:
    frames = [frame_item(segment, "", 7) for segment in (1, 2)]
    for frame in frames:
        frame.remove(0x00089124)
    assert read_segmentation(segmentation(*frames)).frames_over(1) == (1, 2)


def test_segments_have_their_recommended_colour_or_one_of_their_own() -> None:
    read = read_segmentation(THREE)
    assert [segment.label for segment in read.segments] == ["Liver", "Spleen"]
    assert read.color_of(1) == (255, 255, 255)
    assert read.color_of(2) == spread_color(2) != spread_color(3)
    assert read.color_of(77) == spread_color(77)


def test_frames_of_a_label_map_have_no_segment() -> None:
    read = read_segmentation(segmentation(frame_item(1, "1.5.1", 0), SegmentationType="LABELMAP"))
    assert read.kind == "LABELMAP" and read.frames[1].segment_number is None


def test_a_segmentation_is_narrowed_for_the_way() -> None:
    narrowed = read_segmentation(THREE).narrowed([2, 3, 50])
    assert list(narrowed.frames) == [2, 3]
    assert pickle.loads(pickle.dumps(narrowed)) == narrowed


def test_an_empty_data_set_is_a_segmentation_of_one_frame() -> None:
    read = read_segmentation(new_dataset())
    assert list(read.frames) == [1] and read.segments == ()
    assert read_segmentation(dataset_of(NumberOfFrames=2**31 - 1)).frames_over(5) == (5,)
