"""Every real file: stored by `isocenter import` and by STOW-RS, and given back as it was."""

import io
import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy
import pydicom
import pytest
from corpus import corpus_files
from pydicom.dataset import Dataset
from running_server import RunningServer, start_server

NEVER_ON_THE_WEB = {"1.2.840.10008.1.2", "1.2.840.10008.1.2.2"}
AS_STORED = {"Accept": "application/dicom; transfer-syntax=*"}


@dataclass
class Corpus:
    """What was sent and what was said to it."""

    server: RunningServer
    client: httpx.Client
    stored: dict[str, Path] = field(default_factory=dict)
    refused: dict[Path, httpx.Response] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    """Each instance once: of files with equal SOP Instance UID the last one counts, as the default policy has it."""
    server = start_server(tmp_path_factory.mktemp("corpus") / "data")
    with httpx.Client(base_url=server.base, timeout=60) as client:
        found = Corpus(server, client)
        for path in corpus_files():
            answer = client.post("/studies", content=path.read_bytes(), headers={"Content-Type": "application/dicom"})
            if answer.status_code not in (200, 202):
                found.refused[path] = answer
                continue
            item = answer.json()["00081199"]["Value"][0]
            uid = item["00081155"]["Value"][0]
            found.stored[uid] = path
            found.paths[uid] = item["00081190"]["Value"][0].removeprefix(server.base)
        yield found
    server.stop()


def read(content: bytes) -> Dataset:
    return pydicom.dcmread(io.BytesIO(content), force=True)


def dataset_bytes(content: bytes) -> bytes:
    """What follows the file meta information."""
    source = io.BytesIO(content)
    pydicom.filereader.read_preamble(source, force=True)
    pydicom.filereader._read_file_meta_info(source)
    return content[source.tell() :]


NOT_FOR_US, LACKS_UID, CANNOT_READ = 0x0122, 0xA900, 0xC000

# Every file that is refused, by name: the reason, and the word in the Warning that says it.
REFUSED = {
    # Lists of what is on a medium, which are no instances (PS3.10 §8).
    "DICOMDIR": (NOT_FOR_US, "1.2.840.10008.1.3.10"),
    "DICOMDIR-bigEnd": (NOT_FOR_US, "1.2.840.10008.1.3.10"),
    "DICOMDIR-empty.dcm": (NOT_FOR_US, "1.2.840.10008.1.3.10"),
    "DICOMDIR-implicit": (NOT_FOR_US, "1.2.840.10008.1.3.10"),
    "DICOMDIR-nopatient": (NOT_FOR_US, "1.2.840.10008.1.3.10"),
    "DICOMDIR-reordered": (NOT_FOR_US, "1.2.840.10008.1.3.10"),
    # Cut off: the last element, the item and the sequence reach beyond the end.
    "DICOMDIR-nooffset": (CANNOT_READ, "(0004,1220)"),
    "MR_truncated.dcm": (CANNOT_READ, "(7FE0,0010)"),
    "rtplan_truncated.dcm": (CANNOT_READ, "(300A,00B0)"),
    # A text, and a data set whose first element has lost its first byte.
    "README": (CANNOT_READ, "DICM"),
    "no_meta.dcm": (CANNOT_READ, "DICM"),
    # No study and no series.
    "JPEGLSNearLossless_08.dcm": (LACKS_UID, "Study Instance UID"),
    "JPEGLSNearLossless_16.dcm": (LACKS_UID, "Study Instance UID"),
    "SC_rgb_jls_lossy_line.dcm": (LACKS_UID, "Study Instance UID"),
    "SC_rgb_jls_lossy_sample.dcm": (LACKS_UID, "Study Instance UID"),
    # A handful of elements each, none of them a UID.
    "UN_sequence.dcm": (LACKS_UID, "SOP Class UID"),
    "empty_charset_LEI.dcm": (LACKS_UID, "SOP Class UID"),
    "meta_missing_tsyntax.dcm": (LACKS_UID, "SOP Class UID"),
    "nested_priv_SQ.dcm": (LACKS_UID, "SOP Class UID"),
    "no_meta_group_length.dcm": (LACKS_UID, "SOP Class UID"),
    "priv_SQ.dcm": (LACKS_UID, "SOP Class UID"),
}


