import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from app.gathering_transport import GatheringTransport

LARGE = bytes(100_000)


class Recorded:
    """A transport that notes what is done with it."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []

    def write(self, data: Any) -> None:
        self.calls.append(("write", data))

    def writelines(self, buffers: Any) -> None:
        self.calls.append(("writelines", list(buffers)))

    def write_eof(self) -> None:
        self.calls.append(("write_eof", None))

    def close(self) -> None:
        self.calls.append(("close", None))

    def set_protocol(self, protocol: object) -> None:
        self.calls.append(("set_protocol", protocol))

    def is_closing(self) -> bool:
        return any(name == "close" for name, _ in self.calls)

    def get_extra_info(self, name: str) -> str:
        return f"the {name}"

    def pause_reading(self) -> None:
        self.calls.append(("pause_reading", None))

    def resume_reading(self) -> None:
        self.calls.append(("resume_reading", None))


def gathering() -> tuple[GatheringTransport, Recorded]:
    recorded = Recorded()
    return GatheringTransport(cast(asyncio.Transport, recorded), asyncio.get_running_loop()), recorded


async def test_a_head_and_a_small_body_are_one_write() -> None:
    transport, recorded = gathering()
    transport.write(b"head")
    transport.write(memoryview(b"body"))
    assert recorded.calls == [("write", b"headbody")]
    await asyncio.sleep(0)
    assert len(recorded.calls) == 1


async def test_a_large_body_is_not_copied() -> None:
    transport, recorded = gathering()
    transport.write(b"head")
    transport.write(LARGE)
    ((name, (head, body)),) = recorded.calls
    assert (name, head) == ("writelines", b"head")
    assert body is LARGE


async def test_what_is_large_waits_for_nothing() -> None:
    transport, recorded = gathering()
    transport.write(LARGE)
    assert recorded.calls == [("write", LARGE)]


async def test_a_head_alone_leaves_when_the_loop_turns() -> None:
    transport, recorded = gathering()
    transport.write(b"head")
    assert recorded.calls == []
    await asyncio.sleep(0)
    assert recorded.calls == [("write", b"head")]


async def test_an_empty_body_lets_the_head_go() -> None:
    transport, recorded = gathering()
    transport.write(b"head")
    transport.write(b"")
    assert recorded.calls == [("write", b"head")]


@pytest.mark.parametrize(
    ("end", "name"),
    [
        (GatheringTransport.close, "close"),
        (GatheringTransport.write_eof, "write_eof"),
        (lambda transport: transport.set_protocol(asyncio.Protocol()), "set_protocol"),
    ],
)
async def test_what_waits_leaves_before_the_end(end: Callable[[GatheringTransport], None], name: str) -> None:
    transport, recorded = gathering()
    transport.write(b"head")
    end(transport)
    assert [call for call, _ in recorded.calls] == ["write", name]


async def test_everything_else_is_done_by_the_transport_itself() -> None:
    transport, recorded = gathering()
    transport.pause_reading()
    transport.resume_reading()
    assert [call for call, _ in recorded.calls] == ["pause_reading", "resume_reading"]
    assert transport.get_extra_info("peername") == "the peername"
    assert not transport.is_closing()
    transport.close()
    assert transport.is_closing()
