from pathlib import Path

import pytest

from dicomcore.errors import StorageFull
from dicomcore.storage.reserve import RESERVE, Reserve


class Volume(Reserve):
    """A reserve on a volume with as much room as the test says."""

    free = 0

    def _free(self) -> int:
        return self.free


def test_the_reserve_is_put_by_where_there_is_room(tmp_path: Path) -> None:
    Reserve(tmp_path / "reserve").check()
    assert (tmp_path / "reserve").stat().st_size == RESERVE


def test_a_full_volume_gets_the_reserve_and_objects_do_not(tmp_path: Path) -> None:
    Reserve(tmp_path / "reserve")
    reserve = Volume(tmp_path / "reserve")
    assert not (tmp_path / "reserve").exists()
    with pytest.raises(StorageFull):
        reserve.check()


def test_the_reserve_is_put_by_again_when_there_is_room_for_more(tmp_path: Path) -> None:
    reserve = Volume(tmp_path / "reserve")
    reserve.free = RESERVE
    with pytest.raises(StorageFull):
        reserve.check()
    reserve.free = 2 * RESERVE
    reserve.check()
    assert (tmp_path / "reserve").exists()
