"""The scenarios: the same requests again and again, and a target for each."""

import itertools
import random

import pytest

from benchmarks import corpus, part10
from benchmarks.corpus import Corpus
from benchmarks.instance import Instance
from benchmarks.measure import Figures, ratio
from benchmarks.scenarios import SCENARIOS, Scenario
from benchmarks.tiny import tiny_studies


def small_corpus() -> Corpus:
    ct = [Instance(*corpus._ct_names(n), corpus.make_ct(0), 242) for n in range(300)]
    frames = part10.file_header("1.2", "1.2.3", part10.JPEG_BASELINE) + part10.encode_fragments(
        [b"1", b"2"], offset_table=True
    )
    single = Instance("1", "2", "3", frames, frame_count=2)
    return Corpus(ct, single, single, single, single, tiny_studies(100))


CORPUS = small_corpus()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.name)
def test_a_scenario_asks_the_same_again_for_the_same_chance(scenario: Scenario) -> None:
    first, second = (list(itertools.islice(scenario.exchanges(CORPUS, random.Random(1)), 2)) for _ in range(2))
    assert [exchange.request for exchange in first] == [exchange.request for exchange in second]


def test_names_are_distinct_and_targets_ask_for_more_than_a_tie() -> None:
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS) == 26
    assert all(scenario.target > 1 for scenario in SCENARIOS)


def test_stored_images_are_new_each_time() -> None:
    scenario = next(s for s in SCENARIOS if s.name == "STOW of one CT")
    bodies = {e.request.body for e in itertools.islice(scenario.exchanges(CORPUS, random.Random(1)), 5)}
    assert len(bodies) == 5
    assert not any(CORPUS.ct[0].sop.encode() in body for body in bodies)


def asked(name: str, count: int) -> list[str]:
    scenario = next(s for s in SCENARIOS if s.name == name)
    return [e.request.path for e in itertools.islice(scenario.exchanges(CORPUS, random.Random(1)), count)]


def test_no_picture_is_asked_for_twice_before_all_have_been() -> None:
    paths = asked("rendered CT", 600)
    assert len(set(paths[:300])) == 300
    assert paths[300:] == paths[:300]


def test_those_who_ask_for_the_same_ask_for_another_one_in_each_round() -> None:
    scenario = next(s for s in SCENARIOS if s.name == "the same rendered CT, 16 clients")
    paths = asked(scenario.name, 2 * scenario.per_round)
    assert len(set(paths[: scenario.per_round])) == len(set(paths[scenario.per_round :])) == 1
    assert paths[0] != paths[-1]


def test_a_ratio_compares_latency_and_under_load_throughput() -> None:
    one, many = (
        next(s for s in SCENARIOS if s.name == name) for name in ("frame of a CT", "frame of a CT, 16 clients")
    )
    measured = {"Orthanc": Figures([0.4], [100.0]), "Isocenter": Figures([0.1], [500.0])}
    assert (ratio(one, measured), ratio(many, measured)) == (4.0, 5.0)


def test_p99_is_the_longest_of_few_and_the_99th_of_a_hundred() -> None:
    assert Figures([0.1, 0.3, 0.2]).p99 == 0.3
    assert Figures([number / 1000 for number in range(200)]).p99 == 0.198
