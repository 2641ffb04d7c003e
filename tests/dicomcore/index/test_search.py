"""Searches on both databases (PS3.18 §10.6): matching, levels, order, paging, totals, what returns."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from index_fixtures import MR_IMAGE_STORAGE, empty_database, open_index, record, sqlite_url

from app.parameters import parse_search
from dicomcore.errors import LimitExceeded
from dicomcore.index import Index, InstanceRecord, open_engine
from dicomcore.index.prepared import Reader
from dicomcore.index.search import Search
from dicomcore.query import Period, Query
from dicomcore.resources import Level, Resource

LEVELS = {"patients": Level.PATIENT, "studies": Level.STUDY, "series": Level.SERIES, "instances": Level.INSTANCE}


def requests(*items: tuple[str, str]) -> dict[int, bytes]:
    """A Request Attributes Sequence with (Scheduled Procedure Step ID, Requested Procedure ID) in its items."""
    values = [
        {"00400009": {"vr": "SH", "Value": [step]}, "00401001": {"vr": "SH", "Value": [procedure]}}
        for step, procedure in items
    ]
    return {0x00400275: orjson.dumps({"00400275": {"vr": "SQ", "Value": values}})[1:-1]}


PRIVATE = {
    0x00230011: b'"00230011":{"vr":"LO","Value":["ACME"]}',
    0x00231101: b'"00231101":{"vr":"LO","Value":["secret"]}',
}
DOE: dict[str, Any] = {
    "PatientName": "Doe^John",
    "PatientID": "D1",
    "StudyDate": "20200105",
    "StudyTime": "0930",
    "AccessionNumber": "A1",
    "StudyDescription": "Head",
    "OtherPatientIDs": ["X1", "X2"],
}
SWAIN: dict[str, Any] = {
    "PatientName": "Swain^Ann",
    "PatientID": "S1",
    "StudyDate": "20200106",
    "StudyTime": "1200",
    "AccessionNumber": None,
    "StudyID": "7",
}
RECORDS: list[InstanceRecord] = [
    record("1.1", "1.1.1", "1.1.1.1", Modality="CT", SeriesNumber=2, InstanceNumber=2, Rows=512, **DOE),
    record(
        "1.1",
        "1.1.1",
        "1.1.1.2",
        Modality="CT",
        SeriesNumber=2,
        InstanceNumber=1,
        ImageType=["ORIGINAL", "AXIAL"],
        **DOE,
    ),
    record(
        "1.1",
        "1.1.2",
        "1.1.2.1",
        Modality="SR",
        SeriesNumber=1,
        SeriesDescription="Report",
        extra=requests(("STEP1", "PROC1"), ("STEP2", "PROC2")) | PRIVATE,
        **DOE,
    ),
    record(
        "1.2",
        "1.2.1",
        "1.2.1.1",
        Modality="MR",
        sop_class_uid=MR_IMAGE_STORAGE,
        SeriesNumber=10,
        extra=requests(("STEP1", "PROC2")),
        **SWAIN,
    ),
    record("1.3", "1.3.1", "1.3.1.1", Modality="CT", transfer_syntax_uid="1.2.840.10008.1.2.4.50"),
]


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def index(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    is_sqlite = request.param == "sqlite"
    url = sqlite_url(tmp_path_factory.mktemp("index")) if is_sqlite else request.getfixturevalue("postgresql_url")
    with open_index(url if is_sqlite else empty_database(url)) as opened:
        opened.store(RECORDS)
        yield opened


class Result:
    """What a search found, parsed."""

    def __init__(self, index: Index, path: str, query_string: str = "") -> None:
        *above, what = path.split("/")
        asked = parse_search(query_string, LEVELS[what], Resource(*above[1::2]))
        found = index.search(asked.query)
        self.raw = found.objects
        self.objects = [orjson.loads(one.replace(b"\xff", b"")) for one in found.objects]
        self.total = found.total
        self.warnings = found.warnings
        self.level = LEVELS[what]

    @property
    def uids(self) -> list[str]:
        """The UIDs at the level of the search."""
        tag = {Level.STUDY: "0020000D", Level.SERIES: "0020000E", Level.INSTANCE: "00080018"}[self.level]
        return [one[tag]["Value"][0] for one in self.objects]


@pytest.mark.parametrize(
    ("path", "uids"),
    [
        ("studies", ["1.2", "1.1", "1.3"]),
        ("studies/1.1/series", ["1.1.2", "1.1.1"]),
        ("studies/1.1/instances", ["1.1.2.1", "1.1.1.2", "1.1.1.1"]),
        ("studies/1.1/series/1.1.1/instances", ["1.1.1.2", "1.1.1.1"]),
        ("series", ["1.1.2", "1.1.1", "1.2.1", "1.3.1"]),
        ("instances", ["1.1.1.2", "1.1.1.1", "1.1.2.1", "1.2.1.1", "1.3.1.1"]),
        ("studies/9/series", []),
        ("studies/1.2/series/1.1.1/instances", []),
    ],
)
def test_every_resource_has_its_order(index: Index, path: str, uids: list[str]) -> None:
    result = Result(index, path)
    assert (result.uids, result.total, result.warnings) == (uids, len(uids), ())


@pytest.mark.parametrize(
    ("query_string", "uids"),
    [
        ("PatientName=doe^john", ["1.1"]),
        ("PatientName=Doe*", ["1.1"]),
        ("PatientName=*ann", ["1.2"]),
        ("PatientName=Swayne&fuzzymatching=true", ["1.2"]),
        ("PatientName=Swayne", []),
        ("PatientName=john+d&fuzzymatching=true", ["1.1"]),
        ("PatientName=", ["1.2", "1.1", "1.3"]),
        ("PatientID=D1", ["1.1"]),
        ("PatientID=d1", []),
        ("PatientID=?1", ["1.2", "1.1"]),
        ("PatientID=D1,S1&multiplevaluematching=true", ["1.2", "1.1"]),
        ("PatientID=%22%22&emptyvaluematching=true", ["1.3"]),
        ("AccessionNumber=%22%22&emptyvaluematching=true", ["1.2", "1.3"]),
        ("StudyDate=20200105", ["1.1"]),
        ("StudyDate=20200101-20200105", ["1.1"]),
        ("StudyDate=-20200131", ["1.2", "1.1"]),
        ("StudyDate=20200106-", ["1.2"]),
        ("StudyTime=093000.0", ["1.1"]),
        ("StudyTime=09-10", ["1.1"]),
        ("StudyDate=20200105-20200106&StudyTime=1000-1130", []),
        ("StudyDate=20200105-20200106&StudyTime=0900-1130", ["1.1"]),
        ("StudyDate=20200105-20200107&StudyTime=1000-0900", ["1.2"]),
        ("StudyDate=20200106&TimezoneOffsetFromUTC=%2B0100", ["1.2"]),
        ("ModalitiesInStudy=SR", ["1.1"]),
        ("ModalitiesInStudy=MR,SR", ["1.2", "1.1"]),
        ("ModalitiesInStudy=?R", ["1.2", "1.1"]),
        ("ModalitiesInStudy=C*R", []),
        (f"SOPClassesInStudy={MR_IMAGE_STORAGE}", ["1.2"]),
        ("StudyInstanceUID=1.1,1.3,9", ["1.1", "1.3"]),
        ("StudyID=7", ["1.2"]),
        ("NumberOfStudyRelatedInstances=3", ["1.1"]),
        ("NumberOfStudyRelatedInstances=99999999999999", []),
        ("StudyDate=20200105&OtherPatientIDs=X2", ["1.1"]),
        ("StudyDate=20200106&OtherPatientIDs=X2", []),
        ("StudyDate=20200105&InstanceAvailability=ONLINE", ["1.1"]),
        ("StudyDate=20200105&InstanceAvailability=OFFLINE", []),
    ],
)
def test_studies_are_matched(index: Index, query_string: str, uids: list[str]) -> None:
    result = Result(index, "studies", query_string)
    assert (result.uids, result.total, result.warnings) == (uids, len(uids), ())


@pytest.mark.parametrize(
    ("path", "query_string", "uids"),
    [
        ("series", "Modality=CT", ["1.1.1", "1.3.1"]),
        ("series", "SeriesNumber=010", ["1.2.1"]),
        ("series", "SeriesNumber=%22%22&emptyvaluematching=true", ["1.3.1"]),
        ("series", "PatientID=D1&Modality=SR", ["1.1.2"]),
        ("series", "PatientName=doe*&SeriesDescription=Rep*", ["1.1.2"]),
        ("series", "StudyInstanceUID=1.2", ["1.2.1"]),
        ("studies/1.1/series", "PatientID=S1", []),
        ("series", "RequestAttributesSequence.ScheduledProcedureStepID=STEP1", ["1.1.2", "1.2.1"]),
        ("series", "00400275.00400009=STEP1&RequestAttributesSequence.00401001=PROC2", ["1.2.1"]),
        ("series", "00400275.00400009=STEP*&00400275.00401001=PROC1", ["1.1.2"]),
        ("instances", "RequestAttributesSequence.RequestedProcedureID=PROC1", ["1.1.2.1"]),
        ("series", "Modality=CT&00400275.00400009=%22%22&emptyvaluematching=true", ["1.1.1", "1.3.1"]),
        ("instances", f"SOPClassUID={MR_IMAGE_STORAGE}", ["1.2.1.1"]),
        ("instances", "SOPInstanceUID=1.1.1.1,1.3.1.1", ["1.1.1.1", "1.3.1.1"]),
        ("instances", "InstanceNumber=1&PatientID=D1", ["1.1.1.2"]),
        ("instances", "AvailableTransferSyntaxUID=1.2.840.10008.1.2.4.50", ["1.3.1.1"]),
        ("instances", "Rows=512", ["1.1.1.1"]),
        ("instances", "SeriesInstanceUID=1.1.1", ["1.1.1.2", "1.1.1.1"]),
        ("studies/1.1/instances", "ImageType=AXIAL", ["1.1.1.2"]),
        ("studies/1.1/instances", "Modality=CT", ["1.1.1.2", "1.1.1.1"]),
        ("studies/1.1/instances", "00230010=ACME&00231001=secret", ["1.1.2.1"]),
        ("studies/1.1/instances", "00230010=OTHER&00231001=secret", []),
        ("instances", "Modality=CT&OtherPatientIDs=X1", ["1.1.1.2", "1.1.1.1"]),
    ],
)
def test_series_and_instances_are_matched(index: Index, path: str, query_string: str, uids: list[str]) -> None:
    result = Result(index, path, query_string)
    assert (result.uids, result.total, result.warnings) == (uids, len(uids), ())


@pytest.mark.parametrize(
    ("path", "query_string", "name"),
    [
        ("studies", "Modality=CT", "Modality"),
        ("studies", "SOPInstanceUID=1.2", "SOPInstanceUID"),
        ("studies", "OtherPatientIDs=X1", "OtherPatientIDs"),
        ("studies", "RetrieveURL=x", "RetrieveURL"),
        ("series", "ImageType=AXIAL", "ImageType"),
        ("instances", "ImageType=AXIAL", "ImageType"),
        ("instances", "00230010=ACME&00231001=secret", "00231001"),
        ("studies", "00400275.00401001=S", "RequestAttributesSequence.RequestedProcedureID"),
    ],
)
def test_what_cannot_be_matched_is_told(index: Index, path: str, query_string: str, name: str) -> None:
    result = Result(index, path, query_string)
    assert result.total == Result(index, path).total
    assert result.warnings == (
        f"The {name} attribute is not supported as a matching key of this search. It has not been matched.",
    )


def test_both_halves_of_a_moment_are_told(index: Index) -> None:
    result = Result(index, "studies", "AcquisitionDate=20200101-20200102&AcquisitionTime=10-11")
    assert [warning.split()[1] for warning in result.warnings] == ["AcquisitionDate", "AcquisitionTime"]


@pytest.mark.parametrize(
    "query_string", ["", "PatientName=*", "StudyDate=-20201231", "StudyDate=-20201231&OtherPatientIDs=X?"]
)
def test_pages_are_pieces_of_the_whole(index: Index, query_string: str) -> None:
    whole = Result(index, "studies", query_string)
    for limit in range(4):
        for offset in range(4):
            page = Result(index, "studies", f"{query_string}&limit={limit}&offset={offset}")
            assert (page.raw, page.total) == (whole.raw[offset : offset + limit], whole.total)


def test_an_answer_is_what_was_stored_for_it(index: Index) -> None:
    (found,) = Result(index, "studies", "PatientID=D1").raw
    assert found.startswith(b'{"00080020":{"vr":"DA","Value":["20200105"]},\n"00080030"')
    assert b'"00081190":{"vr":"UR","Value":["\xff/studies/1.1"]}' in found


STUDY_REQUIRED = frozenset(
    (
        "00080020",
        "00080030",
        "00080050",
        "00080056",
        "00080061",
        "00080090",
        "00081190",
        "00100010",
        "00100020",
        "00100030",
        "00100040",
        "0020000D",
        "00200010",
        "00201206",
        "00201208",
    )
)
SERIES_REQUIRED = frozenset(("00080060", "00081190", "0020000E", "00200011", "00201209"))
INSTANCE_REQUIRED = frozenset(("00080016", "00080018", "00080056", "00081190", "00083002", "00200013"))


@pytest.mark.parametrize(
    ("path", "required"),
    [
        ("studies", STUDY_REQUIRED),
        ("studies/1.3/series", SERIES_REQUIRED),
        ("studies/1.3/instances", SERIES_REQUIRED | INSTANCE_REQUIRED),
        ("series", STUDY_REQUIRED | SERIES_REQUIRED),
        ("studies/1.3/series/1.3.1/instances", INSTANCE_REQUIRED),
        ("instances", STUDY_REQUIRED | SERIES_REQUIRED | INSTANCE_REQUIRED),
    ],
)
def test_the_required_attributes_of_the_levels_that_are_not_fixed_return(
    index: Index, path: str, required: frozenset[str]
) -> None:
    found = Result(index, path).objects[-1]
    assert required <= set(found) <= {*required, "00080056"}
    assert list(found) == sorted(found)


def test_the_retrieve_url_is_that_of_the_lowest_level(index: Index) -> None:
    (found,) = Result(index, "instances", "SOPInstanceUID=1.3.1.1").objects
    assert found["00081190"]["Value"] == ["/studies/1.3/series/1.3.1/instances/1.3.1.1"]


@pytest.mark.parametrize(
    ("path", "query_string", "tag", "value"),
    [
        ("studies", "PatientID=D1&includefield=StudyDescription", "00081030", "Head"),
        ("studies", "PatientID=D1&StudyDescription=", "00081030", "Head"),
        ("studies", "StudyDescription=H*", "00081030", "Head"),
        ("studies", "PatientID=D1&includefield=OtherPatientIDs", "00101000", "X1"),
        ("studies", "PatientID=D1&includefield=all", "00081030", "Head"),
        ("studies/1.1/series", "Modality=SR&includefield=PatientName", "00100010", {"Alphabetic": "Doe^John"}),
        ("series", "Modality=SR&includefield=StudyDescription", "00081030", "Head"),
        ("series", "Modality=SR&includefield=all", "0008103E", "Report"),
        ("studies/1.1/series/1.1.1/instances", "InstanceNumber=1&includefield=ImageType", "00080008", "ORIGINAL"),
        ("studies/1.1/series/1.1.1/instances", "InstanceNumber=1&includefield=all", "00080008", "ORIGINAL"),
        ("studies/1.1/series/1.1.1/instances", "InstanceNumber=1&includefield=Modality,StudyID", "00080060", "CT"),
        ("studies/1.1/instances", "00230010=ACME&00231001=secret", "00231101", "secret"),
        ("studies/1.1/instances", "Modality=SR&00230010=ACME&includefield=00231001", "00230011", "ACME"),
    ],
)
def test_what_is_asked_for_returns(index: Index, path: str, query_string: str, tag: str, value: Any) -> None:
    (found,) = Result(index, path, query_string).objects
    assert found[tag]["Value"][0] == value
    assert list(found) == sorted(found)


def test_a_whole_sequence_returns_for_an_attribute_in_it(index: Index) -> None:
    (found,) = Result(
        index, "series", "SeriesNumber=1&includefield=RequestAttributesSequence.ScheduledProcedureStepID"
    ).objects
    assert [item["00400009"]["Value"] for item in found["00400275"]["Value"]] == [["STEP1"], ["STEP2"]]


def test_what_is_asked_for_and_absent_returns_without_a_value(index: Index) -> None:
    (found,) = Result(index, "studies", "PatientID=S1&includefield=StudyDescription").objects
    assert found["00081030"] == {"vr": "LO"}
    (found,) = Result(index, "instances", "SOPInstanceUID=1.3.1.1&includefield=ImageType").objects
    assert found["00080008"] == {"vr": "CS"}


@pytest.mark.parametrize(
    ("path", "keyword"), [("studies", "Modality"), ("studies", "ImageType"), ("series", "ImageType")]
)
def test_attributes_of_a_level_below_do_not_return(index: Index, path: str, keyword: str) -> None:
    assert Result(index, path, f"includefield={keyword}").raw == Result(index, path).raw


def test_patients_are_an_extension(index: Index) -> None:
    result = Result(index, "patients", "PatientID=D1")
    assert [one["00201204"]["Value"] for one in result.objects] == [[3]]
    assert Result(index, "patients").total == 3


@pytest.mark.parametrize("level", [Level.PATIENT, Level.STUDY, Level.SERIES, Level.INSTANCE])
def test_what_was_changed_in_any_of_some_periods_is_found(index: Index, level: Level) -> None:
    total, time = index.search(Query(level)).total, index.changes()[0].time

    def found(*changed: Period) -> int:
        return index.search(Query(level, changed=changed, limit=0)).total

    assert (found(Period(time, time)), found(Period(None, None)), found(Period(None, 0), Period(time, None))) == (
        total,
    ) * 3
    assert (found(Period(None, time - 1)), found(Period(time + 1, None)), found(Period(None, 0), Period(0, 1))) == (
        0,
        0,
        0,
    )


def test_the_last_change_of_a_study_counts_whatever_it_was(tmp_path: Path) -> None:
    with open_index(sqlite_url(tmp_path)) as opened:
        for one in (*RECORDS, RECORDS[0]):
            opened.store([one])
        opened.delete(Resource("1.1", "1.1.2", "1.1.2.1"))
        changes = opened.changes()
        for level, uid in ((Level.STUDY, "study_instance_uid"), (Level.SERIES, "series_instance_uid")):
            for since in range(len(changes)):
                last = {getattr(one.resource, uid): one.time for one in changes}
                kept = {uid for uid, time in last.items() if time >= changes[since].time} - {"1.1.2"}
                query = Query(level, changed=(Period(changes[since].time, None),))
                assert opened.search(query).total == len(kept)


def test_a_search_that_would_read_too_much_is_refused(tmp_path: Path) -> None:
    with open_index(sqlite_url(tmp_path)) as opened:
        opened.store(RECORDS)
        reader = Reader(open_engine(sqlite_url(tmp_path), writes=False))
        search = Search(reader, max_candidates=2)
        two = parse_search("Modality=CT&ImageType=AXIAL", Level.INSTANCE, Resource("1.1")).query
        three = parse_search("ImageType=AXIAL", Level.INSTANCE, Resource("1.1")).query
        assert search.find(two).total == 1
        certain = parse_search(
            "StudyDate=20190101-20211231&TimezoneOffsetFromUTC=%2B0100", Level.INSTANCE, Resource()
        ).query
        assert search.find(certain).total == 4
        with pytest.raises(LimitExceeded):
            search.find(three)
        reader.close()


def test_the_largest_queries_that_can_be_asked_are_answered(index: Index) -> None:
    names = ",".join(f"%E7%8E%8B{number}*x*" for number in range(100))
    assert Result(index, "studies", f"PatientName={names}&multiplevaluematching=true").total == 0
    assert Result(index, "studies", f"PatientName={names}&multiplevaluematching=true&fuzzymatching=true").total == 0
    assert Result(index, "instances", "SOPInstanceUID=" + ",".join(f"1.{number}" for number in range(1000))).total == 0
    assert (
        Result(index, "studies", "PatientName=" + "%20".join(map(str, range(500))) + "&fuzzymatching=true").total == 0
    )


@pytest.mark.parametrize("text", ["%25", "_1", "[D]1", "~", "D%5B1", "'; DROP TABLE study; --", "%5C%5C", '"', "D1%0A"])
def test_no_text_means_anything_but_itself(index: Index, text: str) -> None:
    for pattern in (text, text + "*", "*" + text, f"?{text}*"):
        assert Result(index, "studies", f"PatientID={pattern}").total == 0
    assert Result(index, "studies").total == 3


def test_a_search_sees_what_was_stored_before_it(tmp_path: Path) -> None:
    with open_index(sqlite_url(tmp_path)) as opened:
        assert Result(opened, "studies", "PatientID=D1").total == 0
        opened.store(RECORDS[:1])
        assert Result(opened, "studies", "PatientID=D1").total == 1
