from typing import Any

import pytest

from app.launch_parameters import parse_launch
from app.launch_studies import chosen_studies

QUALIFIERS = {"vr": "SQ", "Value": [{"00400032": {"vr": "UT", "Value": ["1.2.40"]}}]}


def study(uid: str, date: str = "20240131", **more: Any) -> dict[str, Any]:
    values = {"00080020": date, "00080050": "A1", "00100020": "P1", "0020000D": uid}
    return {tag: {"vr": "LO", "Value": [value]} for tag, value in values.items()} | more


def chosen(query: str, *datasets: dict[str, Any]) -> list[str]:
    return [one.uid for one in chosen_studies(parse_launch(query.encode()), datasets)]


def test_the_latest_studies_come_first_and_each_once() -> None:
    datasets = study("1.1", "20200101"), study("1.2", "20240101"), study("1.2", "20240101"), study("1.3", "20220101")
    assert chosen("patient=P1", *datasets) == ["1.2", "1.3", "1.1"]
    assert chosen("patient=P1&mostRecentResults=1", *datasets) == ["1.2"]


@pytest.mark.parametrize("query", ["patient=*", "accession=A*", "study=1.9", "patient=P1&accession=A2"])
def test_what_a_node_found_besides_is_left_out(query: str) -> None:
    assert chosen(query, study("1.2")) == []


@pytest.mark.parametrize(
    ("issuer", "expected"),
    [
        ({}, ["1.2"]),
        ({"00100021": {"vr": "LO", "Value": ["HOSP"]}}, ["1.2"]),
        ({"00100021": {"vr": "LO", "Value": ["OTHER"]}, "00100024": QUALIFIERS}, ["1.2"]),
        ({"00100021": {"vr": "LO", "Value": ["OTHER"]}}, []),
    ],
)
def test_an_issuer_must_not_contradict(issuer: dict[str, Any], expected: list[str]) -> None:
    assert chosen("patient=P1^^^HOSP%261.2.40%26ISO", study("1.2", **issuer)) == expected


def test_a_birth_date_must_not_contradict() -> None:
    born = study("1.2", **{"00100030": {"vr": "DA", "Value": ["19700131"]}})
    assert chosen("patient=P1&patientBirthDate=1970-01-31", born, study("1.3")) == ["1.2", "1.3"]
    assert chosen("patient=P1&patientBirthDate=1970-02-01", born) == []
