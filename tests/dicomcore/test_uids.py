import pytest

from dicomcore.errors import InvalidUid
from dicomcore.uids import check_uid, is_valid_uid, new_uid


@pytest.mark.parametrize("uid", ["1.2", "0.0", "2.25.123456", "1." + "2" * 62])
def test_uids_by_the_rules_are_valid(uid: str) -> None:
    assert is_valid_uid(uid)
    assert check_uid(uid) == uid


@pytest.mark.parametrize("uid", ["1", "1.02", "3.1", "1.2.00"])
def test_what_old_modalities_write_is_tolerated_and_not_valid(uid: str) -> None:
    assert not is_valid_uid(uid)
    assert check_uid(uid) == uid


@pytest.mark.parametrize("uid", ["", "1.", ".1", "1..2", "1.a", "1.2 ", "1.2\n", "1/2", "1.2\0", "\u0661.2", "1" * 65])
def test_anything_else_is_refused(uid: str) -> None:
    assert not is_valid_uid(uid)
    with pytest.raises(InvalidUid, match="series"):
        check_uid(uid, "series")


def test_new_uids_are_valid_and_never_the_same() -> None:
    made = {new_uid() for _ in range(100)}
    assert len(made) == 100
    assert all(is_valid_uid(uid) and uid.startswith("2.25.") for uid in made)
