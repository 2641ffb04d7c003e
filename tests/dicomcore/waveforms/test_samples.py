from __future__ import annotations

import numpy as np
import pytest

from dicomcore.waveforms.samples import expand, read_samples, sample_type


@pytest.mark.parametrize(
    ("interpretation", "bits", "kind"),
    [
        ("SB", 8, "<i1"),
        ("UB", 8, "<u1"),
        ("MB", 8, "<u1"),
        ("SS", 16, "<i2"),
        ("US", 16, "<u2"),
        ("SL", 32, "<i4"),
        ("UL", 32, "<u4"),
        ("SV", 64, "<i8"),
        ("", 16, "<i2"),
    ],
)
def test_an_interpretation_has_its_type(interpretation: str, bits: int, kind: str) -> None:
    assert sample_type(interpretation, bits) == np.dtype(kind)


@pytest.mark.parametrize(("interpretation", "bits"), [("SS", 8), ("XX", 16), ("", 12), ("UB", 0)])
def test_a_contradiction_has_no_type(interpretation: str, bits: int) -> None:
    assert sample_type(interpretation, bits) is None


def test_samples_are_interleaved_and_an_incomplete_one_is_left_out() -> None:
    samples = read_samples(b"\1\0\2\0\3\0\4\0\5\0", np.dtype("<i2"), 2)
    assert samples.tolist() == [[1, 2], [3, 4]]


def test_mu_law_follows_g711() -> None:
    codes = np.array([0x00, 0x7F, 0x80, 0xFF, 0x8F, 0xF0], np.uint8)
    assert expand(codes, "MB").tolist() == [-32124, 0, 32124, 0, 16764, 120]


def test_a_law_follows_g711() -> None:
    codes = np.array([0xD5, 0x55, 0xAA, 0x2A, 0x80], np.uint8)
    assert expand(codes, "AB").tolist() == [8, -8, 32256, -32256, 5504]


def test_linear_samples_stay_as_they_are() -> None:
    samples = np.array([1, 2], np.int16)
    assert expand(samples, "SS") is samples
