"""Query strings of searches (PS3.18 §8.3, §10.6.1): rows COM-003 to COM-009 and QRY-010 to QRY-024."""

import pytest

from app.parameters import MAX_PARAMETERS, MAX_PATH_LENGTH, MAX_VALUE_LENGTH, parse_metadata_includefield, parse_search
from dicomcore.errors import InvalidParameter
from dicomcore.query import Empty, Literal, Match, MatchingKey, Query, Range, ReturnKey, UidList, Universal, WildCard
from dicomcore.resources import Level, Resource


def parse(query_string: bytes | str, level: Level = Level.STUDY) -> Query:
    return parse_search(query_string, level, Resource()).query


def warnings(query_string: str) -> tuple[str, ...]:
    return parse_search(query_string, Level.STUDY, Resource()).warnings


def match(query_string: bytes | str) -> Match:
    (key,) = parse(query_string).keys
    return key.match


def refused(query_string: bytes | str) -> str:
    with pytest.raises(InvalidParameter) as caught:
        parse(query_string)
    return caught.value.name


def test_no_parameters_ask_for_everything_up_to_the_default_limit() -> None:
    resource = Resource("1.2")
    asked = parse_search("", Level.SERIES, resource, default_limit=100)
    assert (asked.query, asked.warnings) == (Query(Level.SERIES, resource, limit=100), ())


@pytest.mark.parametrize(
    "query_string", ["foo=1", "Limit=1", "patientname=x", "PatientNam=x", "=x", "PatientName.x=1", "&&"]
)
def test_what_is_no_parameter_is_ignored(query_string: str) -> None:
    assert parse(query_string) == parse("")


def test_what_is_ignored_is_told() -> None:
    assert warnings("foo=1") == ("The foo parameter is not supported. It has been ignored.",)
    assert warnings("%C3%BC%22=1") == ("A parameter is not supported. It has been ignored.",)


@pytest.mark.parametrize("name", ["PatientName", "00100010"])
def test_an_attribute_is_named_by_keyword_or_tag(name: str) -> None:
    assert parse(f"{name}=Doe").keys == (MatchingKey((0x00100010,), "PN", Literal(("Doe",))),)


@pytest.mark.parametrize(
    "name",
    [
        "RequestAttributesSequence.ScheduledProcedureStepID",
        "00400275.00400009",
        "RequestAttributesSequence.00400009",
        "00400275.ScheduledProcedureStepID",
    ],
)
def test_a_path_mixes_keywords_and_tags(name: str) -> None:
    assert parse(f"{name}=S1").keys == (MatchingKey((0x00400275, 0x00400009), "SH", Literal(("S1",))),)


def test_only_sequences_have_attributes_in_them() -> None:
    assert refused("StudyID.PatientID=1") == "StudyID.PatientID"


def test_a_path_is_not_deeper_than_can_be() -> None:
    path = ".".join(["00400275"] * MAX_PATH_LENGTH)
    assert refused(f"{path}.00400009=1") == f"{path}.00400009"[:64]


def test_a_sequence_itself_has_no_value_to_match() -> None:
    assert match("RequestAttributesSequence=") == Universal()
    assert refused("RequestAttributesSequence=x") == "RequestAttributesSequence"


@pytest.mark.parametrize("query_string", ["PatientID=1&PatientID=2", "PatientID=1&00100020=1", "limit=1&limit=2"])
def test_a_key_comes_once(query_string: str) -> None:
    assert refused(query_string) in ("PatientID", "00100020", "limit")


def test_values_are_unescaped_as_utf_8() -> None:
    assert match("PatientName=M%C3%BCller%5EMax%3D%2C%26") == Literal(("Müller^Max=,&",))
    assert match("PatientName=Müller") == Literal(("Müller",))


@pytest.mark.parametrize(
    "query_string", ["PatientName=%FF", b"PatientName=\xff", "PatientName=a%00", "PatientName=a%1Bb"]
)
def test_values_are_text_without_controls(query_string: bytes | str) -> None:
    assert refused(query_string) == "PatientName"


def test_a_plus_in_a_text_is_a_plus_or_a_space() -> None:
    assert match("PatientName=Doe+John") == Literal(("Doe+John", "Doe John"))
    assert match("PatientName=Doe%2BJohn") == Literal(("Doe+John",))
    assert match("PatientName=Doe+J*") == WildCard(("Doe+J*", "Doe J*"))


@pytest.mark.parametrize("offset", ["+0100", "%2B0100"])
def test_a_plus_in_a_date_and_time_is_a_plus(offset: str) -> None:
    assert match(f"AcquisitionDateTime=20200101{offset}") == Literal(("20191231230000.000000",))


