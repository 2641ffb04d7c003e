import pytest

from dicomcore.data import Dataset, new_dataset
from dicomcore.rendering.cine import (
    CINE_RATE,
    DEFAULT_MILLISECONDS,
    FRAME_TIME,
    FRAME_TIME_VECTOR,
    MAX_ANIMATION_FRAMES,
    MAX_ANIMATION_LENGTH,
    RECOMMENDED_DISPLAY_FRAME_RATE,
    Cine,
    animation_frames,
    read_cine,
)


def dataset_of(elements: dict[int, tuple[str, ...]]) -> Dataset:
    dataset = new_dataset()
    for tag, values in elements.items():
        dataset.put(tag, "DS" if tag in (FRAME_TIME, FRAME_TIME_VECTOR) else "IS", *values)
    return dataset


def test_without_any_time_there_are_ten_frames_a_second() -> None:
    assert read_cine(new_dataset()) == Cine(DEFAULT_MILLISECONDS)


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({FRAME_TIME: ("40",)}, Cine(40.0)),
        ({CINE_RATE: ("25",)}, Cine(40.0)),
        ({RECOMMENDED_DISPLAY_FRAME_RATE: ("50",), CINE_RATE: ("25",), FRAME_TIME: ("7",)}, Cine(20.0)),
        ({FRAME_TIME_VECTOR: ("0", "30", "50"), FRAME_TIME: ("7",)}, Cine(40.0, (30.0, 50.0))),
    ],
)
def test_what_is_recommended_goes_before_what_was_measured(
    elements: dict[int, tuple[str, ...]], expected: Cine
) -> None:
    assert read_cine(dataset_of(elements)) == expected


@pytest.mark.parametrize("value", ["0", "-3", "1e999", "x"])
def test_times_that_are_nonsense_are_as_good_as_none(value: str) -> None:
    assert read_cine(dataset_of({FRAME_TIME: (value,)})) == Cine(DEFAULT_MILLISECONDS)
    assert read_cine(dataset_of({FRAME_TIME_VECTOR: ("0", value)})) == Cine(DEFAULT_MILLISECONDS)


@pytest.mark.parametrize(("value", "expected"), [("0.001", 5.0), ("1e9", 10_000.0)])
def test_times_stay_within_what_can_be_watched(value: str, expected: float) -> None:
    assert read_cine(dataset_of({FRAME_TIME: (value,)})).milliseconds == expected


def test_each_frame_is_shown_until_the_next_begins() -> None:
    assert Cine(40.0, (30.0, 50.0)).durations([1, 2, 3]) == (30.0, 50.0, 50.0)
    assert Cine(40.0).durations([1, 4, 5]) == (120.0, 40.0, 40.0)
    assert Cine(40.0).durations([1]) == (40.0,)


def test_an_animation_shows_all_frames_or_evenly_spaced_ones() -> None:
    assert animation_frames(3) == (1, 2, 3)
    chosen = animation_frames(10 * MAX_ANIMATION_FRAMES)
    assert len(chosen) == MAX_ANIMATION_FRAMES
    assert chosen[:3] == (1, 11, 21)


def test_an_animation_has_no_more_frames_than_a_worker_can_hold() -> None:
    assert animation_frames(100, MAX_ANIMATION_LENGTH // 4) == (1, 26, 51, 76)
    assert animation_frames(100, MAX_ANIMATION_LENGTH * 2) == (1,)
