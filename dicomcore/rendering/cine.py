"""How fast the frames of a multi-frame image follow each other (PS3.3 §C.7.6.5).

What was recommended for display goes before what was measured at acquisition: Recommended Display Frame Rate, Cine
Rate, Frame Time Vector, Frame Time; where none is told, ten frames a second.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from dicomcore.data import Dataset

RECOMMENDED_DISPLAY_FRAME_RATE = 0x00082144
CINE_RATE = 0x00180040
FRAME_TIME = 0x00181063
FRAME_TIME_VECTOR = 0x00181065

DEFAULT_MILLISECONDS = 100.0
MAX_ANIMATION_FRAMES = 300
"""How many frames an animation has at most; of more frames, evenly spaced ones are shown, for as long as all."""

MAX_ANIMATION_LENGTH = 128 << 20
"""How many bytes the stored frames of an animation have together at most, so that a worker can hold them."""

_SHORTEST, _LONGEST = 5.0, 10_000.0


@dataclass(frozen=True, slots=True)
class Cine:
    """The times of the frames: one for all, and where they differ, one for the step to each frame after the first."""

    milliseconds: float = DEFAULT_MILLISECONDS
    steps: tuple[float, ...] = ()

    def durations(self, frame_numbers: Sequence[int]) -> tuple[float, ...]:
        """Return for how many milliseconds each of these frames (from 1, ascending) is shown."""
        starts = [self._start(number) for number in frame_numbers]
        durations = [_sensible(after - before) for before, after in pairwise(starts)]
        return (*durations, durations[-1] if durations else _sensible(self.milliseconds))

    def _start(self, frame_number: int) -> float:
        known = self.steps[: frame_number - 1]
        return sum(known) + (frame_number - 1 - len(known)) * self.milliseconds


def read_cine(dataset: Dataset) -> Cine:
    """Read the times from a data set."""
    for tag in (RECOMMENDED_DISPLAY_FRAME_RATE, CINE_RATE):
        rate = _positive(dataset.number(tag))
        if rate is not None:
            return Cine(_sensible(1000.0 / rate))
    steps = [one for one in dataset.values(FRAME_TIME_VECTOR)[1:] if isinstance(one, (int, float))]
    if steps and all(0 <= one < math.inf for one in steps) and sum(steps) > 0:
        return Cine(_sensible(sum(steps) / len(steps)), tuple(float(one) for one in steps))
    return Cine(_sensible(_positive(dataset.number(FRAME_TIME)) or DEFAULT_MILLISECONDS))


def _positive(number: float | None) -> float | None:
    return number if number is not None and 0 < number < math.inf else None


def _sensible(milliseconds: float) -> float:
    return min(max(milliseconds, _SHORTEST), _LONGEST)


def animation_frames(number_of_frames: int, frame_length: int = 0) -> tuple[int, ...]:
    """Return the numbers, from 1, of the frames that an animation shows: all, or evenly spaced ones.

    There are at most `MAX_ANIMATION_FRAMES`, and no more than fit into `MAX_ANIMATION_LENGTH` if a stored frame has
    ``frame_length`` bytes.
    """
    most = min(MAX_ANIMATION_FRAMES, MAX_ANIMATION_LENGTH // max(1, frame_length))
    shown = max(1, min(number_of_frames, most))
    return tuple(1 + number * number_of_frames // shown for number in range(shown))
