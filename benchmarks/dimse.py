"""Compare the DIMSE services of Isocenter and Orthanc: ``python -m benchmarks.dimse``, a part of ``make bench``.

The same corpus as in `benchmarks.run`, the requests in turn. Orthanc is started with ``TCP_NODELAY=1``: Debian's
DCMTK otherwise leaves Nagle's algorithm on, which would make it eight times slower than it has to be. The sender
encodes its messages before the clock starts (`benchmarks.associations`), and takes the same part in both figures.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import shutil
import statistics
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from benchmarks import corpus as corpora
from benchmarks import part10
from benchmarks.associations import Association, Sink
from benchmarks.client import Address, Connection, Request
from benchmarks.corpus import SEED, Corpus
from benchmarks.loading import load_corpus
from benchmarks.scenarios import NewImages
from benchmarks.servers import LOOPBACK, Isocenter, Orthanc, Server, free_port, fresh_directory
from dicomcore.data import new_dataset, write_dataset
from dicomcore.data.transfer_syntax import transfer_syntax
from dicomcore.net.dimse.commands import CEchoRQ, CFindRQ, CGetRQ, CMoveRQ, CStoreRQ

VERIFICATION = "1.2.840.10008.1.1"
CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
STUDY_ROOT = "1.2.840.10008.5.1.4.1.2.2."
EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
_ROUNDS = 5
_STORED_PER_ROUND = 100
_IDLE, _BUSY = 200, 20


class DimseOrthanc(Orthanc):
    """Orthanc with its DICOM listener, which takes anything from anybody."""

    def __init__(self, directory: Any, sink: Sink) -> None:
        super().__init__(directory)
        self.dicom_port = free_port()
        self._sink = sink
        os.environ["TCP_NODELAY"] = "1"

    def changes(self) -> dict[str, Any]:
        """What its configuration has beside that of the other benchmarks."""
        return {
            "DicomServerEnabled": True,
            "DicomPort": self.dicom_port,
            "DicomCheckCalledAet": False,
            "DicomAlwaysAllowGet": True,
            "DicomAlwaysAllowMove": True,
            "DicomModalities": {
                "sink": [self._sink.ae_title, LOOPBACK, self._sink.port],
                "benchmark": [Association.calling_ae_title, LOOPBACK, self._sink.port],
            },
        }


class DimseIsocenter(Isocenter):
    """Isocenter with its DICOM listener, and the sink among its nodes."""

    def __init__(self, directory: Any, sink: Sink) -> None:
        super().__init__(directory)
        self.dicom_port = free_port()
        self._sink = sink

    def command(self) -> list[str]:
        """Return the command of the README."""
        return [
            *super().command(),
            "--dimse-port",
            str(self.dicom_port),
            "--max-associations",
            "300",
            "--max-associations-per-address",
            "300",
        ]

    def start(self, timeout: float = 60.0) -> None:
        """Start it, and name the sink."""
        super().start(timeout)
        node = f'{{"ae_title": "{self._sink.ae_title}", "host": "{LOOPBACK}", "port": {self._sink.port}}}'
        connection = Connection(Address(self.address.host, self.address.port, ""))
        connection.ask(Request("POST", "/nodes", (("Content-Type", "application/json"),), node.encode()))
        connection.close()


@dataclass(frozen=True)
class Row:
    """What is measured: seconds of one round on one server, of how many operations."""

    name: str
    target: float
    operations: int
    measure: Callable[[Server, Corpus, random.Random, Sink], float]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all rows; return 1 if an answer was wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dimse", description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", metavar="WORDS", help="only rows whose name contains this")
    parser.add_argument("--servers", nargs="+", choices=("orthanc", "isocenter"), default=["orthanc", "isocenter"])
    options = parser.parse_args(arguments)
    corpus, sink = corpora.load(), Sink()
    directory = fresh_directory(corpora.ROOT)
    made = {"orthanc": DimseOrthanc, "isocenter": DimseIsocenter}
    servers: list[Any] = [made[name](directory, sink) for name in options.servers]
    gc.disable()
    try:
        for server in servers:
            server.start()
            load_corpus(server, corpus)
        _print_rows(servers, corpus, sink, options.only)
        for server in servers:
            if isinstance(server, DimseIsocenter):  # so many idle ones shut Orthanc
                milliseconds = _crowded(server, corpus)
                print(f"{server.name}: C-ECHO with {_IDLE} idle and {_BUSY} busy associations: {milliseconds:.1f} ms")
    finally:
        for server in servers:
            server.stop()
        shutil.rmtree(directory, ignore_errors=True)
    return 0


def _print_rows(servers: list[Any], corpus: Corpus, sink: Sink, only: list[str] | None) -> None:
    print(f"{'':34}" + "".join(f" {server.name + ' /s':>14}" for server in servers) + "  ratio target")
    for row in ROWS:
        if only and not any(word in row.name for word in only):
            continue
        rates: list[list[float]] = [[] for _ in servers]
        for number in range(_ROUNDS):
            turn = list(enumerate(servers))
            for place, server in turn if number % 2 == 0 else turn[::-1]:
                os.sync()  # what one server leaves unwritten must not be written by the other's fsync
                seconds = row.measure(server, corpus, random.Random(f"{SEED}/{row.name}/{number}"), sink)
                rates[place].append(row.operations / seconds)
        medians = [statistics.median(one) for one in rates]
        verdict = ""
        if len(medians) == 2:
            ratio = medians[1] / medians[0]
            verdict = f" {ratio:6.2f} {row.target:6} {'met' if ratio >= row.target else 'NOT MET'}"
        print(f"{row.name:34}" + "".join(f" {one:14.1f}" for one in medians) + verdict, flush=True)


def _open(server: Any, *contexts: tuple[str, Sequence[str]], we_are_scp: bool = False) -> Association:
    return Association(LOOPBACK, server.dicom_port, contexts, we_are_scp=we_are_scp)


def _store(associations: int) -> Callable[[Server, Corpus, random.Random, Sink], float]:
    def measure(server: Server, corpus: Corpus, chance: random.Random, _: Sink) -> float:
        opened = [_open(server, (CT_IMAGE_STORAGE, [EXPLICIT])) for _ in range(associations)]
        work = []
        images = NewImages(corpus, chance)
        for association in opened:
            instances = [_next_dataset(images) for _ in range(_STORED_PER_ROUND // associations)]
            work.append(
                (association, [_store_message(association, number, *one) for number, one in enumerate(instances)])
            )
        started = time.perf_counter()
        with ThreadPoolExecutor(associations) as threads:
            list(threads.map(lambda one: _send_all(*one), work))
        seconds = time.perf_counter() - started
        for association in opened:
            association.release()
        return seconds

    return measure


def _next_dataset(images: NewImages) -> tuple[str, bytes]:
    sop_instance_uid, file = images.next()
    return sop_instance_uid, file[part10.dataset_start(file[:148]) :]


def _store_message(association: Association, number: int, sop_instance_uid: str, dataset: bytes) -> bytes:
    command = CStoreRQ(
        message_id=number + 1, affected_sop_class_uid=CT_IMAGE_STORAGE, affected_sop_instance_uid=sop_instance_uid
    )
    return association.message(1, command, dataset)


def _send_all(association: Association, messages: list[bytes]) -> None:
    for message in messages:
        association.socket.sendall(message)
        status, _ = association.final()
        if status != 0:
            raise ConnectionError(f"C-STORE was answered with {status:04X}")


def _identifier(**texts: str) -> bytes:
    dataset = new_dataset()
    for name, (tag, vr) in _KEYS.items():
        if name in texts:
            dataset.put(tag, vr, *([texts[name]] if texts[name] else []))
    return b"".join(write_dataset(dataset, transfer_syntax(EXPLICIT)))


_KEYS = {
    "level": (0x00080052, "CS"),
    "date": (0x00080020, "DA"),
    "accession": (0x00080050, "SH"),
    "name": (0x00100010, "PN"),
    "patient_id": (0x00100020, "LO"),
    "study": (0x0020000D, "UI"),
}


def _find(server: Server, corpus: Corpus, _: random.Random, __: Sink) -> float:
    association = _open(server, (STUDY_ROOT + "1", [EXPLICIT]))
    identifier = _identifier(level="STUDY", date="", accession="", name="", patient_id="P*", study="")
    message = association.message(1, CFindRQ(message_id=1, affected_sop_class_uid=STUDY_ROOT + "1"), identifier)
    started = time.perf_counter()
    association.socket.sendall(message)
    status, found = association.final()
    seconds = time.perf_counter() - started
    association.release()
    if (status, found) != (0, len(corpus.tiny)):
        raise ConnectionError(f"C-FIND found {found}, status {status:04X}")
    return seconds


def _move(server: Server, corpus: Corpus, _: random.Random, sink: Sink) -> float:
    association = _open(server, (STUDY_ROOT + "2", [EXPLICIT]))
    rq = CMoveRQ(message_id=1, affected_sop_class_uid=STUDY_ROOT + "2", move_destination=sink.ae_title)
    message = association.message(1, rq, _identifier(level="STUDY", study=corpus.ct[0].study))
    before = sink.received
    started = time.perf_counter()
    association.socket.sendall(message)
    status, _pending = association.final()
    seconds = time.perf_counter() - started
    association.release()
    if (status, sink.received - before) != (0, len(corpus.ct)):
        raise ConnectionError(f"C-MOVE sent {sink.received - before}, status {status:04X}")
    return seconds


def _get(server: Server, corpus: Corpus, _: random.Random, __: Sink) -> float:
    association = _open(server, (STUDY_ROOT + "3", [EXPLICIT]), (CT_IMAGE_STORAGE, [EXPLICIT]), we_are_scp=True)
    rq = CGetRQ(message_id=1, affected_sop_class_uid=STUDY_ROOT + "3")
    message = association.message(1, rq, _identifier(level="STUDY", study=corpus.ct[0].study))
    started = time.perf_counter()
    association.socket.sendall(message)
    status, _pending = association.final()
    seconds = time.perf_counter() - started
    received = association.pdus.received
    association.release()
    if (status, received) != (0, len(corpus.ct)):
        raise ConnectionError(f"C-GET sent {received}, status {status:04X}")
    return seconds


def _crowded(server: Any, corpus: Corpus) -> float:
    """The median milliseconds of a C-ECHO while many associations idle, and some store."""
    try:
        idle = [_open(server, (VERIFICATION, [IMPLICIT])) for _ in range(_IDLE)]
        busy = [_open(server, (CT_IMAGE_STORAGE, [EXPLICIT])) for _ in range(_BUSY)]
    except OSError as error:
        print(f"{server.name}: {error}")
        return float("nan")
    is_over = threading.Event()
    images = NewImages(corpus, random.Random(f"{SEED}/crowd"))
    messages = [[_store_message(one, n, *_next_dataset(images)) for n in range(5)] for one in busy]

    stored = [0] * len(busy)

    def work(number: int, association: Association, own: list[bytes]) -> None:
        while not is_over.is_set():
            _send_all(association, own)
            stored[number] += len(own)

    threads = [
        threading.Thread(target=work, args=(number, *pair), daemon=True)
        for number, pair in enumerate(zip(busy, messages, strict=True))
    ]
    for thread in threads:
        thread.start()
    echo = _open(server, (VERIFICATION, [IMPLICIT]))
    seconds = []
    for number in range(100):
        message = echo.message(1, CEchoRQ(message_id=number + 1))
        started = time.perf_counter()
        echo.socket.sendall(message)
        echo.final()
        seconds.append(time.perf_counter() - started)
        time.sleep(0.02)
    is_over.set()
    for thread in threads:
        thread.join()
    for association in (*idle, *busy, echo):
        association.release()
    if not all(stored):
        raise ConnectionError("an association stored nothing meanwhile")
    return statistics.median(seconds) * 1e3


ROWS = (
    Row("C-STORE, 1 association", 2, _STORED_PER_ROUND, _store(1)),
    Row("C-STORE, 4 associations", 2, _STORED_PER_ROUND, _store(4)),
    Row("C-FIND of 1,000 studies", 3, 1, _find),
    Row("C-MOVE of a 300-instance study", 1.5, 1, _move),
    Row("C-GET of a 300-instance study", 1.5, 1, _get),
)


if __name__ == "__main__":
    sys.exit(main())
