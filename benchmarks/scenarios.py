"""The scenarios: what is asked, what the right answer is, and how many times faster than Orthanc it is to be.

Both servers get the same requests in the same order. A check raises `WrongAnswer`, so that no figure is ever printed
for an answer that is not right: instances and frames byte for byte, metadata by the instances and the number of their
elements, searches by the UIDs that the corpus says they must find.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from benchmarks import part10
from benchmarks.client import Request, Response
from benchmarks.corpus import CT_IMAGES, SAME_NAME, Corpus, Instance, TinyStudy, uid

Check = Callable[[Response], None]
BOUNDARY = "benchmark-boundary"
STUDY, SERIES, INSTANCE = "0020000D", "0020000E", "00080018"
_JSON = (("Accept", "application/dicom+json"),)
_DICOM = (("Accept", 'multipart/related; type="application/dicom"; transfer-syntax=*'),)
_NATIVE = (("Accept", 'multipart/related; type="application/octet-stream"'),)
_JPEG = (("Accept", f'multipart/related; type="image/jpeg"; transfer-syntax={part10.JPEG_BASELINE}'),)
_STOW = (("Content-Type", f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'), *_JSON)


class WrongAnswer(Exception):
    """A server's answer is not what was asked for."""


@dataclass(frozen=True)
class Exchange:
    """A request and the check of its answer."""

    request: Request
    check: Check


Exchanges = Callable[[Corpus, random.Random], Iterator[Exchange]]


@dataclass(frozen=True)
class Scenario:
    """What is measured: one request after the other, or the throughput of ``clients`` that ask at the same time."""

    name: str
    target: float
    exchanges: Exchanges
    clients: int = 1
    stores: bool = False
    per_round: int = 1


def stow(files: list[bytes]) -> Request:
    """Make a STOW-RS request of Part 10 files (PS3.18 §10.5)."""
    opening = f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    parts = [part for file in files for part in (opening, file, b"\r\n")]
    return Request("POST", "/studies", _STOW, b"".join((*parts, f"--{BOUNDARY}--\r\n".encode())))


def path(*uids: str) -> str:
    """Write the path of a study, series or instance (PS3.18 Table 10.4.1-1)."""
    names = ("studies", "series", "instances")
    return "".join(f"/{name}/{uid}" for name, uid in zip(names, uids, strict=False))


def _expect(is_right: bool, problem: str) -> None:
    if not is_right:
        raise WrongAnswer(problem)


def _parsed(response: Response) -> Any:
    _expect(response.status == 200, f"status {response.status}: {bytes(response.body[:300])!r}")
    return orjson.loads(response.body)


def _values(objects: list[dict[str, Any]], tag: str) -> list[str]:
    return sorted(one[tag]["Value"][0] for one in objects if one.get(tag, {}).get("Value"))


def stored(sops: list[str]) -> Check:
    """Check that exactly these instances are reported as stored, and none as failed."""

    def check(response: Response) -> None:
        answer = _parsed(response)
        _expect(not answer.get("00081198", {}).get("Value"), f"not stored: {answer.get('00081198')}")
        _expect(_values(answer["00081199"]["Value"], "00081155") == sorted(sops), "other instances were stored")

    return check


def found(uids: list[str], tag: str) -> Check:
    """Check that a search finds exactly these."""

    def check(response: Response) -> None:
        objects = _parsed(response)
        _expect(_values(objects, tag) == sorted(uids), f"found {len(objects)}, not the {len(uids)} of the corpus")

    return check


def _json_size(element: dict[str, Any]) -> int:
    return 1 + sum(
        _json_size(e) for item in element.get("Value", []) if element.get("vr") == "SQ" for e in item.values()
    )


def described(instances: list[Instance], elements: int) -> Check:
    """Check that the metadata is of exactly these instances, each with its elements, in sequences too.

    Orthanc leaves encapsulated pixel data out, so one element less is as good.
    """

    def check(response: Response) -> None:
        objects = _parsed(response)
        _expect(_values(objects, INSTANCE) == sorted(i.sop for i in instances), f"metadata of {len(objects)} instances")
        for one in objects:
            size = sum(_json_size(element) for element in one.values())
            _expect(size in (elements, elements - 1), f"{size} elements, not {elements}")

    return check


