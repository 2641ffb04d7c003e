"""Measure the study list as people use it: ``python -m benchmarks.pages``.

The list and each kind of search are asked for in an archive of 10,000 studies, over HTTP and one request after the
other; every answer must count what really matches. None may take longer than 100 ms, at the 99th percentile.
"""

from __future__ import annotations

import argparse
import gc
import re
import shutil
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from benchmarks import corpus as corpora
from benchmarks.answers import WrongAnswer
from benchmarks.client import Connection, Request
from benchmarks.loading import load_tiny
from benchmarks.servers import Isocenter, Server, fresh_directory
from benchmarks.tiny import TinyStudy, tiny_studies

LIMIT = 0.1  # seconds
_WARM_UP = 3
_PART = "/ui/parts/studies"
_TOTAL = re.compile(rb'id="listing" hidden data-total="(\d+)"')

Pairs = Sequence[tuple[str, str]]
Matches = Callable[[TinyStudy], bool]


@dataclass(frozen=True)
class Case:
    """What is asked for, and which studies must be counted."""

    name: str
    path: str
    parameters: Pairs
    matches: Matches


def _everything(_study: TinyStudy) -> bool:
    return True


def cases(studies: Sequence[TinyStudy], size: int = 50) -> list[Case]:
    """List what is measured; values are those of a study in the middle."""
    one = studies[len(studies) // 2]
    part = one.family_name[1:5]
    days = f"{one.date[:4]}-01-01", f"{one.date[:4]}-12-31"
    last = str(-(-len(studies) // size))

    def in_year(study: TinyStudy) -> bool:
        return study.date[:4] == one.date[:4]

    def has_part(study: TinyStudy) -> bool:
        return part in study.name.lower()

    combined = [("name", part), ("description", "chest"), ("from", days[0]), ("to", days[1]), ("modality", "CR")]
    return [
        Case("whole page", "/", (), _everything),
        Case("first page", _PART, (), _everything),
        Case("page in the middle", _PART, [("page", str(int(last) // 2))], _everything),
        Case("last page", _PART, [("page", last)], _everything),
        Case("name contains one letter", _PART, [("name", "k")], lambda study: "k" in study.name.lower()),
        Case("name contains", _PART, [("name", part)], has_part),
        Case("name contains two words", _PART, [("name", f"ra {part}")], has_part),
        Case("name sounds like", _PART, [("name", one.family_name), ("fuzzy", "1")], lambda _study: False),
        Case("name of nobody", _PART, [("name", "xyzzy")], lambda _study: False),
        Case("identifier begins with", _PART, [("id", "p00")], lambda study: study.patient_id.startswith("P00")),
        Case("identifier", _PART, [("id", one.patient_id)], lambda study: study is one),
        Case("accession number", _PART, [("accession", f"t{one.number:07d}")], lambda study: study is one),
        Case("description contains", _PART, [("description", "chest")], _everything),
        Case("description contains, few", _PART, [("description", "est 3")], lambda study: study.number % 7 == 3),
        Case("description of none", _PART, [("description", "xyzzy")], lambda _study: False),
        Case("range of dates", _PART, [("from", days[0]), ("to", days[1])], in_year),
        Case("last 30 days", _PART, [("date", "month")], lambda _study: False),
        Case("modality", _PART, [("modality", "CR"), ("modality", "DX")], _everything),
        Case("modality of none", _PART, [("modality", "MR")], lambda _study: False),
        Case("everything combined", _PART, combined, lambda study: has_part(study) and in_year(study)),
        Case("all nodes (there are none)", _PART, [("source", "*"), ("name", part)], lambda _study: False),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for; return 1 if an answer is over the limit or wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=10_000, help="how many studies (10000)")
    parser.add_argument("--instances", type=int, default=1, help="instances of each study (1)")
    parser.add_argument("--repeat", type=int, default=100, help="requests of each kind (100)")
    options = parser.parse_args(arguments)
    studies = tiny_studies(options.studies, options.instances)
    directory = fresh_directory(corpora.ROOT)
    server = Isocenter(directory)
    gc.disable()
    try:
        server.start()
        print(f"{len(studies)} studies loaded in {load_tiny(server, studies):.1f} s", flush=True)
        print(f"{'':28}  median     p99     CPU ms   matches")
        results = [_measure(server, case, studies, options.repeat) for case in cases(studies)]
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)
    return int(not all(results))


def _measure(server: Server, case: Case, studies: Sequence[TinyStudy], repeat: int) -> bool:
    """Ask again and again, and print a row; true if all answers are right and in time."""
    connection = Connection(replace(server.address, base=""))
    request = Request("GET", f"{case.path}?{urlencode(case.parameters)}" if case.parameters else case.path)
    seconds = []
    before = server.usage().cpu
    for _ in range(_WARM_UP + repeat):
        response = connection.ask(request)
        seconds.append(response.seconds)
    connection.close()
    cpu = (server.usage().cpu - before) / len(seconds)
    found = _TOTAL.search(bytes(response.body))
    if response.status != 200 or found is None:
        raise WrongAnswer(f"{case.name}: status {response.status}: {bytes(response.body[:300])!r}")
    ordered = sorted(seconds[_WARM_UP:])
    slowest = ordered[len(ordered) * 99 // 100]
    problem = _problem(case, int(found[1]), studies)
    verdict = problem or ("met" if slowest < LIMIT else "NOT MET")
    times = " ".join(f"{each * 1e3:7.1f}" for each in (statistics.median(ordered), slowest, cpu))
    print(f"{case.name:28} {times}    {int(found[1]):9,} {verdict}", flush=True)
    return verdict == "met"


def _problem(case: Case, total: int, studies: Sequence[TinyStudy]) -> str:
    """Compare the count with what matches; what sounds alike, and what several sources count, is at least that."""
    expected = sum(map(case.matches, studies))
    is_least = case.name in ("name sounds like", "all nodes (there are none)")
    return "" if total == expected or (is_least and total >= expected) else f"WRONG: {expected} match"


if __name__ == "__main__":
    sys.exit(main())
