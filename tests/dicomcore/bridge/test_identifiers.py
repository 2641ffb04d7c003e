import pytest

from app.parameters import parse_search
from dicomcore.bridge.answers import text_of
from dicomcore.bridge.identifiers import Agreed, Identifiers, retrieve_identifier
from dicomcore.bridge.steps import Step, steps_of
from dicomcore.data import Dataset, new_dataset, tag_of, vr_of
from dicomcore.errors import DicomError
from dicomcore.query import Query, ReturnKey
from dicomcore.resources import Level, Resource

NOTHING = Agreed()
EVERYTHING = Agreed(True, True, True, True, True, True, True)
UTF8 = "ISO_IR 192"


def tag(keyword: str) -> int:
    found = tag_of(keyword)
    assert found is not None
    return found


def query_of(text: str, level: Level = Level.STUDY) -> Query:
    return parse_search(text, level, Resource("1.2.3") if level is Level.SERIES else Resource()).query


def written(text: str, agreed: Agreed = NOTHING, *, level: Level = Level.STUDY, character_set: str = UTF8) -> Dataset:
    query = query_of(text, level)
    identifiers = Identifiers(agreed, character_set, query.timezone)
    return identifiers.write(steps_of(query)[-1], query.resource)


def response(**attributes: object) -> Dataset:
    made = new_dataset()
    for keyword, value in attributes.items():
        made.put(tag(keyword), vr_of(tag(keyword)), *(value if isinstance(value, list) else [value]))
    return made


def is_match(text: str, found: Dataset, agreed: Agreed = NOTHING, *, level: Level = Level.STUDY) -> bool:
    query = query_of(text, level)
    identifiers = Identifiers(agreed, UTF8, query.timezone)
    return identifiers.matches(steps_of(query)[-1], identifiers.read(found), query=query)


def test_the_level_is_named() -> None:
    assert written("").text(0x00080052) == "STUDY"
    assert written("", level=Level.SERIES).text(0x00080052) == "SERIES"


def test_unique_keys_above_are_there() -> None:
    assert written("", level=Level.SERIES).text(0x0020000D) == "1.2.3"


def test_return_keys_have_no_value() -> None:
    element = written("").get(0x00100010)
    assert element is not None
    assert element.start == element.end


@pytest.mark.parametrize(
    ("text", "keyword", "sent"),
    [
        ("PatientID=7", "PatientID", "7"),
        ("PatientName=Doe*", "PatientName", "Doe*"),
        ("StudyDate=20240131", "StudyDate", "20240131"),
        ("StudyDate=20240131-", "StudyDate", "20240131-"),
        ("StudyDate=-20240131", "StudyDate", "-20240131"),
        ("StudyTime=1030", "StudyTime", "103000"),
        ("StudyTime=10-11", "StudyTime", "100000-115959.999999"),
        ("StudyInstanceUID=1.2,1.3", "StudyInstanceUID", "1.2\\1.3"),
        ("PatientSize=1.80", "PatientSize", "1.8"),
    ],
)
def test_values_are_written_as_c_find_has_them(text: str, keyword: str, sent: str) -> None:
    assert "\\".join(written(text).texts(tag(keyword))) == sent


def test_a_moment_of_date_and_time_is_written_in_utc() -> None:
    identifier = written("AcquisitionDateTime=20240131-", level=Level.STUDY)
    assert identifier.text(0x0008002A) == "20240131000000+0000-"
    identifier = written("AcquisitionDateTime=-20240131", level=Level.STUDY)
    assert identifier.text(0x0008002A) == "-20240131235959.999999+0000"


def test_binary_numbers_are_written_as_such() -> None:
    assert written("Rows=512").values(0x00280010) == [512]


def test_tags_are_written_as_such() -> None:
    assert written("FrameIncrementPointer=00181063").values(0x00280009) == [0x00181063]


def test_keys_of_a_sequence_share_its_item() -> None:
    text = "RequestAttributesSequence.ScheduledProcedureStepID=1&RequestAttributesSequence.RequestedProcedureID=2"
    (item,) = written(text, level=Level.SERIES).items(0x00400275)
    assert (item.text(0x00400009), item.text(0x00401001)) == ("1", "2")


