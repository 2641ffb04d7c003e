from dicomcore.resources import Resource
from dicomcore.transfer import MAX_PROBLEMS, Problems, TransferState, without_repetition

STUDY, SERIES, INSTANCE = Resource("1"), Resource("1", "1.1"), Resource("1", "1.1", "1.1.1")


def test_two_states_are_not_the_end() -> None:
    assert {state for state in TransferState if not state.is_ended} == {TransferState.WAITING, TransferState.RUNNING}


def test_of_many_problems_the_first_are_listed_and_the_others_counted() -> None:
    problems = Problems()
    for number in range(MAX_PROBLEMS + 1_200):
        problems = problems.with_one(f"problem {number}")
    assert problems.texts[:2] == ("problem 0", "problem 1")
    assert problems.texts[MAX_PROBLEMS:] == ("and 1,200 more",)


def test_a_problem_is_told_once() -> None:
    assert Problems().with_one("x").with_one("x").texts == ("x",)


def test_why_all_has_ended_comes_last_and_is_no_problem_of_instances() -> None:
    ended = Problems().with_end("nobody is there")
    assert (ended.texts, ended.is_with_instances) == (("nobody is there",), False)
    assert ended.with_one("x").texts == ("x", "nobody is there")


def test_what_a_peer_says_at_length_is_cut() -> None:
    assert [len(text) for text in Problems().with_one("x" * 5_000).with_end("y" * 5_000).texts] == [1_000, 1_000]


def test_what_cannot_be_written_is_replaced() -> None:
    assert Problems().with_one("a\udc80").with_end("\ud800").texts == ("a?", "?")


def test_what_is_named_twice_or_with_what_it_is_in_is_left_out() -> None:
    other = Resource("2", "2.1", "2.1.1")
    assert without_repetition((INSTANCE, STUDY, SERIES, other, other)) == (STUDY, other)
    assert without_repetition((INSTANCE, SERIES)) == (SERIES,)
    assert without_repetition((SERIES, Resource("1", "1.2"))) == (SERIES, Resource("1", "1.2"))
