import subprocess
import sys

import pytest

from dicomcore.data import dictionary as d


def test_keywords_lead_to_tags_and_back() -> None:
    assert d.tag_of("PatientName") == 0x00100010
    assert d.keyword_of(0x00100010) == "PatientName"
    assert d.name_of(0x00100010) == "Patient's Name"
    assert d.vm_of(0x00080008) == "2-n"


def test_an_unknown_tag_has_vr_un_and_no_names() -> None:
    assert (d.vr_of(0x00100011), d.vm_of(0x00100011)) == ("UN", "1-n")
    assert (d.keyword_of(0x00100011), d.name_of(0x00100011)) == ("", "")
    assert d.tag_of("NoSuchKeyword") is None
    assert d.tag_of("") is None


@pytest.mark.parametrize("group", [0x6000, 0x6002, 0x601E])
def test_overlays_are_known_in_every_repeating_group(group: int) -> None:
    tag = group << 16 | 0x0010
    assert (d.keyword_of(tag), d.vr_of(tag)) == ("OverlayRows", "US")


@pytest.mark.parametrize(
    ("tag", "keyword", "vr"),
    [
        (0x50040005, "CurveDimensions", "US"),
        (0x00203102, "SourceImageIDs", "CS"),
        (0x00280412, "CoefficientCoding", "LO"),
        (0x10000123, "HuffmanTableTriplet", "US"),
        (0x10101234, "ZonalMap", "US"),
        (0x7F120010, "VariablePixelData", "OB"),
    ],
)
def test_retired_repeating_elements_are_known(tag: int, keyword: str, vr: str) -> None:
    assert (d.keyword_of(tag), d.vr_of(tag)) == (keyword, vr)


def test_the_keyword_of_a_repeating_element_leads_to_its_first_group() -> None:
    assert d.tag_of("OverlayData") == 0x60003000


def test_an_odd_group_between_repeating_groups_is_private() -> None:
    assert d.vr_of(0x60011010) == "UN"
    assert d.keyword_of(0x60013000) == ""


def test_group_lengths_and_private_creators_need_no_dictionary() -> None:
    assert (d.vr_of(0x00080000), d.vr_of(0x00290000), d.vr_of(0x60020000)) == ("UL", "UL", "UL")
    assert (d.vr_of(0x00290010), d.vr_of(0x002900FF)) == ("LO", "LO")
    assert d.vr_of(0x0029000F) == "UN"


def test_a_choice_of_vrs_is_told_and_its_first_is_the_vr() -> None:
    assert d.vrs_of(0x00280106) == ("US", "SS")
    assert d.vrs_of(0x00283006) == ("US", "OW")
    assert d.vr_of(0x00280106) == "US"
    assert d.vrs_of(0x00100010) == ("PN",)


def test_private_elements_are_those_of_odd_groups() -> None:
    assert d.is_private(0x00290010) and d.is_private(0x00291001)
    assert not d.is_private(0x00280010)


def test_private_creators_are_elements_10_to_ff_of_odd_groups() -> None:
    assert d.is_private_creator(0x00290010) and d.is_private_creator(0x002900FF)
    assert not d.is_private_creator(0x0029000F)
    assert not d.is_private_creator(0x00290100)
    assert not d.is_private_creator(0x00280010)


def test_the_block_of_a_private_element_names_its_creator_element() -> None:
    assert d.private_creator_tag(0x00291008) == 0x00290010
    assert d.private_creator_tag(0x0029FF08) == 0x002900FF


@pytest.mark.parametrize("block", [0x10, 0x11, 0xFF])
def test_a_private_element_is_found_by_its_creator_in_any_block(block: int) -> None:
    tag = 0x00290000 | block << 8 | 0x08
    assert d.vr_of(tag, "SIEMENS CSA HEADER") == "CS"
    assert d.private_name_of(tag, "SIEMENS CSA HEADER") == "CSA Image Header Type"
    assert d.private_vm_of(tag, "SIEMENS CSA HEADER") == "1"


def test_the_padding_of_a_private_creator_does_not_matter() -> None:
    assert d.vr_of(0x00291008, "SIEMENS CSA HEADER ") == "CS"


def test_a_private_element_of_an_unknown_creator_is_un() -> None:
    assert d.vr_of(0x00291008) == "UN"
    assert d.vr_of(0x00291008, "NOBODY") == "UN"
    assert d.private_name_of(0x00291008, "NOBODY") == ""


def test_a_private_creator_stays_lo_whoever_owns_the_block() -> None:
    assert d.vr_of(0x00290010, "SIEMENS CSA HEADER") == "LO"


def test_a_creator_says_nothing_about_standard_elements() -> None:
    assert d.vr_of(0x00100010, "SIEMENS CSA HEADER") == "PN"


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("PatientID", 0x00100020),
        ("00100020", 0x00100020),
        ("7fe00010", 0x7FE00010),
        ("00291008", 0x00291008),
        ("patientid", None),
        ("0010002", None),
        ("001000200", None),
        ("0x100020", None),
        ("+0100020", None),
        ("1_0_0_02", None),
        ("0010 020", None),
        ("\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661", None),
        ("", None),
    ],
)
def test_a_tag_is_written_as_keyword_or_eight_hexadecimal_digits(text: str, tag: int | None) -> None:
    assert d.parse_tag(text) == tag


def test_uids_have_name_type_and_keyword() -> None:
    uid = "1.2.840.10008.5.1.4.1.1.2"
    assert d.uid_name(uid) == "CT Image Storage"
    assert d.uid_type(uid) == "SOP Class"
    assert d.uid_keyword(uid) == "CTImageStorage"
    assert d.uid_type("1.2.840.10008.1.2.4.110") == "Transfer Syntax"


def test_a_uid_that_nobody_registered_has_nothing() -> None:
    assert (d.uid_name("1.2.3"), d.uid_type("1.2.3"), d.uid_keyword("1.2.3")) == ("", "", "")
    assert not d.is_retired_uid("1.2.3")


def test_the_big_endian_transfer_syntax_is_retired() -> None:
    assert d.is_retired_uid("1.2.840.10008.1.2.2")
    assert not d.is_retired_uid("1.2.840.10008.1.2.1")


def test_storage_sop_classes_are_those_whose_instances_are_archived() -> None:
    assert "1.2.840.10008.5.1.4.1.1.2" in d.STORAGE_SOP_CLASSES
    assert "1.2.840.10008.5.1.4.1.1.104.1" in d.STORAGE_SOP_CLASSES
    assert "1.2.840.10008.1.3.10" not in d.STORAGE_SOP_CLASSES
    assert "1.2.840.10008.1.20.1" not in d.STORAGE_SOP_CLASSES
    assert "1.2.840.10008.1.1" not in d.STORAGE_SOP_CLASSES


def test_the_private_dictionary_is_not_loaded_before_somebody_asks_for_it() -> None:
    code = (
        "import sys, dicomcore.data.dictionary as d\n"
        "name = 'dicomcore.data.private_dictionary_data'\n"
        "before = name in sys.modules\n"
        "d.vr_of(0x00291008, 'SIEMENS CSA HEADER')\n"
        "print(before, name in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False", "True"]
