"""Measure what a converted frame costs beyond its codec: ``python -m benchmarks.conversion``, Isocenter alone.

Frame 4,711 of the whole slide image and those after it are rendered, and frames of the enhanced CT are transcoded to
JPEG-LS, each asked for once, so that no cache has it, over one connection to one process. The time of an answer is
compared with that of the bare calls of the codec on the same frames in this process: of the slide decoding the tile and
encoding what comes of it, of the CT encoding. It may be 5 times as long. Answers come one after the other, then calls
do, so that both find the caches of the processor as they left them.
"""

from __future__ import annotations

import argparse
import gc
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import imagecodecs
import numpy as np

from benchmarks import corpus as corpora
from benchmarks.answers import like, transcoded
from benchmarks.client import Connection, Request, Response
from benchmarks.instance import Instance
from benchmarks.scenarios import JPEG_LS, RENDERED, Exchange, path, stow
from benchmarks.servers import Isocenter, fresh_directory

LIMIT = 5.0
_WARM_UP = 20


@dataclass(frozen=True)
class Conversion:
    """Frames of an instance from ``first`` on, how they are asked for, and the bare calls on one of them."""

    name: str
    instance: Instance
    first: int
    exchange: Callable[[Instance, int], Exchange]
    bare: Callable[[bytes], object]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for; return 1 if a conversion is over the limit."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.conversion", description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=100, help="how many of each, up to 180 (100)")
    options = parser.parse_args(arguments)
    directory = fresh_directory(corpora.ROOT)
    server = Isocenter(directory)
    server.workers = 1
    gc.disable()
    try:
        server.start()
        factors = [_measure(server, one, options.frames) for one in conversions()]
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)
    return int(max(factors) > LIMIT)


def conversions() -> list[Conversion]:
    """List what is measured."""
    corpus = corpora.load(tiny=0)
    return [
        Conversion("tile of the WSI, rendered", corpus.wsi, 4711, _rendered, _decode_and_encode),
        Conversion("frame of the enhanced CT to JPEG-LS", corpus.enhanced, 100, _to_jpeg_ls, _encode_jpeg_ls),
    ]


def _rendered(instance: Instance, number: int) -> Exchange:
    where = f"{path(instance.study, instance.series, instance.sop)}/frames/{number}/rendered"
    return Exchange(Request("GET", where, RENDERED), like(instance.frame(number)))


def _to_jpeg_ls(instance: Instance, number: int) -> Exchange:
    where = f"{path(instance.study, instance.series, instance.sop)}/frames/{number}"
    return Exchange(Request("GET", where, JPEG_LS), transcoded(instance.frame(number)))


def _decode_and_encode(frame: bytes) -> object:
    return imagecodecs.jpeg8_encode(imagecodecs.jpeg8_decode(frame), level=90)


def _encode_jpeg_ls(frame: bytes) -> object:
    return imagecodecs.jpegls_encode(np.frombuffer(frame, "<u2").reshape(512, 512))


def _measure(server: Isocenter, conversion: Conversion, count: int) -> float:
    instance = conversion.instance
    connection = Connection(server.address)
    if connection.ask(stow([bytes(instance.file)])).status != 200:
        raise RuntimeError(f"{conversion.name}: not stored")
    numbers = [(conversion.first + at - 1) % instance.frame_count + 1 for at in range(-_WARM_UP, count)]
    exchanges = [conversion.exchange(instance, number) for number in numbers]
    responses = [_kept(connection.ask(exchange.request)) for exchange in exchanges]
    connection.close()
    for exchange, response in zip(exchanges, responses, strict=True):
        exchange.check(response)
    calls = [_time(conversion.bare, instance.frame(number)) for number in numbers]
    return _report(conversion.name, [one.seconds for one in responses[_WARM_UP:]], calls[_WARM_UP:])


def _kept(response: Response) -> Response:
    return Response(response.status, response.headers, bytes(response.body), response.seconds)


def _time(function: Callable[[bytes], object], frame: bytes) -> float:
    started = time.perf_counter()
    function(frame)
    return time.perf_counter() - started


def _report(name: str, answers: list[float], calls: list[float]) -> float:
    answer, call = statistics.median(answers), statistics.median(calls)
    verdict = "met" if answer <= LIMIT * call else "NOT MET"
    times = f"first {answers[0] * 1e3:.2f} ms, median {answer * 1e3:.2f} ms, bare calls {call * 1e3:.2f} ms"
    print(f"{name:36} {times}, {answer / call:.2f} times as long {verdict}", flush=True)
    return answer / call


if __name__ == "__main__":
    sys.exit(main())
