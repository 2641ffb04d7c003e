"""Media types and ranges as clients write them (PS3.18 §8.7.7, rows COM-021, COM-025, COM-029 to COM-032)."""

import pytest

from app.media_types import (
    ANYTHING,
    MediaRange,
    MediaType,
    Offer,
    is_media_type_name,
    parse_accept,
    parse_media_type,
    quoted,
    weigh,
)
from dicomcore.errors import InvalidParameter

JPEG_2000 = "1.2.840.10008.1.2.4.90"


def weight(offer: Offer, accept: str) -> int:
    return weigh(offer, parse_accept(accept))[0]


def test_content_type_names_are_lower_case_and_values_are_kept() -> None:
    found = parse_media_type('Multipart/Related; TYPE="application/dicom"; Boundary=aB3')
    assert found == MediaType("multipart/related", (("type", "application/dicom"), ("boundary", "aB3")))


def test_quoted_values_may_hold_semicolons_and_escapes() -> None:
    assert parse_media_type(r'a/b; x="1;\"2"; y=3').parameters == (("x", '1;"2'), ("y", "3"))


def test_unquoted_values_may_hold_slashes_and_equals_signs() -> None:
    found = parse_media_type("multipart/related; type=application/dicom; boundary===x==")
    assert (found.parameter("type"), found.parameter("boundary")) == ("application/dicom", "==x==")


def test_parameter_that_is_missing_is_none() -> None:
    assert parse_media_type("a/b").parameter("type") is None


def test_broken_parameters_are_passed_over() -> None:
    assert parse_media_type("a/b; ; nonsense; =1; c=d").parameters == (("c", "d"),)


def test_media_type_is_written_with_quotes_where_they_are_needed() -> None:
    text = 'multipart/related; type="application/dicom"; boundary=x'
    assert str(parse_media_type(text)) == text


def test_quotes_and_backslashes_are_escaped() -> None:
    assert quoted('a"\\') == '"a\\"\\\\"'


@pytest.mark.parametrize("text", ["", "text", "text/", "/plain", "a b/c", "text/plain, text/html", ";"])
def test_what_is_no_media_type_is_an_invalid_content_type(text: str) -> None:
    with pytest.raises(InvalidParameter, match="Content-Type"):
        parse_media_type(text)


def test_names_with_line_ends_or_parameters_are_no_media_type_names() -> None:
    assert is_media_type_name("application/pdf")
    assert not any(map(is_media_type_name, ("application/pdf\r\n", "a/b; c=d", "", "a/" + "b" * 200)))


def test_single_part_and_multipart_ranges_are_told_apart() -> None:
    assert parse_accept('application/dicom, multipart/related; type="application/dicom"') == (
        MediaRange("application/dicom", multipart=False),
        MediaRange("application/dicom", multipart=True),
    )


@pytest.mark.parametrize("text", ["*/*", " */* ; q=1", "*"])
def test_anything_takes_both_forms(text: str) -> None:
    assert parse_accept(text) == (ANYTHING,)


@pytest.mark.parametrize(
    "text", ["multipart/related", 'multipart/related; type="*/*"', "multipart/*", "multipart/related;type=*"]
)
def test_multipart_without_type_takes_any_part(text: str) -> None:
    assert parse_accept(text) == (MediaRange("*/*", multipart=True),)


@pytest.mark.parametrize("text", ['multipart/related; type="image/*"; boundary=**', "multipart/related; type=image/"])
def test_type_parameter_may_be_a_wildcard(text: str) -> None:
    assert parse_accept(text) == (MediaRange("image/*", multipart=True),)


@pytest.mark.parametrize(
    "text",
    [
        'multipart/related; type="application/dicom"; transfer-syntax=*',
        "Multipart/Related;TYPE=Application/Dicom;Transfer-Syntax=*",
        'multipart/related; type="application/dicom; transfer-syntax=*"',
        'multipart/related; transfer-syntax="*"; type="application/dicom"',
    ],
)
def test_transfer_syntax_is_read_wherever_clients_put_it(text: str) -> None:
    assert parse_accept(text) == (MediaRange("application/dicom", multipart=True, transfer_syntax_uid="*"),)


@pytest.mark.parametrize(
    "text",
    [
        "application/dicom; transfer-syntax=*; transfer-syntax=1.2.840.10008.1.2.1",
        'multipart/related; type="application/dicom; transfer-syntax=*"; transfer-syntax=*',
        "foo",
        "*/png",
        'multipart/related; type="nonsense"',
        ", ,;q=1",
        "",
    ],
)
def test_ranges_that_make_no_sense_are_left_out(text: str) -> None:
    assert parse_accept(text) == ()
    assert parse_accept(f"{text}, application/dicom+json") == (MediaRange("application/dicom+json", multipart=False),)


