"""Identifiers of C-FIND as queries (PS3.4 §C.4.1)."""

import pytest
from builders import EXPLICIT_LE, element, sequence

from dicomcore.data import Dataset, read_dataset, transfer_syntax
from dicomcore.errors import AttributeMismatch, DicomError, LimitExceeded, MissingAttribute
from dicomcore.net.dimse.status import Service, status_of
from dicomcore.query import (
    ARCHIVE,
    CombinedRange,
    Empty,
    Literal,
    Match,
    MatchingKey,
    Range,
    UidList,
    Universal,
    WildCard,
)
from dicomcore.resources import Level, Resource
from dicomcore.scp.acceptance import PATIENT_ROOT_FIND, STUDY_ROOT_FIND
from dicomcore.scp.find_request import RequestedAttribute
from dicomcore.scp.identifiers import MAX_DEPTH, MAX_KEYS, Options, read_query

RELATIONAL, COMBINED, FUZZY = b"\1", b"\0\1", b"\0\0\1"
EMPTY_VALUE, MULTIPLE_VALUE = b"\0\0\0\0\0\1\0", b"\0\0\0\0\0\0\1"

STUDY_UID = element(0x0020000D, "UI", "1.2.3")
SERIES_UID = element(0x0020000E, "UI", "1.2.3.1")
PATIENT_ID = element(0x00100020, "LO", "PID1")


def identifier(level: str, *elements: bytes) -> Dataset:
    pieces = [element(0x00080052, "CS", level), *elements]
    pieces.sort(key=lambda piece: (piece[:2][::-1], piece[2:4][::-1]))
    return read_dataset(b"".join(pieces), transfer_syntax(EXPLICIT_LE))


def match_of_key(key: bytes, agreed: bytes = b"") -> Match:
    """What the one key of a study query must match."""
    (found,) = read_query(identifier("STUDY", key), STUDY_ROOT_FIND, agreed).query.keys
    return found.match


def test_every_attribute_is_a_key_and_comes_back() -> None:
    request = read_query(
        identifier("STUDY", element(0x00100010, "PN", "DOE*"), element(0x0020000D, "UI")), STUDY_ROOT_FIND
    )
    assert request.query.level is Level.STUDY
    assert request.query.resource == ARCHIVE
    assert request.query.keys == (
        MatchingKey((0x00100010,), "PN", WildCard(("DOE*",))),
        MatchingKey((0x0020000D,), "UI", Universal()),
    )
    assert request.attributes == (RequestedAttribute(0x00100010, "PN"), RequestedAttribute(0x0020000D, "UI"))
    assert request.is_supported


@pytest.mark.parametrize(
    ("key", "match"),
    [
        (element(0x00080050, "SH"), Universal()),
        (element(0x00080050, "SH", "*"), Universal()),
        (element(0x00080050, "SH", "A1 "), Literal(("A1",))),
        (element(0x00080050, "SH", "A?"), WildCard(("A?",))),
        (element(0x00080020, "DA", "20240101-20240131"), Range("20240101", "20240131")),
        (element(0x00080020, "DA", "-20240131"), Range(None, "20240131")),
        (element(0x00080030, "TM", "1011"), Literal(("101100.000000",))),
        (element(0x0020000D, "UI", "1.2.3\\1.2.4"), UidList(("1.2.3", "1.2.4"))),
        (element(0x00080061, "CS", "CT\\MR"), Literal(("CT", "MR"))),
        (element(0x00201206, "IS", "007"), Literal(("7",))),
        (element(0x001021C0, "US", 4), Literal(("4",))),
        (element(0x00280009, "AT", (0x00181063,)), Literal(("00181063",))),
        (element(0x00080201, "SH", "+0200"), Universal()),
    ],
)
def test_a_value_is_matched_as_its_vr_asks(key: bytes, match: Match) -> None:
    assert match_of_key(key) == match


def test_the_character_set_of_the_identifier_is_that_of_its_values() -> None:
    latin = identifier("STUDY", element(0x00080005, "CS", "ISO_IR 100"), element(0x00100010, "PN", "M\xfcller"))
    request = read_query(latin, STUDY_ROOT_FIND)
    assert [key.match for key in request.query.keys] == [Literal(("Müller",))]
    assert request.charset.terms == ("ISO_IR 100",)


def test_an_empty_character_set_is_as_absent() -> None:
    request = read_query(identifier("STUDY", element(0x00080005, "CS")), STUDY_ROOT_FIND)
    assert (request.query.keys, request.charset.terms) == ((), ())


def test_what_steers_the_answer_is_no_key() -> None:
    controls = (
        element(0x00080053, "CS", "CLASSIC"),
        element(0x00080054, "AE", "SOMEBODY"),
        element(0x00080056, "CS", "ONLINE"),
        element(0x00080000, "UL", 4),
    )
    request = read_query(identifier("STUDY", *controls), STUDY_ROOT_FIND)
    assert (request.query.keys, request.attributes, request.is_supported) == ((), (), True)


