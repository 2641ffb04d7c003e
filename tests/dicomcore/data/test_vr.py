import struct

import pytest

from dicomcore.data.vr import CHARSET_DEPENDENT_VRS, LONG_HEADER_VRS, VRS, Kind

ALL = "AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV"


def test_the_table_has_the_34_vrs_of_the_standard_and_no_other() -> None:
    assert " ".join(sorted(VRS)) == ALL
    assert all(rule.name == vr for vr, rule in VRS.items())


def test_thirteen_vrs_have_a_32_bit_length_in_explicit_vr() -> None:
    assert " ".join(sorted(LONG_HEADER_VRS)) == "OB OD OF OL OV OW SQ SV UC UN UR UT UV"


def test_the_specific_character_set_applies_to_seven_vrs() -> None:
    assert {"SH", "LO", "ST", "LT", "UC", "UT", "PN"} == CHARSET_DEPENDENT_VRS


def test_text_is_padded_with_a_space_and_everything_else_with_a_null() -> None:
    padded_with_null = {vr for vr, rule in VRS.items() if rule.padding == b"\0"}
    assert padded_with_null == {"UI"} | {vr for vr, rule in VRS.items() if not rule.is_text}


def test_a_backslash_does_not_separate_values_in_texts_and_urls() -> None:
    single = {vr for vr, rule in VRS.items() if rule.is_text and not rule.multi_valued}
    assert single == {"ST", "LT", "UT", "UR"}


def test_leading_spaces_count_in_texts_and_urls_and_unlimited_characters() -> None:
    assert {vr for vr, rule in VRS.items() if rule.leading_spaces_significant} == {"ST", "LT", "UT", "UR", "UC"}


def test_the_format_of_a_value_is_as_wide_as_the_unit_of_byte_order() -> None:
    with_format = [rule for rule in VRS.values() if rule.item_format]
    assert all(struct.calcsize("<" + rule.item_format) == rule.swap_width for rule in with_format)
    assert VRS["AT"].width == 4


@pytest.mark.parametrize(
    ("vr", "longest"),
    [
        *(("AE", 16), ("AS", 4), ("CS", 16), ("DA", 8), ("DS", 16), ("DT", 26), ("IS", 12), ("LO", 64), ("LT", 10240)),
        *(("PN", 64), ("SH", 16), ("ST", 1024), ("TM", 14), ("UI", 64)),
    ],
)
def test_a_value_is_too_long_beyond_the_maximum_of_its_vr(vr: str, longest: int) -> None:
    assert not VRS[vr].is_too_long("1" * longest)
    assert VRS[vr].is_too_long("1" * (longest + 1))


def test_the_maximum_length_of_a_person_name_holds_for_each_component_group() -> None:
    assert not VRS["PN"].is_too_long("=".join(("a" * 64, "b" * 64, "c" * 64)))
    assert VRS["PN"].is_too_long("a=" + "b" * 65)


def test_kinds_tell_numbers_from_bytes() -> None:
    numbers = {vr for vr, rule in VRS.items() if rule.kind is Kind.NUMBER}
    assert numbers == {"FD", "FL", "SL", "SS", "SV", "UL", "US", "UV"}
    assert {vr for vr, rule in VRS.items() if rule.kind is Kind.BINARY} == {"OB", "OD", "OF", "OL", "OV", "OW", "UN"}
