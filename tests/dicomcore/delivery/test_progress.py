from dataclasses import replace

from dicomcore.delivery.progress import Position, Progress, Through
from dicomcore.index import Claimed
from dicomcore.resources import Resource
from dicomcore.transfer import Problems, Transfer, TransferKind, TransferState

NAMES = [b"a", b"b", b"c", b"d"]
TRANSFER = Transfer("1", TransferKind.SEND, "PACS", (Resource("1"), Resource("2")), TransferState.RUNNING)


def claimed(position: bytes = b"", problems: Problems | None = None) -> Claimed:
    return Claimed(TRANSFER, "us", problems or Problems(), position)


def test_a_position_is_read_as_it_was_written() -> None:
    position = Position(1, 20, 3, 4, 1, "digest")
    assert Position.read(position.write()) == position
    assert Position.read(b"") == Position()


def test_the_place_is_behind_the_first_that_are_all_through() -> None:
    through = Through(NAMES, Position())
    through.note(0, is_stored=True)
    through.note(2, is_stored=False)
    assert (through.place, through.failed) == (1, 0)
    through.note(1, is_stored=True)
    assert (through.place, through.failed) == (3, 1)


def test_a_send_goes_on_where_it_was_left() -> None:
    first = Progress(claimed())
    through = first.begin(NAMES)
    for place in (0, 1):
        through.note(place, is_stored=place == 0)
    first.complete()
    first.fail("b: refused")
    second = Progress(replace(first.taken(), transfer=TRANSFER))
    assert second.begin(NAMES).place == 2
    assert (second.completed, second.failed) == (1, 1)


def test_what_is_past_the_place_is_sent_and_counted_again() -> None:
    first = Progress(claimed())
    through = first.begin(NAMES)
    for place in (0, 3):
        through.note(place, is_stored=True)
        first.complete()
    second = Progress(first.taken())
    assert (second.begin(NAMES).place, second.completed) == (1, 1)


def test_where_instances_have_come_or_gone_or_changed_the_resource_is_sent_anew() -> None:
    first = Progress(claimed())
    through = first.begin(NAMES)
    for place in (0, 1):
        through.note(place, is_stored=True)
        first.complete()
    for names in ([b"0", *NAMES], NAMES[1:], NAMES[:1], [b"x", *NAMES[1:]]):
        second = Progress(first.taken())
        assert (second.begin(names).place, second.completed) == (0, 0)
        assert Position.read(second.taken().position).place == 0


def test_the_next_resource_is_counted_on_from_the_one_before() -> None:
    progress = Progress(claimed())
    progress.begin(NAMES)
    progress.complete(3)
    progress.fail("d: refused")
    progress.end_resource()
    assert Position.read(progress.taken().position) == Position(1, 3, 1)
    again = Progress(progress.taken())
    assert (again.completed, again.failed, again.position.resource) == (3, 1, 1)


def test_a_total_is_never_less_than_what_has_come() -> None:
    progress = Progress(claimed())
    progress.set_total(2)
    progress.complete(3)
    progress.end_resource()
    assert progress.total == 3


def test_news_is_news_until_it_is_taken() -> None:
    progress = Progress(claimed())
    progress.taken()
    assert progress.is_news is False
    progress.complete()
    assert progress.is_news is True
    assert progress.taken().transfer.completed == 1


def test_what_has_failed_with_single_instances_begins_anew_and_else_goes_on() -> None:
    progress = Progress(claimed())
    progress.end_resource()
    progress.end("nobody is there")
    ended = progress.taken(TransferState.FAILED)
    assert (Position.read(ended.position).resource, ended.transfer.problems) == (1, ("nobody is there",))
    assert not progress.has_problems
    progress.fail("a: refused")
    assert progress.has_problems
    assert progress.taken(TransferState.FAILED).position == b""
    assert progress.taken(TransferState.WAITING).position != b""


def test_problems_are_remembered_from_one_attempt_to_the_next() -> None:
    progress = Progress(claimed(problems=Problems(("a: refused",))))
    assert progress.has_problems
    assert progress.taken().transfer.problems == ("a: refused",)
