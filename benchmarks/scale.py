"""Measure whether time depends on how much is stored: ``python -m benchmarks.scale``.

Every scenario runs at 1,000 tiny studies of 10 instances and again at 10,000 studies, 100,000 instances; what a search
finds is as large in both. No scenario may take more than 1.5 times as long.
"""

from __future__ import annotations

import argparse
import dataclasses
import gc
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import corpus as corpora
from benchmarks.loading import load_corpus, load_tiny
from benchmarks.measure import Effort, Figures, measure
from benchmarks.scenarios import SCENARIOS, Scenario
from benchmarks.servers import Isocenter, Orthanc, Server, fresh_directory
from benchmarks.tiny import tiny_studies

LIMIT = 1.5
_INSTANCES = 10
_SMALL, _LARGE = 1000, 10_000
_SERVERS: dict[str, type[Server]] = {"orthanc": Orthanc, "isocenter": Isocenter}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for; return 1 if a scenario is over the limit or wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", metavar="WORDS", help="only scenarios whose name contains this")
    parser.add_argument("--seconds", type=float, default=4, help="most seconds per scenario (4)")
    parser.add_argument("--studies", type=int, nargs=2, default=(_SMALL, _LARGE), help="how many (1000 10000)")
    parser.add_argument("--server", choices=list(_SERVERS), default="isocenter")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure to this file")
    options = parser.parse_args(arguments)
    scenarios = [s for s in SCENARIOS if not options.only or any(word in s.name for word in options.only)]
    directory = fresh_directory(corpora.ROOT)
    server = _SERVERS[options.server](directory)
    gc.disable()
    try:
        figures = _run(server, scenarios, options)
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)
    if options.json:
        options.json.write_text(json.dumps({n: [f.as_json() for f in fs] for n, fs in figures.items()}, indent=1))
    return int(not all(_is_within_limit(*pair) for pair in figures.values()))


def _run(server: Server, scenarios: list[Scenario], options: argparse.Namespace) -> dict[str, tuple[Figures, Figures]]:
    small, large = options.studies
    effort = Effort(200, options.seconds)
    corpus = dataclasses.replace(corpora.load(), tiny=tiny_studies(small, _INSTANCES))
    server.start()
    print(f"corpus and {small} studies loaded in {load_corpus(server, corpus):.1f} s", flush=True)
    before = {s.name: measure(s, [server], corpus, "small", effort)[server.name] for s in scenarios}
    seconds = load_tiny(server, tiny_studies(large, _INSTANCES)[small:])
    print(f"{(large - small) * _INSTANCES} more instances in {seconds:.1f} s", flush=True)
    corpus = dataclasses.replace(corpus, tiny=tiny_studies(large, _INSTANCES))
    figures = {}
    print(f"{'':34} {small:9} {large:9} studies, median ms")
    for scenario in scenarios:
        after = measure(scenario, [server], corpus, "large", effort)[server.name]
        figures[scenario.name] = (before[scenario.name], after)
        _print_row(scenario.name, before[scenario.name], after)
    print(f"peak RSS {server.usage().peak_of_one / 1e6:.0f} MB in the largest process")
    return figures


def _is_within_limit(before: Figures, after: Figures) -> bool:
    return not before.problem and not after.problem and after.median <= LIMIT * before.median


def _print_row(name: str, before: Figures, after: Figures) -> None:
    verdict = "met" if _is_within_limit(before, after) else "NOT MET"
    times = f"{before.median * 1e3:9.2f} {after.median * 1e3:9.2f}"
    print(
        f"{name:34} {times} {after.median / before.median:6.2f} {verdict} {before.problem or after.problem}", flush=True
    )


if __name__ == "__main__":
    sys.exit(main())
