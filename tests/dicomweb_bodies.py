"""Multipart bodies as clients write them, and the parts of those that come back."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import httpx

BOUNDARY = "a boundary of tests"


class Part(NamedTuple):
    headers: dict[str, str]
    content: bytes


def related(
    root: str,
    *parts: tuple[Mapping[str, str], bytes] | bytes,
    newline: str = "\r\n",
    is_closed: bool = True,
) -> tuple[bytes, dict[str, str]]:
    """Write a multipart/related body and its header; a part that is bytes alone has the root's media type."""
    body = b""
    for part in parts:
        headers, content = ({"Content-Type": root}, part) if isinstance(part, bytes) else part
        lines = "".join(f"{name}: {value}{newline}" for name, value in headers.items())
        body += f"--{BOUNDARY}{newline}{lines}{newline}".encode() + content + newline.encode()
    body += f"--{BOUNDARY}--{newline}".encode() if is_closed else b""
    return body, {"Content-Type": f'multipart/related; type="{root}"; boundary="{BOUNDARY}"'}


def parts_of(answer: httpx.Response) -> list[Part]:
    """Take a multipart answer apart, with no help from what wrote it."""
    boundary = answer.headers["content-type"].partition("boundary=")[2].strip('"')
    delimiter = f"--{boundary}".encode()
    first, *inner, last = answer.content.split(delimiter)
    if first or last != b"--\r\n":
        raise ValueError("not framed as RFC 2046 wants it")
    return [_part(piece) for piece in inner]


def _part(piece: bytes) -> Part:
    head, _, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    lines = (line.partition(": ") for line in head.decode().split("\r\n"))
    return Part({name: value for name, _, value in lines}, content.removesuffix(b"\r\n"))


def contents(parts: Iterable[Part]) -> list[bytes]:
    return [part.content for part in parts]
