"""Where a tile lies in the total pixel matrix of a slide (PS3.3 §C.7.6.17.3, §C.8.12.6)."""

from __future__ import annotations

from dicomcore.data import Dataset
from dicomcore.pixels.image import COLUMNS, ROWS

DIMENSION_ORGANIZATION_TYPE = 0x00209311
PER_FRAME_GROUPS = 0x52009230
PLANE_POSITION_SLIDE = 0x0048021A
COLUMN_POSITION = 0x0048021E
ROW_POSITION = 0x0048021F
TOTAL_COLUMNS = 0x00480006
TOTAL_ROWS = 0x00480007

_NOWHERE = (0.0, 0.0)


def matrix_offset_of(dataset: Dataset, frame_number: int = 1) -> tuple[float, float]:
    """Return the column and row, from 0, of the upper left pixel of a frame (from 1) in the total pixel matrix.

    Of a TILED_FULL image it is computed, of others it is told; an image that is no tile begins at 0, 0.
    """
    if dataset.text(DIMENSION_ORGANIZATION_TYPE) == "TILED_FULL":
        return _of_full(dataset, frame_number)
    for groups in dataset.items(PER_FRAME_GROUPS)[frame_number - 1 : frame_number]:
        for position in groups.items(PLANE_POSITION_SLIDE)[:1]:
            column, row = position.integer(COLUMN_POSITION), position.integer(ROW_POSITION)
            if column is not None and row is not None:
                return column - 1.0, row - 1.0
    return _NOWHERE


def _of_full(dataset: Dataset, frame_number: int) -> tuple[float, float]:
    """Count tiles along the rows of the matrix, and begin anew after the last: other focal planes, optical paths."""
    width, height = dataset.integer(COLUMNS) or 0, dataset.integer(ROWS) or 0
    total = dataset.integer(TOTAL_COLUMNS) or 0, dataset.integer(TOTAL_ROWS) or 0
    if min(width, height, *total) < 1:
        return _NOWHERE
    across, down = -(-total[0] // width), -(-total[1] // height)
    place = (frame_number - 1) % (across * down)
    return float(place % across * width), float(place // across * height)