def test_several_values_need_an_agreement() -> None:
    key = element(0x00100020, "LO", "PID1\\PID2")
    assert match_of_key(key, MULTIPLE_VALUE) == Literal(("PID1", "PID2"))
    with pytest.raises(AttributeMismatch, match=r"Patient ID \(0010,0020\) has several values"):
        match_of_key(key)


def test_no_value_is_asked_for_by_agreement() -> None:
    assert match_of_key(element(0x00100020, "LO", '""'), EMPTY_VALUE) == Empty()
    assert match_of_key(element(0x00100020, "LO", '""')) == Literal(('""',))


def test_a_date_and_a_time_are_one_moment_by_agreement() -> None:
    dates = identifier("STUDY", element(0x00080020, "DA", "20060705-20060707"), element(0x00080030, "TM", "1000-1800"))
    apart = read_query(dates, STUDY_ROOT_FIND).query
    assert [key.match for key in apart.keys] == [
        Range("20060705", "20060707"),
        Range("100000.000000", "180059.999999"),
    ]
    assert apart.combined == ()
    together = read_query(dates, STUDY_ROOT_FIND, COMBINED).query
    assert [key.match for key in together.keys] == [Universal(), Universal()]
    assert together.combined == (
        CombinedRange(0x00080020, 0x00080030, "20060705100000.000000", "20060707180059.999999"),
    )


def test_names_are_matched_fuzzily_by_agreement() -> None:
    name = identifier("STUDY", element(0x00100010, "PN", "DOE"))
    assert not read_query(name, STUDY_ROOT_FIND).query.fuzzy
    assert read_query(name, STUDY_ROOT_FIND, FUZZY).query.fuzzy


def test_options_are_bytes_of_the_negotiation_and_missing_ones_are_zero() -> None:
    assert Options.of(b"") == Options()
    assert Options.of(b"\1\1\1\0\0\1\1\1") == Options(True, True, True, True, True)
    assert Options.of(b"\2\1") == Options(combined_datetime=True)


@pytest.mark.parametrize(
    ("model", "level", "above", "resource"),
    [
        (STUDY_ROOT_FIND, "STUDY", [], ARCHIVE),
        (STUDY_ROOT_FIND, "SERIES", [STUDY_UID], Resource("1.2.3")),
        (STUDY_ROOT_FIND, "IMAGE", [STUDY_UID, SERIES_UID], Resource("1.2.3", "1.2.3.1")),
        (PATIENT_ROOT_FIND, "PATIENT", [], ARCHIVE),
        (PATIENT_ROOT_FIND, "STUDY", [PATIENT_ID], ARCHIVE),
        (PATIENT_ROOT_FIND, "SERIES", [PATIENT_ID, STUDY_UID], Resource("1.2.3")),
        (PATIENT_ROOT_FIND, "IMAGE", [PATIENT_ID, STUDY_UID, SERIES_UID], Resource("1.2.3", "1.2.3.1")),
    ],
)
def test_unique_keys_above_the_level_say_what_the_search_is_within(
    model: str, level: str, above: list[bytes], resource: Resource
) -> None:
    query = read_query(identifier(level, *above), model).query
    assert query.resource == resource
    patient = (MatchingKey((0x00100020,), "LO", Literal(("PID1",))),) if PATIENT_ID in above else ()
    assert query.keys == patient


@pytest.mark.parametrize(
    ("model", "level", "elements", "tag"),
    [
        (STUDY_ROOT_FIND, "", [], 0x00080052),
        (STUDY_ROOT_FIND, "PATIENT", [], 0x00080052),
        (STUDY_ROOT_FIND, "INSTANCE", [], 0x00080052),
        (STUDY_ROOT_FIND, "SERIES", [], 0x0020000D),
        (STUDY_ROOT_FIND, "SERIES", [element(0x0020000D, "UI")], 0x0020000D),
        (STUDY_ROOT_FIND, "SERIES", [element(0x0020000D, "UI", "1.2.3\\1.2.4")], 0x0020000D),
        (STUDY_ROOT_FIND, "SERIES", [element(0x0020000D, "UI", "1.2.*")], 0x0020000D),
        (STUDY_ROOT_FIND, "IMAGE", [STUDY_UID], 0x0020000E),
        (PATIENT_ROOT_FIND, "STUDY", [], 0x00100020),
        (PATIENT_ROOT_FIND, "STUDY", [element(0x00100020, "LO", "PID*")], 0x00100020),
        (PATIENT_ROOT_FIND, "SERIES", [STUDY_UID], 0x00100020),
        (STUDY_ROOT_FIND, "STUDY", [element(0x00080020, "DA", "yesterday")], 0x00080020),
        (STUDY_ROOT_FIND, "STUDY", [sequence(0x00081032, b"", b"")], 0x00081032),
    ],
)
def test_an_identifier_that_does_not_fit_is_a900_and_names_the_attribute(
    model: str, level: str, elements: list[bytes], tag: int
) -> None:
    with pytest.raises(DicomError) as caught:
        read_query(identifier(level, *elements), model)
    assert isinstance(caught.value, MissingAttribute | AttributeMismatch)
    assert caught.value.tag == tag
    assert status_of(caught.value, Service.FIND) == 0xA900


