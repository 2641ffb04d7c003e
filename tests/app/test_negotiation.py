"""Content negotiation (PS3.18 §8.7.8, §10.4.4; rows COM-010, COM-011, COM-020 to COM-034, MED-*, RS-020 to RS-025)."""

import pytest

from app.negotiation import (
    Acceptable,
    Category,
    Selection,
    Stored,
    acceptable,
    check_charset,
    content_type,
    depends_on_targets,
    multipart_content_type,
    select_bulkdata,
    select_document,
    select_instances,
)
from dicomcore.errors import InvalidParameter, NotAcceptable

IMPLICIT_LE = "1.2.840.10008.1.2"
EXPLICIT_LE = "1.2.840.10008.1.2.1"
ENCAPSULATED_UNCOMPRESSED = "1.2.840.10008.1.2.1.98"
DEFLATED = "1.2.840.10008.1.2.1.99"
EXPLICIT_BE = "1.2.840.10008.1.2.2"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
JPEG_LOSSLESS = "1.2.840.10008.1.2.4.70"
JPEG_LS = "1.2.840.10008.1.2.4.80"
JPEG_2000 = "1.2.840.10008.1.2.4.90"
JPIP = "1.2.840.10008.1.2.4.94"
MPEG4 = "1.2.840.10008.1.2.4.102"
RETIRED_JPEG = "1.2.840.10008.1.2.4.55"
RLE = "1.2.840.10008.1.2.5"

DICOM_PARTS = 'multipart/related; type="application/dicom"'
OCTET_PARTS = 'multipart/related; type="application/octet-stream"'


def can_decode(uid: str) -> bool:
    return uid == RLE


def instance(accept: str | None, stored: str, *, single: bool = True, parameter: str | None = None) -> Selection:
    found = select_instances(acceptable(accept, parameter), [stored], can_decode=can_decode, single=single)
    return found[stored]


def frame(accept: str | None, stored: str, *, single: bool = True) -> Selection:
    return select_bulkdata(acceptable(accept), [stored], can_decode=can_decode, single=single)[stored]


def available_instances(accept: str, stored: str) -> tuple[str, ...]:
    with pytest.raises(NotAcceptable) as caught:
        instance(accept, stored)
    return caught.value.available


# The accept parameter and the order of selection


def test_missing_accept_means_everything() -> None:
    assert instance(None, EXPLICIT_LE) == Selection("application/dicom", True, EXPLICIT_LE)


def test_missing_accept_is_not_acceptable_when_strict() -> None:
    with pytest.raises(NotAcceptable) as caught:
        select_document(acceptable(None, strict=True), Category.METADATA)
    assert "application/dicom+json" in caught.value.available


def test_accept_of_nothing_valid_means_everything() -> None:
    assert acceptable("foo, ;;") == acceptable("*/*")


def test_invalid_ranges_are_passed_over_as_long_as_something_remains() -> None:
    assert (
        select_document(acceptable("foo, application/dicom+json"), Category.SEARCH).media_type
        == "application/dicom+json"
    )


def test_accept_parameter_goes_before_the_header() -> None:
    assert instance("*/*", EXPLICIT_LE, parameter="application/dicom") == Selection(
        "application/dicom", False, EXPLICIT_LE
    )


def test_accept_parameter_that_fits_nothing_leaves_the_choice_to_the_header() -> None:
    assert instance("*/*", EXPLICIT_LE, parameter="image/png").multipart


def test_accept_parameter_that_a_part_of_the_header_allows_is_taken() -> None:
    accepted = acceptable("image/*, text/html", "image/png, application/pdf")
    assert [one.name for one in accepted.parameter] == ["image/png"]


@pytest.mark.parametrize("parameter", ["image/*", "*/*", 'multipart/related; type="*/*"'])
def test_wildcard_in_the_accept_parameter_is_invalid(parameter: str) -> None:
    with pytest.raises(InvalidParameter, match="wildcards"):
        acceptable("*/*", parameter)


