import pytest

from app.parameters import parse_search
from dicomcore.bridge.web_query import query_string, search_path
from dicomcore.resources import Level, Resource


@pytest.mark.parametrize(
    ("level", "resource", "path"),
    [
        (Level.STUDY, Resource(), "/studies"),
        (Level.SERIES, Resource(), "/series"),
        (Level.SERIES, Resource("1"), "/studies/1/series"),
        (Level.INSTANCE, Resource("1"), "/studies/1/instances"),
        (Level.INSTANCE, Resource("1", "2"), "/studies/1/series/2/instances"),
    ],
)
def test_a_search_goes_to_its_path(level: Level, resource: Resource, path: str) -> None:
    assert search_path(level, resource) == path


@pytest.mark.parametrize(
    "text",
    [
        "PatientID=7",
        "PatientName=Doe^J*",
        "PatientName=J%C3%B6rg%20M",
        "PatientName=",
        "StudyDate=20240131",
        "StudyDate=20240131-20240201",
        "StudyDate=-20240131",
        "StudyDate=20240101-20240102&StudyTime=1000-1100",
        "StudyDate=20240131&TimezoneOffsetFromUTC=%2B0200",
        "StudyTime=1030",
        "AcquisitionDateTime=20240131-",
        "StudyInstanceUID=1.2,1.3",
        "ModalitiesInStudy=CT,MR",
        "multiplevaluematching=true&PatientID=a%2Cb,c",
        "multiplevaluematching=true&PatientName=A*,B*",
        "emptyvaluematching=true&AccessionNumber=%22%22",
        "PatientName=Doe&fuzzymatching=true",
        "PatientID=50%25",
        "PatientID=A%26B=C",
        "includefield=all",
        "includefield=StudyDescription,00101030",
        "RequestAttributesSequence.ScheduledProcedureStepID=1",
        "00230010=ACME&00231001=x",
        "includefield=00231001&00230010=ACME",
        "limit=5&offset=10",
    ],
)
def test_what_is_written_is_read_as_the_same_query(text: str) -> None:
    query = parse_search(text, Level.STUDY, Resource()).query
    assert parse_search(query_string(query), Level.STUDY, Resource()).query == query
