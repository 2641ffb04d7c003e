from dicomcore.holdings import Holding
from dicomcore.resources import Resource


def test_what_is_held_is_the_same_if_its_digest_is() -> None:
    holding = Holding(Resource("1", "1.1", "1.1.1"), b"digest")
    assert holding.is_same(b"digest")
    assert not holding.is_same(b"another")


def test_what_has_no_digest_is_not_known_to_be_the_same() -> None:
    assert not Holding(Resource("1", "1.1", "1.1.1"), b"digest").is_same(None)