@pytest.mark.parametrize("parameter", ["application/dicom,image/jpeg", "text/html, application/dicom+json"])
def test_dicom_and_rendered_types_together_are_invalid(parameter: str) -> None:
    with pytest.raises(InvalidParameter, match="together"):
        acceptable("*/*", parameter)


@pytest.mark.parametrize("parameter", ["", "nonsense"])
def test_accept_parameter_without_a_media_type_is_invalid(parameter: str) -> None:
    with pytest.raises(InvalidParameter, match="no media type"):
        acceptable("*/*", parameter)


def test_accept_parameter_that_the_header_excludes_is_not_acceptable() -> None:
    with pytest.raises(NotAcceptable):
        acceptable("application/dicom", "image/png")


def test_named_types_go_before_wildcards_of_more_weight() -> None:
    chosen = select_document(
        acceptable('multipart/related; type="application/dicom+xml";q=0.1, */*'), Category.METADATA
    )
    assert chosen == Selection("application/dicom+xml", multipart=True)


def test_greater_weight_wins_among_named_types() -> None:
    accept = f"{DICOM_PARTS}; q=0.3, application/dicom; q=0.7"
    assert instance(accept, EXPLICIT_LE) == Selection("application/dicom", False, EXPLICIT_LE)


def test_excluded_default_is_not_chosen_by_the_wildcard() -> None:
    chosen = select_document(acceptable("application/dicom+json;q=0, */*"), Category.METADATA)
    assert chosen == Selection("application/dicom+xml", multipart=True)


@pytest.mark.parametrize("text", ["utf-8", "UTF-8;q=0.5, iso-8859-1", '"ISO_IR 192"'])
def test_charset_parameter_that_allows_utf_8_is_taken(text: str) -> None:
    check_charset(text)


@pytest.mark.parametrize("text", ["foo", "iso-8859-1", "*", "utf-8,*", ""])
def test_other_charset_parameters_are_invalid(text: str) -> None:
    with pytest.raises(InvalidParameter, match="charset"):
        check_charset(text)


# Documents


@pytest.mark.parametrize(
    ("category", "accept", "expected"),
    [
        (Category.METADATA, "*/*", Selection("application/dicom+json")),
        (Category.METADATA, "application/*", Selection("application/dicom+json")),
        (Category.METADATA, "application/json", Selection("application/json")),
        (Category.METADATA, "application/dicom+json; charset=utf-8", Selection("application/dicom+json")),
        (
            Category.METADATA,
            'multipart/related; type="application/dicom+xml"',
            Selection("application/dicom+xml", True),
        ),
        (Category.SEARCH, "text/html, */*;q=0.8", Selection("application/dicom+json")),
        (Category.SEARCH, "multipart/related; type=application/dicom+xml", Selection("application/dicom+xml", True)),
        (Category.STORE, "application/dicom+xml", Selection("application/dicom+xml")),
        (Category.STORE, "*/*", Selection("application/dicom+json")),
    ],
)
def test_documents_are_chosen_by_category(category: Category, accept: str, expected: Selection) -> None:
    assert select_document(acceptable(accept), category) == expected


