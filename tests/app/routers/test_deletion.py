import httpx
import pytest
from builders import ct_instance

STUDY = "/studies/1.2.3"
SERIES = f"{STUDY}/series/1.2.3.1"
INSTANCE = f"{SERIES}/instances/1.2.3.4"


@pytest.fixture
async def stored(client: httpx.AsyncClient) -> None:
    for uid in ("1.2.3.4", "1.2.3.5"):
        content = ct_instance(SOPInstanceUID=uid)
        answer = await client.post("/studies", content=content, headers={"Content-Type": "application/dicom"})
        assert answer.status_code == 200


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(("path", "remaining"), [(INSTANCE, 1), (SERIES, 0), (STUDY, 0)])
async def test_what_is_deleted_is_gone_and_the_rest_is_not(
    client: httpx.AsyncClient, path: str, remaining: int
) -> None:
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 410
    assert (await client.delete(path)).status_code == 410
    found = await client.get("/instances")
    assert found.headers["X-Total-Count"] == str(remaining)


async def test_what_was_never_there_is_not_found(client: httpx.AsyncClient) -> None:
    assert (await client.delete(STUDY)).status_code == 404


@pytest.mark.usefixtures("stored")
async def test_what_is_stored_again_is_there_again(client: httpx.AsyncClient) -> None:
    await client.delete(INSTANCE)
    await client.post("/studies", content=ct_instance(), headers={"Content-Type": "application/dicom"})
    assert (await client.get(INSTANCE)).status_code == 200


@pytest.mark.parametrize("path", ["/studies/abc", "/studies/1.2/series/1..2", f"/studies/{'1' * 65}"])
async def test_a_path_that_is_no_uid_is_a_bad_request(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.delete(path)
    assert answer.status_code == 400
    assert "valid UID" in answer.json()["detail"]