def test_relational_queries_need_no_keys_above() -> None:
    query = read_query(identifier("IMAGE", SERIES_UID), PATIENT_ROOT_FIND, RELATIONAL).query
    assert query.resource == ARCHIVE
    assert query.keys == (MatchingKey((0x0020000E,), "UI", UidList(("1.2.3.1",))),)


def test_relational_queries_may_list_uids_above() -> None:
    studies = element(0x0020000D, "UI", "1.2.3\\1.2.4")
    query = read_query(identifier("SERIES", studies), STUDY_ROOT_FIND, RELATIONAL).query
    assert query.resource == ARCHIVE
    assert query.keys == (MatchingKey((0x0020000D,), "UI", UidList(("1.2.3", "1.2.4"))),)


def test_keys_of_other_levels_are_left_to_the_source() -> None:
    query = read_query(identifier("STUDY", element(0x00080060, "CS", "CT")), STUDY_ROOT_FIND).query
    assert query.keys == (MatchingKey((0x00080060,), "CS", Literal(("CT",))),)


def test_the_item_of_a_sequence_has_keys() -> None:
    step = element(0x00400009, "SH", "STEP1") + element(0x00401001, "SH")
    request = read_query(identifier("SERIES", STUDY_UID, sequence(0x00400275, step)), STUDY_ROOT_FIND)
    assert request.query.keys == (
        MatchingKey((0x00400275, 0x00400009), "SH", Literal(("STEP1",))),
        MatchingKey((0x00400275, 0x00401001), "SH", Universal()),
    )
    within = (RequestedAttribute(0x00400009, "SH"), RequestedAttribute(0x00401001, "SH"))
    assert request.attributes == (
        RequestedAttribute(0x0020000D, "UI"),
        RequestedAttribute(0x00400275, "SQ", None, within),
    )


@pytest.mark.parametrize("items", [(), (b"",)])
def test_an_empty_sequence_or_item_is_universal(items: tuple[bytes, ...]) -> None:
    request = read_query(identifier("STUDY", sequence(0x00081032, *items)), STUDY_ROOT_FIND)
    assert request.query.keys == (MatchingKey((0x00081032,), "SQ", Universal()),)
    assert request.attributes == (RequestedAttribute(0x00081032, "SQ"),)


def test_a_private_key_is_of_its_creator() -> None:
    creator = element(0x00090010, "LO", "ACME 1.0")
    request = read_query(identifier("STUDY", creator, element(0x00091002, "LO", "x")), STUDY_ROOT_FIND)
    assert request.query.keys == (MatchingKey((0x00091002,), "LO", Literal(("x",)), "ACME 1.0"),)
    assert request.attributes == (RequestedAttribute(0x00091002, "LO", "ACME 1.0"),)


@pytest.mark.parametrize(
    "key",
    [
        element(0x00091002, "LO", "of nobody"),
        element(0x00020010, "UI", "1.2"),
        element(0x00420011, "OB", b"%PDF"),
        element(0x00091002, "UN", b"??") + element(0x00090010, "LO", "ACME 1.0"),
    ],
)
def test_what_cannot_be_matched_is_not_supported(key: bytes) -> None:
    request = read_query(identifier("STUDY", key), STUDY_ROOT_FIND)
    assert not request.is_supported
    assert [one.match for one in request.query.keys] in ([], [Universal()])


def test_bytes_without_a_value_are_a_return_key() -> None:
    assert read_query(identifier("STUDY", element(0x00420011, "OB")), STUDY_ROOT_FIND).is_supported


def test_an_identifier_has_a_limit_of_keys() -> None:
    keys = [element(0x00100000 + number, "LO") for number in range(0x1000, 0x1001 + MAX_KEYS)]
    read_query(identifier("STUDY", *keys[:-1]), STUDY_ROOT_FIND)
    with pytest.raises(LimitExceeded, match="keys of an identifier"):
        read_query(identifier("STUDY", *keys), STUDY_ROOT_FIND)


def test_an_identifier_has_a_limit_of_depth() -> None:
    nested = element(0x00080104, "LO")
    for _ in range(MAX_DEPTH):
        nested = sequence(0x00081032, nested)
    read_query(identifier("STUDY", nested), STUDY_ROOT_FIND)
    with pytest.raises(LimitExceeded, match="levels of sequences"):
        read_query(identifier("STUDY", sequence(0x00081032, nested)), STUDY_ROOT_FIND)