def parts(response: Response) -> list[memoryview]:
    """Take a multipart/related payload apart (RFC 2046 §5.1), without a copy."""
    _expect(response.status == 200, f"status {response.status}: {bytes(response.body[:300])!r}")
    body = memoryview(response.body)
    boundary = response.headers["content-type"].rpartition("boundary=")[2].split(";")[0].strip('" ')
    delimiter = b"--" + boundary.encode()
    found_parts: list[memoryview] = []
    at = 0
    while True:
        line = bytes(body[at : at + len(delimiter) + 4])
        _expect(line.startswith(delimiter), f"no boundary at byte {at}")
        if line[len(delimiter) :].startswith(b"--"):
            return found_parts
        head = bytes(body[at : at + 4096])
        start = head.index(b"\r\n\r\n") + 4
        length = _length(head[:start].decode("latin-1"))
        if length is None:
            length = bytes(body[at + start :]).index(b"\r\n" + delimiter)
        found_parts.append(body[at + start : at + start + length])
        at += start + length + 2


def _length(head: str) -> int | None:
    for line in head.split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            return int(value)
    return None


def retrieved(instances: list[Instance]) -> Check:
    """Check that exactly these instances came, their data sets byte for byte."""

    def check(response: Response) -> None:
        files = parts(response)
        datasets = {bytes(file[part10.dataset_start(file[:148]) :]) for file in files}
        _expect(len(files) == len(instances), f"{len(files)} instances, not {len(instances)}")
        _expect(datasets == {bytes(instance.dataset) for instance in instances}, "a data set has changed")

    return check


def framed(frame: bytes) -> Check:
    """Check that exactly this frame came; a codestream may be padded to an even length."""

    def check(response: Response) -> None:
        frames = parts(response)
        _expect(len(frames) == 1, f"{len(frames)} frames")
        _expect(bytes(frames[0]).rstrip(b"\0") == frame.rstrip(b"\0"), "another frame")

    return check


def _get(where: str, accept: tuple[tuple[str, str], ...], check: Check) -> Exchange:
    return Exchange(Request("GET", where, accept), check)


