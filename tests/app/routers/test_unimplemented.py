"""Resources that are not implemented answer 501 at every level, whoever asks (PS3.18 §8.5, §10.4.1)."""

import httpx
import pytest

from app.routers.unimplemented import RESOURCES

LEVELS = ["/studies/1.2", "/studies/1.2/series/1.3", "/studies/1.2/series/1.3/instances/1.4"]
FRAMES = "/studies/1.2/series/1.3/instances/1.4/frames/1,2"


@pytest.mark.parametrize("level", [*LEVELS, FRAMES])
@pytest.mark.parametrize("name", [*RESOURCES, "renderedMPR", "rendered3d"])
async def test_a_resource_that_is_not_implemented_is_answered_with_501(
    client: httpx.AsyncClient, level: str, name: str
) -> None:
    answer = await client.get(f"{level}/{name}")
    assert (answer.status_code, answer.json()["title"]) == (501, "Not Implemented")


async def test_the_problem_document_says_what_can_be_had_instead(client: httpx.AsyncClient) -> None:
    answer = await client.get("/studies/1.2/thumbnail")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"].startswith("Thumbnails are not implemented; retrieve instances")


async def test_head_is_answered_like_get(client: httpx.AsyncClient) -> None:
    assert (await client.head("/studies/1.2/rendered")).status_code == 501


async def test_other_methods_are_not_allowed(client: httpx.AsyncClient) -> None:
    answer = await client.post("/studies/1.2/rendered")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