@pytest.mark.parametrize("accept", ["application/dicom+xml", "text/html", "application/dicom+json; charset=latin1"])
def test_documents_that_are_not_offered_are_not_acceptable(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        select_document(acceptable(accept), Category.METADATA)


def test_metadata_of_one_instance_may_be_a_single_xml_document() -> None:
    chosen = select_document(acceptable("application/dicom+xml"), Category.METADATA, single=True)
    assert chosen == Selection("application/dicom+xml")


# Instances


@pytest.mark.parametrize("accept", ["*/*", DICOM_PARTS, 'multipart/related; type="*/*"', "multipart/related"])
@pytest.mark.parametrize("stored", [IMPLICIT_LE, EXPLICIT_LE, EXPLICIT_BE, DEFLATED, RLE])
def test_without_transfer_syntax_instances_leave_as_explicit_little_endian(accept: str, stored: str) -> None:
    assert instance(accept, stored) == Selection("application/dicom", True, EXPLICIT_LE)


@pytest.mark.parametrize(
    ("stored", "sent"),
    [
        (IMPLICIT_LE, EXPLICIT_LE),
        (EXPLICIT_LE, EXPLICIT_LE),
        (EXPLICIT_BE, EXPLICIT_LE),
        (DEFLATED, DEFLATED),
        (JPEG_2000, JPEG_2000),
        (JPIP, JPIP),
        ("1.2.3.4", "1.2.3.4"),
    ],
)
def test_any_transfer_syntax_means_the_stored_one_but_for_those_that_never_leave(stored: str, sent: str) -> None:
    assert instance(f"{DICOM_PARTS}; transfer-syntax=*", stored).transfer_syntax_uid == sent


def test_stored_transfer_syntax_can_be_named() -> None:
    accept = f"{DICOM_PARTS}; transfer-syntax={JPEG_2000}"
    assert instance(accept, JPEG_2000) == Selection("application/dicom", True, JPEG_2000)


@pytest.mark.parametrize("stored", [IMPLICIT_LE, EXPLICIT_BE])
def test_transfer_syntaxes_that_never_leave_are_not_acceptable_by_name_either(stored: str) -> None:
    assert f"{DICOM_PARTS}; transfer-syntax={EXPLICIT_LE}" in available_instances(
        f"{DICOM_PARTS}; transfer-syntax={stored}", stored
    )


@pytest.mark.parametrize("accept", ["*/*", DICOM_PARTS, f"{DICOM_PARTS}; transfer-syntax={EXPLICIT_LE}"])
@pytest.mark.parametrize("stored", [JPEG_2000, JPEG_BASELINE, JPIP, "1.2.3.4"])
def test_what_cannot_be_decoded_is_refused_with_what_there_is(accept: str, stored: str) -> None:
    available = available_instances(accept, stored)
    assert f"{DICOM_PARTS}; transfer-syntax={stored}" in available
    assert not any(one.endswith(f"dicom; transfer-syntax={EXPLICIT_LE}") for one in available)


def test_single_part_is_for_single_items_only() -> None:
    assert instance("application/dicom", EXPLICIT_LE) == Selection("application/dicom", False, EXPLICIT_LE)
    with pytest.raises(NotAcceptable):
        instance("application/dicom", EXPLICIT_LE, single=False)


def test_single_part_that_is_not_allowed_is_passed_over_when_something_remains() -> None:
    assert instance("application/dicom, */*;q=0.1", EXPLICIT_LE, single=False).multipart


@pytest.mark.parametrize(
    ("accept", "sent"),
    [
        ("application/zip", JPEG_2000),
        ("application/zip; transfer-syntax=*", JPEG_2000),
        (f"application/zip; transfer-syntax={JPEG_2000}", JPEG_2000),
    ],
)
def test_zip_holds_what_is_stored(accept: str, sent: str) -> None:
    assert instance(accept, JPEG_2000, single=False) == Selection("application/zip", False, sent)


def test_zip_never_holds_implicit_little_endian() -> None:
    assert instance("application/zip", IMPLICIT_LE).transfer_syntax_uid == EXPLICIT_LE


def test_octet_stream_of_instances_means_their_bulk_data() -> None:
    assert instance(OCTET_PARTS, IMPLICIT_LE) == Selection("application/octet-stream", True, EXPLICIT_LE)
    assert instance('multipart/related; type="image/jp2"', JPEG_2000) == Selection("image/jp2", True, JPEG_2000)


def test_image_wildcard_is_not_for_instances() -> None:
    assert available_instances('multipart/related; type="image/*"', JPEG_2000)


def test_every_instance_of_a_study_is_chosen_for_by_itself() -> None:
    accept = acceptable(f"{DICOM_PARTS}; transfer-syntax={JPEG_2000}, {DICOM_PARTS}; q=0.5")
    found = select_instances(accept, [JPEG_2000, IMPLICIT_LE, RLE], can_decode=can_decode)
    assert {uid: one.transfer_syntax_uid for uid, one in found.items()} == {
        JPEG_2000: JPEG_2000,
        IMPLICIT_LE: EXPLICIT_LE,
        RLE: EXPLICIT_LE,
    }


def test_instances_that_fit_nothing_are_missing_among_others() -> None:
    found = select_instances(acceptable(DICOM_PARTS), [JPEG_2000, EXPLICIT_LE], can_decode=can_decode)
    assert list(found) == [EXPLICIT_LE]


def test_one_answer_has_one_packaging_that_serves_most() -> None:
    accept = acceptable(f"{DICOM_PARTS}, application/zip; q=0.5")
    found = select_instances(accept, [EXPLICIT_LE, JPEG_2000], can_decode=can_decode)
    assert {one.media_type for one in found.values()} == {"application/zip"}


def test_of_equal_packagings_the_first_is_taken() -> None:
    accept = acceptable(f'{DICOM_PARTS}, multipart/related; type="image/jp2"')
    found = select_instances(accept, [EXPLICIT_LE, JPEG_2000], can_decode=can_decode)
    assert found == {EXPLICIT_LE: Selection("application/dicom", True, EXPLICIT_LE)}


# Frames and bulk data


@pytest.mark.parametrize("stored", [IMPLICIT_LE, EXPLICIT_LE, EXPLICIT_BE, DEFLATED, RLE, ENCAPSULATED_UNCOMPRESSED])
@pytest.mark.parametrize("accept", ["*/*", OCTET_PARTS, 'multipart/related; type="*/*"'])
def test_frames_are_little_endian_octets_by_default(accept: str, stored: str) -> None:
    assert frame(accept, stored) == Selection("application/octet-stream", True, EXPLICIT_LE)


def test_frame_may_be_a_single_part() -> None:
    assert frame("application/octet-stream", EXPLICIT_LE) == Selection("application/octet-stream", False, EXPLICIT_LE)
    with pytest.raises(NotAcceptable):
        frame("application/octet-stream", EXPLICIT_LE, single=False)


def test_application_dicom_is_not_for_frames() -> None:
    with pytest.raises(NotAcceptable):
        frame(DICOM_PARTS, EXPLICIT_LE)


@pytest.mark.parametrize(
    ("stored", "media_type"),
    [
        (JPEG_BASELINE, "image/jpeg"),
        (JPEG_LOSSLESS, "image/jpeg"),
        (JPEG_LS, "image/jls"),
        (JPEG_2000, "image/jp2"),
        (RLE, "image/dicom-rle"),
        (MPEG4, "video/mp4"),
        ("1.2.840.10008.1.2.4.107", "video/H265"),
        ("1.2.840.10008.1.2.4.201", "image/jphc"),
    ],
)
def test_compressed_frames_pass_through_under_their_media_type(stored: str, media_type: str) -> None:
    expected = Selection(media_type, True, stored)
    assert frame(f"multipart/related; type={media_type}", stored) == expected
    assert frame(f'multipart/related; type="{media_type}"; transfer-syntax={stored}', stored) == expected
    assert frame(f"{OCTET_PARTS}; transfer-syntax=*", stored) == expected
    assert frame(f'multipart/related; type="{media_type.split("/")[0]}/*"', stored) == expected


@pytest.mark.parametrize(("alias", "stored"), [("image/x-jls", JPEG_LS), ("image/x-dicom-rle", RLE)])
def test_old_names_are_understood_and_answered_with_the_new_ones(alias: str, stored: str) -> None:
    assert frame(f"multipart/related; type={alias}", stored).media_type == alias.replace("x-", "")


def test_wildcard_stands_for_the_stored_frame_where_it_cannot_be_decoded() -> None:
    assert frame("*/*", JPEG_2000) == Selection("image/jp2", True, JPEG_2000)


@pytest.mark.parametrize(
    "accept", [OCTET_PARTS, 'multipart/related; type="image/jpeg"', f"{OCTET_PARTS}; transfer-syntax=1.2"]
)
def test_frames_that_cannot_be_decoded_are_refused_with_what_there_is(accept: str) -> None:
    with pytest.raises(NotAcceptable) as caught:
        frame(accept, JPEG_2000, single=False)
    assert caught.value.available == (f'multipart/related; type="image/jp2"; transfer-syntax={JPEG_2000}',)


@pytest.mark.parametrize("stored", [RETIRED_JPEG, "1.2.3.4"])
def test_frames_without_a_media_type_leave_as_octets_for_those_who_ask_for_what_is_stored(stored: str) -> None:
    assert frame(f"{OCTET_PARTS}; transfer-syntax=*", stored) == Selection("application/octet-stream", True, stored)
    with pytest.raises(NotAcceptable):
        frame(OCTET_PARTS, stored)


def test_encapsulated_uncompressed_frames_can_be_named() -> None:
    accept = f"{OCTET_PARTS}; transfer-syntax={ENCAPSULATED_UNCOMPRESSED}"
    assert frame(accept, ENCAPSULATED_UNCOMPRESSED).transfer_syntax_uid == ENCAPSULATED_UNCOMPRESSED


def document(accept: str, document_type: str) -> Selection:
    found = select_bulkdata(
        acceptable(accept), [EXPLICIT_LE], can_decode=can_decode, single=True, document_type=document_type
    )
    return found[EXPLICIT_LE]


def test_encapsulated_document_is_its_own_media_type() -> None:
    assert document("*/*", "application/pdf ") == Selection("application/pdf", True)
    assert document("application/pdf", "application/pdf") == Selection("application/pdf")
    assert document("application/octet-stream", "application/pdf").media_type == "application/octet-stream"


def test_document_type_that_is_none_is_passed_over() -> None:
    assert document("*/*", "pdf\r\nX: y").media_type == "application/octet-stream"


# What can be converted


ROOT = "1.2.840.10008.1.2"
LOSSLESS = (JPEG_LOSSLESS, JPEG_LS, JPEG_2000, f"{ROOT}.4.110", f"{ROOT}.4.201", f"{ROOT}.4.202", RLE, f"{ROOT}.8.1")
LOSSY = (JPEG_BASELINE, f"{ROOT}.4.81", f"{ROOT}.4.91", f"{ROOT}.4.203", f"{ROOT}.4.112")
TARGETS = (ENCAPSULATED_UNCOMPRESSED, f"{ROOT}.4.57", *LOSSLESS, *LOSSY)
SINGLE_BITS = (ENCAPSULATED_UNCOMPRESSED, f"{ROOT}.8.1", RLE)  # and 32 bits: what image codecs don't hold

PIXELS = {
    "native": Stored(EXPLICIT_LE, TARGETS),
    "implicit": Stored(IMPLICIT_LE, TARGETS),
    "big endian": Stored(EXPLICIT_BE, TARGETS),
    "deflated": Stored(DEFLATED, TARGETS),
    "JPEG-LS": Stored(JPEG_LS, tuple(uid for uid in TARGETS if uid != JPEG_LS)),
    "JPEG": Stored(JPEG_BASELINE, tuple(uid for uid in TARGETS if uid != JPEG_BASELINE)),
    "part 2": Stored(f"{ROOT}.4.93", TARGETS),
    "single bits": Stored(EXPLICIT_LE, SINGLE_BITS),
    "floating point": Stored(EXPLICIT_LE),
    "video": Stored(MPEG4),
}


def decodes(uid: str) -> bool:
    return uid != MPEG4


def chosen_frame(accept: str, stored: Stored) -> str | None:
    """What a frame leaves as: media type and last components of the transfer syntax; None for 406."""
    try:
        found = select_bulkdata(acceptable(accept), [stored], can_decode=decodes, single=True)[stored]
    except NotAcceptable:
        return None
    return f"{found.media_type} {found.transfer_syntax_uid.removeprefix(ROOT)}"


@pytest.mark.parametrize(
    ("stored", "accept", "expected"),
    [
        # A media type alone is what is stored in it, else its default, else nothing
        ("native", "image/jpeg", "image/jpeg .4.70"),
        ("native", "image/jls", "image/jls .4.80"),
        ("native", "image/x-jls", "image/jls .4.80"),
        ("native", "image/jp2", "image/jp2 .4.90"),
        ("native", "image/jphc", "image/jphc .4.201"),
        ("native", "image/jxl", "image/jxl .4.110"),
        ("native", "image/dicom-rle", "image/dicom-rle .5"),
        ("native", "application/x-deflate", "application/x-deflate .8.1"),
        ("native", "image/jpx", None),
        ("native", "video/mp4", None),
        ("native", "image/png", None),
        ("implicit", "image/jls", "image/jls .4.80"),
        ("big endian", "image/jls", "image/jls .4.80"),
        ("deflated", "image/jls", "image/jls .4.80"),
        ("JPEG-LS", "image/jls", "image/jls .4.80"),
        ("JPEG-LS", "image/jpeg", "image/jpeg .4.70"),
        ("JPEG", "image/jpeg", "image/jpeg .4.50"),
        ("JPEG", "image/jls", "image/jls .4.80"),
        ("part 2", "image/jpx", "image/jpx .4.93"),
        ("part 2", "image/jp2", "image/jp2 .4.90"),
        ("single bits", "image/dicom-rle", "image/dicom-rle .5"),
        ("single bits", "image/jls", None),
        ("single bits", "image/jpeg", None),
        ("floating point", "image/jls", None),
        ("floating point", "image/dicom-rle", None),
        ("video", "video/mp4", "video/mp4 .4.102"),
        ("video", "image/jpeg", None),
        # A transfer syntax that is named is given if it belongs to the media type
        ("native", f"image/jpeg; transfer-syntax={ROOT}.4.50", "image/jpeg .4.50"),
        ("native", f"image/jpeg; transfer-syntax={ROOT}.4.57", "image/jpeg .4.57"),
        ("native", f"image/jls; transfer-syntax={ROOT}.4.81", "image/jls .4.81"),
        ("native", f"image/jp2; transfer-syntax={ROOT}.4.91", "image/jp2 .4.91"),
        ("native", f"image/jphc; transfer-syntax={ROOT}.4.202", "image/jphc .4.202"),
        ("native", f"image/jphc; transfer-syntax={ROOT}.4.203", "image/jphc .4.203"),
        ("native", f"image/jxl; transfer-syntax={ROOT}.4.112", "image/jxl .4.112"),
        ("native", f"image/jls; transfer-syntax={ROOT}.4.90", None),
        ("native", f"application/octet-stream; transfer-syntax={ROOT}.1.98", "application/octet-stream .1.98"),
        ("native", f"application/octet-stream; transfer-syntax={ROOT}.1", "application/octet-stream .1"),
        ("native", f"application/octet-stream; transfer-syntax={ROOT}.4.80", None),
        ("native", f"application/octet-stream; transfer-syntax={ROOT}", None),
        ("native", f"image/jpx; transfer-syntax={ROOT}.4.92", None),
        ("JPEG", f"image/jpeg; transfer-syntax={ROOT}.4.70", "image/jpeg .4.70"),
        ("JPEG-LS", f"image/jls; transfer-syntax={ROOT}.4.81", "image/jls .4.81"),
        ("single bits", f"image/jpeg; transfer-syntax={ROOT}.4.50", None),
        ("floating point", f"application/octet-stream; transfer-syntax={ROOT}.1.98", None),
        ("video", f"image/jpeg; transfer-syntax={ROOT}.4.50", None),
        # Any transfer syntax is the stored one, and of no other media type
        ("native", "application/octet-stream; transfer-syntax=*", "application/octet-stream .1"),
        ("big endian", "application/octet-stream; transfer-syntax=*", "application/octet-stream .1"),
        ("native", "image/jls; transfer-syntax=*", "image/jls .4.80"),
        ("JPEG-LS", "image/jls; transfer-syntax=*", "image/jls .4.80"),
        ("JPEG-LS", "application/octet-stream; transfer-syntax=*", "image/jls .4.80"),
        ("JPEG", "image/jls; transfer-syntax=*", "image/jls .4.80"),
        # Wildcards never make a compression
        ("native", "*/*", "application/octet-stream .1"),
        ("JPEG-LS", "*/*", "application/octet-stream .1"),
        ("JPEG", "*/*", "application/octet-stream .1"),
        ("video", "*/*", "video/mp4 .4.102"),
        ("native", "image/*", None),
        ("JPEG-LS", "image/*", "image/jls .4.80"),
        ("native", "application/*", "application/octet-stream .1"),
        # Weights
        ("native", "image/jls;q=0.5, image/jp2", "image/jp2 .4.90"),
        ("JPEG-LS", "image/jls;q=0.5, image/jp2", "image/jp2 .4.90"),
        ("JPEG-LS", "image/jls, image/jp2", "image/jls .4.80"),
        ("native", "image/jpx, image/jls;q=0.2, */*", "image/jls .4.80"),
        ("single bits", "image/jls, application/octet-stream;q=0.1", "application/octet-stream .1"),
    ],
)
def test_frames_are_converted_to_what_is_named(stored: str, accept: str, expected: str | None) -> None:
    for form in (accept, f'multipart/related; type="{accept.partition(";")[0]}";{accept.partition(";")[2]}'):
        if "," not in accept or form is accept:
            assert chosen_frame(form, PIXELS[stored]) == expected


@pytest.mark.parametrize("uid", TARGETS)
@pytest.mark.parametrize("packaging", [DICOM_PARTS, "application/dicom", "application/zip"])
def test_instances_are_converted_to_the_transfer_syntax_that_is_named(packaging: str, uid: str) -> None:
    stored = PIXELS["native"]
    accept = acceptable(f"{packaging}; transfer-syntax={uid}")
    found = select_instances(accept, [stored], can_decode=decodes, single=True)[stored]
    assert (found.transfer_syntax_uid, found.multipart) == (uid, packaging is DICOM_PARTS)


@pytest.mark.parametrize(
    ("stored", "uid", "expected"),
    [
        ("native", DEFLATED, DEFLATED),
        ("JPEG-LS", DEFLATED, DEFLATED),
        ("floating point", DEFLATED, DEFLATED),
        ("video", DEFLATED, None),
        ("video", EXPLICIT_LE, None),
        ("floating point", JPEG_LS, None),
        ("native", IMPLICIT_LE, None),
        ("native", EXPLICIT_BE, None),
        ("native", "1.2.3", None),
        ("JPEG", "*", JPEG_BASELINE),
        ("implicit", "*", EXPLICIT_LE),
    ],
)
def test_instances_are_native_deflated_or_as_they_are(stored: str, uid: str, expected: str | None) -> None:
    held = PIXELS[stored]
    accept = acceptable(f"{DICOM_PARTS}; transfer-syntax={uid}")
    try:
        found = select_instances(accept, [held], can_decode=decodes)[held].transfer_syntax_uid
    except NotAcceptable:
        found = None
    assert found == expected


@pytest.mark.parametrize("stored", ["native", "implicit", "JPEG", "JPEG-LS", "part 2", "floating point"])
def test_instances_are_explicit_little_endian_where_nothing_is_named(stored: str) -> None:
    held = PIXELS[stored]
    for accept in ("*/*", DICOM_PARTS):
        found = select_instances(acceptable(accept), [held], can_decode=decodes)[held]
        assert found == Selection("application/dicom", True, EXPLICIT_LE)


def test_compressed_media_types_of_instances_are_their_frames() -> None:
    held = PIXELS["native"]
    accept = acceptable('multipart/related; type="image/jls"')
    assert select_instances(accept, [held], can_decode=decodes)[held] == Selection("image/jls", True, JPEG_LS)


def test_a_refusal_names_what_there_is() -> None:
    with pytest.raises(NotAcceptable) as caught:
        select_bulkdata(acceptable("image/png"), [PIXELS["single bits"]], can_decode=decodes, single=True)
    assert [one for one in caught.value.available if not one.startswith("multipart")] == [
        f"application/octet-stream; transfer-syntax={EXPLICIT_LE}",
        f"application/octet-stream; transfer-syntax={ENCAPSULATED_UNCOMPRESSED}",
        f"application/x-deflate; transfer-syntax={ROOT}.8.1",
        f"image/dicom-rle; transfer-syntax={RLE}",
    ]


def test_images_of_one_transfer_syntax_are_chosen_for_by_what_they_can_become() -> None:
    bits, gray = PIXELS["single bits"], PIXELS["native"]
    accept = acceptable(f"{DICOM_PARTS}; transfer-syntax={JPEG_LS}")
    assert list(select_instances(accept, [bits, gray], can_decode=decodes)) == [gray]


@pytest.mark.parametrize(
    ("stored", "accept", "expected"),
    [
        (EXPLICIT_LE, "*/*", False),
        (EXPLICIT_LE, OCTET_PARTS, False),
        (EXPLICIT_LE, f"{OCTET_PARTS}; transfer-syntax=*", False),
        (JPEG_LS, "image/jls", False),
        (JPEG_LS, f"image/jls; transfer-syntax={JPEG_LS}", False),
        (JPEG_LS, "image/jls, image/jp2;q=0.9", False),
        (JPEG_LS, "image/jls;q=0.9, image/jp2", True),
        (EXPLICIT_LE, "image/jls", True),
        (EXPLICIT_LE, "image/png", True),  # for the refusal to name everything
    ],
)
def test_the_data_set_is_looked_at_only_where_that_matters(stored: str, accept: str, expected: bool) -> None:
    asked = acceptable(accept)
    found = depends_on_targets(asked, stored, for_instances=False, can_decode=decodes, single=True)
    assert found is expected


# What is written


def test_content_type_always_names_the_transfer_syntax() -> None:
    assert (
        content_type(Selection("application/dicom", True, JPEG_2000))
        == f"application/dicom; transfer-syntax={JPEG_2000}"
    )
    assert content_type(Selection("application/dicom+json")) == "application/dicom+json"
    assert content_type(Selection("application/zip", False, JPEG_2000)) == "application/zip"


def test_type_of_a_multipart_answer_is_quoted() -> None:
    assert (
        multipart_content_type("application/dicom", "b1") == 'multipart/related; type="application/dicom"; boundary=b1'
    )


def test_acceptable_is_a_value() -> None:
    assert acceptable("*/*") == acceptable("*/*")
    assert isinstance(hash(acceptable("*/*")), int)
    assert Acceptable(()) != acceptable("*/*")


@pytest.mark.parametrize("document_type", ["text/javascript", "application/ECMAScript", "text/css"])
def test_document_type_that_pages_would_load_as_a_part_of_them_is_passed_over(document_type: str) -> None:
    assert (
        document(f"{document_type}, application/octet-stream;q=0.1", document_type).media_type
        == "application/octet-stream"
    )
