"""Another Isocenter is the DICOMweb server that the commands talk to."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from builders import ct_instance
from command_line import imported, isocenter
from running_server import RunningServer, free_port, start_server

from app.commands.received import FolderTarget
from app.commands.web import fetch, temporary_spools, web_query
from app.remote_parts import read_parts
from dicomcore.bridge.remote_web import RemoteDICOMweb
from dicomcore.errors import InvalidParameter
from dicomcore.nodes import Node
from dicomcore.query import Literal
from dicomcore.resources import Level, Resource
from dicomcore.threads import Threads

FILES = [
    ct_instance(SOPInstanceUID=f"1.1.{number}.1", SeriesInstanceUID=f"1.1.{number}", StudyInstanceUID="1.1")
    for number in (1, 2)
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("server")
    imported(folder / "data", folder / "files", *FILES)
    running = start_server(folder / "data")
    yield running
    running.stop()


@pytest.fixture
def data(tmp_path: Path, server: RunningServer) -> Path:
    """A data folder that knows the server."""
    assert isocenter(tmp_path, "node", "add", "WEB", "--base-url", server.base).exit_code == 0
    return tmp_path


def test_a_server_is_asked_whether_it_is_there(data: Path) -> None:
    result = isocenter(data, "echo", "WEB")
    assert (result.exit_code, result.stdout.startswith("WEB answers 200 after ")) == (0, True), result.output


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    isocenter(tmp_path, "node", "add", "WEB", "--base-url", f"http://127.0.0.1:{free_port()}/dicom-web")
    result = isocenter(tmp_path, "echo", "WEB")
    assert (result.exit_code, "cannot be reached" in result.stderr) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        (("PatientID=PID1",), 1),
        (("PatientID=nobody",), 0),
        (("--level", "series", "StudyInstanceUID=1.1", "SeriesNumber"), 2),
        (("--level", "instance", "StudyInstanceUID=1.1", "SeriesInstanceUID=1.1.2"), 1),
        (("--level", "instance", "--limit", "1"), 1),
    ],
)
def test_a_server_is_searched(data: Path, arguments: tuple[str, ...], count: int) -> None:
    result = isocenter(data, "find", "WEB", *arguments, "--json")
    assert len(list(map(json.loads, result.stdout.splitlines()))) == count, result.output
    assert result.exit_code == (0 if count else 1)


def test_what_a_server_ignores_is_told(data: Path) -> None:
    result = isocenter(data, "find", "WEB", "ImagePositionPatient=1", "PatientID=PID1")
    assert result.stderr.startswith("warning: ")


def test_instances_come_into_a_folder_as_they_are_stored(data: Path) -> None:
    result = isocenter(data, "get", "WEB", "--study", "1.1", "--to", data / "out")
    assert (result.exit_code, result.stdout) == (0, f"2 instances are in {data / 'out'}\n"), result.output
    assert {file.read_bytes() for file in (data / "out").iterdir()} == set(FILES)


def test_instances_come_into_the_archive(data: Path) -> None:
    result = isocenter(data, "get", "WEB", "--study", "1.1", "--series", "1.1.2")
    assert (result.exit_code, result.stdout) == (0, "1 instances are stored\n"), result.output


def test_what_a_server_has_not_is_told(data: Path) -> None:
    result = isocenter(data, "get", "WEB", "--study", "9.9", "--to", data / "out")
    assert (result.exit_code, result.stderr) == (1, "failed: /studies/9.9 is not here\n")


def test_files_are_sent_as_they_are(data: Path, server: RunningServer) -> None:
    content = ct_instance(SOPInstanceUID="1.3.1", SeriesInstanceUID="1.3.2", StudyInstanceUID="1.3")
    (data / "file").write_bytes(content)
    result = isocenter(data, "send", "WEB", data / "file")
    assert (result.exit_code, result.stdout) == (0, "1 instances were sent to WEB\n"), result.output
    isocenter(data, "get", "WEB", "--study", "1.3", "--to", data / "back")
    assert (data / "back" / "1.3.1.dcm").read_bytes()[-100:] == content[-100:]


def test_what_a_server_refuses_is_named(data: Path) -> None:
    (data / "file").write_bytes(ct_instance(StudyInstanceUID=None))
    result = isocenter(data, "send", "WEB", data / "file")
    assert (result.exit_code, result.stderr.startswith("failed: 1.2.3.4: ")) == (1, True), result.output


def test_c_move_is_for_application_entities(data: Path) -> None:
    result = isocenter(data, "move", "WEB", "--study", "1.1")
    assert (result.exit_code, "WEB is a DICOMweb server" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("level", "keys", "resource"),
    [
        (Level.STUDY, ["StudyInstanceUID=1.1"], Resource()),
        (Level.SERIES, ["StudyInstanceUID=1.1"], Resource("1.1")),
        (Level.SERIES, ["SeriesInstanceUID=1.2"], Resource()),
        (Level.INSTANCE, ["SeriesInstanceUID=1.2", "StudyInstanceUID=1.1"], Resource("1.1", "1.2")),
        (Level.INSTANCE, ["SeriesInstanceUID=1.2"], Resource()),
        (Level.PATIENT, ["StudyInstanceUID"], Resource()),
    ],
)
def test_uids_from_above_say_where_a_search_is_sent(level: Level, keys: list[str], resource: Resource) -> None:
    assert web_query(level, keys, 10)[0].resource == resource


def test_keys_become_a_query() -> None:
    query, _ = web_query(Level.STUDY, ["PatientName=Doe & Söhne", "StudyID"], 7)
    assert (query.keys[0].match, query.include[0].path, query.limit) == (Literal(("Doe & Söhne",)), (0x00200010,), 7)


def test_a_value_that_cannot_be_is_refused() -> None:
    with pytest.raises(InvalidParameter):
        web_query(Level.STUDY, ["StudyDate=yesterday"], 7)


async def test_an_instance_that_cannot_be_read_is_left_out_and_told(tmp_path: Path) -> None:
    parts = b"".join(b"--x\r\n\r\n%b\r\n" % content for content in (b"no DICOM", FILES[0]))
    answer = httpx.Response(200, headers={"Content-Type": "multipart/related; boundary=x"}, content=parts + b"--x--")
    transport = httpx.MockTransport(lambda request: answer)
    threads = Threads(1)
    remote = RemoteDICOMweb(Node("WEB", base_url="http://web.example"), read_parts, threads, transport)
    target = FolderTarget(tmp_path / "out", threads, 1 << 20)
    counted = [number async for number in fetch(remote, Resource("1.1"), target, threads)]
    await remote.close()
    threads.close()
    assert (counted, target.stored, len(target.problems)) == ([1, 2], 1, 1)
    assert target.problems[0].startswith("an instance that cannot be read: ")


def test_what_was_on_its_way_is_gone_at_the_end() -> None:
    spools = temporary_spools()
    spool = next(spools)
    spool.write(bytes(6 << 20))
    path = spool.path  # type: ignore[attr-defined]  # it is a file of this machine
    assert path.is_file()
    spools.close()
    assert not path.parent.exists()
    spool.close()