def test_exactly_these_files_are_refused_each_with_its_reason(corpus: Corpus) -> None:
    assert len(corpus.stored) > 100
    names = {path.name for path in corpus_files()}
    assert {path.name for path in corpus.refused} == REFUSED.keys() & names
    for path, answer in corpus.refused.items():
        reason, word = REFUSED[path.name]
        module = answer.json()
        (failure,) = module.get("00081198", module.get("0008119A"))["Value"]
        assert answer.status_code == 409, path
        assert failure["00081197"]["Value"] == [reason], path
        assert word in answer.headers["Warning"], path


def test_what_is_refused_is_no_instance_to_pydicom_either(corpus: Corpus) -> None:
    for path, answer in corpus.refused.items():
        reason, _ = REFUSED[path.name]
        dataset = pydicom.dcmread(path, force=True)
        uids = [
            dataset.get(name) for name in ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
        ]
        if reason == NOT_FOR_US:
            assert dataset.file_meta.MediaStorageSOPClassUID == "1.2.840.10008.1.3.10"
        elif reason == LACKS_UID:
            assert not all(uids), path
        else:
            assert path.name in {"README", "no_meta.dcm"} or is_cut_off(path, answer), path


def is_cut_off(path: Path, answer: httpx.Response) -> bool:
    """Whether the element that the Warning names has a length that reaches beyond the end of the file."""
    content = path.read_bytes()
    (offset,) = map(int, re.findall(r"at byte (\d+)", answer.headers["Warning"]))
    code = content[offset + 4 : offset + 6]
    start, form = {b"OW": (12, "<8xI"), b"OB": (12, "<8xI"), b"UI": (8, "<6xH"), b"CS": (8, "<6xH")}.get(
        code, (8, "<4xI")
    )
    return offset + start + struct.unpack_from(form, content, offset)[0] > len(content)


def test_every_data_set_comes_back_as_it_was(corpus: Corpus) -> None:
    for uid, path in corpus.stored.items():
        sent = path.read_bytes()
        answer = corpus.client.get(corpus.paths[uid], headers=AS_STORED)
        assert answer.status_code == 200, (path, answer.text)
        syntax = str(read(sent).file_meta.get("TransferSyntaxUID", "1.2.840.10008.1.2"))
        if syntax in NEVER_ON_THE_WEB:
            assert equal_value_by_value(read(sent), read(answer.content)), path
        else:
            assert dataset_bytes(answer.content) == dataset_bytes(sent), path


def equal_value_by_value(sent: Dataset, received: Dataset) -> bool:
    assert received.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    if sent.original_encoding[1] is False:
        swap_words(sent)
    drop_group_lengths(sent)
    return sent.to_json_dict() == received.to_json_dict()


def swap_words(dataset: Dataset) -> None:
    """Put the bytes of 16-bit words in order, which pydicom leaves as they are: all OW of the corpus is pixel data."""
    if dataset["PixelData"].VR == "OW":
        dataset.PixelData = numpy.frombuffer(dataset.PixelData, "<u2").byteswap().tobytes()


def drop_group_lengths(dataset: Dataset) -> None:
    for element in list(dataset):
        if element.tag.element == 0:
            del dataset[element.tag]
        elif element.VR == "SQ":
            for item in element.value:
                drop_group_lengths(item)


def test_export_gives_every_instance_bit_exact(corpus: Corpus, tmp_path: Path) -> None:
    folder = tmp_path / "exported"
    command = [sys.executable, "-m", "app.cli", "export", "--data", str(corpus.server.data), "--all", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    exported = {path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "DICOMDIR"}
    assert {path.read_bytes() for path in corpus.stored.values()} <= exported


def test_import_comes_to_the_same_result(corpus: Corpus, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "app.cli", "import", "--data", str(tmp_path / "data")]
    finished = subprocess.run([*command, *map(str, corpus_files())], capture_output=True, text=True)
    server = start_server(tmp_path / "data")
    try:
        found = httpx.get(f"{server.base}/instances", params={"limit": 10_000}, timeout=60).json()
    finally:
        server.stop()
    assert {item["00080018"]["Value"][0] for item in found} == set(corpus.stored), finished.stdout
