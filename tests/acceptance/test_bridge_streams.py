"""A study that only a remote PACS has begins to leave while the rest of it is still to come."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from builders import ct_dataset
from peers import pynetdicom_ae
from pydicom import Dataset, dcmread
from pydicom.filebase import DicomBytesIO
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import evt
from running_server import RunningServer, start_server

from dicomcore.uids import new_uid

CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
STUDY_ROOT = "1.2.840.10008.5.1.4.1.2.2."
STUDY = new_uid()
SERIES = f"{STUDY}.1"
COUNT = 3
AS_STORED = {"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}


def encoded(number: int) -> bytes:
    return ct_dataset(StudyInstanceUID=STUDY, SeriesInstanceUID=SERIES, SOPInstanceUID=f"{SERIES}.{number}")


class HesitantPacs:
    """Sends one instance at once, and the others when it is told to."""

    def __init__(self) -> None:
        self.may_go_on = threading.Event()
        self.is_cancelled = threading.Event()

    def find(self, event: evt.Event) -> Iterator[tuple[int, Dataset | None]]:
        found = Dataset()
        found.QueryRetrieveLevel = event.identifier.QueryRetrieveLevel
        found.StudyInstanceUID = STUDY
        found.SeriesInstanceUID = SERIES
        found.SOPClassesInStudy = [CT_IMAGE_STORAGE]
        found.NumberOfStudyRelatedInstances = COUNT
        found.NumberOfSeriesRelatedInstances = COUNT
        yield 0xFF00, found

    def get(self, event: evt.Event) -> Iterator[Any]:
        yield COUNT
        for number in range(1, COUNT + 1):
            dataset = dcmread(DicomBytesIO(encoded(number)), force=True)
            dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
            yield 0xFF00, dataset
            if number == 1:
                self.may_go_on.wait(30)
            if event.is_cancelled:
                self.is_cancelled.set()
                yield 0xFE00, None
                return


@pytest.fixture
def pacs() -> Iterator[tuple[HesitantPacs, int]]:
    hesitant = HesitantPacs()
    handlers = [(evt.EVT_C_FIND, hesitant.find), (evt.EVT_C_GET, hesitant.get)]
    contexts = [STUDY_ROOT + "1", STUDY_ROOT + "3", CT_IMAGE_STORAGE, "1.2.840.10008.1.1"]
    with pynetdicom_ae(handlers, contexts, ae_title="PACS", storage_roles=True) as node:
        yield hesitant, node.port
        hesitant.may_go_on.set()


@pytest.fixture
def server(pacs: tuple[HesitantPacs, int], tmp_path: Path) -> Iterator[RunningServer]:
    running = start_server(tmp_path / "data")
    node = {"ae_title": "PACS", "host": "127.0.0.1", "port": pacs[1]}
    assert httpx.post(f"{running.url}/nodes", json=node).status_code == 201
    yield running
    running.stop()


def test_the_first_instance_leaves_while_the_others_are_still_to_come(
    server: RunningServer, pacs: tuple[HesitantPacs, int]
) -> None:
    url = f"{server.base}/aets/PACS/studies/{STUDY}"
    received = b""
    with httpx.stream("GET", url, headers=AS_STORED, timeout=25) as answer:
        assert answer.status_code == 200
        for chunk in answer.iter_raw():
            received += chunk
            if encoded(1) in received:
                pacs[0].may_go_on.set()  # had it waited for the whole study, it would wait for ever
    assert all(encoded(number) in received for number in range(1, COUNT + 1))


def test_a_client_that_goes_away_cancels_the_retrieve(server: RunningServer, pacs: tuple[HesitantPacs, int]) -> None:
    url = f"{server.base}/aets/PACS/studies/{STUDY}"
    with httpx.stream("GET", url, headers=AS_STORED, timeout=25) as answer:
        received = b""
        for chunk in answer.iter_raw():
            received += chunk
            if encoded(1) in received:
                break
    threading.Timer(1.0, pacs[0].may_go_on.set).start()
    assert pacs[0].is_cancelled.wait(20)
