"""Compare Isocenter with Orthanc: ``python -m benchmarks.run``; ``docs/performance.md`` tells how to read the table.

The corpus is loaded into both; the scenarios run just after that, then after a restart with cold caches, then with
warm ones. Requests alternate between the servers, so that whatever else the machine does hits both alike.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import corpus as corpora
from benchmarks.corpus import Corpus
from benchmarks.loading import load_corpus
from benchmarks.measure import Effort, Figures, Measured, measure, measure_cold
from benchmarks.report import Results, as_json, markdown, print_head, print_memory, print_row
from benchmarks.scenarios import SCENARIOS, Scenario
from benchmarks.servers import Isocenter, Orthanc, Server, drop_caches, fresh_directory, warm_caches

_COLD_ROUNDS = 3
_SERVERS: dict[str, type[Server]] = {"orthanc": Orthanc, "isocenter": Isocenter}
_PHASES = ("loaded", "cold", "warm")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for; return 1 if an answer was wrong."""
    options = _parser().parse_args(arguments)
    scenarios = [s for s in SCENARIOS if not options.only or any(word in s.name for word in options.only)]
    corpus = corpora.load()
    if not Orthanc.is_installed() and "orthanc" in options.servers:
        print("Orthanc is not installed (Debian packages orthanc and orthanc-dicomweb): Isocenter alone is measured.")
        options.servers = ["isocenter"]
    directory = fresh_directory(corpora.ROOT)
    servers = [_SERVERS[name](directory) for name in options.servers]
    gc.disable()
    started = time.monotonic()
    try:
        results = _run(servers, corpus, scenarios, options)
    finally:
        for server in servers:
            server.stop()
        if not options.keep:
            shutil.rmtree(directory, ignore_errors=True)
    print(f"\n{time.monotonic() - started:.0f} seconds in all")
    if options.json:
        options.json.write_text(json.dumps(as_json(results), indent=1))
    if options.markdown:
        options.markdown.write_text(markdown(results))
    return int(any(f.problem for phase in results.values() for m in phase.values() for f in m.values()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", metavar="WORDS", help="only scenarios whose name contains this")
    parser.add_argument("--repeat", type=int, default=100, help="most requests per scenario and server (100)")
    parser.add_argument("--seconds", type=float, default=5, help="most seconds per scenario (5)")
    parser.add_argument(
        "--in-a-row", type=int, default=10, metavar="N", help="requests before the other server's turn (10)"
    )
    parser.add_argument("--phases", nargs="+", choices=_PHASES, default=list(_PHASES), help="what to run (all)")
    parser.add_argument("--servers", nargs="+", choices=list(_SERVERS), default=list(_SERVERS), help="(both)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure to this file")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table of the documentation")
    parser.add_argument("--keep", action="store_true", help="keep the data of the servers")
    return parser


def _run(servers: list[Server], corpus: Corpus, scenarios: list[Scenario], options: argparse.Namespace) -> Results:
    for server in servers:
        server.start()
        print(f"{server.name}: corpus loaded in {load_corpus(server, corpus):.1f} s", flush=True)
    results: Results = {}
    full = Effort(options.repeat, options.seconds, options.in_a_row)
    if "loaded" in options.phases:
        half = Effort(options.repeat, options.seconds / 2, options.in_a_row)
        results["loaded"] = _warm("just after loading", servers, corpus, scenarios, half)
    if "cold" in options.phases:
        results["cold"] = _cold(servers, corpus, scenarios)
    if "warm" in options.phases:
        if "loaded" in results or "cold" in results:
            _restart(servers)
        results["warm"] = _warm("warm, after a restart", servers, corpus, scenarios, full, reads_files=True)
    return results


def _restart(servers: list[Server]) -> None:
    for server in servers:
        server.stop()
        server.start()


def _warm(
    title: str,
    servers: list[Server],
    corpus: Corpus,
    scenarios: list[Scenario],
    effort: Effort,
    *,
    reads_files: bool = False,
) -> dict[str, Measured]:
    print_head(title, servers)
    measured = {}
    for scenario in scenarios:
        for server in servers if reads_files else ():  # each time: a system may forget within minutes
            warm_caches(server.directory)
        measured[scenario.name] = measure(scenario, servers, corpus, title, effort)
        print_row(scenario, measured[scenario.name])
    print_memory(servers)
    return measured


def _cold(servers: list[Server], corpus: Corpus, scenarios: list[Scenario]) -> dict[str, Measured]:
    reading = [scenario for scenario in scenarios if not scenario.stores and scenario.clients == 1]
    collected = {s.name: {server.name: Figures() for server in servers} for s in reading}
    for number in range(_COLD_ROUNDS):
        for server in servers:
            server.stop()
        is_cold = drop_caches()
        for server in servers:
            server.start()
        for scenario in random.Random(number).sample(reading, len(reading)):
            for name, figures in measure_cold(scenario, servers, corpus, number).items():
                collected[scenario.name][name].latencies += figures.latencies
                collected[scenario.name][name].problem = collected[scenario.name][name].problem or figures.problem
    caches = "page cache dropped" if is_cold else "page cache NOT dropped: that needs root"
    print_head(f"cold, after a restart, {caches}", servers)
    for scenario in reading:
        print_row(scenario, collected[scenario.name])
    return collected


if __name__ == "__main__":
    sys.exit(main())
