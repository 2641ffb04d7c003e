"""kill -9 in the midst of C-STOREs on four associations: every instance that was answered with 0000 is there."""

import re
import subprocess
import threading
from pathlib import Path

import httpx
import pytest
from builders import ct_instance
from running_server import free_port, start_server

from dicomcore.uids import new_uid

ROUNDS = 20
ASSOCIATIONS = 4
INSTANCES = 400  # more than are sent before the server is gone
_STORED = re.compile(r"Sending file: \S*/(\S+)\.dcm\n(?:(?!Sending file).*\n)*?I: Received Store Response \(Success\)")


class Sender(threading.Thread):
    """Sends a folder on one association until the server is gone; remembers what was answered with 0000."""

    def __init__(self, port: int, folder: Path) -> None:
        super().__init__()
        self.command = ["storescu", "-v", "-aec", "ISOCENTER", "127.0.0.1", str(port), "+sd", str(folder)]
        self.acknowledged: set[str] = set()

    def run(self) -> None:
        done = subprocess.run(self.command, capture_output=True, text=True, timeout=120, check=False)
        self.acknowledged = set(_STORED.findall(done.stdout + done.stderr))


def prepare(folder: Path, study: str) -> set[str]:
    """Write instances, each named by its SOP Instance UID."""
    folder.mkdir()
    uids = {new_uid() for _ in range(INSTANCES)}
    for uid in uids:
        content = ct_instance(StudyInstanceUID=study, SeriesInstanceUID=f"{study}.1", SOPInstanceUID=uid)
        (folder / f"{uid}.dcm").write_bytes(content)
    return uids


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_every_instance_that_was_answered_with_success_survives_kill_9(tmp_path: Path, workers: str) -> None:
    data, study = tmp_path / "data", new_uid()
    acknowledged: set[str] = set()
    sent: set[str] = set()
    for turn in range(ROUNDS // 2):
        folders = [tmp_path / f"{turn}-{number}" for number in range(ASSOCIATIONS)]
        for folder in folders:
            sent |= prepare(folder, study)
        port = free_port()
        server = start_server(data, "--workers", workers, "--dimse-port", str(port))
        senders = [Sender(port, folder) for folder in folders]
        for sender in senders:
            sender.start()
        threading.Event().wait(0.5 + 0.05 * (turn % 5))
        server.kill()
        for sender in senders:
            sender.join()
            acknowledged |= sender.acknowledged
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
