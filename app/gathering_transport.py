"""The head of an answer leaves together with its body, in one write.

uvicorn writes the head first, and uvloop sends it at once: the client is woken for the head, and once more for the
body. Here a small write waits for the next one, at most until the event loop turns; so nothing waits for anything but
what is written in the same step.

Measured: `docs/performance.md`, "One write for an answer".
"""

from __future__ import annotations

import asyncio
from typing import Any

_SMALL = 16 * 1024
"""Bytes that wait: more are worth a write of their own. Together with others they are copied, not gathered."""


class GatheringTransport:
    """The part of `asyncio.Transport` that an HTTP/1.1 connection uses, on a transport that sends what is written."""

    __slots__ = ("_held", "_loop", "_transport", "get_extra_info", "is_closing", "pause_reading", "resume_reading")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: bytes | None = None
        self.get_extra_info = transport.get_extra_info
        self.is_closing = transport.is_closing
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading

    def write(self, data: Any) -> None:
        """Write a buffer: now with what waits, or soon."""
        held = self._held
        if held is not None:
            self._held = None
            if len(data) <= _SMALL:
                self._transport.write(b"".join((held, data)))
            else:
                self._transport.writelines((held, data))
        elif 0 < len(data) <= _SMALL:
            self._held = bytes(data)
            self._loop.call_soon(self._flush)
        else:
            self._transport.write(data)

    def write_eof(self) -> None:
        """Write what waits, and then the end."""
        self._flush()
        self._transport.write_eof()

    def close(self) -> None:
        """Close the connection when everything is sent."""
        self._flush()
        self._transport.close()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Hand the connection over to another protocol."""
        self._flush()
        self._transport.set_protocol(protocol)

    def _flush(self) -> None:
        held = self._held
        if held is not None:
            self._held = None
            self._transport.write(held)
