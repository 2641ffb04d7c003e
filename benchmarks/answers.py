"""What the right answers are: bytes, instances and UIDs as the corpus has them, else `WrongAnswer` is raised."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import imagecodecs
import numpy as np
import orjson
from numpy.typing import NDArray
from PIL import Image

from benchmarks import part10
from benchmarks.client import Response
from benchmarks.instance import Instance

Check = Callable[[Response], None]
_CONTRAST = 64  # grey levels
_DEVIATION = 4  # grey levels on average
STUDY, SERIES, INSTANCE = "0020000D", "0020000E", "00080018"


class WrongAnswer(Exception):
    """A server's answer is not what was asked for."""


def _expect(is_right: bool, problem: str) -> None:
    if not is_right:
        raise WrongAnswer(problem)


def _parsed(response: Response) -> Any:
    _expect(response.status == 200, f"status {response.status}: {bytes(response.body[:300])!r}")
    return orjson.loads(response.body)


def _values(objects: list[dict[str, Any]], tag: str) -> list[str]:
    return sorted(one[tag]["Value"][0] for one in objects if one.get(tag, {}).get("Value"))


def stored(sops: list[str]) -> Check:
    """Check that exactly these instances are reported as stored, and none as failed."""

    def check(response: Response) -> None:
        answer = _parsed(response)
        _expect(not answer.get("00081198", {}).get("Value"), f"not stored: {answer.get('00081198')}")
        _expect(_values(answer["00081199"]["Value"], "00081155") == sorted(sops), "other instances were stored")

    return check


def found(uids: list[str], tag: str) -> Check:
    """Check that a search finds exactly these."""

    def check(response: Response) -> None:
        objects = _parsed(response)
        _expect(_values(objects, tag) == sorted(uids), f"found {len(objects)}, not the {len(uids)} of the corpus")

    return check


def _json_size(element: dict[str, Any]) -> int:
    return 1 + sum(
        _json_size(e) for item in element.get("Value", []) if element.get("vr") == "SQ" for e in item.values()
    )


def described(instances: list[Instance]) -> Check:
    """Check that the metadata is of exactly these instances, each with its elements, in sequences too.

    Orthanc leaves encapsulated pixel data out, so one element less is as good.
    """

    elements = instances[0].element_count

    def check(response: Response) -> None:
        objects = _parsed(response)
        _expect(_values(objects, INSTANCE) == sorted(i.sop for i in instances), f"metadata of {len(objects)} instances")
        for one in objects:
            size = sum(_json_size(element) for element in one.values())
            _expect(size in (elements, elements - 1), f"{size} elements, not {elements}")

    return check


def parts(response: Response) -> list[memoryview]:
    """Take a multipart/related payload apart (RFC 2046 §5.1), without a copy."""
    _expect(response.status == 200, f"status {response.status}: {bytes(response.body[:300])!r}")
    body = memoryview(response.body)
    boundary = response.headers["content-type"].rpartition("boundary=")[2].split(";")[0].strip('" ')
    delimiter = b"--" + boundary.encode()
    found_parts: list[memoryview] = []
    at = 0
    while True:
        line = bytes(body[at : at + len(delimiter) + 4])
        _expect(line.startswith(delimiter), f"no boundary at byte {at}")
        if line[len(delimiter) :].startswith(b"--"):
            return found_parts
        head = bytes(body[at : at + 4096])
        start = head.index(b"\r\n\r\n") + 4
        length = _length(head[:start].decode("latin-1"))
        if length is None:
            length = bytes(body[at + start :]).index(b"\r\n" + delimiter)
        found_parts.append(body[at + start : at + start + length])
        at += start + length + 2


def _length(head: str) -> int | None:
    for line in head.split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            return int(value)
    return None


def retrieved(instances: list[Instance]) -> Check:
    """Check that exactly these instances came, their data sets byte for byte."""

    def check(response: Response) -> None:
        files = parts(response)
        datasets = {bytes(file[part10.dataset_start(file[:148]) :]) for file in files}
        _expect(len(files) == len(instances), f"{len(files)} instances, not {len(instances)}")
        _expect(datasets == {bytes(instance.dataset) for instance in instances}, "a data set has changed")

    return check


def framed(frame: bytes) -> Check:
    """Check that exactly this frame came; a codestream may be padded to an even length."""

    def check(response: Response) -> None:
        frames = parts(response)
        _expect(len(frames) == 1, f"{len(frames)} frames")
        _expect(bytes(frames[0]).rstrip(b"\0") == frame.rstrip(b"\0"), "another frame")

    return check


def transcoded(frame: bytes) -> Check:
    """Check that a JPEG-LS codestream came, and that it has exactly the 16 bit pixels of this native frame."""

    def check(response: Response) -> None:
        codestreams = parts(response)
        _expect(len(codestreams) == 1, f"{len(codestreams)} frames")
        pixels = imagecodecs.jpegls_decode(bytes(codestreams[0]))
        _expect(pixels.astype("<u2").tobytes() == frame, "other pixels")

    return check


def _pixels(response: Response) -> NDArray[np.uint8]:
    _expect(response.status == 200, f"status {response.status}: {bytes(response.body[:300])!r}")
    _expect(response.headers["content-type"].startswith("image/jpeg"), f"a {response.headers['content-type']}")
    return np.asarray(Image.open(io.BytesIO(response.body)))


def picture(frame: bytes) -> Check:
    """Check that a grey JPEG picture came, as large as this native frame, on which something is to be seen.

    Servers may choose another window, so the grey levels are not compared.
    """

    def check(response: Response) -> None:
        pixels = _pixels(response)
        _expect(pixels.ndim == 2 and pixels.size * 2 == len(frame), f"a picture of {pixels.shape}")
        _expect(int(np.ptp(pixels)) > _CONTRAST, "nothing is to be seen")

    return check


def like(codestream: bytes) -> Check:
    """Check that a JPEG picture came which looks like this one: what encoding it again changes is allowed."""

    def check(response: Response) -> None:
        pixels, expected = _pixels(response).astype(int), np.asarray(Image.open(io.BytesIO(codestream)).convert("RGB"))
        _expect(pixels.shape == expected.shape, f"a picture of {pixels.shape}")
        _expect(float(np.abs(pixels - expected).mean()) < _DEVIATION, "another picture")

    return check
