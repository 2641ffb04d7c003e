"""`isocenter reindex` into an empty database: every answer is the same to the byte."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import httpx
import pytest
from builders import ct_instance
from corpus import corpus_files
from running_server import RunningServer, start_server

DICOM = {"Content-Type": "application/dicom"}
XML = 'multipart/related; type="application/dicom+xml"'
SEARCHES = ["", "includefield=all", "includefield=PatientName,00081030", "limit=7&offset=3", "limit=5&includefield=all"]
SEARCHES += ["PatientID=P*", "StudyDate=2024-", "fuzzymatching=true&PatientName=doe", "ModalitiesInStudy=MR"]
SEARCHES += [
    "emptyvaluematching=true&AccessionNumber=",
    "SeriesDescription=*2*",
    "00081140.00081155=*&includefield=all",
]


def instances(seed: int) -> Iterator[bytes]:
    """Instances whose study and patient attributes contradict each other, in any order of their numbers."""
    chance = random.Random(seed)
    for patient, study, series, number in product(range(3), range(2), range(2), range(4)):
        study_uid = f"1.2.{patient}.{study}"
        yield ct_instance(
            StudyInstanceUID=study_uid,
            SeriesInstanceUID=f"{study_uid}.{series}",
            SOPInstanceUID=f"{study_uid}.{series}.{number}",
            PatientID=f"P{patient}",
            PatientName=chance.choice(["Doe^Jane", "Doe^J", "", "DOE^JANE", "D\xf6^Jan"]),
            StudyDescription=chance.choice(["", "A", "B"]),
            AccessionNumber=chance.choice(["", "1", "2"]),
            StudyDate=chance.choice(["20240131", "20240201", "", "2024.02.01"]),
            Modality=chance.choice(["CT", "MR"]),
            SeriesNumber=chance.choice(["", "1", "2", "x"]),
            InstanceNumber=chance.choice(["", "1", "1", "7"]),
            SeriesDescription=chance.choice(["", "1", "2"]),
        )


def change(server: RunningServer) -> None:
    """Store, replace, move to another study, and delete at every level."""
    with httpx.Client(base_url=server.base, timeout=60) as client:
        for content in (*instances(1), *(path.read_bytes() for path in corpus_files()[::3])):
            assert client.post("/studies", content=content, headers=DICOM).status_code in (200, 202, 409)
        replacements = list(instances(2))
        for content in replacements[::3]:
            client.post("/studies", content=content, headers=DICOM).raise_for_status()
        moved = ct_instance(StudyInstanceUID="1.2.9", SeriesInstanceUID="1.2.9.1", SOPInstanceUID="1.2.0.0.0.0")
        client.post("/studies", content=moved, headers=DICOM).raise_for_status()
        for path in (
            "/studies/1.2.1.0",
            "/studies/1.2.1.1/series/1.2.1.1.0",
            "/studies/1.2.2.0/series/1.2.2.0.0/instances/1.2.2.0.0.1",
            "/studies/1.2.2.1/series/1.2.2.1.1/instances/1.2.2.1.1.0",
        ):
            client.delete(path).raise_for_status()
        client.post("/studies", content=replacements[4 * 8], headers=DICOM).raise_for_status()


def answers(server: RunningServer) -> dict[str, tuple[int, bytes, list[str]]]:
    """Every search and every metadata request: status, body, and the headers that tell of the result."""
    base = server.base.encode()
    with httpx.Client(base_url=server.base, timeout=60) as client:
        found = client.get("/instances", params={"limit": 10_000}).json()
        studies = sorted({one["0020000D"]["Value"][0] for one in found})
        paths = ["/patients", "/studies", "/series", "/instances"]
        paths += [f"/studies/{study}/{name}" for study in studies for name in ("series", "instances")]
        requests = [(f"{path}?{search}", "*/*") for path, search in product(paths[:4], SEARCHES)]
        requests += [(path, "*/*") for path in paths[4:]] + [(path, XML) for path in paths]
        requests += [(f"/studies/{study}/metadata", accept) for study in studies for accept in ("*/*", XML)]
        requests += [(one["00081190"]["Value"][0].removeprefix(server.base), "*/*") for one in found]
        result = {}
        for path, accept in requests:
            answer = client.get(path, headers={"Accept": accept, "Host": "pacs.test"})
            told = [answer.headers.get(name, "") for name in ("x-total-count", "warning", "content-type")]
            result[f"{accept} {path}"] = (answer.status_code, answer.content.replace(base, b"http://pacs.test"), told)
        return result


@pytest.mark.slow
def test_answers_from_a_rebuilt_index_are_the_same_to_the_byte(tmp_path: Path) -> None:
    server = start_server(tmp_path / "data")
    change(server)
    before = answers(server)
    server.stop()
    for path in server.data.glob("index.sqlite*"):
        path.unlink()
    command = [sys.executable, "-m", "app.cli", "reindex", "--data", str(server.data)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    server = start_server(server.data)
    after = answers(server)
    server.stop()
    assert len(before) > 200
    assert [name for name in before if before[name] != after.get(name)] == []
    assert after.keys() == before.keys()