@pytest.mark.parametrize("separator", [",", "%2C", "%5C", "\\"])
def test_uids_come_in_a_list(separator: str) -> None:
    assert match(f"StudyInstanceUID=1.2{separator}1.3") == UidList(("1.2", "1.3"))


@pytest.mark.parametrize("value", ["1.2.*", "1.2%20", "1.2%00", "abc", "1.2,x", "1" * 65, "1..2"])
def test_what_is_no_uid_is_refused(value: str) -> None:
    assert refused(f"StudyInstanceUID={value}") == "StudyInstanceUID"


def test_five_hundred_uids_are_a_list() -> None:
    uids = tuple(f"1.2.840.99999.{number}" for number in range(500))
    assert match("SOPInstanceUID=" + ",".join(uids)) == UidList(uids)


def test_code_strings_come_in_a_list_without_being_asked_for() -> None:
    assert match("ModalitiesInStudy=CT,MR") == Literal(("CT", "MR"))
    assert match("ModalitiesInStudy=CT%5CMR") == Literal(("CT", "MR"))


def test_multiple_values_of_text_are_separated_if_asked_for() -> None:
    assert match("AccessionNumber=A,B%2CC%5CD&multiplevaluematching=true") == Literal(("A", "B,C", "D"))
    assert match("AccessionNumber=A,B&multiplevaluematching=false") == Literal(("A,B",))


def test_multiple_values_of_dates_are_separated_if_asked_for() -> None:
    assert match("StudyDate=20200101,20200102&multiplevaluematching=true") == Literal(("20200101", "20200102"))
    assert refused("StudyDate=20200101,20200102") == "StudyDate"


def test_empty_values_are_matched_if_asked_for() -> None:
    assert match("AccessionNumber=%22%22&emptyvaluematching=true") == Empty()
    assert match("AccessionNumber=%22%22") == Literal(('""',))
    assert match("AccessionNumber=&emptyvaluematching=true") == Universal()


@pytest.mark.parametrize("name", ["fuzzymatching", "emptyvaluematching", "multiplevaluematching"])
@pytest.mark.parametrize("value", ["yes", "1", "", "True", "true,false"])
def test_booleans_are_true_or_false(name: str, value: str) -> None:
    assert refused(f"{name}={value}") == name


def test_fuzzy_matching_is_off_until_asked_for() -> None:
    assert [parse(text).fuzzy for text in ("", "fuzzymatching=false", "fuzzymatching=true")] == [False, False, True]


@pytest.mark.parametrize(("text", "limit"), [("0", 0), ("7", 7), ("007", 7), ("50000", 50_000), ("9" * 30, 50_000)])
def test_the_limit_is_unsigned_and_bounded(text: str, limit: int) -> None:
    assert parse(f"limit={text}").limit == limit


@pytest.mark.parametrize("name", ["limit", "offset"])
@pytest.mark.parametrize("value", ["-1", "x", "", "1.0", "+1", "%201", "1,2", "%D9%A1"])
def test_limit_and_offset_are_unsigned_integers(name: str, value: str) -> None:
    assert refused(f"{name}={value}") == name


def test_an_offset_beyond_all_numbers_is_still_a_number() -> None:
    assert parse("offset=2147483648").offset == parse("offset=" + "9" * 2000).offset == 2**31 - 1


@pytest.mark.parametrize(
    "query_string",
    [
        "includefield=PatientSex,00081030",
        "includefield=PatientSex&includefield=StudyDescription",
        "includefield=,00100040,PatientSex,00081030",
    ],
)
def test_return_keys_are_listed_or_repeated(query_string: str) -> None:
    assert parse(query_string).include == (ReturnKey((0x00100040,)), ReturnKey((0x00081030,)))


def test_return_keys_have_paths() -> None:
    wanted = (ReturnKey((0x00400275, 0x00401001)),)
    assert parse("includefield=RequestAttributesSequence.RequestedProcedureID").include == wanted
    assert parse("includefield=00400275").include == (ReturnKey((0x00400275,)),)


def test_all_stands_alone() -> None:
    assert parse("includefield=all").include_all
    assert refused("includefield=all,PatientSex") == "includefield"
    assert refused("includefield=PatientSex&includefield=all") == "includefield"


def test_unknown_return_keys_are_ignored_and_told() -> None:
    assert parse("includefield=Foo").include == ()
    assert warnings("includefield=Foo") == ("The includefield=Foo parameter is not supported. It has been ignored.",)
    assert len(warnings("includefield=00020010")) == 1


