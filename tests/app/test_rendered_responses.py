from __future__ import annotations

import asyncio

import httpx
import pytest
from dicomweb_bodies import contents, parts_of
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Route

from app.negotiation import Selection
from app.rendered_responses import Picture, rendered_response, warnings_as_fields
from dicomcore.content import Content
from dicomcore.errors import CorruptFrame

PNG = Selection("image/png")
PARTS = Selection("image/png", multipart=True)
MANY = 12  # more than are made before the answer begins


def picture(
    number: int = 1, selection: Selection = PNG, *, identity: bytes = b"", written_here: bool = True
) -> Picture:
    async def make() -> Content:
        return Content.of([b"picture ", b"%d" % number])

    name = identity or b"%d" % number
    return Picture(f"http://t/{number}", selection, name, make, written_here)


async def nothing_to_make() -> Content:
    raise AssertionError("it was there")


def broken(number: int) -> Picture:
    async def make() -> Content:
        raise CorruptFrame(number, "it is torn")

    return Picture(f"http://t/{number}", PARTS, b"broken", make)


async def answer_of(response: Response, method: str = "GET", **headers: str) -> httpx.Response:
    async def answer(_request: object) -> Response:
        return response

    transport = httpx.ASGITransport(Starlette(routes=[Route("/", answer)]))
    async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
        return await client.request(method, "/", headers=headers)


async def test_one_picture_is_the_body() -> None:
    answer = await answer_of(await rendered_response([picture()], []))
    assert (answer.status_code, answer.content) == (200, b"picture 1")
    assert (answer.headers["content-type"], answer.headers["content-location"]) == ("image/png", "http://t/1")
    assert (answer.headers["content-length"], answer.headers["x-content-type-options"]) == ("9", "nosniff")
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "content-security-policy" not in answer.headers


@pytest.mark.parametrize("count", [1, 3, MANY])
async def test_pictures_are_parts_in_their_order(count: int) -> None:
    answer = await answer_of(await rendered_response([picture(number, PARTS) for number in range(count)], []))
    parts = parts_of(answer)
    assert answer.headers["content-type"].startswith('multipart/related; type="image/png"')
    assert contents(parts) == [b"picture %d" % number for number in range(count)]
    assert [part.headers for part in parts] == [
        {"Content-Type": "image/png", "Content-Location": f"http://t/{number}"} for number in range(count)
    ]


async def test_each_part_has_a_media_type_of_its_own() -> None:
    pictures = [picture(1, PARTS), picture(2, Selection("text/html", multipart=True))]
    found = parts_of(await answer_of(await rendered_response(pictures, [])))
    assert [part.headers["Content-Type"] for part in found] == ["image/png", "text/html; charset=utf-8"]


async def test_text_has_its_character_set_unless_it_says_it_itself() -> None:
    xml = Selection("text/xml")
    ours = await answer_of(await rendered_response([picture(selection=xml)], []))
    theirs = await answer_of(await rendered_response([picture(selection=xml, written_here=False)], []))
    assert (ours.headers["content-type"], theirs.headers["content-type"]) == ("text/xml; charset=utf-8", "text/xml")


@pytest.mark.parametrize("media_type", ["text/html", "text/xml", "image/svg+xml"])
@pytest.mark.parametrize("count", [1, MANY])
async def test_what_a_browser_could_run_is_put_into_a_sandbox(media_type: str, count: int) -> None:
    last = picture(0, Selection(media_type, multipart=count > 1))
    answer = await answer_of(await rendered_response([*(picture(n, PARTS) for n in range(1, count)), last], []))
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")


async def test_an_entity_tag_says_of_what_and_how() -> None:
    one = await rendered_response([picture()], [])
    tag = (await answer_of(one)).headers["etag"]
    unchanged = await answer_of(one, **{"If-None-Match": tag})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    for other in (picture(identity=b"other"), picture(selection=Selection("image/gif")), picture(selection=PARTS)):
        assert (await answer_of(await rendered_response([other], []))).headers["etag"] != tag


async def test_many_pictures_have_an_entity_tag_too() -> None:
    many = [picture(number, PARTS) for number in range(MANY)]
    tag = (await answer_of(await rendered_response(many, []))).headers["etag"]
    again = await answer_of(await rendered_response(many, []), **{"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


async def test_ranges_and_heads_are_those_of_what_was_made() -> None:
    response = await rendered_response([picture()], [])
    part = await answer_of(response, Range="bytes=2-4")
    assert (part.status_code, part.content, part.headers["content-range"]) == (206, b"ctu", "bytes 2-4/9")
    head = await answer_of(response, "HEAD")
    assert (head.content, head.headers["content-length"], head.headers["accept-ranges"]) == (b"", "9", "bytes")


async def test_what_is_left_out_is_told() -> None:
    fields = warnings_as_fields(["2 are left out", "and more"], "http://t/dicom-web")
    answer = await answer_of(await rendered_response([picture()], fields, status=206))
    assert (answer.status_code, answer.content) == (206, b"picture 1")
    assert answer.headers.get_list("warning") == [
        "299 http://t/dicom-web: 2 are left out",
        "299 http://t/dicom-web: and more",
    ]


async def test_of_few_pictures_a_broken_one_is_an_error_before_anything_is_sent() -> None:
    with pytest.raises(CorruptFrame, match="frame 2"):
        await rendered_response([picture(1, PARTS), broken(2), picture(3, PARTS)], [])


@pytest.mark.parametrize("place", [0, MANY - 1])
async def test_of_many_pictures_a_broken_one_ends_the_answer(place: int) -> None:
    pictures = [picture(number, PARTS) for number in range(MANY)]
    pictures[place] = broken(place)
    response = await rendered_response(pictures, [])
    sent: list[str] = []

    async def receive() -> dict[str, object]:
        await asyncio.Event().wait()  # the client stays
        return {}

    async def send(message: object) -> None:
        sent.append(str(message["type"]))  # type: ignore[index]  # a message of ASGI

    scope = {"type": "http", "method": "GET", "headers": []}
    with pytest.raises(CorruptFrame):
        await response(scope, receive, send)  # type: ignore[arg-type]  # as a server calls it
    # The first can still be told with a status; after that the client misses the end.
    assert ("http.response.start" in sent) is (place > 0)


async def test_a_picture_that_nobody_waits_for_is_given_up() -> None:
    begun, given_up = asyncio.Event(), asyncio.Event()

    async def make() -> Content:
        begun.set()
        try:
            await asyncio.Event().wait()  # forever
        finally:
            given_up.set()
        return Content.of([b""])

    async def receive() -> dict[str, object]:
        await begun.wait()
        return {"type": "http.disconnect"}

    with pytest.raises(ClientDisconnect):
        await rendered_response([Picture("http://t/1", PNG, b"", make)], [], receive=receive)
    assert given_up.is_set()


async def test_the_client_is_listened_to_only_until_the_pictures_are_made() -> None:
    async def receive() -> dict[str, object]:
        await asyncio.Event().wait()  # the client stays
        return {}

    assert (await answer_of(await rendered_response([picture()], [], receive=receive))).content == b"picture 1"


async def test_a_picture_that_is_there_at_once_is_not_waited_for() -> None:
    at_once = Picture("http://t/1", PNG, b"1", nothing_to_make, at_once=lambda: Content.of([b"here"]))
    answer = await answer_of(await rendered_response([at_once], []))
    assert (answer.status_code, answer.content) == (200, b"here")
