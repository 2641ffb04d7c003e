from __future__ import annotations

import pytest
from presentation_builders import dataset_of

from dicomcore.rendering.tiles import matrix_offset_of


@pytest.mark.parametrize(
    ("frame", "offset"), [(1, (0, 0)), (3, (200, 0)), (4, (0, 50)), (6, (200, 50)), (7, (0, 0)), (10, (0, 50))]
)
def test_full_tiles_are_counted_along_the_rows(frame: int, offset: tuple[int, int]) -> None:
    dataset = dataset_of(
        DimensionOrganizationType="TILED_FULL",
        Rows=50,
        Columns=100,
        TotalPixelMatrixColumns=250,
        TotalPixelMatrixRows=80,
    )
    assert matrix_offset_of(dataset, frame) == offset


def test_sparse_tiles_say_where_they_are() -> None:
    frames = [
        dataset_of(
            PlanePositionSlideSequence=[
                dataset_of(ColumnPositionInTotalImagePixelMatrix=column, RowPositionInTotalImagePixelMatrix=row)
            ]
        )
        for column, row in ((1, 1), (513, 257))
    ]
    dataset = dataset_of(DimensionOrganizationType="TILED_SPARSE", PerFrameFunctionalGroupsSequence=frames)
    assert matrix_offset_of(dataset, 2) == (512, 256)


def test_other_images_begin_at_their_own_corner() -> None:
    assert matrix_offset_of(dataset_of(Rows=5, Columns=5), 3) == (0, 0)
    assert matrix_offset_of(dataset_of(DimensionOrganizationType="TILED_FULL"), 3) == (0, 0)
