"""Storing instances in bulk: many in one STOW-RS request, every answer checked."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from benchmarks.answers import stored
from benchmarks.client import Connection
from benchmarks.corpus import Corpus
from benchmarks.instance import Instance
from benchmarks.scenarios import stow
from benchmarks.servers import Server
from benchmarks.tiny import TinyStudy

_CT_PER_REQUEST = 50
_TINY_PER_REQUEST = 200


def load_corpus(server: Server, corpus: Corpus) -> float:
    """Store the whole corpus; return the seconds it took."""
    batches = [*_batches(corpus.ct, _CT_PER_REQUEST), *([one] for one in corpus.large)]
    return _store(server, batches) + load_tiny(server, corpus.tiny)


def load_tiny(server: Server, studies: Iterable[TinyStudy]) -> float:
    """Store tiny studies, made one request ahead; return the seconds that the server took."""
    return _store(server, _batches((one for study in studies for one in study.instances), _TINY_PER_REQUEST))


def _store(server: Server, batches: Iterable[list[Instance]]) -> float:
    connection = Connection(server.address)
    seconds = 0.0
    for batch in batches:
        request = stow([bytes(instance.file) for instance in batch])
        started = time.perf_counter()
        response = connection.ask(request)
        seconds += time.perf_counter() - started
        stored([instance.sop for instance in batch])(response)
    connection.close()
    return seconds


def _batches(instances: Iterable[Instance], size: int) -> Iterator[list[Instance]]:
    batch: list[Instance] = []
    for instance in instances:
        batch.append(instance)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
