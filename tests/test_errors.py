"""The tree of errors is complete at its edges."""

from collections.abc import Iterator, Mapping

import pytest

from app.errors import STATUS
from dicomcore import errors
from dicomcore.net.dimse import status as dimse


def tree(root: type[errors.DicomError]) -> Iterator[type[errors.DicomError]]:
    yield root
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from tree(child)


@pytest.mark.parametrize("error", list(tree(errors.DicomError)))
def test_every_error_has_a_status(error: type[errors.DicomError]) -> None:
    assert STATUS[error] in range(400, 600)


@pytest.mark.parametrize("error", list(tree(errors.DicomError)))
def test_every_error_has_a_dimse_status(error: type[errors.DicomError]) -> None:
    assert dimse.category(dimse.STATUS[error]) is dimse.Category.FAILURE


@pytest.mark.parametrize("table", [STATUS, dimse.STATUS], ids=["http", "dimse"])
def test_the_tables_name_no_others(table: Mapping[type[errors.DicomError], int]) -> None:
    assert set(table) == set(tree(errors.DicomError))


@pytest.mark.parametrize("error", list(tree(errors.DicomError)))
def test_every_error_is_drawn_in_the_tree(error: type[errors.DicomError]) -> None:
    assert f"- {error.__name__}" in (errors.__doc__ or "")