def test_private_attributes_come_with_their_creator() -> None:
    step = steps_of(Query(Level.STUDY, include=(ReturnKey((0x00231001,), "ACME"),)))[-1]
    identifier = Identifiers(Agreed(), UTF8).write(step, Resource())
    assert identifier.text(0x00230010) == "ACME"
    assert 0x00231001 in identifier


class TestCharacterSet:
    def test_ascii_needs_none(self) -> None:
        assert 0x00080005 not in written("PatientName=Doe")

    def test_that_of_the_node_is_used(self) -> None:
        identifier = written("PatientName=J%C3%B6rg", character_set="ISO_IR 100")
        assert identifier.text(0x00080005) == "ISO_IR 100"
        assert bytes(identifier.raw(0x00100010)) == "Jörg".encode("latin-1")

    def test_it_is_declared_for_text_in_a_sequence(self) -> None:
        text = "RequestAttributesSequence.ScheduledProcedureStepID=%C3%B6"
        assert written(text, level=Level.SERIES).text(0x00080005) == UTF8

    def test_what_it_has_not_goes_as_any_character_and_is_matched_here(self) -> None:
        assert written("PatientName=%E7%8E%8B*", character_set="ISO_IR 100").text(0x00100010) == "?*"
        identifiers = Identifiers(Agreed(), "ISO_IR 100")
        query = query_of("PatientName=%E7%8E%8B*")
        found = identifiers.read(response(SpecificCharacterSet=UTF8, PatientName="Xu"))
        assert not identifiers.matches(steps_of(query)[-1], found, query=query)

    def test_responses_without_one_are_in_that_of_the_node(self) -> None:
        found = new_dataset()
        found.put_raw(0x00081030, "LO", "Schädel ".encode("latin-1"))
        assert text_of(Identifiers(Agreed(), "ISO_IR 100").read(found), 0x00081030) == "Schädel"

    def test_responses_with_one_are_believed(self) -> None:
        found = response(SpecificCharacterSet=UTF8, StudyDescription="Schädel")
        assert text_of(Identifiers(Agreed(), "ISO_IR 100").read(found), 0x00081030) == "Schädel"


