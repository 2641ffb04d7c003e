import pytest

from dicomcore.data.transfer_syntax import (
    DEFAULT_TRANSFER_SYNTAXES,
    TRANSFER_SYNTAXES,
    canonical_media_type,
    lookup,
    transfer_syntax,
    transfer_syntaxes_of,
)
from dicomcore.errors import UnsupportedTransferSyntax

ROOT = "1.2.840.10008.1.2"


def test_every_transfer_syntax_to_be_read_is_in_the_table() -> None:
    jpeg = [f".4.{n}" for n in (50, 51, 57, 70, 80, 81, 90, 91, 92, 93, 94, 95)]
    newer = [f".4.{n}" for n in (110, 111, 112, 201, 202, 203, 204, 205)]
    video = [f".4.{n}" for n in range(100, 109)] + [f".4.{n}.1" for n in range(100, 107)]
    other = ["", ".1", ".1.98", ".1.99", ".2", ".5", ".7.1", ".7.2", ".7.3", ".8.1"]
    assert {ROOT + suffix for suffix in jpeg + newer + video + other} <= set(TRANSFER_SYNTAXES)


def test_an_unknown_transfer_syntax_is_refused_by_name_and_none_to_those_who_look_it_up() -> None:
    with pytest.raises(UnsupportedTransferSyntax) as error:
        transfer_syntax("1.2.3")
    assert error.value.uid == "1.2.3"
    assert lookup("1.2.3") is None


def test_only_the_default_transfer_syntax_has_implicit_vr() -> None:
    assert [s.uid for s in TRANSFER_SYNTAXES.values() if not s.explicit] == [ROOT]


def test_only_the_retired_explicit_one_is_big_endian() -> None:
    assert [s.uid for s in TRANSFER_SYNTAXES.values() if not s.little_endian] == [f"{ROOT}.2"]


def test_three_transfer_syntaxes_deflate_the_whole_data_set() -> None:
    assert {s.uid for s in TRANSFER_SYNTAXES.values() if s.deflated} == {
        f"{ROOT}.1.99",
        f"{ROOT}.4.95",
        f"{ROOT}.4.205",
    }


@pytest.mark.parametrize("suffix", ["", ".1", ".1.99", ".2", ".4.94", ".4.205", ".7.1"])
def test_pixel_data_are_native_or_elsewhere(suffix: str) -> None:
    assert not transfer_syntax(ROOT + suffix).encapsulated


@pytest.mark.parametrize("suffix", [".1.98", ".4.50", ".4.90", ".4.102.1", ".4.201", ".5", ".8.1"])
def test_pixel_data_are_encapsulated(suffix: str) -> None:
    assert transfer_syntax(ROOT + suffix).encapsulated


@pytest.mark.parametrize(
    "suffix", [".1", ".4.57", ".4.70", ".4.80", ".4.90", ".4.92", ".4.110", ".4.201", ".5", ".8.1"]
)
def test_nothing_is_lost(suffix: str) -> None:
    assert transfer_syntax(ROOT + suffix).lossless


@pytest.mark.parametrize(
    "suffix", [".4.50", ".4.51", ".4.81", ".4.91", ".4.93", ".4.100", ".4.107", ".4.112", ".4.203"]
)
def test_something_may_be_lost(suffix: str) -> None:
    assert not transfer_syntax(ROOT + suffix).lossless


@pytest.mark.parametrize(
    ("media_type", "suffixes"),
    [
        ("application/octet-stream", ["1", "", "1.98", "1.99", "2"]),
        ("image/jpeg", ["4.70", "4.50", "4.51", "4.57"]),
        ("image/dicom-rle", ["5"]),
        ("image/jls", ["4.80", "4.81"]),
        ("image/jp2", ["4.90", "4.91"]),
        ("image/jpx", ["4.92", "4.93"]),
        ("image/jphc", ["4.201", "4.202", "4.203"]),
        ("image/jxl", ["4.110", "4.111", "4.112"]),
        ("application/x-deflate", ["8.1"]),
        ("video/mpeg", ["4.101", "4.100", "4.100.1", "4.101.1"]),
        ("video/mp4", ["4.102", *(f"4.{n}" for n in (103, 104, 105, 106)), *(f"4.{n}.1" for n in range(102, 107))]),
        ("video/H265", ["4.107", "4.108"]),
    ],
)
def test_media_types_have_the_transfer_syntaxes_of_the_standard_and_their_default_first(
    media_type: str, suffixes: list[str]
) -> None:
    uids = [syntax.uid for syntax in transfer_syntaxes_of(media_type)]
    assert uids[0] == f"{ROOT}.{suffixes[0]}"
    assert sorted(uids) == sorted(f"{ROOT}.{suffix}".rstrip(".") for suffix in suffixes)
    assert DEFAULT_TRANSFER_SYNTAXES[media_type].uid == uids[0]


def test_every_media_type_of_the_table_has_a_default() -> None:
    assert {s.media_type for s in TRANSFER_SYNTAXES.values() if s.media_type} == set(DEFAULT_TRANSFER_SYNTAXES)


def test_a_media_type_without_compressed_form_has_no_transfer_syntaxes() -> None:
    assert transfer_syntaxes_of("text/plain") == ()


def test_old_names_of_media_types_are_understood() -> None:
    assert canonical_media_type("image/x-dicom-rle") == "image/dicom-rle"
    assert canonical_media_type("Image/X-JLS") == "image/jls"
    assert transfer_syntaxes_of("video/mpeg2")[0].uid == f"{ROOT}.4.101"
    assert canonical_media_type("video/h265") == canonical_media_type("video/H265") == "video/H265"


def test_a_transfer_syntax_reads_as_its_uid() -> None:
    assert str(transfer_syntax(f"{ROOT}.4.90")) == f"{ROOT}.4.90"
