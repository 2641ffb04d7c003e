"""Measuring one scenario on one or two servers, the same request to each in turn, every answer checked."""

from __future__ import annotations

import functools
import itertools
import os
import random
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.answers import WrongAnswer
from benchmarks.client import Connection, ResponseReader, load
from benchmarks.corpus import SEED, Corpus
from benchmarks.scenarios import Exchange, Scenario
from benchmarks.servers import Server, drop_caches

_LARGEST_ANSWER = 200_000_000
_WARM_UP = 2
_LEAST = 5
_ROUNDS = 5
_PROBLEMS = (WrongAnswer, OSError, KeyError, ValueError, IndexError)


@dataclass
class Figures:
    """What was measured of one scenario on one server."""

    latencies: list[float] = field(default_factory=list)
    throughputs: list[float] = field(default_factory=list)
    cpu: float = 0.0
    peak_rss: int = 0
    problem: str = ""

    @property
    def median(self) -> float:
        """Median latency in seconds."""
        return statistics.median(self.latencies) if self.latencies else float("nan")

    @property
    def p99(self) -> float:
        """The latency that 99 of 100 requests stay within; with fewer than 100 requests, the longest."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)] if ordered else float("nan")

    @property
    def throughput(self) -> float:
        """Median requests per second of the rounds of a load; 0 without load."""
        return statistics.median(self.throughputs) if self.throughputs else 0.0

    def as_json(self) -> dict[str, Any]:
        """Return the figures for a file."""
        summary = {"median": self.median, "p99": self.p99, "throughput": self.throughput}
        return {**summary, **asdict(self)}


@dataclass(frozen=True)
class Effort:
    """How often at most, and how long at most in seconds, a scenario is repeated, and how many requests make a turn."""

    repeat: int
    seconds: float
    in_a_row: int = 10


Measured = dict[str, Figures]


def ratio(scenario: Scenario, measured: Measured) -> float:
    """Return how many times better Isocenter is than Orthanc: by throughput under load, else by median latency."""
    orthanc, isocenter = measured["Orthanc"], measured["Isocenter"]
    if orthanc.problem or isocenter.problem:
        return float("nan")
    if scenario.clients > 1:
        return isocenter.throughput / orthanc.throughput
    return orthanc.median / isocenter.median


def measure(scenario: Scenario, servers: Sequence[Server], corpus: Corpus, phase: str, effort: Effort) -> Measured:
    """Measure with warm caches; a server that answers wrongly is out of the rest of the scenario."""
    exchanges = scenario.exchanges(corpus, random.Random(f"{SEED}/{phase}/{scenario.name}"))
    figures = {server.name: Figures() for server in servers}
    before = {server.name: server.usage().cpu for server in servers}
    connections = {server.name: Connection(server.address, _reader()) for server in servers}
    asked = 0
    turn = scenario.per_round if scenario.clients > 1 else 1 if scenario.is_large else effort.in_a_row
    for number in _rounds(scenario, effort, turn):
        batch = list(itertools.islice(exchanges, turn))
        asked += len(batch)
        for server in _in_turn(servers, number):
            if scenario.stores:
                os.sync()  # what one server leaves unwritten must not be written by the other's fsync
            _round(scenario, server, connections[server.name], batch, figures[server.name], number < _WARM_UP)
    for server in servers:
        connections[server.name].close()
        usage = server.usage()
        figures[server.name].cpu = (usage.cpu - before[server.name]) / asked
        figures[server.name].peak_rss = usage.peak_of_one
    return figures


def _rounds(scenario: Scenario, effort: Effort, turn: int) -> Iterator[int]:
    if scenario.clients > 1:
        yield from range(_ROUNDS)
        return
    started = time.monotonic()
    for number in range(effort.repeat // turn + _WARM_UP):
        if number >= _LEAST + _WARM_UP and time.monotonic() - started > effort.seconds:
            return
        yield number


def _round(
    scenario: Scenario, server: Server, connection: Connection, batch: list[Exchange], result: Figures, is_warm_up: bool
) -> None:
    if result.problem:
        return
    try:
        if scenario.clients > 1:
            _crowd(scenario, server, batch, result)
            return
        for exchange in batch:
            seconds = _ask(connection, exchange)
            if not is_warm_up:
                result.latencies.append(seconds)
    except _PROBLEMS as error:
        result.problem = f"{type(error).__name__}: {error}"


@functools.cache
def _reader() -> ResponseReader:
    """Make the reader of all connections: they are used in turn, and its memory is there before the clock starts."""
    return ResponseReader(_LARGEST_ANSWER)


def _in_turn(servers: Sequence[Server], number: int) -> Sequence[Server]:
    return servers if number % 2 == 0 else servers[::-1]


def _ask(connection: Connection, exchange: Exchange) -> float:
    response = connection.ask(exchange.request)
    exchange.check(response)
    return response.seconds


def _crowd(scenario: Scenario, server: Server, batch: list[Exchange], result: Figures) -> None:
    answered = load(server.address, [exchange.request for exchange in batch], scenario.clients)
    if wrong := [status for status in answered.statuses if status != 200]:
        raise WrongAnswer(f"{len(wrong)} of {len(batch)} answers under load with status {wrong[0]}")
    for number, response in answered.samples:
        batch[number].check(response)
    result.latencies += answered.latencies
    result.throughputs.append(len(batch) / answered.seconds)


def measure_cold(scenario: Scenario, servers: Sequence[Server], corpus: Corpus, round_number: int) -> Measured:
    """Measure one request of each server with the page cache of the system dropped before it."""
    chance = random.Random(f"{SEED}/cold/{round_number}/{scenario.name}")
    exchange = next(scenario.exchanges(corpus, chance))
    figures = {server.name: Figures() for server in servers}
    for server in _in_turn(servers, round_number):
        connection = Connection(server.address, _reader())
        drop_caches()
        try:
            figures[server.name].latencies.append(_ask(connection, exchange))
        except _PROBLEMS as error:
            figures[server.name].problem = f"{type(error).__name__}: {error}"
        connection.close()
    return figures
