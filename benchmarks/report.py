"""The figures as people read them: a row per scenario while it runs, and the table of ``docs/performance.md``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.measure import Figures, Measured, ratio
from benchmarks.scenarios import SCENARIOS, Scenario
from benchmarks.servers import Server

MEMORY_LIMIT = 300e6
Results = dict[str, dict[str, Measured]]
_PHASES = {"warm": "warm", "loaded": "just loaded", "cold": "cold"}


def print_head(title: str, servers: Sequence[Server]) -> None:
    """Print the head of a table."""
    print(f"\n{title}")
    columns = "".join(f" | {server.name + ' ms':>12} {'p99':>9} {'CPU ms':>8} {'req/s':>7}" for server in servers)
    print(f"{'':34}{columns} |  ratio target", flush=True)


def print_row(scenario: Scenario, measured: Measured) -> None:
    """Print what was measured of a scenario, and whether its target is met if there are two servers."""
    row = f"{scenario.name:34}"
    for figures in measured.values():
        cpu = f"{figures.cpu * 1e3:8.2f}" if figures.cpu else " " * 8
        throughput = f"{figures.throughput:7.0f}" if figures.throughput else " " * 7
        row += f" | {figures.median * 1e3:12.2f} {figures.p99 * 1e3:9.2f} {cpu} {throughput}"
    if len(measured) > 1:
        reached = ratio(scenario, measured)
        row += f" | {reached:6.1f} {scenario.target:6} {_verdict(scenario, reached)}"
    print(row, *(f"\n    {name}: {f.problem}" for name, f in measured.items() if f.problem), flush=True)


def print_memory(servers: Sequence[Server]) -> None:
    """Print the peak of resident memory, which has a limit for Isocenter."""
    for server in servers:
        usage = server.usage()
        limit = f" (limit {MEMORY_LIMIT / 1e6:.0f})" if server.name == "Isocenter" else ""
        one, together = usage.peak_of_one / 1e6, usage.peak_of_all / 1e6
        print(f"{server.name}: peak RSS {one:.0f} MB in its largest process{limit}, {together:.0f} MB in all")


def _verdict(scenario: Scenario, reached: float) -> str:
    return "met" if reached >= scenario.target else "NOT MET"


def markdown(results: Results) -> str:
    """Write one table: the figures of the warm phase, and the ratios of every phase."""
    phases = [phase for phase in _PHASES if phase in results]
    main = results[phases[0]]
    servers = list(next(iter(main.values())))
    head = ["scenario"]
    head += [f"{server} {what}" for server in servers for what in ("median", "p99", "CPU")]
    if len(servers) > 1:
        head += ["target", *(f"ratio {_PHASES[phase]}" for phase in phases)]
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    for scenario in (one for one in SCENARIOS if one.name in main):
        line = [scenario.name]
        line += [cell for server in servers for cell in _cells(scenario, main[scenario.name][server])]
        if len(servers) > 1:
            line += [f"{scenario.target:g}", *(_ratio(scenario, results[phase]) for phase in phases)]
        lines.append(line)
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cells(scenario: Scenario, figures: Figures) -> list[str]:
    first = f"{figures.throughput:.0f}/s" if scenario.clients > 1 else _milliseconds(figures.median)
    return [first, _milliseconds(figures.p99), _milliseconds(figures.cpu)]


def _milliseconds(seconds: float) -> str:
    """Write three digits, without an exponent."""
    return f"{seconds * 1e3:.0f} ms" if seconds >= 0.1 else f"{seconds * 1e3:.3g} ms"


def _ratio(scenario: Scenario, phase: dict[str, Measured]) -> str:
    if scenario.name not in phase:
        return ""
    reached = ratio(scenario, phase[scenario.name])
    return f"{reached:.3g}" if reached >= scenario.target else f"**{reached:.3g}**"


def as_json(results: Results) -> dict[str, Any]:
    """Return every figure for a file."""
    return {
        phase: {name: {server: f.as_json() for server, f in m.items()} for name, m in scenarios.items()}
        for phase, scenarios in results.items()
    }
