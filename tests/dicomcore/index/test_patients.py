from collections.abc import Iterator
from pathlib import Path

import pytest
from index_fixtures import DATABASES, new_database, open_index, record, rows

from dicomcore.index import Index
from dicomcore.resources import Resource

COUNTS = (
    "SELECT patient_id, number_of_patient_related_studies, number_of_patient_related_series, "
    "number_of_patient_related_instances FROM patient ORDER BY patient_id, issuer_of_patient_id, unidentified_in"
)


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return new_database(request, tmp_path)


@pytest.fixture
def index(url: str) -> Iterator[Index]:
    with open_index(url) as opened:
        yield opened


def test_a_patient_counts_what_is_theirs(index: Index, url: str) -> None:
    index.store([record("1", "1.1", "1.1.1", PatientID="P"), record("1", "1.2", "1.2.1", PatientID="P")])
    index.store([record("2", "2.1", "2.1.1", PatientID="P"), record("3", "3.1", "3.1.1", PatientID="Q")])
    assert rows(url, COUNTS) == [("P", 2, 3, 3), ("Q", 1, 1, 1)]
    index.delete(Resource("1", "1.1"))
    assert rows(url, COUNTS) == [("P", 2, 2, 2), ("Q", 1, 1, 1)]
    index.delete(Resource("3"))
    assert rows(url, COUNTS) == [("P", 2, 2, 2)]


def test_one_id_of_two_issuers_is_two_patients(index: Index, url: str) -> None:
    index.store([record("1", "1.1", "1.1.1", PatientID="P", IssuerOfPatientID="H1")])
    index.store([record("2", "2.1", "2.1.1", PatientID="P", IssuerOfPatientID="H2")])
    assert rows(url, COUNTS) == [("P", 1, 1, 1), ("P", 1, 1, 1)]


def test_studies_without_patient_id_are_not_thrown_together(index: Index, url: str) -> None:
    index.store([record("1", "1.1", "1.1.1", PatientName="A"), record("2", "2.1", "2.1.1", PatientName="B")])
    names = "SELECT patient_name, unidentified_in FROM patient ORDER BY patient_name"
    assert rows(url, names) == [("A", "1"), ("B", "2")]


def test_a_study_moves_when_its_patient_id_becomes_known(index: Index, url: str) -> None:
    index.store([record("1", "1.1", "1.1.1"), record("2", "2.1", "2.1.1", PatientID="P")])
    index.store([record("1", "1.1", "1.1.2", PatientID="P")])
    assert rows(url, COUNTS) == [("P", 2, 2, 3)]


def test_the_earliest_study_names_the_patient(index: Index, url: str) -> None:
    names = "SELECT patient_name, patient_name_key FROM patient"
    index.store([record("1", "1.1", "1.1.1", key="k1", PatientID="P", PatientName="First")])
    index.store([record("2", "2.1", "2.1.1", key="k2", PatientID="P", PatientName="Second")])
    assert rows(url, names) == [("First", "first")]
    index.delete(Resource("1"))
    assert rows(url, names) == [("Second", "second")]


def test_each_study_keeps_the_name_that_its_instances_give(index: Index, url: str) -> None:
    index.store([record("1", "1.1", "1.1.1", PatientID="P", PatientName="Doe^J")])
    index.store([record("2", "2.1", "2.1.1", PatientID="P", PatientName="Doe^Jane")])
    assert rows(url, "SELECT patient_name FROM study ORDER BY id") == [("Doe^J",), ("Doe^Jane",)]
