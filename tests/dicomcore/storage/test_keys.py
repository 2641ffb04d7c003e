import time

from dicomcore.storage.keys import arrival_of, directory_of, earliest_directory, is_key, new_key


def test_keys_sort_in_the_order_of_arrival() -> None:
    first = new_key()
    time.sleep(0.002)
    second = new_key()
    assert first < second


def test_a_key_is_recognised_and_other_names_are_not() -> None:
    assert is_key(new_key())
    assert not is_key("../../etc/passwd")
    assert not is_key(new_key().upper() + "0")


def test_objects_of_one_minute_share_a_directory() -> None:
    assert directory_of("0123456789abcdef0123456789abcdef") == "0123/01234567"


def test_the_earliest_directory_is_not_after_that_of_a_key_made_then() -> None:
    moment = time.time()
    assert earliest_directory(moment - 1) <= directory_of(new_key())
    assert earliest_directory(0) == "0000/00000000"


def test_a_key_tells_when_its_object_arrived() -> None:
    assert arrival_of("0" * 11 + "1" + "0" * 20) == 0.001
