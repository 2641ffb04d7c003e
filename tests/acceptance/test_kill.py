"""kill -9 in the midst of concurrent stores: nothing acknowledged is lost, nothing is half visible."""

import threading
from pathlib import Path

import httpx
import pytest
from builders import ct_instance
from running_server import RunningServer, start_server

from dicomcore.uids import new_uid

ROUNDS = 20
CLIENTS = 4


class Sender(threading.Thread):
    """Stores instances one after the other until the server is gone; remembers what was acknowledged."""

    def __init__(self, server: RunningServer, study: str) -> None:
        super().__init__()
        self.base = server.base
        self.study = study
        self.series = new_uid()
        self.acknowledged: dict[str, bytes] = {}
        self.sent: set[str] = set()

    def run(self) -> None:
        with httpx.Client(timeout=30) as client:
            while True:
                uid = new_uid()
                content = ct_instance(StudyInstanceUID=self.study, SeriesInstanceUID=self.series, SOPInstanceUID=uid)
                self.sent.add(uid)
                try:
                    answer = client.post(
                        f"{self.base}/studies", content=content, headers={"Content-Type": "application/dicom"}
                    )
                except httpx.TransportError:
                    return
                if answer.status_code == 200:
                    self.acknowledged[uid] = content


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_every_acknowledged_instance_survives_kill_9(tmp_path: Path, workers: str) -> None:
    data = tmp_path / "data"
    study = new_uid()
    acknowledged: dict[str, bytes] = {}
    sent: set[str] = set()
    for turn in range(ROUNDS // 2):
        server = start_server(data, "--workers", workers)
        senders = [Sender(server, study) for _ in range(CLIENTS)]
        for sender in senders:
            sender.start()
        threading.Event().wait(0.25 + 0.05 * (turn % 5))
        server.kill()
        for sender in senders:
            sender.join()
            acknowledged |= sender.acknowledged
            sent |= sender.sent
    server = start_server(data)
    try:
        check_all_there(server, study, acknowledged, sent)
    finally:
        server.stop()


def check_all_there(server: RunningServer, study: str, acknowledged: dict[str, bytes], sent: set[str]) -> None:
    with httpx.Client(base_url=server.base, timeout=30) as client:
        found = client.get(f"/studies/{study}/instances", params={"limit": 50_000}).json()
        paths = {
            item["00080018"]["Value"][0]: f"/studies/{study}/series/{item['0020000E']['Value'][0]}/instances/"
            for item in found
        }
        assert len(acknowledged) > CLIENTS * ROUNDS // 2
        assert set(acknowledged) <= set(paths) <= sent
        for uid, path in paths.items():
            answer = client.get(f"{path}{uid}", headers={"Accept": "application/dicom; transfer-syntax=*"})
            assert answer.status_code == 200
            if uid in acknowledged:
                assert answer.content == acknowledged[uid]
        studies = client.get("/studies", params={"StudyInstanceUID": study}).json()
        assert studies[0]["00201208"]["Value"] == [len(paths)]
        objects = [path for path in (server.data / "objects").rglob("*") if path.is_file()]
        assert len(objects) == len(paths)
        assert list((server.data / "spool").iterdir()) == []
