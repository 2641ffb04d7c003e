from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from index_fixtures import (
    CT_IMAGE_STORAGE,
    DATABASES,
    MR_IMAGE_STORAGE,
    fragments,
    new_database,
    open_index,
    record,
    rows,
)

from dicomcore.index import Index
from dicomcore.resources import Resource


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return new_database(request, tmp_path)


@pytest.fixture
def index(url: str) -> Iterator[Index]:
    with open_index(url) as opened:
        yield opened


def answers(url: str, table: str) -> list[dict[str, Any]]:
    """The ready answers of a level: the values by tag."""
    found = rows(url, f"SELECT response FROM {table} ORDER BY id")
    parsed = (orjson.loads(response.replace(b"\xff", b"")) for (response,) in found)
    return [{tag: element.get("Value") for tag, element in one.items()} for one in parsed]


def test_a_new_study_is_answered_with_all_required_attributes(index: Index, url: str) -> None:
    index.store([record("1.1", "1.2", "1.3", PatientName="A^B", PatientID="P", StudyDate="20200131", Modality="CT")])
    assert answers(url, "study") == [
        {
            "00080020": ["20200131"],
            "00080030": None,
            "00080050": None,
            "00080056": ["ONLINE"],
            "00080061": ["CT"],
            "00080090": None,
            "00081190": ["/studies/1.1"],
            "00100010": [{"Alphabetic": "A^B"}],
            "00100020": ["P"],
            "00100030": None,
            "00100040": None,
            "0020000D": ["1.1"],
            "00200010": None,
            "00201206": [1],
            "00201208": [1],
        }
    ]


def test_a_series_is_answered_with_its_url_and_its_count(index: Index, url: str) -> None:
    index.store([record("1.1", "1.2", "1.3", SeriesNumber=4), record("1.1", "1.2", "1.4")])
    assert answers(url, "series") == [
        {
            "00080060": None,
            "00081190": ["/studies/1.1/series/1.2"],
            "0020000E": ["1.2"],
            "00200011": [4],
            "00201209": [2],
        }
    ]


def test_an_instance_is_answered_with_its_transfer_syntax(index: Index, url: str) -> None:
    index.store([record("1.1", "1.2", "1.3", InstanceNumber=9, Rows=512, transfer_syntax_uid="1.2.840.10008.1.2.5")])
    assert answers(url, "instance") == [
        {
            "00080016": [CT_IMAGE_STORAGE],
            "00080018": ["1.3"],
            "00080056": ["ONLINE"],
            "00081190": ["/studies/1.1/series/1.2/instances/1.3"],
            "00083002": ["1.2.840.10008.1.2.5"],
            "00200013": [9],
            "00280010": [512],
        }
    ]


def test_counts_follow_every_store_and_delete(index: Index, url: str) -> None:
    counts = "SELECT number_of_study_related_series, number_of_study_related_instances FROM study"
    index.store([record("1", "1.1", "1.1.1"), record("1", "1.1", "1.1.2"), record("1", "1.2", "1.2.1")])
    assert rows(url, counts) == [(2, 3)]
    index.store([record("1", "1.3", "1.3.1")])
    assert rows(url, counts) == [(3, 4)]
    index.delete(Resource("1", "1.1", "1.1.1"))
    assert rows(url, counts) == [(3, 3)]
    index.delete(Resource("1", "1.1"))
    assert rows(url, counts) == [(2, 2)]
    assert [answer["00201208"] for answer in answers(url, "study")] == [[2]]


def test_modalities_follow_every_store_and_delete(index: Index, url: str) -> None:
    modalities = "SELECT modalities_in_study FROM study"
    index.store([record("1", "1.1", "1.1.1", Modality="SR"), record("1", "1.2", "1.2.1", Modality="CT")])
    assert rows(url, modalities) == [("\\CT\\SR\\",)]
    index.delete(Resource("1", "1.1"))
    assert rows(url, modalities) == [("\\CT\\",)]
    index.store([record("1", "1.2", "1.2.1", Modality="MR", content="changed")])
    assert rows(url, modalities) == [("\\MR\\",)]


def test_an_earlier_instance_may_change_the_modality_of_its_series(index: Index, url: str) -> None:
    index.store([record("1", "1.1", "1.1.2", Modality="CT", key="k2")])
    index.store([record("1", "1.1", "1.1.1", Modality="MR", key="k1")])
    assert rows(url, "SELECT modality FROM series") == [("MR",)]
    assert rows(url, "SELECT modalities_in_study FROM study") == [("\\MR\\",)]


def test_sop_classes_follow_every_store_and_delete(index: Index, url: str) -> None:
    sop_classes = "SELECT sop_classes_in_study, attributes FROM study"
    index.store([record("1", "1.1", "1.1.1"), record("1", "1.1", "1.1.2", sop_class_uid=MR_IMAGE_STORAGE)])
    assert rows(url, sop_classes)[0][0] == f"\\{CT_IMAGE_STORAGE}\\{MR_IMAGE_STORAGE}\\"
    index.delete(Resource("1", "1.1", "1.1.1"))
    ((column, attributes),) = rows(url, sop_classes)
    assert column == f"\\{MR_IMAGE_STORAGE}\\"
    assert orjson.loads(attributes)["00080062"]["Value"] == [MR_IMAGE_STORAGE]


def test_the_earliest_instance_names_the_study(index: Index, url: str) -> None:
    index.store([record("1", "1.1", "1.1.2", key="k2", StudyDescription="second", AccessionNumber="A2")])
    index.store([record("1", "1.1", "1.1.1", key="k1", StudyDescription="first")])
    columns = "SELECT study_description, accession_number FROM study"
    assert rows(url, columns) == [("first", "A2")]
    index.delete(Resource("1", "1.1", "1.1.1"))
    assert rows(url, columns) == [("second", "A2")]


def test_words_of_names_follow_their_study(index: Index, url: str) -> None:
    words = "SELECT word FROM study_name_word ORDER BY word"
    index.store([record(PatientName="Doe^Jane")])
    assert rows(url, words) == [("doe",), ("jane",)]
    index.store([record(PatientName="Roe", content="changed")])
    assert rows(url, words) == [("roe",)]
    index.delete(Resource("1.1"))
    assert rows(url, words) == []


def test_items_of_request_attributes_follow_their_series(index: Index, url: str) -> None:
    requests = "SELECT item, scheduled_procedure_step_id, requested_procedure_id FROM series_request ORDER BY item"
    items = [
        {"00400009": {"vr": "SH", "Value": ["S1"]}, "00401001": {"vr": "SH", "Value": ["R1"]}},
        {"00400009": {"vr": "SH", "Value": ["S2"]}},
    ]
    index.store([record(instance="1.1", extra=fragments(RequestAttributesSequence=items), key="k1")])
    assert rows(url, requests) == [(0, "S1", "R1"), (1, "S2", "")]
    index.store([record(instance="1.1", extra=fragments(RequestAttributesSequence=items[1:]), content="changed")])
    assert rows(url, requests) == [(0, "S2", "")]


def test_nothing_is_left_when_all_is_deleted(index: Index, url: str) -> None:
    index.store([record(PatientName="A", PatientID="P", pages=(b"page",))])
    index.delete(Resource("1.1"))
    tables = ("patient", "study", "series", "instance", "frame_page", "patient_name_word", "study_name_word")
    assert [rows(url, f"SELECT count(*) FROM {table}") for table in tables] == [[(0,)]] * len(tables)
