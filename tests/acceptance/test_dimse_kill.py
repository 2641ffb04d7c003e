"""kill -9 in the midst of C-STOREs on four associations: every instance that was answered with 0000 is there."""

import threading
from pathlib import Path

import httpx
import pytest
from builders import ct_dataset
from pydicom import dcmread
from pydicom.filebase import DicomBytesIO
from pynetdicom import AE
from running_server import free_port, start_server

from dicomcore.uids import EXPLICIT_VR_LITTLE_ENDIAN, new_uid

ROUNDS = 20
ASSOCIATIONS = 4
CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"


class Sender(threading.Thread):
    """Sends instances on one association until the server is gone; remembers those answered with 0000."""

    def __init__(self, port: int, study: str) -> None:
        super().__init__()
        self.port = port
        self.study = study
        self.acknowledged: set[str] = set()
        self.sent: set[str] = set()

    def run(self) -> None:
        ae = AE()
        ae.add_requested_context(CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN)
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 10
        association = ae.associate("127.0.0.1", self.port, ae_title="ISOCENTER")
        while association.is_established:
            uid = new_uid()
            content = ct_dataset(StudyInstanceUID=self.study, SeriesInstanceUID=f"{self.study}.1", SOPInstanceUID=uid)
            dataset = dcmread(DicomBytesIO(content), force=True)
            dataset.file_meta.TransferSyntaxUID = EXPLICIT_VR_LITTLE_ENDIAN
            self.sent.add(uid)
            try:
                status = association.send_c_store(dataset)
            except (RuntimeError, ValueError):
                break
            if status and status.Status == 0:
                self.acknowledged.add(uid)
        association.abort()


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_every_instance_that_was_answered_with_success_survives_kill_9(tmp_path: Path, workers: str) -> None:
    data, study = tmp_path / "data", new_uid()
    acknowledged: set[str] = set()
    sent: set[str] = set()
    for turn in range(ROUNDS // 2):
        port = free_port()
        server = start_server(data, "--workers", workers, "--dimse-port", str(port))
        senders = [Sender(port, study) for _ in range(ASSOCIATIONS)]
        for sender in senders:
            sender.start()
        threading.Event().wait(0.5 + 0.05 * (turn % 5))
        server.kill()
        for sender in senders:
            sender.join()
            acknowledged |= sender.acknowledged
            sent |= sender.sent
    server = start_server(data)
    try:
        with httpx.Client(base_url=server.base, timeout=30) as client:
            found = client.get(f"/studies/{study}/instances", params={"limit": 50_000}).json()
            stored = {one["00080018"]["Value"][0] for one in found}
            for uid in stored:
                answer = client.get(f"/studies/{study}/series/{study}.1/instances/{uid}")
                assert answer.status_code == 200
    finally:
        server.stop()
    assert len(acknowledged) > ASSOCIATIONS * ROUNDS // 2
    assert acknowledged <= stored <= sent