@pytest.mark.parametrize(
    ("written", "thousandths"),
    [("0", 0), ("0.0", 0), ("0.5", 500), ("0.123", 123), ("1.000", 1000), (".2", 200), ("2", 1000), ("x", 1000)],
)
def test_weights_count_thousandths_and_broken_ones_count_as_not_given(written: str, thousandths: int) -> None:
    assert parse_accept(f"a/b; Q={written}")[0].weight == thousandths


def test_commas_in_quotes_do_not_separate() -> None:
    assert [one.name for one in parse_accept('a/b; x="1,2", c/d')] == ["a/b", "c/d"]


def test_endless_headers_are_read_up_to_a_limit() -> None:
    assert len(parse_accept("a/b," * 10_000)) == 32
    assert parse_accept("a/b, c/d; x=" + "y" * 10_000) == (MediaRange("a/b", multipart=False),)


def test_unclosed_quotes_do_not_take_long() -> None:
    assert parse_accept('a/b; x="' + "\\" * 4000) != ()


def test_example_of_the_standard_is_weighed_as_rfc_9110_says() -> None:
    accept = "text/*;q=0.5, text/html;q=0.4, text/html;level=1, text/html;level=2;q=0.7, image/png, */*;q=0.3"
    assert weight(Offer("text/html", parameters=(("level", "1"),)), accept) == 1000
    assert weight(Offer("text/html", parameters=(("level", "2"),)), accept) == 700
    assert weight(Offer("text/html"), accept) == 400
    assert weight(Offer("text/plain"), accept) == 500
    assert weight(Offer("image/png"), accept) == 1000
    assert weight(Offer("image/jpeg"), accept) == 300


def test_weight_zero_of_a_narrow_range_excludes_from_a_wide_one() -> None:
    assert weight(Offer("image/png"), "image/png;q=0, */*") == 0


def test_wildcards_are_reported() -> None:
    assert weigh(Offer("image/png"), parse_accept("image/*;q=0.5")) == (500, True)
    assert weigh(Offer("image/png"), parse_accept("image/png")) == (1000, False)


def test_offer_without_wildcard_has_to_be_named() -> None:
    assert weight(Offer("application/zip", wildcard=0), "*/*, application/*") == 0
    assert weight(Offer("application/zip", wildcard=0), "application/zip") == 1000


def test_forms_do_not_stand_in_for_each_other() -> None:
    assert weight(Offer("application/dicom"), 'multipart/related; type="application/dicom"') == 0
    assert weight(Offer("application/dicom", multipart=True), "application/dicom") == 0


def test_transfer_syntaxes_match_the_default_the_stored_and_the_named_one() -> None:
    stored = Offer("application/dicom", transfer_syntax_uid=JPEG_2000, is_default=False, is_stored=True)
    assert weight(stored, "application/dicom") == 0
    assert weight(stored, "application/dicom; transfer-syntax=*") == 1000
    assert weight(stored, f"application/dicom; transfer-syntax={JPEG_2000}") == 1000
    assert weight(stored, "application/dicom; transfer-syntax=1.2.3") == 0
    assert weight(Offer("application/dicom", transfer_syntax_uid=JPEG_2000), "*/*; transfer-syntax=*") == 0


def test_transfer_syntax_on_an_offer_that_has_none_is_passed_over() -> None:
    assert weight(Offer("application/dicom+json"), "application/dicom+json; transfer-syntax=*") == 1000


def test_aliases_are_understood_some_only_with_a_transfer_syntax() -> None:
    offer = Offer(
        "image/jls",
        transfer_syntax_uid="1.2",
        is_stored=True,
        aliases=("image/x-jls",),
        stored_aliases=("application/octet-stream",),
    )
    assert weight(offer, "image/x-jls") == 1000
    assert weight(offer, "application/octet-stream") == 0
    assert weight(offer, "application/octet-stream; transfer-syntax=*") == 1000


def test_names_are_compared_without_case() -> None:
    assert weight(Offer("video/H265"), "video/h265") == 1000


@pytest.mark.parametrize("charset", ["utf-8", "UTF8", '"ISO_IR 192"'])
def test_utf_8_is_known_by_all_its_names(charset: str) -> None:
    offer = Offer("application/dicom+json", parameters=(("charset", "utf-8"),))
    assert weight(offer, f"application/dicom+json; charset={charset}") == 1000


def test_parameter_with_another_value_does_not_match() -> None:
    offer = Offer("application/dicom+json", parameters=(("charset", "utf-8"),))
    assert weight(offer, "application/dicom+json; charset=iso-8859-1") == 0


def test_range_includes_what_is_narrower() -> None:
    image, anything = MediaRange("image/*", multipart=False), ANYTHING
    png = MediaRange("image/png", multipart=False)
    assert anything.includes(png) and image.includes(png) and png.includes(png)
    assert not png.includes(MediaRange("image/jpeg", multipart=False))
    assert not image.includes(MediaRange("image/png", multipart=True))
    assert not MediaRange("image/png", multipart=False, weight=0).includes(png)
    assert not MediaRange("image/png", False, transfer_syntax_uid="1.2").includes(png)
