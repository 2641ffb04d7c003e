"""Each watcher is told of every change of a transfer, and the transfers are asked for once."""

from dataclasses import dataclass, field, replace

from app.transfer_news import TransferNews
from dicomcore.resources import Resource
from dicomcore.transfer import Transfer, TransferKind, TransferState


@dataclass
class Log:
    """Transfers as the index keeps them: the newest last, each change with a later time."""

    transfers: dict[str, Transfer] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)
    clock: int = 0

    def put(self, name: str, state: TransferState = TransferState.RUNNING) -> Transfer:
        self.clock += 1
        transfer = Transfer(name, TransferKind.SEND, "PACS", (Resource("1.2"),), created=self.clock)
        known = self.transfers.get(name, transfer)
        self.transfers[name] = replace(known, state=state, changed=self.clock)
        return self.transfers[name]

    async def all(self, limit: int = 100) -> list[Transfer]:
        return list(reversed(self.transfers.values()))[:limit]

    async def changed_since(self, time: int) -> list[Transfer]:
        self.asked.append(time)
        found = [transfer for transfer in self.transfers.values() if transfer.changed > time]
        return sorted(found, key=lambda transfer: transfer.changed)


async def test_at_first_what_has_not_ended_is_told_the_oldest_first() -> None:
    log = Log()
    first, _, third = log.put("a"), log.put("b", TransferState.FAILED), log.put("c", TransferState.WAITING)
    assert list(await TransferNews(log).watch().news()) == [first, third]


async def test_then_every_change_is_told_once() -> None:
    log = Log()
    log.put("a")
    watch = TransferNews(log, pace=0).watch()
    await watch.news()
    assert list(await watch.news()) == []
    ended = log.put("a", TransferState.COMPLETED)
    added = log.put("b")
    assert list(await watch.news()) == [ended, added]
    assert list(await watch.news()) == []


async def test_the_first_transfer_of_all_is_told() -> None:
    log = Log()
    watch = TransferNews(log, pace=0).watch()
    assert list(await watch.news()) == []
    assert list(await watch.news()) == []
    first = log.put("a")
    assert list(await watch.news()) == [first]


async def test_watchers_share_an_answer_while_it_is_new() -> None:
    log = Log()
    news = TransferNews(log, pace=60)
    watches = [news.watch() for _ in range(10)]
    for watch in watches:
        await watch.news()
    changed = log.put("a")
    assert [list(await watch.news()) for watch in watches] == [[changed]] * 10
    assert log.asked == [0]


async def test_who_was_busy_is_told_all_that_happened_meanwhile() -> None:
    log = Log()
    news = TransferNews(log, pace=0)
    busy, quick = news.watch(), news.watch()
    await busy.news()
    await quick.news()
    changes = []
    for name in "abc":
        changes.append(log.put(name))
        assert list(await quick.news()) == [changes[-1]]
    assert list(await busy.news()) == changes
