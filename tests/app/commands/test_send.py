import zipfile
from pathlib import Path

import pytest
from builders import CT_IMAGE_STORAGE, EXPLICIT_BE, IMPLICIT_LE, ct_dataset, ct_instance, encapsulated, part10
from command_line import imported, introduce, isocenter
from peers import pynetdicom_ae, storescp
from pydicom import dcmread
from pynetdicom import evt
from stored_instances import PIXELS, three_frames

JPEG_2000 = "1.2.840.10008.1.2.4.90"
BROKEN = ct_dataset(PixelData=None) + encapsulated([b"\xff\x4f\xff\x51 nothing that decodes"])

FILES = [
    ct_instance(syntax, SOPInstanceUID=f"1.1.1.{number}", SeriesInstanceUID="1.1.1", StudyInstanceUID="1.1")
    for number, syntax in enumerate((EXPLICIT_BE, IMPLICIT_LE, "1.2.840.10008.1.2.1"), 1)
]


def folder_of(path: Path, *files: bytes) -> Path:
    path.mkdir()
    for number, content in enumerate(files):
        (path / str(number)).write_bytes(content)
    return path


def test_files_and_folders_are_sent(tmp_path: Path) -> None:
    folder, one = folder_of(tmp_path / "folder", *FILES[1:], b"no DICOM"), folder_of(tmp_path / "one", FILES[0])
    with storescp(tmp_path / "peer") as peer:
        result = isocenter(tmp_path, "send", introduce(tmp_path, peer.node), folder, one / "0")
        assert (result.exit_code, result.stdout) == (0, "3 instances were sent to STORESCP, 1 files are no DICOM\n")
        uids = {str(dcmread(file, force=True).SOPInstanceUID) for file in peer.files}
    assert uids == {"1.1.1.1", "1.1.1.2", "1.1.1.3"}


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (("--study", "1.1"), 3),
        (("--study", "1.1", "--series", "1.1.1", "--instance", "1.1.1.2"), 1),
        (("--query", "PatientID=PID1"), 3),
    ],
)
def test_what_is_stored_here_is_sent(tmp_path: Path, options: tuple[str, ...], count: int) -> None:
    imported(tmp_path / "data", tmp_path / "files", *FILES)
    with storescp(tmp_path / "peer") as peer:
        result = isocenter(tmp_path / "data", "send", introduce(tmp_path / "data", peer.node), *options)
        assert (result.exit_code, result.stdout) == (0, f"{count} instances were sent to STORESCP\n"), result.output
        assert len(peer.files) == count


@pytest.mark.parametrize(("option", "uid"), [("--prefer-uncompr", "1.2.840.10008.1.2.1"), ("--implicit", IMPLICIT_LE)])
@pytest.mark.parametrize("what", ["files", "stored"])
def test_what_is_compressed_is_decoded_for_a_node_that_takes_nothing_compressed(
    tmp_path: Path, what: str, option: str, uid: str
) -> None:
    imported(tmp_path / "data", tmp_path / "files", three_frames(JPEG_2000))
    with storescp(tmp_path / "peer", option) as peer:
        chosen = (tmp_path / "files",) if what == "files" else ("--study", "1.2.3")
        result = isocenter(tmp_path / "data", "send", introduce(tmp_path / "data", peer.node), *chosen)
        assert (result.exit_code, result.stdout) == (0, "1 instances were sent to STORESCP\n"), result.output
        (file,) = peer.files
        found = dcmread(file)
    assert (found.file_meta.TransferSyntaxUID, found.SOPInstanceUID) == (uid, "1.2.3.4")
    assert found.PixelData == PIXELS