class TestNegotiation:
    def test_only_what_a_query_needs_is_offered(self) -> None:
        assert Agreed.wanted(query_of("PatientName=Doe")).encode() == b"\1\0\0\0\0\0\0"

    def test_everything_can_be_offered(self) -> None:
        text = (
            "StudyDate=20240101-20240102&StudyTime=10-11&TimezoneOffsetFromUTC=%2B0200&fuzzymatching=true"
            "&emptyvaluematching=true&AccessionNumber=%22%22&multiplevaluematching=true&StudyID=1,2"
        )
        assert Agreed.wanted(query_of(text)).encode() == b"\1\1\1\1\0\1\1"

    def test_what_is_left_out_of_the_answer_is_not_supported(self) -> None:
        assert Agreed.read(b"\1") == Agreed(relational=True)
        assert Agreed.read(b"\0\1\0\0\0\0\1\1\1") == Agreed(combined=True, multiple=True)

    def test_several_values_go_as_universal_matching_unless_negotiated(self) -> None:
        text = "multiplevaluematching=true&StudyID=1,2"
        assert written(text).texts(tag("StudyID")) in ([], [""])
        assert written(text, EVERYTHING).texts(tag("StudyID")) == ["1", "2"]

    def test_several_values_are_matched_here_unless_negotiated(self) -> None:
        text = "multiplevaluematching=true&StudyID=1,2"
        assert is_match(text, response(StudyID="2"))
        assert not is_match(text, response(StudyID="3"))

    def test_no_value_goes_as_universal_matching_unless_negotiated(self) -> None:
        text = "emptyvaluematching=true&AccessionNumber=%22%22"
        assert written(text).text(tag("AccessionNumber")) == ""
        assert written(text, EVERYTHING).text(tag("AccessionNumber")) == '""'

    def test_no_value_is_matched_here(self) -> None:
        text = "emptyvaluematching=true&AccessionNumber=%22%22"
        assert is_match(text, response(StudyID="2"))
        assert not is_match(text, response(AccessionNumber="3"))

    def test_a_moment_goes_as_dates_alone_unless_negotiated(self) -> None:
        text = "StudyDate=20240101-20240102&StudyTime=10-11"
        assert written(text).text(0x00080020) == "20240101-20240102"
        assert written(text).text(0x00080030) == ""

    def test_a_moment_goes_as_two_ranges_if_negotiated(self) -> None:
        identifier = written("StudyDate=20240101-20240102&StudyTime=10-11", EVERYTHING)
        assert identifier.text(0x00080020) == "20240101-20240102"
        assert identifier.text(0x00080030) == "100000-115959.999999"

    def test_an_open_moment_stays_open(self) -> None:
        identifier = written("StudyDate=20240101-&StudyTime=10-", EVERYTHING)
        assert (identifier.text(0x00080020), identifier.text(0x00080030)) == ("20240101-", "100000-")
        assert written("StudyDate=-20240101&StudyTime=-10").text(0x00080020) == "-20240101"

    def test_moments_are_matched_here(self) -> None:
        text = "StudyDate=20240101-20240102&StudyTime=10-11"
        assert is_match(text, response(StudyDate="20240101", StudyTime="1200"))
        assert not is_match(text, response(StudyDate="20240101", StudyTime="0900"))

    def test_a_time_zone_is_sent_only_if_negotiated(self) -> None:
        text = "StudyDate=20240131&TimezoneOffsetFromUTC=%2B0200"
        assert written(text).text(0x00080201) == ""
        assert written(text, EVERYTHING).text(0x00080201) == "+0200"

    def test_with_a_time_zone_days_are_asked_for_more_widely(self) -> None:
        text = "StudyDate=20240131&TimezoneOffsetFromUTC=%2B0200"
        assert written(text).text(0x00080020) == "20240129-20240202"
        assert written(text, EVERYTHING).text(0x00080020) == "20240131-20240131"

    def test_another_time_zone_is_taken_into_account_here(self) -> None:
        text = "StudyDate=20240131&TimezoneOffsetFromUTC=%2B0200"
        late = response(StudyDate="20240130", StudyTime="2300", TimezoneOffsetFromUTC="+0000")
        assert is_match(text, late)
        assert not is_match("StudyDate=20240131", late)


class TestMatching:
    def test_what_was_sent_and_not_returned_is_left_to_the_archive(self) -> None:
        assert is_match("StudyDescription=Thorax", response(StudyID="1"))

    def test_what_an_archive_ignores_is_matched_here(self) -> None:
        assert not is_match("StudyDescription=Thorax", response(StudyDescription="Head"))

    def test_names_are_matched_by_the_archive(self) -> None:
        assert is_match("PatientName=Doe", response(PatientName="Dough"))

    def test_what_is_not_returned_is_named(self) -> None:
        query = query_of("StudyDescription=Thorax&StudyDate=20240101-20240102&StudyTime=10-11&PatientID=")
        identifiers = Identifiers(Agreed(), UTF8)
        step: Step = steps_of(query)[-1]
        missing = identifiers.unsupported(step, identifiers.read(response(StudyID="1")))
        assert missing == ["StudyDescription", "StudyDate"]

    def test_a_moment_that_is_not_returned_is_not_matched(self) -> None:
        assert is_match("StudyDate=20240101-20240102&StudyTime=10-11", response(StudyID="1"))


class TestRetrieveIdentifier:
    def test_it_names_every_level(self) -> None:
        identifier = retrieve_identifier(Resource("1", "2", "3"))
        texts = [identifier.text(one) for one in (0x00080052, 0x0020000D, 0x0020000E, 0x00080018)]
        assert texts == ["IMAGE", "1", "2", "3"]

    def test_a_study_has_no_more(self) -> None:
        assert 0x0020000E not in retrieve_identifier(Resource("1"))

    def test_everything_cannot_be_retrieved(self) -> None:
        with pytest.raises(DicomError):
            retrieve_identifier(Resource())
