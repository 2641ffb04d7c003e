"""Changes that let the viewer run below any path."""

from __future__ import annotations

import pytest

from app.viewer.package import ViewerProblem
from app.viewer.rebasing import CHANGES, Change, Rebase

_CHANGE = Change("*.js", b'p = "/"', b"p = own()", 2)


def test_every_place_is_changed_in_the_files_that_are_meant() -> None:
    rebase = Rebase([_CHANGE])
    assert rebase("a.js", b'p = "/"; p = "/";') == b"p = own(); p = own();"
    assert rebase("a.css", b'p = "/"') == b'p = "/"'


def test_as_many_files_as_expected_are_right() -> None:
    rebase = Rebase([_CHANGE])
    rebase("a.js", b'p = "/"')
    rebase("b.js", b'p = "/"')
    rebase.check()


@pytest.mark.parametrize("files", [0, 1, 3])
def test_any_other_number_is_another_package(files: int) -> None:
    rebase = Rebase([_CHANGE])
    for number in range(files):
        rebase(f"{number}.js", b'p = "/"')
    with pytest.raises(ViewerProblem, match=f"is in {files} files of the package instead of 2"):
        rebase.check()


def test_no_change_makes_what_another_looks_for() -> None:
    assert not [one for one in CHANGES for other in CHANGES if other.old in one.new]
