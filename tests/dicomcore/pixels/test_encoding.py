from __future__ import annotations

import pickle

import pytest

from dicomcore.errors import InvalidParameter
from dicomcore.pixels import Encoding

ROOT = "1.2.840.10008.1.2"


@pytest.mark.parametrize(
    ("name", "value"),
    [("quality", 0), ("quality", 101), ("near", -1), ("near", 256), ("ratio", 0.5), ("ratio", 1e9), ("predictor", 8)],
)
def test_choice_out_of_range_is_refused(name: str, value: float) -> None:
    with pytest.raises(InvalidParameter) as caught:
        Encoding(**{name: value})  # type: ignore[arg-type]
    assert caught.value.name == name


@pytest.mark.parametrize(
    ("component", "asked", "lossless"),
    [
        ("4.50", True, False),
        ("4.51", True, False),
        ("4.81", True, False),
        ("4.70", False, True),
        ("4.80", False, True),
        ("4.90", False, True),
        ("5", False, True),
        ("4.91", True, True),
        ("4.91", False, False),
        ("4.203", False, False),
        ("4.112", False, False),
    ],
)
def test_transfer_syntax_decides_where_it_is_one_or_the_other(component: str, asked: bool, lossless: bool) -> None:
    assert Encoding(lossless=asked).of(f"{ROOT}.{component}").lossless is lossless


def test_what_holds_already_is_returned_as_it_is() -> None:
    encoding = Encoding(predictor=4)
    assert encoding.of(f"{ROOT}.4.57") is encoding


def test_quality_has_a_default() -> None:
    assert Encoding().lossy_quality == 90
    assert Encoding(quality=1).lossy_quality == 1


def test_choices_travel_to_other_processes() -> None:
    encoding = Encoding(lossless=False, quality=75, near=3, ratio=10.0, predictor=7)
    assert pickle.loads(pickle.dumps(encoding)) == encoding
