"""Debian's Orthanc as the remote PACS of a running server: searched, read and stored to through DICOMweb."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from builders import ct_dataset, ct_instance
from running_server import RunningServer, free_port, start_server

from dicomcore.uids import new_uid

EXECUTABLE = shutil.which("Orthanc", path=f"{os.environ['PATH']}:/usr/sbin") or ""
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Debian has a package of Orthanc")

STUDY = new_uid()
SERIES = f"{STUDY}.1"
COUNT = 12
AS_STORED = {"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}


def content(number: int, study: str = STUDY) -> bytes:
    return ct_instance(StudyInstanceUID=study, SeriesInstanceUID=f"{study}.1", SOPInstanceUID=f"{study}.1.{number}")


def dataset(number: int) -> bytes:
    return ct_dataset(StudyInstanceUID=STUDY, SeriesInstanceUID=SERIES, SOPInstanceUID=f"{SERIES}.{number}")


@dataclass(frozen=True)
class Orthanc:
    """A PACS that knows us by our AE title."""

    url: str
    dicom_port: int
    our_port: int

    def count(self, study: str) -> int:
        query = {"Level": "Instance", "Query": {"StudyInstanceUID": study}}
        return len(httpx.post(f"{self.url}/tools/find", json=query).json())


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    folder = tmp_path_factory.mktemp("orthanc")
    http_port, dicom_port, our_port = free_port(), free_port(), free_port()
    settings = {
        "StorageDirectory": str(folder),
        "IndexDirectory": str(folder),
        "HttpPort": http_port,
        "DicomPort": dicom_port,
        "DicomAet": "ORTHANC",
        "DicomAlwaysAllowGet": True,
        "AuthenticationEnabled": False,
        "RemoteAccessAllowed": False,
        "DicomModalities": {"isocenter": ["ISOCENTER", "127.0.0.1", our_port]},
    }
    (folder / "orthanc.json").write_text(json.dumps(settings))
    log = (folder / "log").open("wb")
    process = subprocess.Popen([EXECUTABLE, str(folder / "orthanc.json")], stdout=log, stderr=log)
    url = f"http://127.0.0.1:{http_port}"
    try:
        wait_until_it_answers(f"{url}/system")
        for number in range(1, COUNT + 1):
            assert httpx.post(f"{url}/instances", content=content(number)).is_success
        yield Orthanc(url, dicom_port, our_port)
    finally:
        process.terminate()
        process.wait(30)
        log.close()


def wait_until_it_answers(url: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if httpx.get(url).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise TimeoutError(url)


@pytest.fixture(params=["get", "move"])
def server(request: pytest.FixtureRequest, orthanc: Orthanc, tmp_path: Path) -> Iterator[RunningServer]:
    """A new server, with two workers, that knows the PACS and retrieves from it by C-GET or by C-MOVE."""
    running = start_server(tmp_path / "data", "--workers", "2", "--dimse-port", str(orthanc.our_port))
    try:
        node = {"ae_title": "ORTHANC", "host": "127.0.0.1", "port": orthanc.dicom_port, "retrieve": request.param}
        assert httpx.post(f"{running.url}/nodes", json=node).status_code == 201
        yield running
    finally:
        running.stop()


def remote(server: RunningServer, ae_title: str = "ORTHANC") -> httpx.Client:
    return httpx.Client(base_url=f"{server.base}/aets/{ae_title}", timeout=60)


def test_the_node_answers_a_c_echo(server: RunningServer) -> None:
    answer = httpx.post(f"{server.url}/nodes/ORTHANC/echo").json()
    assert answer["status"] == 0
    assert answer["milliseconds"] > 0


def test_the_remote_is_searched_at_every_level(server: RunningServer) -> None:
    with remote(server) as client:
        (study,) = client.get("/studies", params={"StudyInstanceUID": STUDY}).json()
        (series,) = client.get(f"/studies/{STUDY}/series").json()
        instances = client.get(f"/studies/{STUDY}/series/{SERIES}/instances").json()
        everywhere = client.get("/instances", params={"StudyInstanceUID": STUDY, "limit": 5}).json()
    assert study["00081190"]["Value"] == [f"{server.base}/aets/ORTHANC/studies/{STUDY}"]
    assert study["00201208"]["Value"] == [COUNT]
    assert series["0020000E"]["Value"] == [SERIES]
    assert {one["00080018"]["Value"][0] for one in instances} == {f"{SERIES}.{n}" for n in range(1, COUNT + 1)}
    assert len(everywhere) == 5


def test_a_study_that_only_the_remote_has_is_retrieved_and_kept(server: RunningServer) -> None:
    with remote(server) as client:
        answer = client.get(f"/studies/{STUDY}", headers=AS_STORED)
    assert answer.status_code == 200
    assert [dataset(number) in answer.content for number in range(1, COUNT + 1)] == [True] * COUNT
    (kept,) = httpx.get(f"{server.base}/studies", params={"StudyInstanceUID": STUDY}).json()
    assert kept["00201208"]["Value"] == [COUNT]


def test_metadata_frames_and_instances_of_a_remote_study_are_retrieved(server: RunningServer) -> None:
    one = f"/studies/{STUDY}/series/{SERIES}/instances/{SERIES}.3"
    with remote(server) as client:
        frame = client.get(f"{one}/frames/1", headers={"Accept": "application/octet-stream"})
        instance = client.get(one, headers={"Accept": "application/dicom; transfer-syntax=*"})
        metadata = client.get(f"/studies/{STUDY}/metadata").json()
    assert frame.status_code == 200
    assert dataset(3).endswith(frame.content)
    assert instance.content.endswith(dataset(3))
    assert len(metadata) == COUNT


def test_what_is_stored_through_the_bridge_is_at_the_remote(server: RunningServer, orthanc: Orthanc) -> None:
    study = new_uid()
    with remote(server) as client:
        answer = client.post("/studies", content=content(1, study), headers={"Content-Type": "application/dicom"})
    assert answer.status_code == 200
    assert orthanc.count(study) == 1
    assert httpx.get(f"{server.base}/studies", params={"StudyInstanceUID": study}).status_code == 204


def test_all_together_are_searched_as_one(server: RunningServer) -> None:
    study = new_uid()
    answer = httpx.post(
        f"{server.base}/studies", content=content(1, study), headers={"Content-Type": "application/dicom"}
    )
    assert answer.is_success
    with remote(server, "*") as client:
        found = client.get("/studies", params={"StudyInstanceUID": f"{study},{STUDY}"}).json()
    holders = {one["0020000D"]["Value"][0]: one["00080054"]["Value"] for one in found}
    assert holders == {study: ["ISOCENTER"], STUDY: ["ORTHANC"]}


def test_the_remote_pulls_a_study_from_us(server: RunningServer, orthanc: Orthanc) -> None:
    study = new_uid()
    for number in (1, 2):
        httpx.post(
            f"{server.base}/studies", content=content(number, study), headers={"Content-Type": "application/dicom"}
        )
    node = {"ae_title": "ORTHANC", "host": "127.0.0.1", "port": orthanc.dicom_port}
    assert httpx.put(f"{server.url}/nodes/ORTHANC", json=node).is_success
    query = {"Level": "Study", "Query": {"StudyInstanceUID": study}}
    found = httpx.post(f"{orthanc.url}/modalities/isocenter/query", json=query, timeout=60).json()
    move = httpx.post(
        f"{orthanc.url}/queries/{found['ID']}/retrieve", json={"TargetAet": "ORTHANC", "Synchronous": True}, timeout=60
    )
    assert move.is_success
    assert orthanc.count(study) == 2


def test_a_title_that_nobody_has_is_not_found(server: RunningServer) -> None:
    with remote(server, "NOBODY") as client:
        assert client.get("/studies").status_code == 404
