"""The scenarios: what is asked, what the right answer is, and how many times faster than Orthanc it is to be.

Both servers get the same requests in the same order. A check raises `WrongAnswer`, so that no figure is ever printed
for an answer that is not right: instances and frames byte for byte, metadata by the instances and the number of their
elements, searches by the UIDs that the corpus says they must find; transcoded frames by their pixels, and pictures by
their size and by what is to be seen in them.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks import part10
from benchmarks.answers import (
    INSTANCE,
    SERIES,
    STUDY,
    Check,
    described,
    found,
    framed,
    like,
    picture,
    retrieved,
    stored,
    transcoded,
)
from benchmarks.client import Request
from benchmarks.corpus import CT_IMAGES, Corpus
from benchmarks.instance import Instance, uid
from benchmarks.tiny import SAME_NAME, TinyStudy

BOUNDARY = "benchmark-boundary"
_JSON = (("Accept", "application/dicom+json"),)
_DICOM = (("Accept", 'multipart/related; type="application/dicom"; transfer-syntax=*'),)
_NATIVE = (("Accept", 'multipart/related; type="application/octet-stream"'),)
_JPEG = (("Accept", f'multipart/related; type="image/jpeg"; transfer-syntax={part10.JPEG_BASELINE}'),)
JPEG_LS = (("Accept", f'multipart/related; type="image/jls"; transfer-syntax={part10.JPEG_LS_LOSSLESS}'),)
RENDERED = (("Accept", "image/jpeg"),)
_STOW = (("Content-Type", f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'), *_JSON)


_SAME = 400


@dataclass(frozen=True)
class Exchange:
    """A request and the check of its answer."""

    request: Request
    check: Check


Frame = tuple[Instance, int]
Exchanges = Callable[[Corpus, random.Random], Iterator[Exchange]]


@dataclass(frozen=True)
class Scenario:
    """What is measured: one request after the other, or the throughput of ``clients`` that ask at the same time.

    What ``is_large`` takes so long that the servers change after each request.
    """

    name: str
    target: float
    exchanges: Exchanges
    clients: int = 1
    stores: bool = False
    per_round: int = 1
    is_large: bool = False


def stow(files: list[bytes]) -> Request:
    """Make a STOW-RS request of Part 10 files (PS3.18 §10.5)."""
    opening = f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    parts = [part for file in files for part in (opening, file, b"\r\n")]
    return Request("POST", "/studies", _STOW, b"".join((*parts, f"--{BOUNDARY}--\r\n".encode())))


def path(*uids: str) -> str:
    """Write the path of a study, series or instance (PS3.18 Table 10.4.1-1)."""
    names = ("studies", "series", "instances")
    return "".join(f"/{name}/{uid}" for name, uid in zip(names, uids, strict=False))


def _get(where: str, accept: tuple[tuple[str, str], ...], check: Check) -> Exchange:
    return Exchange(Request("GET", where, accept), check)


class NewImages:
    """Copies of a CT image with UIDs of their own, in new series of 100."""

    def __init__(self, corpus: Corpus, chance: random.Random) -> None:
        self._template = corpus.ct[0]
        self._file = bytes(self._template.file)
        self._run = chance.random()
        self._count = 0

    def next(self) -> tuple[str, bytes]:
        """SOP Instance UID and file of the next one."""
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
        images = NewImages(corpus, chance)
        while True:
            made = [images.next() for _ in range(count)]
            yield Exchange(stow([file for _, file in made]), stored([sop for sop, _ in made]))

    return exchanges


def _metadata(choose: Callable[[Corpus, random.Random], list[Instance]], levels: int) -> Exchanges:
    def exchanges(corpus: Corpus, chance: random.Random) -> Iterator[Exchange]:
        while True:
            chosen = choose(corpus, chance)
            names = (chosen[0].study, chosen[0].series, chosen[0].sop)[:levels]
            yield _get(path(*names) + "/metadata", _JSON, described(chosen))

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


def _frames_once(corpus: Corpus, chance: random.Random, choose: Callable[[Corpus], list[Instance]]) -> Iterator[Frame]:
    """All frames of some instances in random order, none a second time before all have been asked for."""
    frames = [(one, number) for one in choose(corpus) for number in range(1, one.frame_count + 1)]
    chance.shuffle(frames)
    return itertools.cycle(frames)


def _converted(
    choose: Callable[[Corpus], list[Instance]],
    suffix: str,
    accept: tuple[tuple[str, str], ...],
    check: Callable[[bytes], Check],
    times: int = 1,
) -> Exchanges:
    """Ask for frames that have to be made: each ``times`` in a row, and then not again, as long as there are others."""

    def exchanges(corpus: Corpus, chance: random.Random) -> Iterator[Exchange]:
        for one, number in _frames_once(corpus, chance, choose):
            where = f"{path(one.study, one.series, one.sop)}/frames/{number}{suffix}"
            yield from itertools.repeat(_get(where, accept, check(one.frame(number))), times)

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


SCENARIOS = (
    Scenario("STOW of one CT", 2, _store(1), stores=True),
    Scenario("STOW with 8 clients", 2, _store(1), clients=8, stores=True, per_round=120),
    Scenario("STOW of 100 CT in one request", 3, _store(100), stores=True, is_large=True),
    Scenario("metadata of an instance", 4, _metadata(_one_ct, 3)),
    Scenario("metadata of a 100-instance series", 60, _metadata(_ct_series, 2)),
    Scenario("metadata of a 300-instance study", 60, _metadata(_ct_study, 1)),
    Scenario("metadata of the enhanced CT", 250, _metadata(lambda c, _: [c.enhanced], 3)),
    Scenario("metadata of the WSI", 150, _metadata(lambda c, _: [c.wsi], 3)),
    Scenario("metadata of the SR", 15, _metadata(lambda c, _: [c.sr], 3)),
    Scenario("retrieve a study", 1.3, _retrieve(_ct_study, 1), is_large=True),
    Scenario("retrieve an instance", 2, _retrieve(_one_ct, 3)),
    Scenario("frame of a CT", 3, _frame(_one_ct, _NATIVE)),
    Scenario("frame of a CT, 16 clients", 5, _frame(_one_ct, _NATIVE), clients=16, per_round=400),
    Scenario("frame of the enhanced CT", 300, _frame(lambda c, _: [c.enhanced], _NATIVE)),
    Scenario("tile of the WSI", 300, _frame(lambda c, _: [c.wsi], _JPEG)),
    Scenario("frame of the cine", 15, _frame(lambda c, _: [c.cine], _JPEG)),
    Scenario("rendered CT", 2, _converted(lambda c: c.ct, "/rendered", RENDERED, picture)),
    Scenario("rendered tile of the WSI", 100, _converted(lambda c: [c.wsi], "/rendered", RENDERED, like)),
    Scenario("enhanced CT frame to JPEG-LS", 100, _converted(lambda c: [c.enhanced], "", JPEG_LS, transcoded)),
    Scenario(
        "the same rendered CT, 16 clients",
        20,
        _converted(lambda c: c.ct, "/rendered", RENDERED, picture, times=_SAME),
        clients=16,
        per_round=_SAME,
    ),
    Scenario("studies by PatientID", 4, _search(_by_patient_id)),
    Scenario("studies by PatientID, 16 clients", 8, _search(_by_patient_id), clients=16, per_round=600),
    Scenario("studies by name wildcard", 15, _search(_by_name)),
    Scenario("studies by date range", 12, _search(_by_date)),
    Scenario("instances of a series", 100, _instances_of_series),
    Scenario("series of a study", 4, _series_of_study),
)