@pytest.mark.parametrize("what", ["files", "stored"])
def test_what_does_not_decode_is_named_and_the_others_go(tmp_path: Path, what: str) -> None:
    files = ct_instance(SOPInstanceUID="1.2.3.5"), part10(BROKEN, JPEG_2000)
    imported(tmp_path / "data", tmp_path / "files", *files)
    with storescp(tmp_path / "peer") as peer:
        chosen = (tmp_path / "files",) if what == "files" else ("--study", "1.2.3")
        result = isocenter(tmp_path / "data", "send", introduce(tmp_path / "data", peer.node), *chosen)
        assert len(peer.files) == 1
    assert (result.exit_code, result.stdout) == (1, "1 instances were sent to STORESCP\n")
    assert result.stderr.startswith("failed: 1.2.3.4: frame 1")


def test_several_associations_share_the_work(tmp_path: Path) -> None:
    associations: list[int] = []
    handlers = [(evt.EVT_C_STORE, lambda event: 0), (evt.EVT_ESTABLISHED, lambda event: associations.append(1))]
    folder = folder_of(tmp_path / "folder", *(ct_instance(SOPInstanceUID=f"1.{number}") for number in range(9)))
    with pynetdicom_ae(handlers, [CT_IMAGE_STORAGE]) as node:
        result = isocenter(tmp_path, "send", introduce(tmp_path, node), folder, "--associations", 3)
    assert (result.exit_code, result.stdout) == (0, "9 instances were sent to PEER\n"), result.output
    assert len(associations) == 3


def test_what_the_node_refuses_is_named_with_its_status(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "folder", *FILES[:1])
    with pynetdicom_ae([(evt.EVT_C_STORE, lambda event: 0xA700)], [CT_IMAGE_STORAGE]) as node:
        result = isocenter(tmp_path, "send", introduce(tmp_path, node), folder)
    assert (result.exit_code, result.stdout) == (1, "0 instances were sent to PEER\n")
    assert result.stderr.startswith("failed: 1.1.1.1: status A700, ")


def test_what_the_node_has_no_context_for_is_named(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "folder", *FILES[:1])
    with pynetdicom_ae([], ["1.2.840.10008.1.1"]) as node:
        result = isocenter(tmp_path, "send", introduce(tmp_path, node), folder)
    assert result.exit_code == 1
    assert f"failed: 1.1.1.1: the peer does not accept SOP Class {CT_IMAGE_STORAGE}" in result.stderr


def test_files_that_were_named_and_are_no_dicom_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(b"hello")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a", FILES[0])
    with pynetdicom_ae([(evt.EVT_C_STORE, lambda event: 0)], [CT_IMAGE_STORAGE]) as node:
        title = introduce(tmp_path, node)
        result = isocenter(tmp_path, "send", title, tmp_path / "text", tmp_path / "nothing", tmp_path / "a.zip")
    assert result.exit_code == 1
    assert [line.partition(": ")[2].partition(": ")[0] for line in result.stderr.splitlines()] == [
        str(tmp_path / "text"),
        str(tmp_path / "nothing"),
        str(tmp_path / "a.zip"),
    ]


def test_a_list_of_failures_has_an_end(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "folder", *(ct_instance(SOPInstanceUID=f"1.{number}") for number in range(52)))
    with pynetdicom_ae([(evt.EVT_C_STORE, lambda event: 0xC000)], [CT_IMAGE_STORAGE]) as node:
        lines = isocenter(tmp_path, "send", introduce(tmp_path, node), folder).stderr.splitlines()
    assert (len(lines), lines[-1]) == (51, "and 2 more")


@pytest.mark.parametrize("options", [(), ("file", "--study", "1.1"), ("--series", "1.1.1")])
def test_it_has_to_be_said_what_to_send(tmp_path: Path, options: tuple[str, ...]) -> None:
    isocenter(tmp_path, "node", "add", "PACS", "127.0.0.1", 104)
    assert isocenter(tmp_path, "send", "PACS", *options).exit_code == 2


def test_a_study_that_is_not_here_is_told(tmp_path: Path) -> None:
    isocenter(tmp_path, "node", "add", "PACS", "127.0.0.1", 104)
    result = isocenter(tmp_path, "send", "PACS", "--study", "9.9")
    assert (result.exit_code, result.stderr) == (1, "isocenter: /studies/9.9 is not here\n")