def test_a_private_key_needs_its_creator() -> None:
    assert parse("00230010=AcmeCompany&00231001=x").keys == (
        MatchingKey((0x00231001,), "UN", Literal(("x",)), "AcmeCompany"),
    )
    assert refused("00231001=x") == "00231001"
    assert refused("00230011=AcmeCompany&00231001=x") == "00231001"


def test_a_private_return_key_needs_its_creator() -> None:
    assert parse("00230010=AcmeCompany&includefield=00231001").include == (ReturnKey((0x00231001,), "AcmeCompany"),)
    assert refused("includefield=00231001") == "00231001"


def test_a_creator_in_a_sequence_counts_there() -> None:
    query = parse("00400275.00230010=Acme&00400275.00231001=x")
    assert query.keys == (MatchingKey((0x00400275, 0x00231001), "UN", Literal(("x",)), "Acme"),)


def test_a_creator_that_nothing_needs_is_told_to_be_ignored() -> None:
    assert warnings("00230010=Acme") == ("The 00230010 parameter is not supported. It has been ignored.",)
    assert parse("00230010=Acme").keys == ()


def test_the_vr_of_a_private_attribute_is_that_of_its_creator() -> None:
    (key,) = parse("00191010=SIEMENS+MR+HEADER&0019100C=700".replace("00191010", "00190010").replace("+", "%20")).keys
    assert (key.vr, key.match) == ("IS", Literal(("700",)))


def test_the_time_zone_is_no_key() -> None:
    query = parse("TimezoneOffsetFromUTC=%2B0200&PatientID=1")
    assert (query.timezone, len(query.keys)) == ("+0200", 1)
    assert parse("00080201=-0500").timezone == "-0500"
    assert refused("TimezoneOffsetFromUTC=CET") == "TimezoneOffsetFromUTC"


def test_date_and_time_ranges_are_combined() -> None:
    (pair,) = parse("StudyDate=20060705-20060707&StudyTime=1000-1800").combined
    assert (pair.low, pair.high) == ("20060705100000.000000", "20060707180059.999999")


def test_dates_and_times_of_other_forms_are_not_combined() -> None:
    query = parse("StudyDate=20060705&StudyTime=1000-1800")
    assert query.combined == ()
    assert query.keys[1].match == Range("100000.000000", "180059.999999")


@pytest.mark.parametrize("name", ["SpecificCharacterSet", "QueryRetrieveLevel", "accept", "charset"])
def test_what_other_parts_of_a_request_care_for_is_no_key_and_no_warning(name: str) -> None:
    asked = parse_search(f"{name}=x", Level.STUDY, Resource())
    assert (asked.query, asked.warnings) == (parse(""), ())


@pytest.mark.parametrize("name", ["PixelData", "00020010", "00080000", "FFFEE000"])
def test_what_cannot_be_searched_for_is_ignored_and_told(name: str) -> None:
    assert parse(f"{name}=1").keys == ()
    assert warnings(f"{name}=1") == (f"The {name} parameter is not supported. It has been ignored.",)


def test_there_are_limits() -> None:
    assert refused("&".join(["x=1"] * (MAX_PARAMETERS + 1))) == "query"
    assert refused("PatientID=" + "x" * (MAX_VALUE_LENGTH + 1)) == "PatientID"
    assert refused("PatientID=" + "x" * (4 * MAX_VALUE_LENGTH)) == "PatientID"
    assert refused("ModalitiesInStudy=" + "CT," * 100_000) == "ModalitiesInStudy"
    assert (
        refused("AccessionNumber=" + ",".join(map(str, range(200))) + "&multiplevaluematching=true")
        == "AccessionNumber"
    )
    assert refused("PatientName=" + "*a" * 20) == "PatientName"
    assert refused("includefield=" + ",".join(f"{0x00181000 + number:08X}" for number in range(1001))) == "includefield"


def test_bytes_and_text_say_the_same() -> None:
    assert parse(b"PatientName=M%C3%BCller") == parse("PatientName=M%C3%BCller")


def test_the_return_keys_of_a_metadata_request() -> None:
    assert parse_metadata_includefield("") is None
    assert parse_metadata_includefield("includefield=all") is None
    assert parse_metadata_includefield("includefield=Rows,00280011&accept=x&StudyID.PatientID=1") == (
        ReturnKey((0x00280010,)),
        ReturnKey((0x00280011,)),
    )
    assert parse_metadata_includefield("00230010=Acme&includefield=00231001") == (ReturnKey((0x00231001,), "Acme"),)
