from collections.abc import AsyncIterator

import httpx
import pytest
from dicomweb_bodies import contents, parts_of
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from app.bulk_responses import Item, Made, bulk_response
from app.negotiation import Selection
from dicomcore.content import Content
from dicomcore.data import Buffer
from dicomcore.errors import CorruptFrame, DamagedInstance

UID = "1.2.840.10008.1.2.1"
PARTS = Selection("application/octet-stream", True, UID)
SINGLE = Selection("application/octet-stream", False, UID)
KIND = f"application/octet-stream; transfer-syntax={UID}"


def held(*buffers: bytes) -> Content:
    return Content.of(buffers)


def read_later(content: bytes) -> Content:
    async def reader(start: int, end: int) -> AsyncIterator[Buffer]:
        for place in range(start, end, 3):
            yield content[place : min(place + 3, end)]

    return Content(len(content), reader=reader)


def damaged(size: int) -> Content:
    async def reader(start: int, end: int) -> AsyncIterator[Buffer]:
        raise DamagedInstance("/studies/1", "missing")
        yield b""

    return Content(size, reader=reader)


async def get(response: Response, **headers: str) -> httpx.Response:
    async def answer(_request: object) -> Response:
        return response

    transport = httpx.ASGITransport(Starlette(routes=[Route("/", answer)]))
    async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
        return await client.get("/", headers=headers)


@pytest.mark.parametrize("content", [held(b"abc", b"defg"), read_later(b"abcdefg")])
async def test_a_single_item_is_the_body(content: Content) -> None:
    answer = await get(bulk_response([Item("http://t/1", SINGLE, content)], b"digest"))
    assert (answer.content, answer.headers["content-type"]) == (b"abcdefg", KIND)
    assert (answer.headers["content-location"], answer.headers["content-length"]) == ("http://t/1", "7")


ITEMS = [("http://t/1", b"abcdefg"), ("http://t/2", b""), ("http://t/3", b"hij")]


@pytest.mark.parametrize("make", [held, read_later])
async def test_several_items_are_parts(make: type[Content]) -> None:
    items = [Item(location, PARTS, make(content)) for location, content in ITEMS]  # type: ignore[arg-type]  # a factory
    answer = await get(bulk_response(items, b"digest"))
    parts = parts_of(answer)
    assert contents(parts) == [content for _, content in ITEMS]
    assert [part.headers for part in parts] == [
        {"Content-Type": KIND, "Content-Location": location} for location, _ in ITEMS
    ]
    assert answer.headers["content-length"] == str(len(answer.content))


async def test_what_is_held_and_what_is_read_later_have_the_same_form() -> None:
    answers = [
        await get(bulk_response([Item(location, PARTS, make(content)) for location, content in ITEMS], b"digest"))
        for make in (held, read_later)
    ]
    assert answers[0].content == answers[1].content
    assert answers[0].headers["etag"] == answers[1].headers["etag"]


@pytest.mark.parametrize(("start", "end"), [(0, 5), (100, 300), (200, 500)])
async def test_a_range_of_parts_that_are_read_later_is_a_piece_of_the_whole(start: int, end: int) -> None:
    items = [Item(location, PARTS, read_later(content)) for location, content in ITEMS]
    whole = (await get(bulk_response(items, b"digest"))).content
    answer = await get(bulk_response(items, b"digest"), Range=f"bytes={start}-{end - 1}")
    assert (answer.status_code, answer.content) == (206, whole[start:end])


def test_the_etag_depends_on_what_and_in_which_form() -> None:
    content = held(b"abc")
    variants = [
        bulk_response([Item("1", SINGLE, content)], b"digest"),
        bulk_response([Item("1", SINGLE, content)], b"other"),
        bulk_response([Item("2", SINGLE, content)], b"digest"),
        bulk_response([Item("1", PARTS, content)], b"digest"),
        bulk_response([Item("1", Selection("image/jpeg", False, UID), content)], b"digest"),
    ]
    assert len({response.headers["etag"] for response in variants}) == len(variants)


async def test_damage_in_the_first_item_is_known_before_anything_is_sent() -> None:
    items = [Item("1", PARTS, damaged(5)), Item("2", PARTS, held(b"abc"))]
    with pytest.raises(DamagedInstance):
        await get(bulk_response(items, b"digest"))


async def test_an_answer_from_which_something_is_left_out_says_so() -> None:
    response = bulk_response(
        [Item("1", PARTS, held(b"abc"))], b"digest", status=206, headers=[("Warning", "299 x: left out")]
    )
    answer = await get(response, Range="bytes=0-1")
    assert (answer.status_code, answer.headers["warning"]) == (206, "299 x: left out")
    assert contents(parts_of(answer)) == [b"abc"]


def made_later(content: Content) -> Made:
    async def make() -> Content:
        return content

    return make


async def test_items_that_are_made_later_are_parts_of_a_stream() -> None:
    made = [Item(location, PARTS, made_later(held(content))) for location, content in ITEMS[:2]]
    items = [*made, Item(ITEMS[2][0], PARTS, read_later(ITEMS[2][1]))]
    answer = await get(bulk_response(items, b"digest"))
    assert contents(parts_of(answer)) == [content for _, content in ITEMS]
    assert "content-length" not in answer.headers
    at_once = bulk_response([Item(location, PARTS, held(content)) for location, content in ITEMS], b"digest")
    assert answer.headers["etag"] == at_once.headers["etag"]
    assert answer.content == (await get(at_once)).content


async def test_what_cannot_be_made_first_is_known_before_anything_is_sent() -> None:
    async def fail() -> Content:
        raise CorruptFrame(1, "no")

    with pytest.raises(CorruptFrame):
        await get(bulk_response([Item("1", PARTS, fail)], b"digest"))


@pytest.mark.parametrize("media_type", ["text/html", "TEXT/HTML", "image/svg+xml", "image/SVG+xml", "application/x"])
async def test_what_might_act_in_a_browser_cannot(media_type: str) -> None:
    answer = await get(bulk_response([Item("http://t/1", Selection(media_type, False, ""), held(b"abc"))], b"digest"))
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("media_type", ["image/jpeg", "application/pdf", "video/mp4", "application/octet-stream"])
async def test_what_cannot_act_is_left_to_the_browser(media_type: str) -> None:
    answer = await get(bulk_response([Item("http://t/1", Selection(media_type, False, ""), held(b"abc"))], b"digest"))
    assert "content-security-policy" not in answer.headers
