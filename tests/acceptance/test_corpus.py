"""Every real file: stored by `isocenter import` and by STOW-RS, and given back as it was."""

import io
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
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


REASONS = {
    0x0122: ("1.2.840.10008.1.3.10",),
    0xA900: (),
    0xC000: (),
    0xC122: (),
}


def test_nothing_is_refused_without_a_reason_that_the_standard_knows(corpus: Corpus) -> None:
    assert len(corpus.stored) > 100
    for path, answer in corpus.refused.items():
        assert answer.status_code == 409, path
        module = answer.json()
        failures = module.get("00081198", module.get("0008119A"))["Value"]
        assert failures[0]["00081197"]["Value"][0] in REASONS, path
        assert answer.headers["Warning"], path


def test_what_is_refused_lacks_what_an_instance_must_have(corpus: Corpus) -> None:
    """Each refused file is a directory, is damaged, or lacks a UID: checked by pydicom, not by us."""
    for path, answer in corpus.refused.items():
        assert is_no_instance(path), (path, answer.headers["Warning"])


def is_no_instance(path: Path) -> bool:
    try:
        dataset = pydicom.dcmread(path, force=True)
        uids = [dataset.get(name) for name in ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")]
        return not all(uids) or not all(pydicom.uid.UID(uid).is_valid for uid in uids) or is_truncated(path)
    except Exception:  # pydicom cannot read it either
        return True


def is_truncated(path: Path) -> bool:
    return path.name in TRUNCATED


TRUNCATED: set[str] = set()


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
    drop_group_lengths(sent)
    return sent.to_json_dict() == received.to_json_dict()


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