class _NewImages:
    """Copies of a CT image with UIDs of their own, in new series of 100."""

    def __init__(self, corpus: Corpus, chance: random.Random) -> None:
        self._template = corpus.ct[0]
        self._file = bytes(self._template.file)
        self._run = chance.random()
        self._count = 0

    def next(self) -> tuple[str, bytes]:
        series = uid("stored", self._run, self._count // CT_IMAGES)
        sop = uid("stored", self._run, self._count)
        self._count += 1
        header = self._file[: -512 * 512 * 2]
        for old, new in (
            (self._template.sop, sop),
            (self._template.series, series),
            (self._template.study, uid("stored", self._run)),
        ):
            header = header.replace(old.encode(), new.encode())
        return sop, header.replace(b"CT000001", b"CTSTORED") + self._file[len(header) :]


def _store(count: int) -> Exchanges:
    def exchanges(corpus: Corpus, chance: random.Random) -> Iterator[Exchange]:
        images = _NewImages(corpus, chance)
        while True:
            made = [images.next() for _ in range(count)]
            yield Exchange(stow([file for _, file in made]), stored([sop for sop, _ in made]))

    return exchanges


def _metadata(choose: Callable[[Corpus, random.Random], list[Instance]], levels: int, elements: int) -> Exchanges:
    def exchanges(corpus: Corpus, chance: random.Random) -> Iterator[Exchange]:
        while True:
            chosen = choose(corpus, chance)
            names = (chosen[0].study, chosen[0].series, chosen[0].sop)[:levels]
            yield _get(path(*names) + "/metadata", _JSON, described(chosen, elements))

    return exchanges


def _retrieve(choose: Callable[[Corpus, random.Random], list[Instance]], levels: int) -> Exchanges:
    def exchanges(corpus: Corpus, chance: random.Random) -> Iterator[Exchange]:
        while True:
            chosen = choose(corpus, chance)
            yield _get(path(*(chosen[0].study, chosen[0].series, chosen[0].sop)[:levels]), _DICOM, retrieved(chosen))

    return exchanges


def _frame(choose: Callable[[Corpus, random.Random], list[Instance]], accept: tuple[tuple[str, str], ...]) -> Exchanges:
    def exchanges(corpus: Corpus, chance: random.Random) -> Iterator[Exchange]:
        while True:
            (one,) = choose(corpus, chance)
            number = chance.randint(1, one.frame_count)
            where = f"{path(one.study, one.series, one.sop)}/frames/{number}"
            yield _get(where, accept, framed(one.frame(number)))

    return exchanges


def _one_ct(corpus: Corpus, chance: random.Random) -> list[Instance]:
    return [chance.choice(corpus.ct)]


def _ct_series(corpus: Corpus, chance: random.Random) -> list[Instance]:
    first = chance.randrange(len(corpus.ct) // CT_IMAGES) * CT_IMAGES
    return corpus.ct[first : first + CT_IMAGES]


def _ct_study(corpus: Corpus, _: random.Random) -> list[Instance]:
    return corpus.ct


def _search(query: Callable[[list[TinyStudy], random.Random], tuple[str, list[TinyStudy]]]) -> Exchanges:
    def exchanges(corpus: Corpus, chance: random.Random) -> Iterator[Exchange]:
        while True:
            parameter, studies = query(corpus.tiny, chance)
            yield _get(f"/studies?{parameter}", _JSON, found([study.uid for study in studies], STUDY))

    return exchanges


def _by_patient_id(studies: list[TinyStudy], chance: random.Random) -> tuple[str, list[TinyStudy]]:
    study = chance.choice(studies)
    return f"PatientID={study.patient_id}", [study]


def _by_name(studies: list[TinyStudy], chance: random.Random) -> tuple[str, list[TinyStudy]]:
    first = chance.randrange(len(studies) // SAME_NAME) * SAME_NAME
    return f"PatientName={studies[first].family_name}*", studies[first : first + SAME_NAME]


def _by_date(studies: list[TinyStudy], chance: random.Random) -> tuple[str, list[TinyStudy]]:
    first = chance.randrange(len(studies) - SAME_NAME)
    chosen = studies[first : first + SAME_NAME]
    return f"StudyDate={chosen[0].date}-{chosen[-1].date}", chosen


def _instances_of_series(corpus: Corpus, chance: random.Random) -> Iterator[Exchange]:
    while True:
        chosen = _ct_series(corpus, chance)
        where = path(chosen[0].study, chosen[0].series) + "/instances"
        yield _get(where, _JSON, found([instance.sop for instance in chosen], INSTANCE))


def _series_of_study(corpus: Corpus, _: random.Random) -> Iterator[Exchange]:
    while True:
        expected = sorted({instance.series for instance in corpus.ct})
        yield _get(path(corpus.ct[0].study) + "/series", _JSON, found(expected, SERIES))


# The numbers of elements are those of headers.py, Pixel Data and nested elements included; a test counts them.
CT_ELEMENTS, ENHANCED_ELEMENTS, WSI_ELEMENTS, SR_ELEMENTS = 242, 7838, 40040, 2264

SCENARIOS = (
    Scenario("STOW of one CT", 2, _store(1), stores=True),
    Scenario("STOW with 8 clients", 2, _store(1), clients=8, stores=True, per_round=120),
    Scenario("STOW of 100 CT in one request", 3, _store(100), stores=True),
    Scenario("metadata of an instance", 4, _metadata(_one_ct, 3, CT_ELEMENTS)),
    Scenario("metadata of a 100-instance series", 60, _metadata(_ct_series, 2, CT_ELEMENTS)),
    Scenario("metadata of a 300-instance study", 60, _metadata(_ct_study, 1, CT_ELEMENTS)),
    Scenario("metadata of the enhanced CT", 250, _metadata(lambda c, _: [c.enhanced], 3, ENHANCED_ELEMENTS)),
    Scenario("metadata of the WSI", 150, _metadata(lambda c, _: [c.wsi], 3, WSI_ELEMENTS)),
    Scenario("metadata of the SR", 15, _metadata(lambda c, _: [c.sr], 3, SR_ELEMENTS)),
    Scenario("retrieve a study", 1.3, _retrieve(_ct_study, 1)),
    Scenario("retrieve an instance", 2, _retrieve(_one_ct, 3)),
    Scenario("frame of a CT", 3, _frame(_one_ct, _NATIVE)),
    Scenario("frame of a CT, 16 clients", 5, _frame(_one_ct, _NATIVE), clients=16, per_round=400),
    Scenario("frame of the enhanced CT", 300, _frame(lambda c, _: [c.enhanced], _NATIVE)),
    Scenario("tile of the WSI", 300, _frame(lambda c, _: [c.wsi], _JPEG)),
    Scenario("frame of the cine", 15, _frame(lambda c, _: [c.cine], _JPEG)),
    Scenario("studies by PatientID", 4, _search(_by_patient_id)),
    Scenario("studies by PatientID, 16 clients", 8, _search(_by_patient_id), clients=16, per_round=600),
    Scenario("studies by name wildcard", 15, _search(_by_name)),
    Scenario("studies by date range", 12, _search(_by_date)),
    Scenario("instances of a series", 100, _instances_of_series),
    Scenario("series of a study", 4, _series_of_study),
)
