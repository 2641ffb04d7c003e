"""The programs of DCMTK, as they are installed, against a running server, which answers in two worker processes."""

import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from builders import ct_instance
from pydicom import dcmread
from pydicom.data import get_testdata_file
from running_server import RunningServer, free_port, start_server

from dicomcore.uids import new_uid

STUDY, SERIES = new_uid(), new_uid()
WHOLE_STUDY = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={STUDY}"]


@dataclass(frozen=True)
class Peer:
    """A running server as DCMTK's programs reach it."""

    server: RunningServer
    port: int

    @property
    def address(self) -> list[str]:
        return ["-aec", "ISOCENTER", "127.0.0.1", str(self.port)]

    def run(self, program: str, *arguments: str) -> str:
        """Run a program to its end; what it says, if it succeeds."""
        command = [program, "-v", *_with_address(arguments, self.address)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr


def _with_address(arguments: tuple[str, ...], address: list[str]) -> list[str]:
    """Options come before the address, files behind it."""
    place = arguments.index("@")
    return [*arguments[:place], *address, *arguments[place + 1 :]]


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    port = free_port()
    data = tmp_path_factory.mktemp("dimse") / "data"
    server = start_server(data, "--workers", "2", "--dimse-port", str(port))
    try:
        with httpx.Client(base_url=server.base) as client:
            for number in range(1, 11):
                content = ct_instance(
                    StudyInstanceUID=STUDY, SeriesInstanceUID=SERIES, SOPInstanceUID=f"{SERIES}.{number}"
                )
                assert client.post(
                    "/studies", content=content, headers={"Content-Type": "application/dicom"}
                ).is_success
        yield Peer(server, port)
    finally:
        server.stop()


def test_echoscu_is_answered(peer: Peer) -> None:
    assert "Received Echo Response (Success)" in peer.run("echoscu", "@")


# storescu: what it proposes for a compressed file, and one file of each
COMPRESSED = {
    "SC_rgb_jpeg_dcmtk.dcm": "-xy",
    "SC_rgb_jpeg_gdcm.dcm": "-xs",
    "MR_small_RLE.dcm": "-xr",
    "MR_small_jp2klossless.dcm": "-xv",
    "JPEG2000.dcm": "-xw",
    "MR_small_jpeg_ls_lossless.dcm": "-xt",
    "image_dfl.dcm": "-xd",
    "MR_small_implicit.dcm": "-xi",
    "MR_small_bigendian.dcm": "-xb",
    "CT_small.dcm": "-xe",
}


@pytest.mark.parametrize(("name", "option"), COMPRESSED.items())
def test_storescu_stores_every_transfer_syntax_as_it_is(peer: Peer, name: str, option: str) -> None:
    path = str(get_testdata_file(name))
    assert "Received Store Response (Success)" in peer.run("storescu", option, "@", path)
    sent = dcmread(path)
    with httpx.Client(base_url=peer.server.base) as client:
        (found,) = client.get("/instances", params={"SOPInstanceUID": str(sent.SOPInstanceUID)}).json()
        assert found["00080018"]["Value"] == [sent.SOPInstanceUID]
        assert found["00083002"]["Value"] == [sent.file_meta.TransferSyntaxUID]


def test_storescu_stores_a_folder_with_the_contexts_that_it_needs(peer: Peer, tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"{number}.dcm").write_bytes(ct_instance(SOPInstanceUID=f"1.2.3.9.{number}"))
    said = peer.run("storescu", "-R", "@", *map(str, sorted(tmp_path.iterdir())))
    assert said.count("Received Store Response (Success)") == 20


def test_dcmsend_stores_and_reports_success(peer: Peer, tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"{number}.dcm").write_bytes(ct_instance(SOPInstanceUID=f"1.2.3.8.{number}"))
    said = peer.run("dcmsend", "@", *map(str, sorted(tmp_path.iterdir())))
    assert "with status SUCCESS" in said or "status SUCCESS  : 5" in said


@pytest.mark.parametrize("root", ["-S", "-P"])
@pytest.mark.parametrize(
    ("level", "keys", "count"), [("SERIES", ["SeriesInstanceUID"], 1), ("IMAGE", ["SOPInstanceUID"], 10)]
)
def test_findscu_finds_at_each_level(peer: Peer, root: str, level: str, keys: list[str], count: int) -> None:
    unique = ["-k", f"StudyInstanceUID={STUDY}"]
    unique += ["-k", "PatientID=4711"] if root == "-P" else []
    unique += ["-k", f"SeriesInstanceUID={SERIES}"] if level == "IMAGE" else []
    patient = _patient_id(peer)
    unique = [one.replace("4711", patient) for one in unique]
    wanted = [word for key in keys if f"{key}={SERIES}" not in unique for word in ("-k", key)]
    said = peer.run("findscu", root, "-k", f"QueryRetrieveLevel={level}", *unique, *wanted, "@")
    assert said.count("Find Response: ") == count


def _patient_id(peer: Peer) -> str:
    with httpx.Client(base_url=peer.server.base) as client:
        (found,) = client.get("/studies", params={"StudyInstanceUID": STUDY}).json()
    return str(found["00100020"]["Value"][0])


def test_getscu_gets_a_study(peer: Peer, tmp_path: Path) -> None:
    peer.run(
        "getscu", "-S", "-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={STUDY}", "-od", str(tmp_path), "@"
    )
    assert {str(dcmread(path).SOPInstanceUID) for path in tmp_path.iterdir()} == {f"{SERIES}.{n}" for n in range(1, 11)}


def test_movescu_moves_a_study_to_storescp(peer: Peer, tmp_path: Path) -> None:
    port = free_port()
    receiver = subprocess.Popen(["storescp", "-od", str(tmp_path), "-aet", "RECEIVER", str(port)])
    try:
        node = {"ae_title": "RECEIVER", "host": "127.0.0.1", "port": port}
        assert httpx.put(f"{peer.server.url}/nodes/RECEIVER", json=node).is_success
        said = peer.run(
            "movescu",
            "-S",
            "-aem",
            "RECEIVER",
            "-k",
            "QueryRetrieveLevel=STUDY",
            "-k",
            f"StudyInstanceUID={STUDY}",
            "@",
        )
    finally:
        receiver.terminate()
        receiver.wait(10)
    assert "Received Final Move Response (Success)" in said
    assert len(list(tmp_path.iterdir())) == 10


def test_movescu_is_told_of_an_unknown_destination(peer: Peer) -> None:
    command = ["movescu", "-v", "-S", "-aem", "NOBODY", *WHOLE_STUDY, *peer.address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "MoveDestinationUnknown" in done.stdout + done.stderr


def test_two_senders_of_one_study_and_searches_between_leave_right_counts(peer: Peer, tmp_path: Path) -> None:
    study, count = new_uid(), 300
    for number in range(count):
        series = f"{study}.{number % 3}"
        content = ct_instance(StudyInstanceUID=study, SeriesInstanceUID=series, SOPInstanceUID=f"{study}.9.{number}")
        (tmp_path / f"{number:03d}.dcm").write_bytes(content)
    files = sorted(map(str, tmp_path.iterdir()))
    senders = [threading.Thread(target=peer.run, args=("storescu", "@", *order)) for order in (files, files[::-1])]
    for sender in senders:
        sender.start()
    with httpx.Client(base_url=peer.server.base) as client:
        while any(sender.is_alive() for sender in senders):
            assert client.get("/studies", params={"StudyInstanceUID": study}).status_code in (200, 204)
            assert client.get(f"/studies/{study}/instances", params={"limit": 1000}).status_code in (200, 204)
        (found,) = client.get("/studies", params={"StudyInstanceUID": study}).json()
        assert found["00201208"]["Value"] == [count]
        assert found["00201206"]["Value"] == [3]
        instances = client.get(f"/studies/{study}/instances", params={"limit": 1000}).json()
    assert len({one["00080018"]["Value"][0] for one in instances}) == len(instances) == count
